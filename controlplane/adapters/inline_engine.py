"""Engine in this process: runs are taken from the store by a bounded pool of workers, and wait without one.

A dispatcher takes what is queued as workers get free. It is woken by the commit that queued a run, and looks by itself
now and then, since another process may have queued one. A run whose step waits is parked and holds no worker.

The engine holds world time while one of its runs works. From the commit that queues it on, a run is a holder without a
gap: as one to be looked for, as one that is queued or has a worker, and each time that it is told to go on again.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime

from controlplane.adapters.parked_runs import ParkedRun, ParkedRuns, Resumption, nobody
from controlplane.fabric_documents import OBSERVED
from controlplane.jobs.engine.execution import UNDO_POLL_SECONDS, Execution, ask_to_stop
from controlplane.jobs.engine.plan import Plan
from controlplane.jobs.engine.runs import Interrupted, Run, RunStore
from controlplane.json_object import Json
from controlplane.ports import Commit, PortError, Ports
from controlplane.writer_held import about_to_wait

LEASE_SECONDS = 30.0
"""How long a run stays its owner's without a sign of life."""
RENEWAL_SECONDS = LEASE_SECONDS / 3
LOOK_SECONDS = 2.0
"""How often the dispatcher looks without being woken."""
MOST_WORKERS = 32
MOST_RECOVERED = 1_000_000


def default_workers() -> int:
    """Steps wait for the storage most of their time, so there may be more of them than cores."""
    return min(MOST_WORKERS, 4 + 2 * (os.cpu_count() or 1))


class InlineEngine:
    """The Engine port. `ports_of` is asked at each start, so that engine and ports can be made in either order.
    `real_time` is in seconds since 1970: leases are in real time, whatever the world's clock does.
    `undo_poll_seconds` is the real time between the tries of an undo on a storage that does not answer."""

    def __init__(
        self,
        plans: Mapping[str, Plan],
        ports_of: Callable[[], Ports],
        runs: RunStore,
        *,
        workers: int | None = None,
        real_time: Callable[[], float] = time.time,
        undo_poll_seconds: float = UNDO_POLL_SECONDS,
    ) -> None:
        self._plans = plans
        self._ports_of = ports_of
        self.runs = runs
        self._real_time = real_time
        self._undo_poll_seconds = undo_poll_seconds
        self._owner = str(uuid.uuid4())
        self._size = workers or default_workers()
        self._workers = ThreadPoolExecutor(self._size, thread_name_prefix="job")
        self._changed = threading.Condition()
        self._held: dict[str, Execution] = {}
        """The runs that this engine has taken, by their job."""
        self._at_work: dict[int, str] = {}
        """The workers that are at work, or about to be, by numbers that are given once; and on what."""
        self._numbers = itertools.count()
        self._left: dict[str, float] = {}
        """Runs that could not be gone on with, and until when they are free again at the latest, in real time."""
        self._refused: set[str] = set()
        """Those of them that a store or a storage refused: they are given up as soon as the store takes that."""
        self._wakings = 0
        self._dispatched = 0
        self._are_more_queued = False
        self._looked_in_vain = False
        """The runs could not be read: whether any is queued is not known."""
        self._taken = self._let_go = nobody
        self._closing = False
        self._parked = ParkedRuns(lambda: ports_of().clock.now(), self._go_on)
        self._dispatcher: threading.Thread | None = None
        self._renewed = real_time()
        self._unsubscribe = runs.subscribe(self._wake)

    def start(self, plan: str, job_id: str, state: Json) -> None:
        """Queue the run: it begins after the commit of the transaction in which this is called, if there is one."""
        if plan not in self._plans:
            raise KeyError(f"no plan is called {plan}")
        self.runs.add(job_id, plan, state)

    def cancel(self, job_id: str) -> bool:
        run = self.runs.get(job_id)
        return run is not None and ask_to_stop(self._ports_of(), self.runs, self._plans[run.plan], job_id)

    def recover(self) -> int:
        """Go on with what is free; how many runs that are. Those that live engines have are left to them."""
        free = len(self.runs.free(self._real_time(), self._plans.keys(), MOST_RECOVERED))
        self._wake()
        return free

    def close(self) -> None:
        """Steps that wait for somebody are left and begun again after the next start; others run to their end."""
        about_to_wait("the runs of an engine")
        self._unsubscribe()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._dispatcher is not None:
            self._dispatcher.join()
        self._parked.close()
        self._workers.shutdown()
        self._held.clear()
        self.runs.disown(self._owner)

    def settle(self) -> None:
        """Wait until nothing runs here and nothing is queued that this engine could take."""
        about_to_wait("the runs of an engine")
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._is_settled())

    def holders(self) -> Sequence[str]:
        """What works here at this moment, in a few words each. A run that waits does not, unless its wait says so."""
        with self._changed:
            if self._closing:
                return []
            waits = self._parked.holders()  # with the lock, so that nobody goes from one to the other meanwhile
            return [*self._at_work.values(), *self._kept_back(), *waits]

    def _kept_back(self) -> list[str]:
        """What will be at work as soon as it is found and there is a worker. With the lock."""
        waiting = [f"the job {job}, which is tried again" for job in self._left]
        if self._are_more_queued or self._wakings != self._dispatched:
            waiting.append("jobs that are queued")
        if self._looked_in_vain:
            waiting.append("jobs that could not be looked for")
        return waiting

    def look(self) -> bool:
        """Ask all conditions that are waited for; True when a run goes on because of it."""
        return self._parked.look()

    def next_deadline(self) -> datetime | None:
        """The earliest world time at which a run that waits gives up or goes on."""
        return self._parked.next_deadline()

    def watch(self, taken: Callable[[], None], changed: Callable[[], None]) -> None:
        """Call `taken` for each hold that is taken here, before its taker goes on, and `changed` for each that is let
        go of and each new deadline. To be called before there is work."""
        self._taken, self._let_go = taken, changed
        self._parked.watch(taken, changed)

    def waiting(self) -> Sequence[ParkedRun]:
        """The runs that wait, with the world time until which they do."""
        return self._parked.runs()

    def _is_settled(self) -> bool:
        return not self._held and not self._are_more_queued and self._dispatched == self._wakings

    # --------------------------------------------------------------------------------------------------- the dispatcher

    def _wake(self) -> None:
        with self._changed:
            if self._closing:
                return
            self._wakings += 1
            self._taken()
            if self._dispatcher is None:
                self._dispatcher = threading.Thread(
                    target=copy_context().run, args=(self._dispatch,), name="job-dispatcher", daemon=True
                )
                self._dispatcher.start()
            self._changed.notify_all()

    def look_at(self, machine: str) -> None:
        """Something of this machine, by its ARM id, may have come that no commit tells of: ask who waits for it."""
        self._parked.tell_of({machine.lower()})

    def _committed(self, commit: Commit) -> None:
        machines = {id for kind, id in commit.documents if kind == OBSERVED}
        if machines:
            self._parked.tell_of(machines)

    def _dispatch(self) -> None:
        end = self._ports_of().store.on_commit(self._committed)
        try:
            self._dispatch_until_closed()
        finally:
            end()

    def _dispatch_until_closed(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_something_to_do, LOOK_SECONDS)
                if self._closing:
                    return
                wakings, held = self._wakings, bool(self._kept_back())
            are_more = self._look_around()
            with self._changed:
                self._dispatched, self._are_more_queued = wakings, are_more
                self._changed.notify_all()
            if held:
                self._let_go()

    def _look_around(self) -> bool:
        """What there is to do now; True when more is queued than there are workers for."""
        try:
            self._renew()
            self._give_up_refused()
            for job in self.runs.stopping(self._owner):
                self._parked.stop(job)
            are_more = self._take_what_is_free()
        except Exception as problem:  # noqa: BLE001 - the database may be back at the next look
            self._looked_in_vain = True
            _report(problem)
            return False
        self._looked_in_vain = False
        return are_more

    def _has_something_to_do(self) -> bool:
        return self._closing or self._wakings != self._dispatched or (self._are_more_queued and self._has_room())

    def _has_room(self) -> bool:
        return len(self._at_work) < self._size

    def _renew(self) -> None:
        now = self._real_time()
        if self._held and now - self._renewed >= RENEWAL_SECONDS:
            with self._changed:
                held = list(self._held)
            self.runs.renew(self._owner, held, now + LEASE_SECONDS)
            self._renewed = now

    def _give_up_refused(self) -> None:
        """What was left since a disk was full goes on once there is room, not when its lease lapses."""
        with self._changed:
            refused = set(self._refused)
        if refused:
            self.runs.disown(self._owner, refused)
            with self._changed:
                self._refused -= refused

    def _take_what_is_free(self) -> bool:
        """Take as many runs as there are workers for; True when there may be more."""
        now = self._real_time()
        free = self.runs.free(now, self._plans.keys(), self._size + 1)
        for run in free:
            with self._changed:
                if self._closing or not self._has_room():
                    return True
                worker = self._reserve(run.job, run.plan)
            self._take(run, worker)
        with self._changed:
            self._left = {job: until for job, until in self._left.items() if until > now}
        return len(free) > self._size

    def _take(self, run: Run, worker: int) -> None:
        """Begin a run in the worker that was reserved for it."""
        now = self._real_time()
        try:
            taken = self.runs.take(run.job, self._owner, now, now + LEASE_SECONDS)
        except BaseException:
            self._worker_is_free(worker)
            raise
        if taken is None:
            self._worker_is_free(worker)
            return
        plan = self._plans[taken.plan]
        log = self.runs.log(taken.job)
        execution = Execution(self._ports_of(), self.runs, plan, taken, log, self._undo_poll_seconds)
        with self._changed:
            self._held[taken.job] = execution
            self._left.pop(taken.job, None)
        self._workers.submit(copy_context().run, self._work, worker, taken.job, execution, Execution.begin)

    # ------------------------------------------------------------------------------------------------------ the workers

    def _go_on(self, job: str, resumption: Resumption) -> None:
        """Called by the watcher of the waits: a wait is over."""
        with self._changed:
            execution = self._held.get(job)
            if execution is None or self._closing:
                return
            worker = self._reserve(job, execution.plan)
        self._workers.submit(copy_context().run, self._work, worker, job, execution, resumption)

    def _reserve(self, job: str, plan: str) -> int:
        """A worker for this job. With the lock."""
        worker = next(self._numbers)
        self._at_work[worker] = f"the job {job} ({plan})"
        self._taken()
        return worker

    def _work(self, worker: int, job: str, execution: Execution, resumption: Resumption) -> None:
        wait, is_refused = None, False
        try:
            wait = resumption(execution)
        except Interrupted:
            pass
        except Exception as problem:  # noqa: BLE001 - the run is left; it is free again when its lease has lapsed
            with self._changed:
                self._left[job] = self._real_time() + LEASE_SECONDS + 2 * LOOK_SECONDS
            is_refused = isinstance(problem, PortError)
            _report(problem)
        finally:
            if wait is None:
                with self._changed:
                    self._held.pop(job, None)
                    if is_refused:
                        self._refused.add(job)
            else:
                self._parked.park(job, wait, execution.may_be_stopped)
            self._worker_is_free(worker)

    def _worker_is_free(self, worker: int) -> None:
        with self._changed:
            del self._at_work[worker]
            self._changed.notify_all()
        self._let_go()


def _report(problem: Exception) -> None:
    """What is beyond us is logged; a mistake is shown as if it had ended its thread: on stderr, and a failure under
    pytest."""
    if isinstance(problem, PortError):
        logging.getLogger("engine").error("a run is left until later: %s", problem)
        return
    arguments = (type(problem), problem, problem.__traceback__, threading.current_thread())
    threading.excepthook(threading.ExceptHookArgs(arguments))
