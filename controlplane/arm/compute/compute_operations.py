"""Long-running operations of Microsoft.Compute: each ends when the host shows the requested state."""

from __future__ import annotations

from typing import Literal

from controlplane.arm.compute.virtual_machine_view import shown_state
from controlplane.arm.edge.call import RETRY_AFTER_SECONDS, Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, Route
from controlplane.domain import errors
from controlplane.domain.compute import vm_extension
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.compute import OPERATION_PREEMPTED, OS_PROVISIONING_INTERNAL_ERROR
from controlplane.domain.resources.operation import KIND
from controlplane.domain.times import instant_with_offset
from controlplane.jobs.provisioning import resource_log
from controlplane.jobs.provisioning.resource_log import ResourceState
from controlplane.json_object import Json
from controlplane.ports import Document, ExtensionView, InstanceView

OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}/operations/{{operation}}"

Goal = Literal["present", "absent"]
BY_A_JOB = "job"
"""Goal of an operation whose end is written down by the job that does the work."""


def begin(call: Call, machine: Json, *, goal: Goal = "present", extension: str = "") -> str:
    """Record that work on a machine began; returns the operation's path. Whether it ended is read from the machine,
    or from its `extension`."""
    order = {"vm": machine["id"], "extension": extension, "goal": goal}
    return _record(call, machine["location"], {"status": "InProgress"}, order)


def begin_job(call: Call, location: str, kind: str = "") -> tuple[ResourceState, str]:
    """Record that a job begins, which ends the operation; returns what its plan begins with, and the operation's path.
    `kind` is that of the document of this path, where the job makes what it shows."""
    path, job = _record(call, location, {"status": "InProgress"}, {"goal": BY_A_JOB}), call.new_guid()
    state = ResourceState(
        job=job,
        kind=kind,
        resource=call.id if kind else "",
        operation=path.rpartition("/")[2],
        event=resource_log.begun(call.ports.store, job, call.id),
    )
    return state, path


def done(call: Call, location: str) -> str:
    """Record work that was done at once; returns the operation's path."""
    ended = {"endTime": instant_with_offset(call.ports.clock.now()), "status": "Succeeded"}
    return _record(call, location, ended, {"goal": "absent"})


def _record(call: Call, location: str, status: Json, order: Json) -> str:
    id = call.new_guid()
    body = {"startTime": instant_with_offset(call.ports.clock.now()), **status, "name": id}
    call.ports.store.put(KIND, id, body, parent=call.id, private=order)
    return f"{call.subscription_id}/providers/Microsoft.Compute/locations/{location}/operations/{id}"


def accepted(call: Call, path: str) -> Answer:
    """Answer that the operation began, for a request that has no resource to show."""
    begun = call.accepted(path)
    return Answer(begun.status, headers={**begun.headers, "Location": call.url(path, {"monitor": "true"})})


def get_operation(call: Call) -> Answer:
    document = call.ports.store.get(KIND, call.names["operation"])
    if document is None or "goal" not in document.private:
        raise errors.operation_not_found(call.names["operation"])
    body = document.json()
    if body["status"] == "InProgress" and document.private["goal"] != BY_A_JOB:
        body = _advanced(call, document)
    wait = {"Retry-After": str(RETRY_AFTER_SECONDS)} if body["status"] == "InProgress" else {}
    if call.query.get("monitor") != "true":
        return as_json(body, headers=wait)
    if body["status"] == "Failed":
        raise ServiceError.stored(body["error"], status=409)
    return Answer(202, headers={**wait, "Location": call.url(call.id, {"monitor": "true"})}) if wait else Answer(200)


def _advanced(call: Call, document: Document) -> Json:
    """The operation as the machine shows it now; once it ended it is stored and stays so."""
    body = document.json()
    status, problem = _outcome(call, document.private)
    if status == "InProgress":
        return body
    body |= {"endTime": instant_with_offset(call.ports.clock.now()), "status": status}
    if problem is not None:
        body["error"] = {"code": problem.code, "message": problem.message}
    call.ports.store.put(KIND, document.id, body)
    return body


def _outcome(call: Call, order: Json) -> tuple[str, ServiceError | None]:
    """Status of the operation, and why it failed."""
    view = call.ports.fabric.instance_view(order["vm"])
    if view is not None and order["extension"]:
        named = [each for each in view.extensions if each.name.lower() == order["extension"].lower()]
        return _of_extension(order, view, named[0]) if named else _of_nothing(order)
    if view is None:
        return _of_nothing(order)
    if order["goal"] == "absent" or view.provisioning_state not in {"Succeeded", "Failed"}:
        return "InProgress", None
    if view.provisioning_state == "Succeeded":
        return "Succeeded", None
    return "Failed", OS_PROVISIONING_INTERNAL_ERROR.error(reason=view.problem or "The host gave no reason.")


def _of_nothing(order: Json) -> tuple[str, ServiceError | None]:
    """What was asked about is not there."""
    if order["goal"] == "absent":
        return "Succeeded", None
    return "Failed", OPERATION_PREEMPTED.error()


def _of_extension(order: Json, view: InstanceView, extension: ExtensionView) -> tuple[str, ServiceError | None]:
    state = shown_state(extension)
    if order["goal"] == "absent" or state not in {"Succeeded", "Failed"}:
        return "InProgress", None
    if state == "Succeeded":
        return "Succeeded", None
    problem = vm_extension.failure(
        extension.name,
        extension.handler,
        machine=order["vm"].rpartition("/")[2],
        handler_works=extension.handler_works,
        agent_works=view.agent_status == "Ready",
        status=extension.status,
    )
    return "Failed", problem


ROUTES = (Route("GET", OPERATION, get_operation, blocks=True, codes=(200, 202)),)
