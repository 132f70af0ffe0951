"""Long-running operations of Microsoft.Compute: each ends when the host shows the requested state."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
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
from controlplane.ports import Blob, Document, ExtensionView, InstanceView

OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}/operations/{{operation}}"

Goal = Literal["present", "absent"]
COMMAND = "command"
"""Goal of an operation that ends when a script has run in a machine."""
RESULT = "result"
"""What an operation keeps of its result, and shows as its output."""
ACCESS = "access"
"""Goal of an operation whose result is an address with a signature."""
BY_A_JOB = "job"
"""Goal of an operation whose end is written down by the job that does the work."""


def begin(call: Call, machine: Json, *, goal: Goal = "present", extension: str = "") -> str:
    """Record that work on a machine began; returns the operation's path. Whether it ended is read from the machine,
    or from its `extension`."""
    order = {"vm": machine["id"], "extension": extension, "goal": goal}
    return _record(call, machine["location"], {"status": "InProgress"}, order)


def begin_command(call: Call, machine: Json, number: int) -> str:
    """Record that a script is to run in a machine; returns the path of the operation, whose result is what it wrote."""
    order = {"vm": machine["id"], "goal": COMMAND, "number": number, "os_type": _os_type(machine)}
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


def granted(call: Call, location: str, blob: Blob, permissions: str, until: datetime) -> str:
    """Record that access to a blob was granted until some real time; returns the operation's path, which gives it."""
    order = {"goal": ACCESS, "blob": asdict(blob), "permissions": permissions, "until": until.isoformat()}
    return _record(call, location, _ended_at_once(call), order)


def done(call: Call, location: str) -> str:
    """Record work that was done at once; returns the operation's path."""
    return _record(call, location, _ended_at_once(call), {"goal": "absent"})


def _ended_at_once(call: Call) -> Json:
    """Both times are read together: an end before its beginning would be none."""
    now = instant_with_offset(call.ports.clock.now())
    return {"startTime": now, "endTime": now, "status": "Succeeded"}


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
    result = _granted(call, document.private) or body.pop(RESULT, {})
    if call.query.get("monitor") != "true":
        return as_json(body | ({"properties": {"output": result}} if result else {}), headers=wait)
    if body["status"] == "Failed":
        raise ServiceError.stored(body["error"], status=409)
    if result:
        return as_json(result)
    return Answer(202, headers={**wait, "Location": call.url(call.id, {"monitor": "true"})}) if wait else Answer(200)


def _granted(call: Call, order: Json) -> Json:
    """The address of an access that is granted, signed now: it is a secret and kept nowhere."""
    if order["goal"] != ACCESS:
        return {}
    permissions = order.get("permissions", "r")  # a state folder of an earlier release keeps none
    until = datetime.fromisoformat(order["until"])
    return {"accessSAS": call.ports.blobs.sas(Blob(**order["blob"]), permissions, until)}


def _advanced(call: Call, document: Document) -> Json:
    """The operation as the machine shows it now; once it ended it is stored and stays so."""
    body = document.json()
    status, problem = _outcome(call, document.private)
    if status == "InProgress":
        return body
    if document.private["goal"] == COMMAND and status == "Succeeded":
        body[RESULT] = _written(call, document.private)
    body |= {"endTime": instant_with_offset(call.ports.clock.now()), "status": status}
    if problem is not None:
        body["error"] = {"code": problem.code, "message": problem.message}
    call.ports.store.put(KIND, document.id, body)
    return body


def _written(call: Call, order: Json) -> Json:
    """The result of a script, as the operation of its system's extension shows it."""
    view = call.ports.fabric.instance_view(order["vm"])
    assert view is not None
    assert view.command is not None
    if order["os_type"] == "Linux":
        message = f"Enable succeeded: \n[stdout]\n{view.command.output}\n[stderr]\n{view.command.errors}"
        return {"value": [_status("ProvisioningState/succeeded", message)]}
    streams = (("StdOut", view.command.output), ("StdErr", view.command.errors))
    return {"value": [_status(f"ComponentStatus/{name}/succeeded", text) for name, text in streams]}


def _status(code: str, message: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}


def _os_type(machine: Json) -> str:
    return str(machine["properties"]["storageProfile"]["osDisk"]["osType"])


def _of_command(order: Json, view: InstanceView | None) -> tuple[str, ServiceError | None]:
    if view is None or view.power != "running":
        return "Failed", OPERATION_PREEMPTED.error()
    ran = view.command is not None and view.command.number >= order["number"]
    return ("Succeeded" if ran else "InProgress"), None


def _outcome(call: Call, order: Json) -> tuple[str, ServiceError | None]:
    """Status of the operation, and why it failed."""
    view = call.ports.fabric.instance_view(order["vm"])
    if order["goal"] == COMMAND:
        return _of_command(order, view)
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
