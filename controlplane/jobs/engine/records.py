"""The documents of a job: opened with its operation, changed while it runs, closed at its end."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job, Progress, Task
from controlplane.domain.resources import operation
from controlplane.jobs.engine.job_state import JobInput, JobState
from controlplane.jobs.engine.plan import Plan
from controlplane.json_object import Json
from controlplane.ports import DocumentExists, Engine, Ports, Store

LOCK = "item.operation"
"""Kind of the documents by which an item has at most one operation of a sort at a time."""


WRITES = "writes"
"""Among the facts of a job: under which names it may write to the vault. What is there is nobody else's."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a use case answers: where the caller finds the operation and the job."""

    operation_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class JobOrder:
    """A job to be opened. `scope` is the resource that the operation belongs to; `lock` names what this item does at
    most once at a time, `conflict` is the error for whoever comes second."""

    plan: Plan
    job: Job
    scope: str
    state: JobInput
    lock: str
    conflict: ServiceError
    operation_id: str
    operation_waits: bool = False
    """The operation is in progress until the job has ended; otherwise it succeeds at once."""
    facts: Mapping[str, Any] | None = None
    """What else the job's document shall remember, unseen in ARM."""


def new_guid(chance: Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def tasks_of(plan: Plan) -> tuple[Task, ...]:
    return tuple(Task(step.name, step.required, step.listed) for step in plan.steps)


def open_job(ports: Ports, engine: Engine, order: JobOrder) -> Ticket:
    """Lock, operation, job and run appear together or not at all."""
    job, store = order.job, ports.store
    with store.transaction():
        try:
            store.put(LOCK, order.lock, {"job": job.document}, if_none_match=True)
        except DocumentExists:
            raise order.conflict from None
        opened = events.JobState(job.status, operation=job.operation)
        began = store.record(opened.event(vm=order.state["vm"], job=job.id))
        state: JobState = {
            **order.state,
            "job": job.id,
            "job_document": job.document,
            "operation": order.operation_id,
            "lock": order.lock,
            "event": began,
        }
        body = operation.running(order.operation_id, job.started)
        if not order.operation_waits:
            body = operation.succeeded(order.operation_id, body["startTime"], job.id)
        store.put(operation.KIND, order.operation_id, body, parent=order.scope, private={"job": job.document})
        facts = dict(order.facts or {}) | {"operation": order.operation_id}
        _put(store, job, job.started, facts)
        engine.start(order.plan.name, job.id, dict(state))
    return Ticket(order.operation_id, job.id)


def put_failed(ports: Ports, job: Job, error: ServiceError, vm: str, facts: Mapping[str, Any]) -> Job:
    """A job that has failed at the moment at which it begins, inside the caller's transaction."""
    store = ports.store
    opened = store.record(events.JobState(job.status, operation=job.operation).event(vm=vm, job=job.id))
    job = jobs.ended(job, job.started, [error])
    store.record(events.JobState(job.status, errors=[error.code]).event(vm=vm, job=job.id, parent=opened))
    _put(store, job, job.started, facts)
    return job


def read(store: Store, document: str) -> Job:
    document_of_job = store.get(jobs.KIND, document)
    assert document_of_job is not None, "a job's document outlives the job"
    return jobs.from_json(document_of_job.private["job"])


def change(store: Store, document: str, now: datetime, by: Callable[[Job], Job], **facts: Any) -> Job:
    """Change a job, and what its document remembers beside it."""
    with store.transaction():
        document_of_job = store.get(jobs.KIND, document)
        assert document_of_job is not None, "a job's document outlives the job"
        job = by(jobs.from_json(document_of_job.private["job"]))
        _put(store, job, now, document_of_job.private | facts)
    return job


def remember_one_more(ports: Ports, state: JobState, list_name: str, fact: Json) -> None:
    """Keep something with the job's document, unseen in ARM and whatever becomes of the step."""
    with ports.store.transaction():
        document = ports.store.get(jobs.KIND, state["job_document"])
        assert document is not None, "a job's document outlives the job"
        facts = {list_name: [*document.private.get(list_name, []), fact]}
        change(ports.store, state["job_document"], ports.clock.now(), lambda job: job, **facts)


def change_task(store: Store, state: JobState, task: str, event: str, now: datetime) -> int:
    job = change(store, state["job_document"], now, lambda job: jobs.task_changed(job, task, event, now))
    status = next(each.status for each in job.tasks if each.name == task)
    return store.record(_event(job, events.TaskState(task, status), state))


def show_progress(ports: Ports, state: JobState, task: str, details: str, progress: Progress) -> None:
    """Show how far a task is, and tell it."""

    def with_progress(job: Job) -> Job:
        return jobs.with_progress(job, task, details, progress)

    with ports.store.transaction():
        change(ports.store, state["job_document"], ports.clock.now(), with_progress)
        ports.store.record(event(state, events.RestoreProgress(details, progress.percent)))


def set_properties(store: Store, state: JobState, now: datetime, **properties: str) -> None:
    """Add to the job's property bag."""
    change(store, state["job_document"], now, lambda job: jobs.with_properties(job, properties))


def cancel_asked(store: Store, state: JobState, now: datetime) -> None:
    """The job was asked to stop."""
    job = change(store, state["job_document"], now, jobs.cancel_asked)
    store.record(event(state, events.JobState(job.status)))


def close(store: Store, state: JobState, now: datetime, errors: Sequence[ServiceError], cancelled: bool) -> Job:
    """End the job, and with it its operation and its lock."""
    job = change(store, state["job_document"], now, lambda job: jobs.ended(job, now, errors, cancelled))
    store.record(_event(job, events.JobState(job.status, errors=[error.code for error in errors]), state))
    store.delete(LOCK, state["lock"])
    document = store.get(operation.KIND, state["operation"])
    if document is not None and document.json()["status"] == "InProgress":
        started = document.json()["startTime"]
        if job.ended_badly:
            body = operation.failed(state["operation"], started, errors[0])
        else:
            body = operation.succeeded(state["operation"], started, job.id)
        store.put(operation.KIND, state["operation"], body)
    return job


def event(state: JobState, fact: Fact) -> Event:
    """Something that a step tells."""
    return fact.event(vm=state.get("vm"), job=state["job"], parent=state.get("event"))


def _event(job: Job, fact: Fact, state: JobState) -> Event:
    return fact.event(vm=state.get("vm"), job=job.id, parent=state.get("event"))


def _put(store: Store, job: Job, now: datetime, private: Mapping[str, Any]) -> None:
    store.put(
        jobs.KIND,
        job.document,
        jobs.body(job, now),
        parent=job.vault,
        private=dict(private) | {"job": jobs.to_json(job)},
    )
