"""Real time: that of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulator.clock.repeating import Actions, OnError


class SystemClock:
    """RealTime: the date at which it was made, and the seconds that have passed since. A date of this machine that is
    set anew changes neither its intervals nor its limits."""

    def __init__(self, on_error: OnError | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._made = datetime.now(UTC)
        self._started = monotonic()
        self._actions = Actions(self._elapsed, 1.0, on_error)

    def now(self) -> datetime:
        return self._made + timedelta(seconds=self._elapsed())

    def every(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        return self._actions.every(seconds, action)

    def close(self) -> None:
        """Start nothing more and wait for the actions that run."""
        self._actions.close()

    def _elapsed(self) -> float:
        return self._monotonic() - self._started
