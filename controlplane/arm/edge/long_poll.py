"""Holds an answer back until what the client waits for has happened, so that it need not ask again.

Nobody waits in a thread for it: the event loop looks at the store a few times a second, one document at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from threading import Lock

from controlplane.ports import Clock

LONGEST_HOLD_SECONDS = 240.0
"""Of real time: below what clients, proxies and libraries wait for an answer at most."""
LOOK_SECONDS = 0.1
STILL_LOOKS = 10
"""So many looks one after the other that find time standing and nobody at work: then nothing may ever happen. A clock
that goes to what started work waits for does so in between."""
MOST_HELD = 100
"""A client that is answered at once asks again after the time that the answer names."""


class LongPolls:
    """The answers that are held back at the moment; no more than `most`, since each is looked after."""

    def __init__(self, works: Callable[[], bool], most: int = MOST_HELD, look_seconds: float = LOOK_SECONDS) -> None:
        """`works` says whether anybody works, so that time which stands may go on; it is asked often."""
        self._works = works
        self._most = most
        self._look_seconds = look_seconds
        self._lock = Lock()
        self._held = 0

    async def hold(self, clock: Clock, unfinished: Callable[[], bool]) -> None:
        """Return when `unfinished` says no, when the longest hold is over, soon where the world's clock stands still
        and nobody works, since then nothing may ever happen, and at once when too many are held. Seconds are of real
        time."""
        with self._lock:  # the listeners of a world have a thread each
            if self._held >= self._most:
                return
            self._held += 1
        try:
            await self._wait(clock, unfinished)
        finally:
            with self._lock:
                self._held -= 1

    async def _wait(self, clock: Clock, unfinished: Callable[[], bool]) -> None:
        end = time.monotonic() + LONGEST_HOLD_SECONDS
        before, still = clock.now(), 0
        while unfinished() and still < STILL_LOOKS and time.monotonic() < end:
            await asyncio.sleep(self._look_seconds)
            now = clock.now()
            still = 0 if now != before or self._works() else still + 1
            before = now
