"""World time that is the time of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from simulator.clock.repeating import Actions, OnError


class SystemClock:
    """The time of this machine."""

    def __init__(self, on_error: OnError | None = None) -> None:
        started = time.monotonic()
        self._actions = Actions(lambda: time.monotonic() - started, 1.0, on_error)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def every(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        return self._actions.every(seconds, action)

    def close(self) -> None:
        """Start nothing more and wait for the actions that run."""
        self._actions.close()
