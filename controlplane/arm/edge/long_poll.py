"""Holds an answer back until what the client waits for has happened, so that it need not ask again.

Nobody waits in a thread for it: the event loop looks at the store a few times a second, one document at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from controlplane.ports import Clock

LONGEST_HOLD_SECONDS = 240.0
"""Of real time: below what clients, proxies and libraries wait for an answer at most."""
LOOK_SECONDS = 0.1


async def hold(clock: Clock, unfinished: Callable[[], bool], look_seconds: float = LOOK_SECONDS) -> None:
    """Return when `unfinished` says no, when the longest hold is over, or at once when the world's clock stands still:
    then nothing may ever happen. Seconds are of real time."""
    end = time.monotonic() + LONGEST_HOLD_SECONDS
    before = clock.now()
    while unfinished() and time.monotonic() < end:
        await asyncio.sleep(look_seconds)
        now = clock.now()
        if now == before:
            return
        before = now
