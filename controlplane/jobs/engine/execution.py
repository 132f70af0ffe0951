"""One job being carried out: replays what its journal knows, does the rest, and ends the job.

The journal is one document per job. It holds, call by call, what became of it, so that after the end of a process the
same plan walks the same way up to the call that was interrupted, and does that one again.
"""

from __future__ import annotations

import traceback
from typing import Any

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.jobs import DEPENDENCY_FAILED, INTERNAL_OPERATION_ERROR, JOB_SUCCESSFULLY_CANCELLED
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Fact
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Direction, JobLog, Outcome, Plan, Step, StepFailed, run
from controlplane.ports import DocumentExists, Json, PortError, Ports, Store

RUN = "run"
RUNNING = "running"
ENDED = "ended"


class Interrupted(Exception):
    """The engine closes: the step is left where it is and done again after the next start."""


def enqueue(store: Store, plan: str, job_id: str, state: Json) -> bool:
    """Begin a journal; False when the job has one already."""
    journal = {"plan": plan, "state": state, "calls": [], "cancel": False}
    try:
        store.put(RUN, job_id, {}, parent=RUNNING, private=journal, if_none_match=True)
    except DocumentExists:
        return False
    return True


def ask_to_stop(ports: Ports, job_id: str) -> bool:
    """Note that the job shall stop before its next step; False when it does not run."""
    with ports.store.transaction():
        found = ports.store.get(RUN, job_id)
        if found is None or found.parent != RUNNING:
            return False
        ports.store.put(RUN, job_id, {}, private=found.private | {"cancel": True})
        state = found.private["state"]
        records.change(ports.store, state["job_document"], ports.clock.now(), jobs.cancel_asked)
        ports.store.record(records.event(state, events.JobState("Cancelling")))
    return True


class Execution:
    """Carries out the job of one journal, in the caller's thread."""

    def __init__(self, ports: Ports, plan: Plan, job_id: str, journal: Json) -> None:
        self._ports = ports
        self._plan = plan
        self._job_log: JobLog = plan.job_log or records
        self._job_id = job_id
        self._known: list[Json] = journal["calls"]
        self._first: Json = journal["state"]
        self._position = 0
        self._errors: list[ServiceError] = []

    def run(self) -> None:
        cancelled = False
        state = self._first
        try:
            state = run(self._plan, self._first, self._call)
        except StepFailed as failure:
            cancelled = failure.cancelled
        self._end(state, cancelled)

    def _end(self, state: Json, cancelled: bool) -> None:
        store, now = self._ports.store, self._ports.clock.now()
        with store.transaction():
            job = self._job_log.close(store, self._first, now, self._errors, cancelled)
            if job is not None:
                self._run_on_finished(state, job)
            self._journal(ENDED)

    def _run_on_finished(self, state: Json, job: Job) -> None:
        store = self._ports.store
        try:
            with store.transaction():
                self._plan.on_finished(store, state, job, self._errors[-1] if job.ended_badly else None)
        except Exception as mistake:  # noqa: BLE001 - the job has ended, whatever on_finished cannot do
            self._tell(events.JobMistake("on_finished", *_traced(mistake)))

    # ------------------------------------------------------------------------------------------------------- one call

    def _call(self, step: Step, direction: Direction, state: Json) -> Json:
        position = self._position
        self._position += 1
        if position < len(self._known):
            return self._replay(self._known[position])
        if direction is Direction.UNDO:
            return self._undo(step, state)
        return self._do(step, state)

    def _replay(self, call: Json) -> Json:
        if call["error"] is None:
            state: Json = call["state"]
            return state
        error = ServiceError.stored(call["error"])
        self._errors.append(error)
        raise StepFailed(error, call["cancelled"])

    def _do(self, step: Step, state: Json) -> Json:
        self._stop_if_asked(step)
        store = self._ports.store
        with store.transaction():
            self._job_log.change_task(store, state, step.name, "started", self._ports.clock.now())
        try:
            outcome = step.do(self._ports, state)
            with store.transaction():
                self._commit(outcome)
                self._job_log.change_task(store, state, step.name, "done", self._ports.clock.now())
                self._note(step, Direction.DO, outcome.state)
        except Interrupted:
            raise
        except Exception as error:
            raise self._failed(step, _as_service_error(error), error) from error
        return outcome.state

    def _stop_if_asked(self, step: Step) -> None:
        found = self._ports.store.get(RUN, self._job_id)
        if found is not None and found.private["cancel"]:
            error = JOB_SUCCESSFULLY_CANCELLED.error()
            self._errors.append(error)
            self._note(step, Direction.DO, None, error, cancelled=True)
            raise StepFailed(error, cancelled=True)

    def _failed(self, step: Step, error: ServiceError, cause: Exception) -> StepFailed:
        store = self._ports.store
        self._errors.append(error)
        with store.transaction():
            if not isinstance(cause, ServiceError | PortError):
                self._tell(events.JobMistake(step.name, *_traced(cause)))
            self._job_log.change_task(store, self._first, step.name, "failed", self._ports.clock.now())
            self._note(step, Direction.DO, None, error)
        return StepFailed(error)

    def _undo(self, step: Step, state: Json) -> Json:
        """An undo that cannot is told of and not tried again: what it left is found by the next backup's clean-up."""
        store = self._ports.store
        try:
            outcome = step.undo(self._ports, state) if step.undo is not None else Outcome(state)
            with store.transaction():
                self._commit(outcome)
                self._note(step, Direction.UNDO, outcome.state)
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001 - the plan goes on undoing whatever one undo meets
            with store.transaction():
                self._tell(events.UndoFailed(step.name, *_traced(error)))
                self._note(step, Direction.UNDO, state)
            return state
        return outcome.state

    # ---------------------------------------------------------------------------------------------------- the journal

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
        call: Json = {"step": step.name, "direction": direction, "state": state, "error": None, "cancelled": cancelled}
        if error is not None:
            call["error"] = {
                "code": error.code,
                "message": error.message,
                "status": error.status,
                "remedy": error.remedy,
                "number": error.number,
            }
        self._journal(RUNNING, call)

    def _journal(self, parent: str, *calls: Json) -> None:
        found = self._ports.store.get(RUN, self._job_id)
        assert found is not None, "a run is begun before it is carried out"
        private: dict[str, Any] = found.private | {"calls": [*found.private["calls"], *calls]}
        self._ports.store.put(RUN, self._job_id, {}, parent=parent, private=private)

    def _tell(self, fact: Fact) -> None:
        self._ports.store.record(self._job_log.event(self._first, fact))


def _traced(error: Exception) -> tuple[str, list[str]]:
    """Of which class an error is and where it was raised; never its text, which may hold a signature or a key."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return type(error).__name__, [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames
    ]


def _as_service_error(error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, PortError):
        return DEPENDENCY_FAILED.error(problem=error)
    return INTERNAL_OPERATION_ERROR.error()
