"""World time: it follows the real time, flows at a rate of its own, or stands and is moved.

What way it goes is decided by the driver (`driver.py`). This is the mechanism: time never runs backwards, never passes
its limit, and is not moved while somebody takes a hold.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NOTHING = timedelta(0)
BEGINNING = datetime.min.replace(tzinfo=UTC)


def _wall() -> datetime:
    return datetime.now(UTC)


class WorldClock:
    """The Clock port, and the verbs by which its time is made to pass. A new one follows the real time.

    `wall` is the real time of day, `monotonic` counts real seconds. Every verb is quick and calls nobody, so whoever
    holds other locks may call it.
    """

    def __init__(self, wall: Callable[[], datetime] = _wall, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._offset: timedelta | None = NOTHING
        """World time minus real time; None: it does not follow the real time, but flows from `_anchor`."""
        self._anchor = BEGINNING
        self._anchored = 0.0
        self._rate = 0.0
        self._limit: datetime | None = None
        self._last = BEGINNING
        self._generation = 0

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    @property
    def rate(self) -> float:
        """World seconds that pass in a real second at this moment."""
        with self._lock:
            return 1.0 if self._offset is not None else self._rate

    @property
    def generation(self) -> int:
        """How many holds have been taken so far."""
        with self._lock:
            return self._generation

    def taken(self) -> None:
        """Somebody has taken a hold: from now on time does not pass faster than real time, and is not moved by whoever
        counted the holds before."""
        with self._lock:
            self._generation += 1
            if self._offset is None and self._rate > 1:
                self._flow_from(self._now(), 1.0)

    def real_now(self) -> datetime:
        """The real time of day."""
        return self._wall()

    def begin(self, start: datetime, *, follows: bool) -> None:
        """Stand at this time, or pass with the real time from it on: for a world that starts. ValueError where a later
        time was told to somebody already."""
        with self._lock:
            if start < self._last:
                raise ValueError("time does not run backwards")
            self._last = start
            self._flow_from(start, 0.0)
            if follows:
                self._offset = start - self._wall()

    def follow(self) -> timedelta:
        """Pass with the real time from now on; how much ahead of it. Time stands while the real time is set back."""
        with self._lock:
            self._offset, self._limit = self._now() - self._wall(), None
            return self._offset

    def stand(self) -> datetime:
        """Stand from now on; where."""
        with self._lock:
            self._flow_from(self._now(), 0.0)
            self._limit = None
            return self._anchor

    def flow(self, rate: float, limit: datetime | None, generation: int) -> bool:
        """Flow at this rate, up to the limit, where time waits. Where a hold has been taken since so many were counted,
        it flows no faster than real time, and the answer is False."""
        with self._lock:
            now = self._now()
            self._limit = limit
            allowed = rate <= 1 or generation == self._generation
            self._flow_from(now, rate if allowed else 1.0)
            return allowed

    def move(self, to: datetime, generation: int) -> bool:
        """Move time that stands; False, and nothing has changed, where a hold has been taken since so many were
        counted. ValueError where time flows, or for an earlier time."""
        with self._lock:
            if self._offset is not None or self._rate:
                raise ValueError("only time that stands can be moved")
            if to < self._anchor:
                raise ValueError("time does not run backwards")
            if generation != self._generation:
                return False
            self._anchor = self._last = to
            return True

    def _now(self) -> datetime:
        if self._offset is not None:
            now = self._wall() + self._offset
        elif self._rate:
            now = self._anchor + timedelta(seconds=(self._monotonic() - self._anchored) * self._rate)
        else:
            return self._anchor
        if self._limit is not None and now > self._limit:
            now = max(self._limit, self._anchor)
        if now < self._last:
            return self._last
        self._last = now
        return now

    def _flow_from(self, now: datetime, rate: float) -> None:
        self._offset, self._anchor, self._anchored, self._rate = None, now, self._monotonic(), rate
