"""The repeating actions of a clock.

Every clock keeps one schedule of repeating actions. While time flows, a single thread watches the schedule and hands
what is due to a few workers, so a slow action delays nobody. While time stands, actions run only in `jump`, one after
another in the order of their due times, in the thread that jumps.

The schedule counts seconds since the clock was made, not dates: a host whose date is corrected misses no run.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from controlplane.writer_held import about_to_wait

WORKERS = 8
LONGEST_SLEEP_SECONDS = 3600.0

OnError = Callable[[Exception], None]


def next_due(due: float, period: float, now: float) -> float:
    """The first of `due`, `due + period`, ... that lies after `now`: whatever was missed is one run, not many."""
    if due > now:
        return due
    later = due + period * (math.floor((now - due) / period) + 1)
    return later if later > now else later + period


@dataclass(eq=False, slots=True)
class _Repeating:
    """One repeating action. `thread` is who holds it to run it; while held it is not in the queue."""

    action: Callable[[], None]
    period: float
    due: float
    order: int
    thread: int | None = None
    ended: bool = False

    def __lt__(self, other: _Repeating) -> bool:
        return (self.due, self.order) < (other.due, other.order)


class Actions:
    """The repeating actions of one clock: a queue by due time, and those who run them."""

    def __init__(self, elapsed: Callable[[], float], rate: float, on_error: OnError | None) -> None:
        self._elapsed = elapsed
        self._rate = rate
        self._on_error = on_error or _as_unhandled
        self._changed = threading.Condition()
        self._queue: list[_Repeating] = []
        self._held: set[_Repeating] = set()
        self._made = 0
        self._closed = False
        self._watcher: threading.Thread | None = None
        self._workers: ThreadPoolExecutor | None = None

    def every(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        if not seconds > 0:
            raise ValueError("an action repeats after more than no time")
        with self._changed:
            if self._closed:
                raise RuntimeError("the clock is closed")
            self._made += 1
            item = _Repeating(action, seconds, self._elapsed() + seconds, self._made)
            heapq.heappush(self._queue, item)
            self._watch()
            self._changed.notify_all()

        def end() -> None:
            with self._changed:
                item.ended = True
                if item in self._queue:
                    self._queue.remove(item)
                    heapq.heapify(self._queue)

        return end

    def run_due(self, after: Callable[[], None]) -> None:
        """Change the time with `after`, then run what is due in this thread.

        Where time flows, one round is enough: the watcher goes on. Where it stands, another thread may have moved it
        meanwhile and passed over what this one held.
        """
        with self._changed:
            after()
            batch = self._take_due()
            self._changed.notify_all()
        while batch:
            self._run_in_order(batch)
            with self._changed:
                batch = [] if self._rate else self._take_due()

    def close(self) -> None:
        about_to_wait("the actions of a clock")
        me = threading.get_ident()
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: all(item.thread == me for item in self._held))
        if self._watcher and self._workers:
            self._watcher.join()
            self._workers.shutdown(wait=False)

    def _watch(self) -> None:
        if self._rate and self._watcher is None:
            self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="clock-worker")
            work = (self._hand_out, self._workers)
            self._watcher = threading.Thread(target=copy_context().run, args=work, name="clock", daemon=True)
            self._watcher.start()

    def _hand_out(self, workers: ThreadPoolExecutor) -> None:
        with self._changed:
            while not self._closed:
                for item in self._take_due():
                    workers.submit(copy_context().run, self._run, item)
                self._changed.wait(self._real_seconds_to_next())

    def _real_seconds_to_next(self) -> float:
        if not self._queue:
            return LONGEST_SLEEP_SECONDS
        return min(max(0.0, self._queue[0].due - self._elapsed()) / self._rate, LONGEST_SLEEP_SECONDS)

    def _take_due(self) -> list[_Repeating]:
        """What is due now, in order, held for the caller. With the lock."""
        now = self._elapsed()
        taken = []
        while self._queue and self._queue[0].due <= now and not self._closed:
            item = heapq.heappop(self._queue)
            item.thread = threading.get_ident()
            self._held.add(item)
            taken.append(item)
        return taken

    def _run_in_order(self, batch: list[_Repeating]) -> None:
        waiting = deque(batch)
        try:
            while waiting:
                self._run(waiting.popleft())
        finally:  # Ctrl-C in one action must not hold the others for ever
            for item in waiting:
                self._give_back(item)

    def _run(self, item: _Repeating) -> None:
        item.thread = threading.get_ident()
        item.due = next_due(item.due, item.period, self._elapsed())
        try:
            if not (item.ended or self._closed):
                item.action()
        except Exception as error:  # noqa: BLE001 - on_error says what an error means; the action goes on being run
            self._on_error(error)
        finally:
            self._give_back(item)

    def _give_back(self, item: _Repeating) -> None:
        with self._changed:
            self._held.discard(item)
            item.thread = None
            if not (item.ended or self._closed):
                heapq.heappush(self._queue, item)
            self._changed.notify_all()


def _as_unhandled(error: Exception) -> None:
    """As if the exception had ended its thread: seen on stderr, and a failure under pytest."""
    threading.excepthook(
        threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
    )
