"""Microsoft.Compute/virtualMachines: creation on unmanaged or managed disks, power, and what the machine shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from controlplane.arm.compute import compute_operations
from controlplane.arm.compute.virtual_machine_disks import (
    all_disks,
    blob_keys,
    check_none_grows,
    check_unused,
    delete_with_machine,
    place,
    release,
    take,
)
from controlplane.arm.compute.virtual_machine_request import MachinePatch, VirtualMachineRequest
from controlplane.arm.compute.virtual_machine_view import extension_body, instance_view
from controlplane.arm.edge.call import Answer, Call, as_json, encode
from controlplane.arm.edge.request_body import RequestBody
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.managed_identity.assigned_identities import merged
from controlplane.arm.network import network_interfaces
from controlplane.domain import errors
from controlplane.domain.compute.machine_changes import (
    change_of_disks,
    changed_os_profile,
    changed_profile,
    check_fixed,
)
from controlplane.domain.compute.virtual_machine import (
    KIND,
    OS_DISK_LUN,
    TYPE,
    MachineRequest,
    body,
    check_size,
    completed,
    not_allowed,
)
from controlplane.jobs.documents.machines import spec_of
from controlplane.json_object import Json
from controlplane.ports import Disk, Document, MachineSpec, PowerState

MACHINES = f"{GROUP}/providers/{TYPE}"
MACHINE = f"{MACHINES}/{{vm}}"
USER_DATA = "user_data"
"""In the private part of a machine: what only `$expand=userData` shows."""


def put_machine(call: Call) -> Answer:
    put_request = call.read(VirtualMachineRequest)
    request = put_request.machine(call.names["vm"])
    call.get_group()
    existing = call.find(KIND)
    call.check_precondition(existing)
    identity = merged(call, existing.json().get("identity") if existing else None, put_request.identity, replaces=True)
    if existing is None:
        return _create(call, request, identity)
    return _update(call, existing, request, identity, VirtualMachineRequest)


def get_machine(call: Call) -> Answer:
    expanded = {word.strip().lower() for word in call.query.get("$expand", "").split(",")}
    document = call.get(KIND)
    machine = _current_body(call, document, "instanceview" in expanded)
    if "userdata" in expanded and document.private.get(USER_DATA):
        machine["properties"]["userData"] = document.private[USER_DATA]
    return as_json(machine)


def get_instance_view(call: Call) -> Answer:
    machine = call.get(KIND, call.id.rpartition("/")[0])
    return as_json(_instance_view(call, machine))


def list_machines(call: Call) -> Answer:
    call.get_group()
    return call.page(_rows(call, call.by_id(KIND, call.group_id)))


def list_all_machines(call: Call) -> Answer:
    return call.page(_rows(call, call.by_id(KIND, None)))


def delete_machine(call: Call) -> Answer:
    with call.ports.store.transaction():
        document = call.find(KIND)
        if document is None:
            return Answer(204)
        call.check_precondition(document)
        machine = document.json()
        call.ports.fabric.delete_vm(machine["id"])
        call.ports.store.delete(KIND, document.id)
        release(call, all_disks(machine))
        network_interfaces.reconnect(call, machine["id"], network_interfaces.ids_of(machine), ())
        answer = compute_operations.accepted(call, compute_operations.begin(call, machine, goal="absent"))
    delete_with_machine(call, machine)
    network_interfaces.delete_with_machine(call, machine)
    return answer


def start(call: Call) -> Answer:
    with call.ports.store.transaction():
        check_none_grows(call, call.get(KIND, call.id.rpartition("/")[0]).json())
        return _power(call, "running")


def power_off(call: Call) -> Answer:
    return _power(call, "stopped")


def deallocate(call: Call) -> Answer:
    return _power(call, "deallocated")


def restart(call: Call) -> Answer:
    with call.ports.store.transaction():
        machine = call.get(KIND, call.id.rpartition("/")[0]).json()
        view = call.ports.fabric.instance_view(machine["id"])
        if view is None or view.power != "running":
            raise not_allowed("Cannot restart a VM that is not running. Start it instead.")
        call.ports.fabric.restart(machine["id"])
        return compute_operations.accepted(call, compute_operations.begin(call, machine))


def _power(call: Call, state: PowerState) -> Answer:
    with call.ports.store.transaction():
        machine = call.get(KIND, call.id.rpartition("/")[0]).json()
        call.ports.fabric.power(machine["id"], state)
        return compute_operations.accepted(call, compute_operations.begin(call, machine))


# ------------------------------------------------------------------------------------------------------------- creation


def _create(call: Call, request: MachineRequest, identity: Json | None) -> Answer:
    machine = completed(request, _names_of_disks(call, request))
    placed = [place(call, disk) for disk in machine.disks]
    machine = replace(machine, disks=tuple(disk.request for disk in placed))
    spec = MachineSpec(
        vm_id=call.new_guid(),
        name=machine.name,
        size=machine.size,
        os_type="Windows" if machine.os_type == "Windows" else "Linux",
        image=str(machine.image or ""),
        computer_name=machine.computer_name,
        disks=tuple(disk.backed for disk in placed),
        has_agent=machine.has_agent,
    )
    machine_body = _with_identity(body(call.id, machine, spec.vm_id, call.ports.clock.now()), identity)
    machine_body = call.with_kept(VirtualMachineRequest, machine_body)
    with call.ports.store.transaction():
        call.get_group()
        check_unused(call, spec.disks)
        private = {"blobs": blob_keys(spec.disks), USER_DATA: machine.user_data or ""}
        call.ports.store.put(KIND, call.id, machine_body, parent=call.group_id, private=private, if_none_match=True)
        take(call, machine_body, placed)
        network_interfaces.reconnect(call, call.id, (), network_interfaces.ids_of(machine_body))
        call.ports.fabric.create_vm(call.id, spec)
        path = compute_operations.begin(call, machine_body)
        return call.accepted(path, status=201, body=_current_body(call, call.get(KIND)))


def _with_identity(machine: Json, identity: Json | None) -> Json:
    without = {key: value for key, value in machine.items() if key != "identity"}
    return without if identity is None else without | {"identity": identity}


def _names_of_disks(call: Call, request: MachineRequest) -> Callable[[int], str]:
    """How a managed disk without a name is called."""

    def name(lun: int) -> str:
        role = "OsDisk_1" if lun == OS_DISK_LUN else f"disk{lun + 2}"
        return f"{request.name}_{role}_{call.new_guid().replace('-', '')}"

    return name


# --------------------------------------------------------------------------------------------------------------- update


def _update(
    call: Call, existing: Document, request: MachineRequest, identity: Json | None, model: type[RequestBody]
) -> Answer:
    """Size, data disks, tags, identity, network interfaces, diagnostics and most of what is only shown may change."""
    machine = existing.json()
    check_size(request.size)
    if machine["location"] != request.location:
        raise errors.location_conflict(request.name, machine["location"], call.group, request.location)
    profile = machine["properties"]["storageProfile"]
    view = call.ports.fabric.instance_view(machine["id"])
    is_deallocated = view is None or view.power == "deallocated"
    change = change_of_disks(machine, request, _names_of_disks(call, request), is_deallocated=is_deallocated)
    added = [place(call, disk) for disk in change.added]
    properties = _properties(machine["properties"], request)
    properties["storageProfile"] = changed_profile(profile, request, [disk.request for disk in added], change.kept)
    changed = {key: value for key, value in machine.items() if key != "tags"} | {"properties": properties}
    changed = call.with_kept(model, _with_identity(changed, identity))
    if request.tags is not None:
        changed["tags"] = request.tags
    if request.zones:
        changed["zones"] = request.zones
    check_fixed(machine, changed)
    with call.ports.store.transaction():
        present = call.ports.fabric.disks(machine["id"])
        kept = [disk for disk in present if disk.lun == OS_DISK_LUN or disk.lun in change.kept]
        check_unused(call, [disk.backed for disk in added])
        release(call, [disk for disk in profile["dataDisks"] if disk["lun"] not in change.kept])
        take(call, machine, added)
        interfaces = [network_interfaces.ids_of(each) for each in (machine, changed)]
        network_interfaces.reconnect(call, machine["id"], *interfaces)
        user_data = {} if request.user_data is None else {USER_DATA: request.user_data}
        return _write(call, existing, changed, (*kept, *(disk.backed for disk in added)), user_data)


def _properties(before: Json, request: MachineRequest) -> Json:
    """A machine's properties after a request, but for its disks."""
    properties = {key: value for key, value in before.items() if key not in request.cleared} | request.others
    properties["hardwareProfile"] = before["hardwareProfile"] | {"vmSize": request.size}
    if system := changed_os_profile(before.get("osProfile"), request):
        properties["osProfile"] = system
    for key, value in (("networkProfile", request.network), ("diagnosticsProfile", request.diagnostics)):
        properties |= {key: value} if value is not None else {}
    return properties


def patch_machine(call: Call) -> Answer:
    """What a PUT may change, of which the request names as much as it wants."""
    patch_request = call.read(MachinePatch)
    existing = call.get(KIND)
    call.check_precondition(existing)
    machine = existing.json()
    request = patch_request.applied(machine).machine(machine["name"])
    identity = merged(call, machine.get("identity"), patch_request.identity, replaces=False)
    return _update(call, existing, request, identity, MachinePatch)


def _write(call: Call, existing: Document, changed: Json, disks: Sequence[Disk], hidden: Json) -> Answer:
    """Store a changed machine with what it does not show, and tell the fabric if its desired state changes."""
    private = existing.private | {"blobs": blob_keys(disks)} | hidden
    document = call.ports.store.put(KIND, existing.id, changed, private=private, if_match=existing.etag)
    size = changed["properties"]["hardwareProfile"]
    present = call.ports.fabric.disks(changed["id"])
    if size != existing.json()["properties"]["hardwareProfile"] or tuple(disks) != present:
        call.ports.fabric.create_vm(changed["id"], spec_of(changed, disks))
    path = compute_operations.begin(call, changed)
    return call.accepted(path, status=200, body=_current_body(call, document))


# -------------------------------------------------------------------------------------------------------------- showing


def _current_body(call: Call, document: Document, with_instance_view: bool = False) -> Json:
    """The stored machine with what its host shows of it."""
    machine = document.json()
    view = call.ports.fabric.instance_view(machine["id"])
    machine["properties"]["provisioningState"] = view.provisioning_state if view else "Creating"
    if with_instance_view:
        machine["properties"]["instanceView"] = _instance_view(call, document)
    if view and view.extensions:
        machine["resources"] = [extension_body(machine, extension) for extension in view.extensions]
    return machine


def _instance_view(call: Call, document: Document) -> Json:
    machine = document.json()
    view = call.ports.fabric.instance_view(machine["id"])
    if view is None:
        return {"statuses": []}
    return instance_view(view, [disk["name"] for disk in all_disks(machine)])


def _rows(call: Call, documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """In lists a machine only names its extensions; az cannot read more of them there."""
    for document in documents:
        machine = _current_body(call, document)
        if "resources" in machine:
            machine["resources"] = [{"id": extension["id"]} for extension in machine["resources"]]
        yield document.id, encode(machine)


ROUTES = (
    Route("PUT", MACHINE, put_machine, body=VirtualMachineRequest),
    reading(MACHINE, get_machine),
    Route("DELETE", MACHINE, delete_machine, codes=(202, 204)),
    Route("PATCH", MACHINE, patch_machine, body=MachinePatch),
    reading(f"{MACHINE}/instanceView", get_instance_view),
    *(
        Route("POST", f"{MACHINE}/{verb}", run, codes=(202,))
        for verb, run in (("start", start), ("powerOff", power_off), ("deallocate", deallocate), ("restart", restart))
    ),
    reading(MACHINES, list_machines),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_machines),
)
