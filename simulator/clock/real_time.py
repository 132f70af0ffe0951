"""Real time as a parameter: for whatever takes as long as it takes, however fast or far world time is moved.

Ticks, polls, retries, and the limits that count real seconds go by it. What people are shown goes by world time, which
is the port `controlplane.ports.Clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class RealTime(Protocol):
    def now(self) -> datetime:
        """Aware, UTC, for intervals: it never goes back, and passes as seconds do, whatever becomes of the date that
        this machine shows."""

    def every(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Run `action` each `seconds`, never twice at once; the result ends it.

        Runs that were missed are made up by one run. An action that raises goes on being run; the exception is handed
        to whoever was named for that when this was made.
        """
