"""Deployment: its operations, one for each resource; when each may begin, how the whole ends, and what ARM shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.machine import Table, advance
from controlplane.domain.times import duration, instant, parse_instant

Json = dict[str, Any]

TYPE = "Microsoft.Resources/deployments"
KIND = TYPE.lower()

STATES: Table = {
    "NotStarted": {"began": "Running", "failed": "Failed"},
    "Running": {"succeeded": "Succeeded", "failed": "Failed"},
    "Succeeded": {},
    "Failed": {},
}
"""Of one operation. One that waits for another that failed never starts."""
ENDED = frozenset({"Succeeded", "Failed"})

_NAME = re.compile(r"[-\w.()]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operation:
    """The writing of one resource. `body` is what is to be sent, and is forgotten as soon as it was: it may hold
    secrets. `status_path` is where the resource's own long-running operation is asked for."""

    id: str
    resource: str
    type: str
    name: str
    after: tuple[str, ...]
    body: Json | None = field(repr=False)
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
        state = advance(STATES, self.state, "began")
        time = instant(now)
        return replace(self, state=state, status=status, status_path=status_path, body=None, started=time)

    def succeeded(self, now: datetime) -> Operation:
        return replace(self, state=advance(STATES, self.state, "succeeded"), ended=instant(now))

    def failed(self, error: Json, status: int, now: datetime) -> Operation:
        state, time = advance(STATES, self.state, "failed"), instant(now)
        return replace(
            self, state=state, status=status, error=error, body=None, started=self.started or time, ended=time
        )

    @property
    def target(self) -> Json:
        return {"id": self.resource, "resourceType": self.type, "resourceName": self.name}


def may_begin(operation: Operation, others: Sequence[Operation]) -> bool:
    """Whether all that it waits for is there."""
    there = {other.resource for other in others if other.state == "Succeeded"}
    return operation.state == "NotStarted" and there.issuperset(operation.after)


def state_of(operations: Sequence[Operation]) -> str:
    """What the states of its operations make of the deployment. Those are settled for now: nothing more may begin."""
    if any(operation.state == "Running" for operation in operations):
        return "Running"
    return "Failed" if any(operation.state == "Failed" for operation in operations) else "Succeeded"


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        rule = "up to 64 letters, digits, '-', '_', '.' and parentheses"
        raise errors.invalid_resource_name(name, rule)


# --------------------------------------------------------------------------------------------------------------- errors


def invalid_template(reason: str) -> ServiceError:
    return ServiceError("InvalidTemplate", f"Deployment template validation failed: '{reason}.'.")


def active(name: str) -> ServiceError:
    return ServiceError(
        "DeploymentActive",
        f"Unable to edit or replace deployment '{name}': the previous deployment is still active. Please see "
        "https://aka.ms/arm-deploy for usage details.",
        status=409,
    )


def not_found(name: str) -> ServiceError:
    return ServiceError("DeploymentNotFound", f"Deployment '{name}' could not be found.", status=404)


def failed(operations: Sequence[Operation]) -> ServiceError:
    """Why a deployment failed: the errors of those of its operations that did."""
    return ServiceError(
        "DeploymentFailed",
        "At least one resource deployment operation failed. Please list deployment operations for details. Please see "
        "https://aka.ms/arm-deployment-operations for usage details.",
        details=[operation.error for operation in operations if operation.error],
    )


# ---------------------------------------------------------------------------------------------------------------- shown


def facts(operations: Sequence[Operation], parameters: Json, template_hash: str, correlation_id: str) -> Json:
    """What a deployment shows from its beginning on."""
    namespaces: dict[str, list[str]] = {}
    for operation in operations:
        namespace, _, kind = operation.type.partition("/")
        known = namespaces.setdefault(namespace, [])
        if kind not in known:
            known.append(kind)
    targets = {operation.resource: operation.target for operation in operations}
    return {
        "templateHash": template_hash,
        "parameters": parameters,
        "mode": "Incremental",
        "correlationId": correlation_id,
        "providers": [
            {"namespace": namespace, "resourceTypes": [{"resourceType": kind} for kind in kinds]}
            for namespace, kinds in namespaces.items()
        ],
        "dependencies": [
            {"dependsOn": [targets[each] for each in operation.after], **operation.target}
            for operation in operations
            if operation.after
        ],
    }


def body(id: str, shown: Json, state: str, started: datetime, now: datetime, **ended: Any) -> Json:
    """What GET answers; `shown` are the facts, `ended` what the end adds."""
    properties = {
        **shown,
        "provisioningState": state,
        "timestamp": instant(now),
        "duration": duration((now - started).total_seconds()),
        **ended,
    }
    return {"id": id, "name": id.rpartition("/")[2], "type": TYPE, "properties": properties}


def operation_body(deployment: str, operation: Operation) -> Json:
    properties: Json = {
        "provisioningOperation": "Create",
        "provisioningState": operation.state,
        "timestamp": operation.ended or operation.started,
        "targetResource": operation.target,
        "statusCode": _STATUS_CODES.get(operation.status, str(operation.status)),
    }
    if operation.started and operation.ended:
        lasted = parse_instant(operation.ended) - parse_instant(operation.started)
        properties["duration"] = duration(lasted.total_seconds())
    if operation.error:
        properties["statusMessage"] = {"error": operation.error}
    return {"id": f"{deployment}/operations/{operation.id}", "operationId": operation.id, "properties": properties}


_STATUS_CODES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    501: "NotImplemented",
    503: "ServiceUnavailable",
}
