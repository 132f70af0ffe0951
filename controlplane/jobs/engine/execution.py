"""One job being carried out: replays what the log of its run knows, does the rest, and ends the job.

The log holds, call by call, what became of it, so that after the end of a process the same plan walks the same way up
to the call that was interrupted, and does that one again.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from controlplane.caused_ports import CausedFabric
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.jobs import DEPENDENCY_FAILED, INTERNAL_OPERATION_ERROR, JOB_SUCCESSFULLY_CANCELLED
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Cause, Fact
from controlplane.domain.recovery_services.job import Job
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Direction, JobLog, Outcome, Plan, Step, StepFailed, completed, run
from controlplane.jobs.engine.runs import Interrupted, Logged, Run, RunStore
from controlplane.jobs.engine.waiting import Wait, Waiting, real_pause
from controlplane.json_object import Json
from controlplane.ports import PortError, Ports, StorageUnavailable

UNDO_TRIES, UNDO_POLL_SECONDS = 10, 0.5
"""How often an undo is tried on a storage that does not answer, in real time: longer than an ending world needs."""


def ask_to_stop(ports: Ports, runs: RunStore, plan: Plan, job_id: str) -> bool:
    """Note that the job shall stop; False when it does not run."""
    with ports.store.transaction():
        run = runs.ask_to_stop(job_id)
        if run is None:
            return False
        job_log: JobLog = plan.job_log or records
        job_log.cancel_asked(ports.store, run.state, ports.clock.now())
    return True


class Execution:
    """Carries out one run, in the threads of those who call: `begin`, then as long as a Wait comes back one of
    `resume`, `fail` and `stop`. None comes back when the run has ended, Interrupted is raised when it is not ours.

    All that is written to the store meanwhile, by us or by a step, is written behind the fence of the run.
    """

    def __init__(
        self,
        ports: Ports,
        runs: RunStore,
        plan: Plan,
        taken: Run,
        log: Sequence[Logged],
        undo_poll_seconds: float = UNDO_POLL_SECONDS,
    ) -> None:
        self._ports = ports
        self._runs = runs
        self._plan = plan
        self._job_log: JobLog = plan.job_log or records
        self._run = taken
        self._log = log
        self._undo_poll_seconds = undo_poll_seconds
        self._position = 0
        self._errors: list[ServiceError] = []
        self._undoing = False
        self._stopped = False
        self._course = self._carry_out()

    def begin(self) -> Wait | None:
        return self._go_on(lambda: next(self._course))

    def resume(self, came_true: bool) -> Wait | None:
        """The wait is over."""
        return self._go_on(lambda: self._course.send(came_true))

    def fail(self, error: Exception) -> Wait | None:
        """The condition could not be looked at."""
        return self._go_on(lambda: self._course.throw(error))

    def stop(self) -> Wait | None:
        """The job was asked to stop while it waits: the step fails where it is."""
        self._stopped = True
        return self.fail(JOB_SUCCESSFULLY_CANCELLED.error())

    @property
    def plan(self) -> str:
        return self._plan.name

    @property
    def may_be_stopped(self) -> bool:
        """An undo goes on to its end, however long it waits."""
        return not self._undoing

    def _go_on(self, to_next_wait: Callable[[], Wait]) -> Wait | None:
        with self._runs.fenced(self._run.job, self._run.fence):
            try:
                return to_next_wait()
            except StopIteration:
                return None

    def _carry_out(self) -> Waiting[None]:
        cancelled = False
        state = self._run.state
        try:
            state = yield from run(self._plan, state, self._call)
        except StepFailed as failure:
            cancelled = failure.cancelled
        self._end(state, cancelled)

    def _end(self, state: Json, cancelled: bool) -> None:
        store, now = self._ports.store, self._ports.clock.now()
        with store.transaction():
            self._runs.end(self._run.job, self._run.fence)
            job = self._job_log.close(store, self._run.state, now, self._errors, cancelled)
            if job is not None:
                self._run_on_finished(state, job)

    def _run_on_finished(self, state: Json, job: Job) -> None:
        """What it tells follows from the job, no longer from its last task."""
        store = self._ports.store
        state = state | {"event": self._run.state.get("event")}
        try:
            with store.transaction():
                self._plan.on_finished(store, state, job, self._errors[-1] if job.ended_badly else None)
        except Exception as mistake:  # noqa: BLE001 - the job has ended, whatever on_finished cannot do
            self._tell(self._run.state, events.JobMistake("on_finished", *_traced(mistake)))

    # ------------------------------------------------------------------------------------------------------- one call

    def _call(self, step: Step, direction: Direction, state: Json) -> Waiting[Json]:
        position = self._position
        self._position += 1
        if position < len(self._log):
            return self._replay(self._log[position])
        self._undoing = direction is Direction.UNDO
        if self._undoing:
            return (yield from self._undo(step, state))
        return (yield from self._do(step, state))

    def _replay(self, entry: Logged) -> Json:
        if entry.error is None:
            assert entry.state is not None, "what did not fail has a next state"
            return entry.state
        error = ServiceError.stored(entry.error)
        self._errors.append(error)
        raise StepFailed(error, entry.cancelled)

    def _do(self, step: Step, state: Json) -> Waiting[Json]:
        store = self._ports.store
        state = self._begin(step, state)
        try:
            outcome = yield from completed(step.do(self._ports_for(state), state))
            after = dict(outcome.state)
            with self._writing():
                self._commit(outcome)
                self._job_log.change_task(store, state, step.name, "done", self._ports.clock.now())
                self._note(step, Direction.DO, after)
        except Interrupted:
            raise
        except Exception as error:
            raise self._failed(step, state, error) from error
        return after

    def _begin(self, step: Step, state: Json) -> Json:
        """The state with the event of the task, from which follows what the step tells."""
        store = self._ports.store
        with self._writing() as run:
            stopped, task = run.cancel, None
            if not stopped:
                first, now = self._run.state, self._ports.clock.now()
                task = self._job_log.change_task(store, first, step.name, "started", now)
        if stopped:
            raise self._stopped_at(step)
        return state if task is None else state | {"event": task}

    def _stopped_at(self, step: Step) -> StepFailed:
        error = JOB_SUCCESSFULLY_CANCELLED.error()
        with self._writing():
            self._note(step, Direction.DO, None, error, cancelled=True)
        self._errors.append(error)
        return StepFailed(error, cancelled=True)

    def _failed(self, step: Step, state: Json, cause: Exception) -> StepFailed:
        """`state` is that of the step, with the event of its task."""
        if self._stopped:
            return self._stopped_at(step)
        store, error = self._ports.store, _as_service_error(cause)
        with self._writing():
            if not isinstance(cause, ServiceError | PortError):
                self._tell(state, events.JobMistake(step.name, *_traced(cause)))
            self._job_log.change_task(store, state, step.name, "failed", self._ports.clock.now())
            self._note(step, Direction.DO, None, error)
        self._errors.append(error)
        return StepFailed(error)

    def _undo(self, step: Step, state: Json) -> Waiting[Json]:
        """An undo that fails is recorded and not repeated: the next backup's clean-up finds what it left. Only for a
        storage that does not answer it waits a while: where that has ended, its world ends too, and the next start
        goes on here."""
        self._runs.check(self._run.job, self._run.fence)
        for tries_left in reversed(range(UNDO_TRIES)):
            try:
                undone = step.undo(self._ports_for(state), state) if step.undo is not None else Outcome(state)
                outcome = yield from completed(undone)
                after = dict(outcome.state)
                with self._writing():
                    self._commit(outcome)
                    self._note(step, Direction.UNDO, after)
                return after
            except Interrupted:
                raise
            except Exception as error:  # noqa: BLE001 - the plan goes on undoing whatever one undo meets
                if not (tries_left and isinstance(error, StorageUnavailable)):
                    return self._undo_failed(step, state, error)
            yield real_pause("the storage, to undo a step", self._undo_poll_seconds)
        raise AssertionError("the last try returns")

    def _undo_failed(self, step: Step, state: Json, error: Exception) -> Json:
        with self._writing():
            self._tell(self._run.state, events.UndoFailed(step.name, *_traced(error)))
            self._note(step, Direction.UNDO, state)
        return state

    # ------------------------------------------------------------------------------------------------- what is written

    @contextmanager
    def _writing(self) -> Iterator[Run]:
        """A transaction in which the run is still ours: as it is now."""
        with self._ports.store.transaction():
            yield self._runs.check(self._run.job, self._run.fence)

    def _commit(self, outcome: Outcome) -> None:
        outcome.commit(self._ports.store)
        for event in outcome.events:
            self._ports.store.record(event)

    def _note(
        self,
        step: Step,
        direction: Direction,
        state: Json | None,
        error: ServiceError | None = None,
        cancelled: bool = False,
    ) -> None:
        entry = Logged(step.name, direction, state, _fields_of(error) if error else None, cancelled)
        self._runs.append(self._run.job, self._run.fence, self._position - 1, entry)

    def _ports_for(self, state: Json) -> Ports:
        """For a step: what it asks of the host follows from its task."""
        if (event := state.get("event")) is None:
            return self._ports
        return replace(self._ports, fabric=CausedFabric(self._ports.fabric, lambda: Cause(event, self._run.job)))

    def _tell(self, state: Json, fact: Fact) -> None:
        self._ports.store.record(self._job_log.event(state, fact))


def _traced(error: Exception) -> tuple[str, list[str]]:
    """Of which class an error is and where it was raised; never its text, which may hold a signature or a key."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return type(error).__name__, [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames
    ]


def _fields_of(error: ServiceError) -> Json:
    return {
        "code": error.code,
        "message": error.message,
        "status": error.status,
        "remedy": error.remedy,
        "number": error.number,
    }


def _as_service_error(error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, PortError):
        return DEPENDENCY_FAILED.error(problem=error)
    return INTERNAL_OPERATION_ERROR.error()
