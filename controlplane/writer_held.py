"""Knows which threads hold a store's writer, and refuses a wait in one of them.

Everybody else who wants to write would wait as long. Whoever waits for a thread, a process or a condition says so here
first. A wait in a transaction is a mistake in the program, whatever came of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_thread = threading.local()


class WaitedWithWriter(AssertionError):
    """A thread was about to wait inside a transaction of the store."""


@contextmanager
def held() -> Iterator[None]:
    """The calling thread has the writer."""
    _thread.holds = getattr(_thread, "holds", 0) + 1
    try:
        yield
    finally:
        _thread.holds -= 1


def about_to_wait(what: str) -> None:
    """To be called before a wait; `what` is waited for. Raises WaitedWithWriter."""
    if getattr(_thread, "holds", 0):
        raise WaitedWithWriter(f"a wait for {what} inside a transaction of the store")
