"""Ctrl-C and SIGTERM, as a command meets them."""

from __future__ import annotations

import signal
import threading
from types import FrameType

INTERRUPTED = 130
"""Exit code of a command that was interrupted."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM; not an Exception, so that no handler of failures catches it."""


class Interruptible:
    """Ctrl-C and SIGTERM raise Interrupted; entered, it is the event that a waiting command waits for."""

    def __enter__(self) -> threading.Event:
        self._event = threading.Event()
        self._former = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        return self._event

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # Only once: a second signal must not interrupt the shutdown.
        if not self._event.is_set():
            self._event.set()
            raise Interrupted
