"""Runs whose steps wait: one thread asks for all of them whether what they wait for has come."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime

from controlplane.jobs.engine.execution import Execution
from controlplane.jobs.engine.waiting import Wait
from controlplane.writer_held import about_to_wait

SHORTEST_POLL_SECONDS = 0.005
"""Between two looks at one wait, however often it is told that there is something new."""
LONGEST_REST_SECONDS = 0.02

Resumption = Callable[[Execution], Wait | None]
"""How a run goes on: it is called in a worker, and gives the next wait."""


@dataclass(frozen=True, slots=True)
class ParkedRun:
    """A run that waits, as an agenda shows it."""

    job: str
    what: str
    deadline: datetime | None
    """World time; None where there is no limit."""


@dataclass(slots=True, eq=False)
class _Parked:
    job: str
    wait: Wait
    may_be_stopped: bool
    next_look: float
    """By the monotonic clock."""
    last_look: float = float("-inf")
    has_news: bool = False
    """Something was told of it since the last look began."""
    stopped: bool = False

    def __lt__(self, other: _Parked) -> bool:
        return self.next_look < other.next_look


class ParkedRuns:
    """The waits of one engine. `go_on` is told which run can be resumed, and how; it must not block."""

    def __init__(self, now: Callable[[], datetime], go_on: Callable[[str, Resumption], None]) -> None:
        self._now = now
        self._go_on = go_on
        self._changed = threading.Condition()
        self._parked: dict[str, _Parked] = {}
        self._queue: list[_Parked] = []
        self._closed = False
        self._thread: threading.Thread | None = None

    def park(self, job: str, wait: Wait, may_be_stopped: bool) -> None:
        """Look after this wait. The first look is at once."""
        with self._changed:
            parked = _Parked(job, wait, may_be_stopped, time.monotonic())
            self._parked[job] = parked
            heapq.heappush(self._queue, parked)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=copy_context().run, args=(self._watch,), name="parked-runs", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def stop(self, job: str) -> None:
        """The job was asked to stop: its step is told so, if it waits and may be stopped."""
        with self._changed:
            parked = self._parked.get(job)
            if parked is not None and parked.may_be_stopped and not parked.stopped:
                parked.stopped = True
                self._look_soon([parked])

    def tell_of(self, machines: Collection[str]) -> None:
        """There is something new of these machines, by their ARM ids in lower case: look at those who wait for them."""
        with self._changed:
            told = [each for each in self._parked.values() if (each.wait.machine or "").lower() in machines]
            self._look_soon(told)

    def runs(self) -> Sequence[ParkedRun]:
        """What waits, in no order."""
        with self._changed:
            return [ParkedRun(each.job, each.wait.what, each.wait.deadline) for each in self._parked.values()]

    def close(self) -> None:
        """Look no more; what waits is forgotten."""
        about_to_wait("the looks at what waits")
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _look_soon(self, those: Sequence[_Parked]) -> None:
        """With the lock."""
        for parked in those:
            parked.has_news = True
            parked.next_look = min(parked.next_look, parked.last_look + SHORTEST_POLL_SECONDS)
        if those:
            heapq.heapify(self._queue)
            self._changed.notify_all()

    def _watch(self) -> None:
        while (parked := self._next()) is not None:
            began = parked.last_look = time.monotonic()
            resumption = self._look_at(parked)
            if resumption is None:
                self._look_again(parked)
            else:
                with self._changed:
                    del self._parked[parked.job]
                self._go_on(parked.job, resumption)
            # Looks that take long, as they do of a storage under load, leave as much time to everybody else.
            time.sleep(min(time.monotonic() - began, LONGEST_REST_SECONDS))

    def _next(self) -> _Parked | None:
        """The next one to be looked at, once it is time; None when this is closed."""
        with self._changed:
            while not self._closed:
                left = self._queue[0].next_look - time.monotonic() if self._queue else None
                if left is not None and left <= 0:
                    due = heapq.heappop(self._queue)
                    due.has_news = False  # before the look, so that what is told meanwhile leads to another one
                    return due
                self._changed.wait(left)
        return None

    def _look_at(self, parked: _Parked) -> Resumption | None:
        """How the run goes on. What has come true is not stopped any more: the job then ends before its next step."""
        stopped, deadline = parked.stopped, parked.wait.deadline
        late = deadline is not None and self._now() >= deadline  # read first: what came true in time is never late
        try:
            came_true = parked.wait.until()
        except Exception as problem:  # noqa: BLE001 - the step says what an error means
            return Execution.stop if stopped else _failing(problem)
        if stopped and not came_true:
            return Execution.stop
        return _resuming(came_true) if came_true or late else None

    def _look_again(self, parked: _Parked) -> None:
        with self._changed:
            poll = SHORTEST_POLL_SECONDS if parked.has_news else parked.wait.poll_seconds
            parked.next_look = time.monotonic() + max(poll, SHORTEST_POLL_SECONDS)
            heapq.heappush(self._queue, parked)


def _resuming(came_true: bool) -> Resumption:
    return lambda execution: execution.resume(came_true)


def _failing(problem: Exception) -> Resumption:
    return lambda execution: execution.fail(problem)
