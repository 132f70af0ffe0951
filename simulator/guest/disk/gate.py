"""The gate through which every write of a guest passes; a freeze closes it.

The gate keeps its own time limit, in real time: whoever waits before it looks at the time, and the first to see the
limit passed opens it for all. So a requester that never thaws cannot stop a guest for good, even if the very thread
that should let go is one of those waiting.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Condition

from controlplane.writer_held import about_to_wait
from simulator.clock.real_time import RealTime

LOOK_SECONDS = 0.02
"""How often a waiting writer looks at the time."""


@dataclass(frozen=True, slots=True)
class Hold:
    """How long writes were held, and whether until the end: False when the limit came first."""

    held_milliseconds: float
    kept: bool


class Gate:
    def __init__(self, real_time: RealTime) -> None:
        self._real_time = real_time
        self._changed = Condition()
        self._passing = 0
        self._deadline: datetime | None = None
        self._closed_at = 0.0
        self._broken: Hold | None = None

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Wait until the gate is open; it does not close before the passage ends."""
        with self._changed:
            if self._closed():
                about_to_wait("a frozen disk")
            while self._closed():
                self._changed.wait(LOOK_SECONDS)
            self._passing += 1
        try:
            yield
        finally:
            with self._changed:
                self._passing -= 1
                self._changed.notify_all()

    def hold(self, deadline: datetime) -> bool:
        """Block new writes until `deadline` at most, and wait for pending writes.

        False: they did not end in time, and the gate is open again.
        """
        about_to_wait("pending writes")
        with self._changed:
            assert self._deadline is None, "whoever closes the gate opens it before it is closed again"
            self._deadline, self._broken = deadline, None
            self._closed_at = time.perf_counter()
            while self._passing and self._closed():
                self._changed.wait(LOOK_SECONDS)
            if self._passing:
                self._open()
                return False
            self._closed_at = time.perf_counter()
            return True

    def release(self) -> Hold:
        """Open the gate and say how it was held. Once per hold."""
        with self._changed:
            if self._closed():
                self._open()
                return Hold(self._held_milliseconds(), kept=True)
            assert self._broken, "only a closed gate can be opened"
            hold, self._broken = self._broken, None
            return hold

    @property
    def held(self) -> bool:
        with self._changed:
            return self._closed()

    def _closed(self) -> bool:
        """Whether the gate is closed now; opens it when its time is over. With the condition."""
        if self._deadline is not None and self._real_time.now() >= self._deadline:
            self._broken = Hold(self._held_milliseconds(), kept=False)
            self._open()
        return self._deadline is not None

    def _open(self) -> None:
        self._deadline = None
        self._changed.notify_all()

    def _held_milliseconds(self) -> float:
        return (time.perf_counter() - self._closed_at) * 1000
