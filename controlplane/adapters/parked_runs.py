"""Runs whose steps wait: one thread asks for all of them whether what they wait for has come."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime

from controlplane.jobs.engine.execution import Execution
from controlplane.jobs.engine.waiting import Wait
from controlplane.writer_held import about_to_wait

SHORTEST_POLL_SECONDS = 0.005
"""Between two looks at one wait, however often it is told that there is something new."""
LONGEST_REST_SECONDS = 0.02

Resumption = Callable[[Execution], Wait | None]
"""How a run goes on: it is called in a worker, and gives the next wait."""


def nobody() -> None:
    """Told of what nobody wants to know."""


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
    poll_seconds: float
    last_look: float = float("-inf")
    told: int = 0
    """How often there was something new of it."""
    answered: int = 0
    """Up to which of these a look has ended."""
    stopped: bool = False
    goes_on: bool = False
    """Its run was told so, or is being told."""
    was_holding: bool = False
    """What was last told of it to who watches."""
    looking: threading.Lock = field(default_factory=threading.Lock)
    """Held while the condition is asked."""

    def __lt__(self, other: _Parked) -> bool:
        return self.next_look < other.next_look

    @property
    def has_news(self) -> bool:
        return self.told != self.answered

    @property
    def is_holding(self) -> bool:
        return self.goes_on or self.stopped or self.has_news or self.wait.is_holding


class ParkedRuns:
    """The waits of one engine. `go_on` is told which run can be resumed, and how; it must not block.

    A run that waits does not hold world time, unless its wait says so. It is a holder from the moment at which there is
    something new of it, until the look after that has ended; and once it can go on, until `go_on` has returned.
    """

    def __init__(self, now: Callable[[], datetime], go_on: Callable[[str, Resumption], None]) -> None:
        self._now = now
        self._go_on = go_on
        self._taken = self._let_go = nobody
        self._changed = threading.Condition()
        self._parked: dict[str, _Parked] = {}
        self._queue: list[_Parked] = []
        self._closed = False
        self._thread: threading.Thread | None = None

    def park(self, job: str, wait: Wait, may_be_stopped: bool) -> None:
        """Look after this wait. The first look is at once."""
        with self._changed:
            parked = _Parked(job, wait, may_be_stopped, time.monotonic(), wait.poll_seconds)
            parked.was_holding = parked.is_holding
            self._parked[job] = parked
            heapq.heappush(self._queue, parked)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=copy_context().run, args=(self._watch,), name="parked-runs", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()
        self._let_go()  # there is another deadline

    def watch(self, taken: Callable[[], None], let_go: Callable[[], None]) -> None:
        """Call `taken` for each hold that begins here, and `let_go` for each that ends and each deadline that comes."""
        self._taken, self._let_go = taken, let_go

    def holders(self) -> list[str]:
        """What is waited for by the runs that hold world time."""
        with self._changed:
            return [each.wait.what for each in self._parked.values() if each.is_holding]

    def next_deadline(self) -> datetime | None:
        with self._changed:
            deadlines = [each.wait.deadline for each in self._parked.values() if not each.goes_on]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def look(self) -> bool:
        """Ask every condition once; True when a run goes on because of it."""
        with self._changed:
            those = [] if self._closed else list(self._parked.values())
        return sum(self._look_once(each) for each in those) > 0

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
            parked.told += 1
            parked.was_holding = True
            parked.next_look = min(parked.next_look, parked.last_look + SHORTEST_POLL_SECONDS)
        if those:
            heapq.heapify(self._queue)
            self._changed.notify_all()
            self._taken()

    def _watch(self) -> None:
        while (parked := self._next()) is not None:
            began = time.monotonic()
            if not self._look_once(parked):
                self._look_again(parked)
            # Looks that take long, as they do of a storage under load, leave as much time to everybody else.
            time.sleep(min(time.monotonic() - began, LONGEST_REST_SECONDS))

    def _next(self) -> _Parked | None:
        """The next one to be looked at, once it is time; None when this is closed."""
        with self._changed:
            while not self._closed:
                left = self._queue[0].next_look - time.monotonic() if self._queue else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._queue)
                self._changed.wait(left)
        return None

    def _look_once(self, parked: _Parked) -> bool:
        """Ask its condition; True when its run goes on, or did so already."""
        with parked.looking:
            if parked.goes_on:
                return True
            parked.last_look = time.monotonic()
            told = parked.told  # before the look, so that what is told meanwhile leads to another one
            resumption = self._look_at(parked)
            parked.goes_on = resumption is not None
            parked.answered = told
        if resumption is not None:
            self._go_on(parked.job, resumption)
            self._forget(parked)
        else:
            self._tell_of_hold(parked)
        return resumption is not None

    def _tell_of_hold(self, parked: _Parked) -> None:
        """A wait may begin to hold world time at a look, or cease to."""
        with self._changed:
            before, parked.was_holding = parked.was_holding, parked.is_holding
        if parked.was_holding != before:
            (self._let_go if before else self._taken)()

    def _forget(self, parked: _Parked) -> None:
        """Its run may be parked anew already."""
        with self._changed:
            if self._parked.get(parked.job) is parked:
                del self._parked[parked.job]
            if parked in self._queue:
                self._queue.remove(parked)
                heapq.heapify(self._queue)

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
            poll = SHORTEST_POLL_SECONDS if parked.has_news else parked.poll_seconds
            parked.next_look = time.monotonic() + max(poll, SHORTEST_POLL_SECONDS)
            slower = min(2 * parked.poll_seconds, parked.wait.slowest_poll_seconds)
            parked.poll_seconds = max(parked.poll_seconds, slower)
            heapq.heappush(self._queue, parked)


def _resuming(came_true: bool) -> Resumption:
    return lambda execution: execution.resume(came_true)


def _failing(problem: Exception) -> Resumption:
    return lambda execution: execution.fail(problem)
