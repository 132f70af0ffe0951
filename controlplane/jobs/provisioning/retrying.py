"""Does what the storage must not leave undone: again and again while it does not answer, without a worker meanwhile.

A storage comes back in real time, however world time is moved. So the pauses are real time, and world time is held.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from controlplane.jobs.engine.waiting import Waiting, real_pause
from controlplane.ports import ServiceSettings, StorageUnavailable


def retried(settings: ServiceSettings, what: str, act: Callable[[], None]) -> Waiting[None]:
    """`act` must bear to be repeated. After the service's patience the StorageUnavailable of the last time is
    raised."""
    gives_up = time.monotonic() + settings.storage_patience_seconds
    while True:
        try:
            act()
            return
        except StorageUnavailable:
            if time.monotonic() >= gives_up:
                raise
        yield real_pause(f"the storage, to {what}", settings.storage_pause_seconds)
