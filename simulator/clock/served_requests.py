"""The requests that are being served and may change something: as long as one is, world time stands."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from simulator.clock.agenda import Told


class ServedRequests:
    """A Worker. Requests wait for no world time, and nothing of them goes on by being asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: dict[int, str] = {}
        self._counted = 0
        self._taken: Told = _nobody
        self._changed: Told = _nobody

    @contextmanager
    def served(self, what: str) -> Iterator[None]:
        """Within this a request is being served; `what` says which, for people."""
        with self._lock:
            self._counted += 1
            number = self._counted
            self._served[number] = what
        self._taken()
        try:
            yield
        finally:
            with self._lock:
                del self._served[number]
            self._changed()

    def holders(self) -> Sequence[str]:
        with self._lock:
            return list(self._served.values())

    def look(self) -> bool:
        return False

    def next_deadline(self) -> datetime | None:
        return None

    def watch(self, taken: Told, changed: Told) -> None:
        self._taken, self._changed = taken, changed


def _nobody() -> None:
    """Nobody watches yet."""
