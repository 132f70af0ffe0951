"""What a deployment would change, told without changing anything.

Every resource of the template is tried by its own operation on an overlay, as in the preflight: what it shows there
afterwards is what it would become, so that a difference is never one of spelling. Names that the service decides anew
with each write are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.error_mapping import Expected
from controlplane.arm.edge.internal_client import InternalClient
from controlplane.arm.edge.routing import Route
from controlplane.arm.resources import preflight
from controlplane.arm.resources.deployment_request import (
    DeploymentOrder,
    DeploymentRequest,
    PropertiesRequest,
    order_of,
    read_text,
)
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.resources.deployment import TYPE, Operation
from controlplane.domain.resources.property_changes import changes
from controlplane.json_object import Json
from controlplane.overlay_store import OverlayStore
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.late import settle_body
from controlplane.templates.secrets import hide

PAYLOADS, IDS = "fullresourcepayloads", "resourceidonly"
MODES = ("incremental", "complete")
SHOWN_FIRST = ("id", "name", "type", "apiVersion")
NESTED = "Nested deployments are not expanded, so their changes are not listed."


class SettingsRequest(RequestBody):
    result_format: str | None = None


class WhatIfPropertiesRequest(PropertiesRequest):
    what_if_settings: SettingsRequest = SettingsRequest()


class WhatIfRequest(DeploymentRequest):
    also_read = ("tags", *DeploymentRequest.also_read)

    properties: WhatIfPropertiesRequest


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """One resource of the template. `after` is None where it could not be tried."""

    operation: Operation
    body: Json
    before: Json | None
    after: Json | None


def what_if(call: Call) -> Answer:
    """Answered at once: nothing of it takes long."""
    text, request = read_text(call, WhatIfRequest)
    order = order_of(call, text, request, MODES)
    shape = (request.properties.what_if_settings.result_format or PAYLOADS).lower()
    if shape not in (PAYLOADS, IDS):
        raise errors.invalid_content("the resultFormat of a what-if must be FullResourcePayloads or ResourceIdOnly")
    told = [_change(each) for each in _foreseen(call, order)]
    there = {str(each["resourceId"]).lower() for each in told}
    rest = "Delete" if request.properties.mode.lower() == "complete" else "Ignore"
    told += [_of_rest(call, id, rest) for id in _present(call) if id.lower() not in there]
    if shape == IDS:
        told = [{"resourceId": each["resourceId"], "changeType": _in_short(each["changeType"])} for each in told]
    hidden = _hidden(sorted(told, key=lambda each: str(each["resourceId"]).lower()), order.secrets)
    properties: Json = {"correlationId": order.facts["correlationId"], "changes": hidden}
    return as_json({"status": "Succeeded", "properties": properties})


def _in_short(change_type: str) -> str:
    return "Deploy" if change_type in ("Create", "Modify", "NoChange") else change_type


def _foreseen(call: Call, order: DeploymentOrder) -> Iterator[_Foreseen]:
    with call.ports.store.view() as view:
        trial = replace(call, ports=replace(call.ports, store=OverlayStore(view, call.ports.clock)))
        for operation in order.operations:
            before = _shown(call, operation)
            body, after = operation.body or {}, None
            if operation.type.lower() != TYPE.lower():
                with suppress(TemplateError, *Expected):
                    body = _settled(trial, operation, order)
                    preflight.tried(trial.in_version(operation.version), operation.resource, body)
                    after = _shown(trial, operation)
            yield _Foreseen(operation, body, before, after)


def _settled(call: Call, operation: Operation, order: DeploymentOrder) -> Json:
    """TemplateError where it reads what is not there yet; then it is told as it is written."""
    reader = InternalClient(call.ports, call.engine, call.identity, call.dispatcher)
    return settle_body(operation.resource, operation.body or {}, order.scope, reader)


def _shown(call: Call, operation: Operation) -> Json | None:
    with suppress(*Expected):
        resource: Json = json.loads(call.in_version(operation.version).ask("GET", operation.resource).content)
        return resource
    return None


def _change(foreseen: _Foreseen) -> Json:
    operation = foreseen.operation
    told: Json = {"resourceId": operation.resource}
    if operation.type.lower() == TYPE.lower():
        return told | {"changeType": "Unsupported", "unsupportedReason": NESTED}
    head = {"id": operation.resource, "name": operation.name.rpartition("/")[2], "type": operation.type}
    head["apiVersion"] = operation.version
    if foreseen.before is None:
        return told | {"changeType": "Create", "after": head | foreseen.body}
    before = head | foreseen.before
    after = before if foreseen.after is None else head | foreseen.after
    delta = changes(before, after)
    if not delta:
        return told | {"changeType": "NoChange", "before": before, "after": after, "delta": []}
    return told | {"changeType": "Modify", "before": before, "after": after, "delta": delta}


def _present(call: Call) -> Iterator[str]:
    """The ids of all resources of the group."""
    listed = json.loads(call.ask("GET", f"{call.group_id}/resources").content)
    yield from (each["id"] for each in listed["value"])


def _of_rest(call: Call, id: str, change_type: str) -> Json:
    """A resource that the template does not name."""
    resource = ResourceId.parse(id)
    body: Json = {"id": id, "name": resource.name, "type": resource.type}
    with suppress(*Expected):
        body |= json.loads(call.ask("GET", id).content)
    if change_type == "Delete":
        return {"resourceId": id, "changeType": change_type, "before": body}
    return {"resourceId": id, "changeType": change_type, "before": body, "after": body}


def _hidden(value: Any, secrets: tuple[str, ...]) -> Any:
    """Without the texts of secure parameters."""
    if isinstance(value, str):
        return hide(value, secrets)
    if isinstance(value, list):
        return [_hidden(each, secrets) for each in value]
    if isinstance(value, Mapping):
        return {key: each if key in SHOWN_FIRST else _hidden(each, secrets) for key, each in value.items()}
    return value


def routes(path: str) -> tuple[Route, ...]:
    return (Route("POST", f"{path}/whatIf", what_if, body=WhatIfRequest),)
