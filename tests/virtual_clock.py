"""The time of tests: it starts where it is told to, stands or runs at a rate, and can be jumped forward.

It stands in for real time, whose suite it passes, and for world time where a test needs no more of that than `now`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulator.clock.repeating import Actions, OnError


class VirtualClock:
    """Time that begins at `start`, passes `rate` world seconds per real second, and can be jumped forward."""

    def __init__(self, start: datetime, rate: float = 0.0, on_error: OnError | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at a time with a zone")
        if rate < 0:
            raise ValueError("time does not run backwards")
        self._start = start.astimezone(UTC)
        self._started = time.monotonic()
        self._rate = rate
        self._jumped_seconds = 0.0
        self._actions = Actions(self._elapsed, rate, on_error)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed())

    def every(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        return self._actions.every(seconds, action)

    def jump(self, seconds: float) -> None:
        """Move time forward at once, then run what became due, here and in the order it was due."""
        if seconds < 0:
            raise ValueError("time does not run backwards")

        def move() -> None:
            self._jumped_seconds += seconds

        self._actions.run_due(after=move)

    def close(self) -> None:
        """Start nothing more and wait for the actions that run."""
        self._actions.close()

    def _elapsed(self) -> float:
        flowed = (time.monotonic() - self._started) * self._rate if self._rate else 0.0
        return flowed + self._jumped_seconds
