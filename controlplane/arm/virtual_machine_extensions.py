"""Extensions of virtual machines: there is no document of them; they are what fabric and agent say."""

from __future__ import annotations

from typing import Any

from controlplane.arm import compute_operations
from controlplane.arm.call import Answer, Call, RequestBody, as_json
from controlplane.arm.routing import Route, reading, refused
from controlplane.arm.virtual_machine_view import extension_body
from controlplane.arm.virtual_machines import MACHINE
from controlplane.domain import errors
from controlplane.domain.virtual_machine import KIND, TYPE, missing, not_allowed
from controlplane.ports import ExtensionRequest, ExtensionView, GuestNotReady, Json

EXTENSIONS = f"{MACHINE}/extensions"
EXTENSION = f"{EXTENSIONS}/{{extension}}"


class PropertiesRequest(RequestBody):
    publisher: str | None = None
    type: str | None = None
    type_handler_version: str | None = None
    auto_upgrade_minor_version: bool = False
    settings: dict[str, Any] | None = None
    protected_settings: dict[str, Any] | None = None


class ExtensionBody(RequestBody):
    location: str | None = None
    properties: PropertiesRequest = PropertiesRequest()

    def extension(self, name: str) -> ExtensionRequest:
        asked = self.properties
        if not asked.publisher:
            raise missing("publisher")
        if not asked.type:
            raise missing("type")
        if not asked.type_handler_version:
            raise missing("typeHandlerVersion")
        return ExtensionRequest(
            name=name,
            publisher=asked.publisher,
            type=asked.type,
            version=asked.type_handler_version,
            auto_upgrade_minor_version=asked.auto_upgrade_minor_version,
            public=asked.settings or {},
            protected=asked.protected_settings or {},
        )


def put_extension(call: Call) -> Answer:
    machine = _machine(call)
    request = call.read(ExtensionBody).extension(call.names["extension"])
    view = call.ports.fabric.instance_view(machine["id"])
    if view is None or view.power != "running":
        raise not_allowed("Cannot modify extensions in the VM when the VM is not running.")
    for other in view.extensions:
        same_handler = (other.publisher.lower(), other.type.lower()) == (
            request.publisher.lower(),
            request.type.lower(),
        )
        if same_handler and other.name.lower() != request.name.lower():
            raise not_allowed(f"The handler of '{request.name}' is in use by the extension '{other.name}'.")
    known = _find(call, machine)
    try:
        with call.ports.store.transaction():
            call.ports.fabric.deliver(machine["id"], request)
            path = compute_operations.begin(call, machine, extension=request.name)
            shown = _find(call, machine)
            body = extension_body(machine, shown) if shown else None
            return call.accepted(path, status=200 if known else 201, body=body)
    except GuestNotReady as error:
        raise not_allowed(f"The VM cannot take an extension yet: {error}.") from None


def get_extension(call: Call) -> Answer:
    machine = _machine(call)
    view = _find(call, machine)
    if view is None:
        # The error of a missing extension names it together with its machine.
        raise errors.resource_not_found(
            f"{TYPE}/extensions", f"{machine['name']}/{call.names['extension']}", call.group
        )
    return as_json(extension_body(machine, view, call.query.get("$expand", "").lower() == "instanceview"))


def list_extensions(call: Call) -> Answer:
    machine = _machine(call)
    view = call.ports.fabric.instance_view(machine["id"])
    found = sorted(view.extensions, key=lambda each: each.name.lower()) if view else []
    return as_json({"value": [extension_body(machine, each) for each in found]})


def delete_extension(call: Call) -> Answer:
    machine = _machine(call)
    if _find(call, machine) is None:
        return Answer(204)
    with call.ports.store.transaction():
        call.ports.fabric.remove_extension(machine["id"], call.names["extension"])
        path = compute_operations.begin(call, machine, goal="absent", extension=call.names["extension"])
        return compute_operations.accepted(call, path)


def _machine(call: Call) -> Json:
    """The machine that the path lies in."""
    return call.get(KIND, f"{call.group_id}/providers/{TYPE}/{call.names['vm']}").json()


def _find(call: Call, machine: Json) -> ExtensionView | None:
    view = call.ports.fabric.instance_view(machine["id"])
    wanted = call.names["extension"].lower()
    return next((each for each in (view.extensions if view else ()) if each.name.lower() == wanted), None)


ROUTES = (
    Route("PUT", EXTENSION, put_extension),
    reading(EXTENSION, get_extension),
    Route("DELETE", EXTENSION, delete_extension),
    refused("PATCH", EXTENSION),
    reading(EXTENSIONS, list_extensions),
)
