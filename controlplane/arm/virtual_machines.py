"""Microsoft.Compute/virtualMachines: creation on unmanaged or managed disks, power, and what the machine shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

from controlplane.arm import compute_operations, disks
from controlplane.arm.call import Answer, Call, as_json, encode
from controlplane.arm.routing import GROUP, SUBSCRIPTION, Route, reading, refused
from controlplane.arm.storage_accounts import account_named
from controlplane.arm.virtual_machine_request import VirtualMachineRequest
from controlplane.arm.virtual_machine_view import extension_body, instance_view
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.errors import ServiceError
from controlplane.domain.virtual_machine import (
    GIB,
    KIND,
    OS_DISK_LUN,
    TYPE,
    DiskRequest,
    MachineRequest,
    body,
    completed,
    invalid,
    not_allowed,
)
from controlplane.ports import Blob, CreateOption, Disk, Document, Json, MachineSpec, PowerState

MACHINES = f"{GROUP}/providers/{TYPE}"
MACHINE = f"{MACHINES}/{{vm}}"

VHD_FOOTER_BYTES = 512
"""What a fixed VHD's blob holds besides the disk."""

Placed = tuple[DiskRequest, Disk]


def put_machine(call: Call) -> Answer:
    request = call.read(VirtualMachineRequest).machine(call.names["vm"])
    call.get_group()
    known = call.find(KIND)
    call.check_precondition(known)
    return _create(call, request) if known is None else _update(call, known, request)


def get_machine(call: Call) -> Answer:
    return as_json(_shown(call, call.get(KIND), call.query.get("$expand", "").lower() == "instanceview"))


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
        known = call.find(KIND)
        if known is None:
            return Answer(204)
        call.check_precondition(known)
        machine = known.json()
        call.ports.fabric.delete_vm(machine["id"])
        call.ports.store.delete(KIND, known.id)
        disks.detach_all(call.ports.store, machine["id"])
        return compute_operations.accepted(call, compute_operations.begin(call, machine, goal="absent"))


def start(call: Call) -> Answer:
    return _power(call, "running")


def power_off(call: Call) -> Answer:
    return _power(call, "stopped")


def deallocate(call: Call) -> Answer:
    return _power(call, "deallocated")


def _power(call: Call, state: PowerState) -> Answer:
    machine = call.get(KIND, call.id.rpartition("/")[0]).json()
    with call.ports.store.transaction():
        call.ports.fabric.power(machine["id"], state)
        return compute_operations.accepted(call, compute_operations.begin(call, machine))


# ------------------------------------------------------------------------------------------------------------- creation


def _create(call: Call, request: MachineRequest) -> Answer:
    def name_of_disk(lun: int) -> str:
        role = "OsDisk_1" if lun == OS_DISK_LUN else f"disk{lun + 2}"
        return f"{request.name}_{role}_{call.new_guid().replace('-', '')}"

    machine = completed(request, name_of_disk)
    placed = [_place(call, machine, disk) for disk in machine.disks]
    machine = replace(machine, disks=tuple(disk for disk, _ in placed))
    spec = MachineSpec(
        vm_id=call.new_guid(),
        name=machine.name,
        size=machine.size,
        os_type="Windows" if machine.os_type == "Windows" else "Linux",
        image=str(machine.image or ""),
        computer_name=machine.computer_name,
        disks=tuple(disk for _, disk in placed),
    )
    shown = body(call.id, machine, spec.vm_id, call.ports.clock.now())
    with call.ports.store.transaction():
        _check_unused(call, spec.disks)
        private = {"blobs": [_key(disk.blob) for disk in spec.disks]}
        call.ports.store.put(KIND, call.id, shown, parent=call.group_id, private=private, if_none_match=True)
        for disk, backed in placed:
            _register(call, machine, disk, backed)
        call.ports.fabric.create_vm(call.id, spec)
        path = compute_operations.begin(call, shown)
        return call.accepted(path, status=201, body=_shown(call, call.get(KIND)))


def _place(call: Call, machine: MachineRequest, disk: DiskRequest) -> Placed:
    """The disk and the blob it lies in; for one to be attached also its size."""
    if disk.vhd:
        blob = _unmanaged_blob(call, disk)
    elif disk.attached:
        document = _disk_to_attach(call, disk)
        blob = disks.blob_of(document)
    else:
        id = f"{call.group_id}/providers/{disks.TYPE}/{disk.name}"
        if call.find(disks.KIND, id):
            raise ServiceError(
                "ConflictingUserInput",
                f"Disk '{disk.name}' already exists in resource group '{call.group}'. Only CreateOption.Attach is "
                "supported.",
                status=409,
            )
        disk = replace(disk, managed_disk_id=id)
        blob = Blob(call.ports.settings.managed_disks_account, disks.BLOB_CONTAINER, f"{call.new_guid()}.vhd")
        call.ports.blobs.add_account(blob.account)
    size_bytes = _attached_bytes(call, disk, blob) if disk.attached else (disk.size_gib or 0) * GIB
    disk = replace(disk, size_gib=-(-size_bytes // GIB))
    option = cast(CreateOption, disk.create_option)  # completed() let no other through
    return disk, Disk(disk.name, disk.lun, blob, size_bytes, option, disk.managed_disk_id or None)


def _unmanaged_blob(call: Call, disk: DiskRequest) -> Blob:
    parameter = f"{disk.parameter}.vhd.uri"
    if "?" in disk.vhd:
        raise invalid(parameter, "it must be a blob's address without a query")
    try:
        blob = call.ports.blobs.parse(disk.vhd)
    except ValueError:
        raise invalid(parameter, "it is not the address of a blob in this cloud") from None
    if account_named(call.ports.store, blob.account) is None:
        raise ServiceError(
            "StorageAccountNotFound",
            f"Storage account '{blob.account}' not found. Ensure storage account is not deleted and belongs to the "
            "same Azure location as the VM.",
            status=409,
        )
    present = call.ports.blobs.properties(blob) is not None
    if present and not disk.attached:
        raise not_allowed(f"Disk '{disk.name}' cannot be created: the blob '{blob.name}' exists already.")
    if not present and disk.attached:
        raise invalid(parameter, "there is no such blob")
    return blob


def _disk_to_attach(call: Call, disk: DiskRequest) -> Document:
    try:
        wanted = ResourceId.parse(disk.managed_disk_id)
    except ValueError:
        raise invalid(f"{disk.parameter}.managedDisk.id", "it is not the id of a disk") from None
    document = call.get(disks.KIND, str(wanted))
    owner = document.json().get("managedBy")
    if owner:
        raise not_allowed(f"Disk '{wanted.name}' is already attached to VM '{owner}'.")
    return document


def _attached_bytes(call: Call, disk: DiskRequest, blob: Blob) -> int:
    properties = call.ports.blobs.properties(blob)
    if properties is None or properties.kind != "page" or properties.size_bytes <= VHD_FOOTER_BYTES:
        raise invalid(f"{disk.parameter}.createOption", "the blob to attach is not a VHD")
    return properties.size_bytes - VHD_FOOTER_BYTES


def _check_unused(call: Call, wanted: Iterable[Disk]) -> None:
    """A blob is the disk of one machine at most."""
    used = {key for machine in call.ports.store.find(KIND) for key in machine.private["blobs"]}
    for disk in wanted:
        if _key(disk.blob) in used:
            raise ServiceError(
                "AcquireDiskLeaseFailed",
                f"Failed to acquire lease while creating disk '{disk.name}'. Blob is already in use.",
                status=409,
            )


def _register(call: Call, machine: MachineRequest, disk: DiskRequest, backed: Disk) -> None:
    if disk.vhd:
        return
    if disk.attached:
        disks.attach(call.ports.store, disk.managed_disk_id, call.id)
    else:
        disks.create(call, call.id, machine, disk, backed.blob)


def _key(blob: Blob) -> str:
    return f"{blob.account}/{blob.container}/{blob.name}"


# --------------------------------------------------------------------------------------------------------------- update


def _update(call: Call, known: Document, request: MachineRequest) -> Answer:
    """Tags and size may change; disks not yet."""
    machine = known.json()
    if machine["location"] != request.location:
        raise errors.location_conflict(request.name, machine["location"], call.group, request.location)
    if not _same_disks(machine["properties"]["storageProfile"], request.disks):
        raise errors.operation_not_simulated("changing the disks of a virtual machine")
    properties = machine["properties"] | {"hardwareProfile": {"vmSize": request.size}}
    for key, value in (("networkProfile", request.network), ("diagnosticsProfile", request.diagnostics)):
        properties |= {key: value} if value is not None else {}
    changed = {key: value for key, value in machine.items() if key != "tags"} | {"properties": properties}
    if request.tags:
        changed["tags"] = request.tags
    with call.ports.store.transaction():
        document = call.ports.store.put(KIND, known.id, changed, if_match=known.etag)
        if properties["hardwareProfile"] != machine["properties"]["hardwareProfile"]:
            call.ports.fabric.create_vm(machine["id"], _resized(call, machine, request.size))
        path = compute_operations.begin(call, machine)
        return call.accepted(path, status=200, body=_shown(call, document))


def _same_disks(profile: Json, asked: Iterable[DiskRequest]) -> bool:
    """Whether the request means the disks that are there; what it leaves open may be anything."""
    present = {OS_DISK_LUN: profile["osDisk"]} | {disk["lun"]: disk for disk in profile["dataDisks"]}
    luns = []
    for disk in asked:
        luns.append(disk.lun)
        shown = present.get(disk.lun, {})
        facts = (
            (disk.name, shown.get("name")),
            (disk.vhd, (shown.get("vhd") or {}).get("uri")),
            (disk.managed_disk_id, (shown.get("managedDisk") or {}).get("id")),
            (disk.size_gib, shown.get("diskSizeGB")),
        )
        if any(wanted and str(wanted).lower() != str(actual).lower() for wanted, actual in facts):
            return False
    return sorted(luns) == sorted(present)


def _resized(call: Call, machine: Json, size: str) -> MachineSpec:
    profile = machine["properties"]["storageProfile"]
    image = profile.get("imageReference")
    return MachineSpec(
        vm_id=machine["properties"]["vmId"],
        name=machine["name"],
        size=size,
        os_type=profile["osDisk"]["osType"],
        image=f"{image['publisher']}:{image['offer']}:{image['sku']}" if image else "",
        computer_name=machine["properties"].get("osProfile", {}).get("computerName", machine["name"]),
        disks=call.ports.fabric.disks(machine["id"]),
    )


# -------------------------------------------------------------------------------------------------------------- showing


def _shown(call: Call, document: Document, with_instance_view: bool = False) -> Json:
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
    profile = machine["properties"]["storageProfile"]
    return instance_view(view, [disk["name"] for disk in (profile["osDisk"], *profile["dataDisks"])])


def _rows(call: Call, documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    return ((document.id, encode(_shown(call, document))) for document in documents)


ROUTES = (
    Route("PUT", MACHINE, put_machine),
    reading(MACHINE, get_machine),
    Route("DELETE", MACHINE, delete_machine),
    refused("PATCH", MACHINE),
    reading(f"{MACHINE}/instanceView", get_instance_view),
    Route("POST", f"{MACHINE}/start", start),
    Route("POST", f"{MACHINE}/powerOff", power_off),
    Route("POST", f"{MACHINE}/deallocate", deallocate),
    refused("POST", f"{MACHINE}/restart"),
    reading(MACHINES, list_machines),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_machines),
)
