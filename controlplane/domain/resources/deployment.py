"""Deployment: one operation per resource, when each may begin, how the deployment ends, and what ARM shows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.resources import (
    DEPLOYMENT_ACTIVE,
    DEPLOYMENT_ACTIVE_ON_DELETION,
    DEPLOYMENT_CANNOT_BE_CANCELLED,
    DEPLOYMENT_FAILED,
    DEPLOYMENT_NAME_INVALID_CHARACTERS,
    DEPLOYMENT_NAME_LENGTH_LIMIT_EXCEEDED,
    DEPLOYMENT_NOT_FOUND,
    DEPLOYMENT_QUOTA_EXCEEDED,
    INVALID_DEPLOYMENT_PARAMETER_VALUE,
    INVALID_TEMPLATE_DEPLOYMENT,
    NO_REGISTERED_PROVIDER_FOR_TYPE,
    RESOURCE_DEPLOYMENT_FAILURE,
)
from controlplane.domain.state_machine import Table, advance
from controlplane.domain.times import american, duration, instant, parse_instant
from controlplane.json_object import Json

TYPE = "Microsoft.Resources/deployments"
KIND = TYPE.lower()

STATES: Table = {
    "Accepted": {"began": "Running", "succeeded": "Succeeded", "failed": "Failed", "cancelled": "Canceled"},
    "Running": {"began": "Running", "succeeded": "Succeeded", "failed": "Failed", "cancelled": "Canceled"},
    "Succeeded": {},
    "Failed": {},
    "Canceled": {},
}
"""Of a deployment."""
ENDED = frozenset(state for state, events in STATES.items() if not events)

OPERATION_STATES: Table = {
    "NotStarted": {"began": "Running", "failed": "Failed"},
    "Running": {"succeeded": "Succeeded", "failed": "Failed", "cancelled": "Canceled"},
    "Succeeded": {},
    "Failed": {},
    "Canceled": {},
}
"""Of one operation. One that waits for another that failed never starts."""

ACTIVE_FOR = timedelta(days=7)
"""How long the service says that an active deployment may take."""

LONGEST_NAME = 64

_NAME = re.compile(r"[-\w.()]+", re.ASCII)
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.-]{1,40})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operation:
    """The writing of one resource. `body` is what is to be sent as the planner left it, and is forgotten as soon as it
    was: it may hold secrets. `status_path` is where the resource's own long-running operation is asked for."""

    id: str
    resource: str
    type: str
    name: str
    version: str
    after: tuple[str, ...]
    body: Json | None = field(repr=False)
    symbol: str | None = None
    request_id: str = ""
    state: str = "NotStarted"
    status_path: str | None = None
    status: int = 0
    started: str | None = None
    ended: str | None = None
    error: Json | None = None

    @classmethod
    def from_json(cls, data: Json) -> Operation:
        return cls(**data | {"after": tuple(data["after"])})

    def to_json(self) -> Json:
        return asdict(self)

    def began(self, status: int, status_path: str | None, now: datetime) -> Operation:
        state = advance(OPERATION_STATES, self.state, "began")
        time = instant(now)
        return replace(self, state=state, status=status, status_path=status_path, body=None, started=time)

    def succeeded(self, now: datetime) -> Operation:
        """What was accepted only is OK once it is done."""
        status = HTTPStatus.OK if self.status == HTTPStatus.ACCEPTED else self.status
        return replace(self._at_end("succeeded", now), status=int(status))

    def cancelled(self, now: datetime) -> Operation:
        return self._at_end("cancelled", now)

    def failed(self, error: Json, status: int, now: datetime) -> Operation:
        return replace(self._at_end("failed", now), status=status, error=error)

    def _at_end(self, event: str, now: datetime) -> Operation:
        time = instant(now)
        state = advance(OPERATION_STATES, self.state, event)
        return replace(self, state=state, body=None, started=self.started or time, ended=time)

    @property
    def target(self) -> Json:
        return {"id": self.resource, "resourceType": self.type, "resourceName": self.name}

    @property
    def nests(self) -> bool:
        """Whether what it writes is a deployment."""
        return self.type.lower() == KIND


def may_begin(operation: Operation, there: Collection[str]) -> bool:
    """Whether all that it waits for is `there`."""
    return operation.state == "NotStarted" and all(each in there for each in operation.after)


def written(operations: Sequence[Operation]) -> set[str]:
    """What is there, since its operation succeeded."""
    return {each.resource for each in operations if each.state == "Succeeded"}


def event_of(operations: Sequence[Operation]) -> str:
    """What its operations mean for the deployment."""
    there = written(operations)
    if any(each.state == "Running" or may_begin(each, there) for each in operations):
        return "began"
    return "failed" if any(each.state == "Failed" for each in operations) else "succeeded"


def check_name(name: str) -> None:
    """The codes are those of learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors;
    what is said of characters is ours."""
    if len(name) > LONGEST_NAME:
        raise DEPLOYMENT_NAME_LENGTH_LIMIT_EXCEEDED.error(name=name, length=len(name), limit=LONGEST_NAME)
    if not _NAME.fullmatch(name):
        raise DEPLOYMENT_NAME_INVALID_CHARACTERS.error(name=name)


def is_version(version: str, now: datetime) -> bool:
    """Whether an api-version is a date that has been: there cannot be one of a later day."""
    if not _VERSION.fullmatch(version):
        return False
    try:
        date = datetime.fromisoformat(version[:10]).date()
    except ValueError:
        return False
    return date <= now.date()


# --------------------------------------------------------------------------------------------------------------- errors


def active(name: str, began: datetime) -> ServiceError:
    return DEPLOYMENT_ACTIVE.error(name=name, began=american(began), expires=american(began + ACTIVE_FOR))


def history_is_full(name: str, most: int) -> ServiceError:
    """The text is as clients have reported it."""
    return DEPLOYMENT_QUOTA_EXCEEDED.error(name=name, limit=most)


def still_active(name: str) -> ServiceError:
    """The text is ours."""
    return DEPLOYMENT_ACTIVE_ON_DELETION.error(name=name)


def cannot_be_cancelled(name: str, state: str) -> ServiceError:
    return DEPLOYMENT_CANNOT_BE_CANCELLED.error(name=name, state=state)


def not_found(name: str) -> ServiceError:
    return DEPLOYMENT_NOT_FOUND.error(name=name)


def parameter_without_value(name: str) -> ServiceError:
    return INVALID_DEPLOYMENT_PARAMETER_VALUE.error(name=name)


def no_registered_provider(type: str, version: str, location: str) -> ServiceError:
    return NO_REGISTERED_PROVIDER_FOR_TYPE.error(location=location, version=version, type=type.partition("/")[2])


def invalid_deployment(name: str, tracking_id: str, details: list[Json]) -> ServiceError:
    """What the resources' own providers have against a deployment, before anything is created."""
    return INVALID_TEMPLATE_DEPLOYMENT.error(name=name, tracking_id=tracking_id, details=details)


def failed(id: str, operations: Sequence[Operation]) -> ServiceError:
    """Why a deployment failed: the errors of those of its operations that did."""
    return failed_by(id, [operation.error for operation in operations if operation.error])


def failed_by(id: str, details: list[Json]) -> ServiceError:
    return DEPLOYMENT_FAILED.error(id=id, details=details)


def write_failed(operation: Operation, state: str, error: Json | None) -> Json:
    """The error of a resource whose own long-running operation did not succeed."""
    problem = RESOURCE_DEPLOYMENT_FAILURE.error(state=state, id=operation.resource, details=[error] if error else [])
    error_body: Json = problem.envelope()["error"]
    return error_body


# ---------------------------------------------------------------------------------------------------------------- shown


def facts(operations: Sequence[Operation], parameters: Json, template_hash: str, correlation_id: str) -> Json:
    """What a deployment shows from its beginning on."""
    targets = {operation.resource: operation.target for operation in operations}
    return {
        "templateHash": template_hash,
        "parameters": parameters,
        "mode": "Incremental",
        "correlationId": correlation_id,
        "providers": _providers(operations),
        "dependencies": [
            {"dependsOn": [targets[each] for each in operation.after], **operation.target}
            for operation in operations
            if operation.after
        ],
    }


def _providers(operations: Sequence[Operation]) -> list[Json]:
    places: dict[str, dict[str, list[str | None]]] = {}
    for operation in operations:
        namespace, _, kind = operation.type.partition("/")
        places_of_kind = places.setdefault(namespace, {}).setdefault(kind, [])
        if (place := _place(operation.body)) not in places_of_kind:
            places_of_kind.append(place)
    return [
        {"namespace": namespace, "resourceTypes": [{"resourceType": kind, "locations": kinds[kind]} for kind in kinds]}
        for namespace, kinds in places.items()
    ]


def _place(body: Mapping[str, Any] | None) -> str | None:
    """The location of a resource, if it is known without reading another resource."""
    place = (body or {}).get("location")
    return place.lower().replace(" ", "") if isinstance(place, str) and not place.startswith("[") else None


def body(id: str, facts: Json, state: str, started: datetime, now: datetime, **ended: Any) -> Json:
    """What GET answers; `facts` are the facts, `ended` what the end adds."""
    properties = {
        **facts,
        "provisioningState": state,
        "timestamp": instant(now),
        "duration": duration((now - started).total_seconds()),
        **ended,
    }
    return {"id": id, "name": id.rpartition("/")[2], "type": TYPE, "properties": properties}


def operation_body(deployment: str, operation: Operation) -> Json:
    target = operation.target | ({"symbolicName": operation.symbol} if operation.symbol else {})
    properties: Json = {
        "provisioningOperation": "Create",
        "provisioningState": operation.state,
        "timestamp": operation.ended or operation.started,
        "duration": _lasted(operation),
        "trackingId": operation.request_id,
        "serviceRequestId": operation.request_id,
        "statusCode": _phrase(operation.status),
        "targetResource": target,
    }
    if operation.error:
        properties["statusMessage"] = {"status": "Failed", "error": operation.error}
    return {"id": f"{deployment}/operations/{operation.id}", "operationId": operation.id, "properties": properties}


def output_operation_body(deployment: str, id: str, state: str, time: str, error: Json | None) -> Json:
    """The evaluation of the outputs is listed like the writing of a resource."""
    properties: Json = {
        "provisioningOperation": "EvaluateDeploymentOutput",
        "provisioningState": state,
        "timestamp": time,
        "duration": duration(0),
        "trackingId": id,
        "statusCode": "BadRequest" if error else "OK",
    }
    if error:
        properties["statusMessage"] = {"error": error}
    return {"id": f"{deployment}/operations/{id}", "operationId": id, "properties": properties}


def _lasted(operation: Operation) -> str:
    if not operation.started or not operation.ended:
        return duration(0)
    return duration((parse_instant(operation.ended) - parse_instant(operation.started)).total_seconds())


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "") if status else "NotSpecified"
