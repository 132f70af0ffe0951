"""`up --start-spread`: within which time after its due time a scheduled backup starts."""

from __future__ import annotations

from controlplane.jobs.backup.starts import LONGEST_SPREAD
from simulator.clock.targets import duration_of
from simulator.failures import WrongUse


def spread_of(text: str) -> float:
    """In seconds, from a duration as in 2h or PT90M. WrongUse for what is none, or is longer than the service takes."""
    length = duration_of(text)
    if length > LONGEST_SPREAD:
        raise WrongUse(f"--start-spread {text} is too long; scheduled backups start within two hours of their due time")
    return length.total_seconds()
