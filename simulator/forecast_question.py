"""What can be asked about the future of a policy, and the bounds of that."""

from __future__ import annotations

from dataclasses import dataclass

YEARS, MOST_YEARS = 10, 30
DISK_GIB, MOST_GIB = 128.0, 1024.0**2
CHANGE_PERCENT_PER_DAY = 3.0


@dataclass(frozen=True)
class Question:
    start: str | None = None
    """A date, or an instant; None: now."""
    years: int = YEARS
    disk_gib: float = DISK_GIB
    change_percent_per_day: float = CHANGE_PERCENT_PER_DAY
