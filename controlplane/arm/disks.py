"""Microsoft.Compute/disks: managed disks, whose blobs lie in an account that is not the user's."""

from __future__ import annotations

from controlplane.arm.call import Answer, Call, rows
from controlplane.arm.routing import GROUP, SUBSCRIPTION, reading, refused
from controlplane.domain.times import instant_with_offset
from controlplane.domain.virtual_machine import GIB, OS_DISK_LUN, DiskRequest, MachineRequest
from controlplane.ports import Blob, Document, Json, Store

TYPE = "Microsoft.Compute/disks"
KIND = TYPE.lower()
BLOB_CONTAINER = "disks"

DISKS = f"{GROUP}/providers/{TYPE}"
DISK = f"{DISKS}/{{disk}}"


def get_disk(call: Call) -> Answer:
    return call.stored(call.get(KIND))


def list_disks(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_disks(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def create(call: Call, vm: str, machine: MachineRequest, disk: DiskRequest, blob: Blob) -> None:
    """Write the resource of a new managed disk of `vm`."""
    assert disk.size_gib is not None, "the size of a disk to be created is known"
    from_image = disk.lun == OS_DISK_LUN
    storage_type = disk.storage_type or "Premium_LRS"
    properties: Json = {
        **({"osType": machine.os_type} if from_image else {}),
        "creationData": {"createOption": disk.create_option},
        "diskSizeGB": disk.size_gib,
        "diskSizeBytes": disk.size_gib * GIB,
        "timeCreated": instant_with_offset(call.ports.clock.now()),
        "provisioningState": "Succeeded",
        "diskState": "Attached",
        "uniqueId": blob.name.removesuffix(".vhd"),
    }
    body = {
        "name": disk.name,
        "id": disk.managed_disk_id,
        "type": TYPE,
        "location": machine.location,
        "managedBy": vm,
        "sku": {"name": storage_type, "tier": storage_type.partition("_")[0]},
        "properties": properties,
    }
    private = {"blob": {"account": blob.account, "container": blob.container, "name": blob.name}}
    call.ports.store.put(KIND, disk.managed_disk_id, body, parent=call.group_id, private=private)


def blob_of(document: Document) -> Blob:
    return Blob(**document.private["blob"])


def attach(store: Store, id: str, vm: str) -> None:
    _change(store, id, vm, "Attached")


def detach_all(store: Store, vm: str) -> None:
    """The machine is gone; its disks stay."""
    for document in store.find(KIND):
        if str(document.json().get("managedBy", "")).lower() == vm.lower():
            _change(store, document.id, None, "Unattached")


def _change(store: Store, id: str, vm: str | None, state: str) -> None:
    document = store.get(KIND, id)
    assert document is not None, "the caller has seen it"
    body = document.json()
    body.pop("managedBy", None)
    if vm is not None:
        body["managedBy"] = vm
    store.put(KIND, id, body | {"properties": body["properties"] | {"diskState": state}})


ROUTES = (
    reading(DISK, get_disk),
    refused("PUT", DISK),
    refused("PATCH", DISK),
    refused("DELETE", DISK),
    reading(DISKS, list_disks),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_disks),
)
