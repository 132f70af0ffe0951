"""Plan "Deploy": writes the resources of a template by the service's own operations, each after what it waits for.

The document of a deployment is its log. Each resource is written once: its provider's own transaction holds a
note of that, so the one step may be begun anew after the end of a process. No transaction is open around a write: a
provider may have to wait for the storage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NotRequired, TypedDict

from controlplane.domain.errors import ServiceError, internal_error
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Cause, Event, Fact
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.resources.deployment import (
    ENDED,
    KIND,
    STATES,
    Operation,
    body,
    event_of,
    failed,
    failed_by,
    may_begin,
    write_failed,
    written,
)
from controlplane.domain.state_machine import advance
from controlplane.domain.times import instant, parse_instant
from controlplane.jobs.engine.plan import JobLog, Outcome, Plan, Step
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.jobs.requests import WRITTEN, Requests
from controlplane.json_object import Json
from controlplane.ports import Document, Ports, Store
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.scope import Scope
from controlplane.templates.late import settle_body, settle_outputs
from controlplane.templates.secrets import hide_in_error

DEPLOY = "Deploy"
BATCH = 16
"""Resources that are written before it is noted how far the deployment is."""
LOOK_SECONDS, SLOWEST_LOOK_SECONDS = 0.015, 0.12
_GOES_ON = frozenset({"InProgress", "Running", "Accepted"})


class DeployState(TypedDict):
    """What the plan begins with; its one step adds nothing. How far a deployment is stands in its own document."""

    job: str
    """Id of the run, a GUID."""
    deployment: str
    """Id of the document of the deployment: its ARM id in lower case."""
    event: NotRequired[int]
    """Id of the event that tells of its request. A deployment of an earlier release has none."""


def deploying(requests_of: Callable[[], Requests]) -> Plan:
    """The plan. `requests_of` is asked at each start, so that engine and service can be made in either order."""

    def deploy(ports: Ports, state: DeployState) -> Waiting[Outcome]:
        yield from _Work(ports, requests_of(), state["deployment"]).run()
        return Outcome(state)

    return Plan(DEPLOY, (Step("Deploy resources", do=deploy, listed=False),), job_log=_History())


def state_of(document: Document) -> str:
    """The state of a deployment."""
    state: str = document.json()["properties"]["provisioningState"]
    return state


def operations_of(document: Document) -> list[Operation]:
    return [Operation.from_json(each) for each in document.private["operations"]]


def cause_of(document: Document) -> Cause | None:
    """What the requests of a deployment follow from. One that an earlier release has begun knows none."""
    event = document.private.get("event")
    return Cause(event, document.private["job"]) if event else None


def secrets_of(document: Document) -> tuple[str, ...]:
    """What no error of the deployment may tell. One that an earlier release has begun knows none."""
    return tuple(document.private.get("secrets", ()))


def cancel(store: Store, document: Document, now: datetime) -> None:
    """End a deployment where it is: what was written stays, nothing more is begun. Belongs into a transaction."""
    operations = [each.cancelled(now) if each.state == "Running" else each for each in operations_of(document)]
    _write(store, document, operations, "cancelled", now)


@dataclass(frozen=True, slots=True)
class _End:
    """What the end of a deployment adds to what it shows."""

    event: str
    shown: Json
    evaluated: Json | None = None
    """How the evaluation of the outputs went: state, time, error."""


class _Resolver:
    """Reads resources for a template, on behalf of its deployment."""

    def __init__(self, requests: Requests, cause: Cause | None) -> None:
        self._requests = requests
        self._cause = cause

    def get(self, id: str, api_version: str | None) -> Json:
        return self._requests.get(id, api_version)

    def act(self, action: str, id: str, api_version: str, body: Json | None) -> Json:
        return self._requests.act(action, id, api_version, body, cause=self._cause)


class _Work:
    """One deployment being carried out."""

    def __init__(self, ports: Ports, requests: Requests, deployment: str) -> None:
        self._ports = ports
        self._store = ports.store
        self._requests = requests
        self._id = deployment

    def run(self) -> Waiting[None]:
        what = f"resources of the deployment {self._id.rpartition('/')[2]}"
        while (waits := self._advance()) is not None:
            if waits:
                yield Wait(what, self._has_moved, None, LOOK_SECONDS, slowest_poll_seconds=SLOWEST_LOOK_SECONDS)

    def _advance(self) -> bool | None:
        """Do what can be done now, up to a batch of it. None: the deployment has ended; else whether only time, or
        somebody else, brings it further."""
        document = self._active()
        if document is None:
            return None
        before = operations_of(document)
        after = self._moved(before, document)
        event, end = event_of(after), None
        if event != "began":
            end = self._end(document, after) if event == "succeeded" else self._failure(document, after)
        goes_on = self._note(before, after, event, end) and end is None
        return before == after if goes_on else None

    def _note(self, before: Sequence[Operation], after: Sequence[Operation], event: str, end: _End | None) -> bool:
        """Write down how far it is; False if somebody has ended it meanwhile."""
        with self._store.transaction():
            for was, operation in zip(before, after, strict=True):
                if was.state == "NotStarted" and operation.state != "NotStarted":
                    self._store.delete(WRITTEN, operation.id)
            document = self._active()
            if document is not None:
                _write(self._store, document, after, end.event if end else event, self._ports.clock.now(), end)
            return document is not None

    def _active(self) -> Document | None:
        """The deployment, unless it is gone or has ended."""
        document = self._store.get(KIND, self._id)
        return None if document is None or state_of(document) in ENDED else document

    def _moved(self, operations: Sequence[Operation], document: Document) -> list[Operation]:
        """In their order, in which each stands behind all that it waits for, so that once through is enough."""
        moved, there, begun = list(operations), written(operations), 0
        scope, secrets = Scope.from_json(document.private["scope"]), secrets_of(document)
        for index, operation in enumerate(moved):
            if begun < BATCH and may_begin(operation, there):
                operation, begun = self._begun(operation, scope, secrets, cause_of(document)), begun + 1
            if operation.state == "Running":
                operation = self._looked_at(operation)
            if operation.state == "Succeeded":
                there.add(operation.resource)
            moved[index] = operation
        return moved

    def _begun(self, operation: Operation, scope: Scope, secrets: tuple[str, ...], cause: Cause | None) -> Operation:
        try:
            sent = settle_body(operation.resource, operation.body or {}, scope, _Resolver(self._requests, cause))
            done = self._requests.write(
                operation.resource, operation.version, sent, secrets, once=operation.id, cause=cause
            )
        except TemplateError as problem:
            return operation.failed(shown(problem), 400, self._ports.clock.now())
        except ServiceError as refusal:
            return operation.failed(refusal.envelope()["error"], refusal.status, self._ports.clock.now())
        return operation.began(done.status, done.operation, self._ports.clock.now())

    def _looked_at(self, operation: Operation) -> Operation:
        """Ended, if the resource's own long-running operation has; a resource without one is there at once."""
        if operation.status_path is None:
            return operation.succeeded(self._ports.clock.now())
        try:
            progress = self._requests.progress(operation.status_path)
        except ServiceError as refusal:
            return operation.failed(refusal.envelope()["error"], refusal.status, self._ports.clock.now())
        if progress.state in _GOES_ON:
            return operation
        if progress.state == "Succeeded":
            return operation.succeeded(self._ports.clock.now())
        error = progress.error if operation.nests and progress.error else None
        error = error or write_failed(operation, progress.state, progress.error)
        return operation.failed(error, 409, self._ports.clock.now())

    def _has_moved(self) -> bool:
        """Whether something ended that was waited for."""
        document = self._active()
        return document is None or any(
            each.state == "Running" and self._looked_at(each).state != "Running" for each in operations_of(document)
        )

    # -------------------------------------------------------------------------------------------------------- the end

    def _end(self, document: Document, operations: Sequence[Operation]) -> _End:
        now = instant(self._ports.clock.now())
        scope, outputs = Scope.from_json(document.private["scope"]), document.private["outputs"]
        resources = self._output_resources(operations)
        if not outputs:
            return _End("succeeded", {"outputResources": resources})
        try:
            settled = settle_outputs(outputs, scope, _Resolver(self._requests, cause_of(document)))
        except (TemplateError, ServiceError) as problem:
            error = shown(problem) if isinstance(problem, TemplateError) else problem.envelope()["error"]
            evaluated = {"state": "Failed", "time": now, "error": error}
            return _End("failed", {"error": error, "outputResources": resources}, evaluated)
        evaluated = {"state": "Succeeded", "time": now, "error": None}
        return _End("succeeded", {"outputs": settled, "outputResources": resources}, evaluated)

    def _failure(self, document: Document, operations: Sequence[Operation]) -> _End:
        error = failed(document.json()["id"], operations).envelope()["error"]
        return _End("failed", {"error": error, "outputResources": self._output_resources(operations)})

    def _output_resources(self, operations: Sequence[Operation]) -> list[Json]:
        """What was written; of a deployment in this one, what that has written."""
        resources: list[Json] = []
        for operation in operations:
            if operation.state != "Succeeded":
                continue
            if operation.nests:
                nested = self._requests.get(operation.resource, operation.version)
                resources += nested["properties"].get("outputResources") or []
            else:
                resources.append({"id": operation.resource})
        return resources


class _History(JobLog):
    """A deployment is written down in its own document."""

    def change_task(self, store: Store, state: DeployState, task: str, event: str, now: datetime) -> int | None:
        return None

    def cancel_asked(self, store: Store, state: DeployState, now: datetime) -> None:
        document = store.get(KIND, state["deployment"])
        if document is not None and state_of(document) not in ENDED:
            cancel(store, document, now)

    def close(
        self, store: Store, state: DeployState, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        """Its step ends it; what is still active here was stopped by a mistake of the program."""
        document = store.get(KIND, state["deployment"])
        if document is not None and state_of(document) not in ENDED:
            mistake = internal_error().envelope()["error"]
            error = failed_by(document.json()["id"], [mistake]).envelope()["error"]
            operations = operations_of(document)
            for each in operations:
                store.delete(WRITTEN, each.id)
            operations = [each.failed(mistake, 500, now) if each.state == "Running" else each for each in operations]
            _write(store, document, operations, "failed", now, _End("failed", {"error": error}))
        return None

    def event(self, state: DeployState, fact: Fact) -> Event:
        return fact.event(job=state["job"], parent=state.get("event"))


def shown(problem: TemplateError) -> Json:
    """An error of the template as ARM shows it."""
    error: Json = {"code": problem.code, "message": problem.message}
    return error | ({"details": list(problem.details)} if problem.details else {})


def _write(
    store: Store,
    document: Document,
    operations: Sequence[Operation],
    event: str,
    now: datetime,
    end: _End | None = None,
) -> None:
    """Store how far a deployment is. No error gets past here with a secret in it; once the deployment has ended, what
    was still to be sent is forgotten."""
    id, old, private = document.json()["id"], state_of(document), document.private
    state = advance(STATES, old, event)
    secrets = secrets_of(document)
    operations = [_without(secrets, each) for each in operations]
    ended = _told(end.shown, secrets) if end else {}
    kept: Json = {"operations": [each.to_json() for each in operations]}
    if state in ENDED:
        kept = {"operations": [replace(each, body=None).to_json() for each in operations]}
        evaluated = _told(end.evaluated, secrets) if end and end.evaluated else None
        kept |= {"outputs": None, "secrets": [], "evaluated": evaluated}
    shown_body = body(id, private["facts"], state, parse_instant(private["started"]), now, **ended)
    store.put(KIND, id, document.json() | shown_body, private=private | kept)
    if state != old:
        store.record(events.DeploymentState(id, state).event(job=private["job"], parent=private.get("event")))


def _without(secrets: Sequence[str], operation: Operation) -> Operation:
    return replace(operation, error=hide_in_error(operation.error, secrets)) if operation.error else operation


def _told(facts: Json, secrets: Sequence[str]) -> Json:
    """With its error, if it has one, as it may be told."""
    return facts | {"error": hide_in_error(facts["error"], secrets)} if facts.get("error") else facts
