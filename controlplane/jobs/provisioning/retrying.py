"""Does what the storage must not leave undone: again and again while it does not answer, without a worker meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.ports import Clock, StorageUnavailable

ATTEMPTS = 60
PAUSE = timedelta(seconds=5)
"""World time between two attempts."""


def retried(clock: Clock, what: str, act: Callable[[], None]) -> Waiting[None]:
    """`act` must bear to be repeated. After ATTEMPTS of them the StorageUnavailable of the last one is raised."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            act()
            return
        except StorageUnavailable:
            if attempt == ATTEMPTS:
                raise
        yield Wait(f"the storage, to {what}", lambda: False, clock.now() + PAUSE)
