"""Extensions of virtual machines: they have no document; fabric and agent tell their state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controlplane.arm.compute import compute_operations
from controlplane.arm.compute.virtual_machine_view import extension_body
from controlplane.arm.compute.virtual_machines import MACHINE
from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route, reading
from controlplane.domain import errors
from controlplane.domain.compute import extension_catalogue, vm_extension
from controlplane.domain.compute.virtual_machine import KIND, TYPE, not_allowed
from controlplane.json_object import Json
from controlplane.ports import ExtensionRequest, ExtensionView, GuestNotReady, InstanceView, PublishedHandler

EXTENSIONS = f"{MACHINE}/extensions"
EXTENSION = f"{EXTENSIONS}/{{extension}}"


class PropertiesRequest(RequestBody):
    publisher: str | None = None
    type: str | None = None
    type_handler_version: str | None = None
    auto_upgrade_minor_version: bool | None = None
    enable_automatic_upgrade: bool | None = None
    settings: dict[str, Any] | None = None
    protected_settings: dict[str, Any] | None = None
    protected_settings_from_key_vault: dict[str, Any] | None = None
    force_update_tag: str | None = None
    suppress_failures: bool | None = None
    provision_after_extensions: list[str] | None = None

    def traits(self) -> Json:
        """What is shown as it came."""
        fields = {"force_update_tag", "enable_automatic_upgrade", "suppress_failures", "provision_after_extensions"}
        return self.model_dump(include=fields, by_alias=True, exclude_none=True)


class ExtensionBody(RequestBody):
    decided = ("properties.instanceView",)
    also_read = ("location", "properties.provisionAfterExtensions")

    location: str | None = None
    tags: dict[str, str] | None = None
    properties: PropertiesRequest = PropertiesRequest()

    def traits(self) -> Json:
        return self.properties.traits() | ({} if self.tags is None else {"tags": self.tags})


def put_extension(call: Call) -> Answer:
    machine = _machine(call)
    request = call.read(ExtensionBody)
    return _deliver(call, machine, request.properties, _request(call, request))


def check_alone(call: Call) -> None:
    """What is wrong with a PUT before there is a machine to ask."""
    request = call.read(ExtensionBody)
    _check_settings(request.properties)
    _published(call, _request(call, request))


def _request(call: Call, body: ExtensionBody) -> ExtensionRequest:
    properties = body.properties
    name = call.names["extension"]
    publisher, type, version = vm_extension.check(
        name, properties.publisher, properties.type, properties.type_handler_version
    )
    return ExtensionRequest(
        name=name,
        publisher=publisher,
        type=type,
        version=version,
        auto_upgrade_minor_version=bool(properties.auto_upgrade_minor_version),
        public=properties.settings or {},
        protected=properties.protected_settings or {},
        traits=body.traits(),
    )


def patch_extension(call: Call) -> Answer:
    """What the request leaves out stays, protected settings too."""
    machine = _machine(call)
    existing = _get(call, machine)
    body = call.read(ExtensionBody)
    properties = body.properties
    publisher, type, version = vm_extension.check(
        existing.name,
        properties.publisher or existing.publisher,
        properties.type or existing.type,
        properties.type_handler_version or existing.version,
    )
    auto_upgrade = properties.auto_upgrade_minor_version
    request = ExtensionRequest(
        name=existing.name,
        publisher=publisher,
        type=type,
        version=version,
        auto_upgrade_minor_version=existing.auto_upgrade_minor_version if auto_upgrade is None else auto_upgrade,
        public=existing.public if properties.settings is None else properties.settings,
        protected=properties.protected_settings or {},
        keeps_protected=properties.protected_settings is None,
        traits=existing.traits | body.traits(),
    )
    return _deliver(call, machine, properties, request)


def _deliver(call: Call, machine: Json, properties: PropertiesRequest, request: ExtensionRequest) -> Answer:
    _check_settings(properties)
    view = call.ports.fabric.instance_view(machine["id"])
    if view is None or view.power != "running":
        raise not_allowed("Cannot modify extensions in the VM when the VM is not running.")
    former = _named(view, request.name)
    # A failed extension is tried again, even if the request changes nothing.
    request = replace(request, if_changed=former is not None and former.provisioning_state != "Failed")
    handler = _published(call, request)
    _check_system(machine, request, handler)
    _check_neighbours(call, machine, view, request, handler)
    try:
        with call.ports.store.transaction():
            call.ports.fabric.deliver(machine["id"], request)
            path = compute_operations.begin(call, machine, extension=request.name)
            extension = _find(call, machine)
            body = extension_body(machine, extension) if extension else None
            return call.accepted(path, status=200 if former else 201, body=body)
    except GuestNotReady as error:
        raise not_allowed(f"The VM cannot install an extension yet: {error}.") from None


def _published(call: Call, request: ExtensionRequest) -> PublishedHandler:
    """What the request can mean, one version at least."""
    handler = call.ports.fabric.handler(request.publisher, request.type)
    if handler is None and extension_catalogue.of_azure(request.publisher, request.type) is not None:
        raise errors.operation_not_simulated(f"the VM extension {request.publisher}.{request.type}")
    if handler is None:
        raise vm_extension.unknown_handler(request.publisher, request.type)
    if handler.choose(request.version, request.auto_upgrade_minor_version) is None:
        raise vm_extension.unknown_version(request.publisher, request.type, request.version)
    return handler


def _check_settings(properties: PropertiesRequest) -> None:
    if properties.protected_settings_from_key_vault is not None:
        raise errors.operation_not_simulated("protected settings of an extension from a key vault")


def _check_system(machine: Json, request: ExtensionRequest, handler: PublishedHandler) -> None:
    os_type = machine["properties"]["storageProfile"]["osDisk"]["osType"]
    if handler.os_type not in ("", os_type):
        raise vm_extension.wrong_system(request.publisher, request.type, os_type)


def _check_neighbours(
    call: Call, machine: Json, view: InstanceView, request: ExtensionRequest, handler: PublishedHandler
) -> None:
    """One extension for each handler, and those that it is to come after are there."""
    for other in view.extensions:
        of_the_name = other.name.lower() == request.name.lower()
        of_the_handler = call.ports.fabric.handler(other.publisher, other.type) == handler
        if of_the_name and not of_the_handler:
            raise vm_extension.other_handler(other.name)
        if of_the_handler and not of_the_name:
            os_type = machine["properties"]["storageProfile"]["osDisk"]["osType"]
            raise vm_extension.handler_in_use(os_type, other.name, other.handler)
    absent = [name for name in request.traits.get("provisionAfterExtensions", ()) if _named(view, name) is None]
    if absent:
        raise vm_extension.not_found_after(absent)


def get_extension(call: Call) -> Answer:
    machine = _machine(call)
    view = _get(call, machine)
    return as_json(extension_body(machine, view, _wants_instance_view(call)))


def list_extensions(call: Call) -> Answer:
    machine = _machine(call)
    view = call.ports.fabric.instance_view(machine["id"])
    extensions = sorted(view.extensions, key=lambda each: each.name.lower()) if view else []
    return as_json({"value": [extension_body(machine, each, _wants_instance_view(call)) for each in extensions]})


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


def _get(call: Call, machine: Json) -> ExtensionView:
    view = _find(call, machine)
    if view is None:
        # The error of a missing extension names it together with its machine.
        raise errors.resource_not_found(vm_extension.TYPE, f"{machine['name']}/{call.names['extension']}", call.group)
    return view


def _find(call: Call, machine: Json) -> ExtensionView | None:
    view = call.ports.fabric.instance_view(machine["id"])
    return _named(view, call.names["extension"]) if view else None


def _named(view: InstanceView, name: str) -> ExtensionView | None:
    return next((each for each in view.extensions if each.name.lower() == name.lower()), None)


def _wants_instance_view(call: Call) -> bool:
    return call.query.get("$expand", "").lower() == "instanceview"


ROUTES = (
    Route("PUT", EXTENSION, put_extension, body=ExtensionBody, check_alone=check_alone),
    reading(EXTENSION, get_extension),
    Route("PATCH", EXTENSION, patch_extension, body=ExtensionBody),
    Route("DELETE", EXTENSION, delete_extension, codes=(202, 204)),
    reading(EXTENSIONS, list_extensions),
)
