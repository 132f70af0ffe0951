"""A thread that takes one turn after the other, rests in between, and carries out what others order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, TypeVar

from controlplane.writer_held import about_to_wait

_Result = TypeVar("_Result")


class TurnsEnded(Exception):
    """The thread has not begun, or has ended."""


class Turns:
    """`turn` does the next thing and says for how many real seconds there is nothing else to do (None: until woken).
    `rested_at` says from when on, by the monotonic clock, a wake ends a rest; before, it only shortens it."""

    def __init__(
        self, turn: Callable[[], float | None], rested_at: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._turn = turn
        self._rested_at = rested_at
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._orders: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._woken = False
        self._open = False
        self._thread: threading.Thread | None = None

    def open(self, *, begin: bool) -> None:
        """From now on orders are taken. Without `begin` the thread begins with the first one."""
        with self._changed:
            self._open = True
            if begin:
                self._begin()

    def close(self) -> bool:
        """Take no further turn, and refuse what was ordered and not begun; False where this was not open."""
        about_to_wait("the turns of a thread")
        with self._changed:
            was_open, self._open = self._open, False
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        while self._orders:
            self._orders.popleft()[1].set_exception(TurnsEnded())
        return was_open

    def order(self, act: Callable[[], _Result], within_seconds: float | None = None) -> _Result:
        """Have something done in the thread, between two turns, and wait for it. Raises TurnsEnded, what it raises, and
        TimeoutError where the turn that is going on takes longer."""
        about_to_wait("the turns of a thread")
        future: Future[_Result] = Future()
        with self._changed:
            if not self._open:
                raise TurnsEnded
            self._orders.append((act, future))
            self._begin()
            self._changed.notify_all()
        return future.result(within_seconds)

    def wake(self) -> None:
        """There may be something to do."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def take(self) -> float | None:
        """One turn, after what was ordered."""
        while self._orders:
            act, future = self._orders.popleft()
            try:
                future.set_result(act())
            except Exception as problem:  # noqa: BLE001 - it belongs to whoever ordered
                future.set_exception(problem)
        return self._turn()

    def _begin(self) -> None:
        """With the lock."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=copy_context().run, args=(self._go_round,), name="clock", daemon=True
            )
            self._thread.start()

    def _go_round(self) -> None:
        while self._rest(self.take()):
            continue

    def _rest(self, seconds: float | None) -> bool:
        """Until there is something to do; False when this is closed."""
        end = None if seconds is None else self._monotonic() + seconds
        with self._changed:
            while self._open and not self._orders:
                now, rested = self._monotonic(), self._rested_at()
                if (self._woken and now >= rested) or (end is not None and now >= end):
                    break
                times = [each - now for each in (end, rested if self._woken else None) if each is not None]
                self._changed.wait(min(times, default=None))
            self._woken = False
            return self._open
