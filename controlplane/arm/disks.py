"""Microsoft.Compute/disks: managed disks, whose blobs lie in an account that is not the user's."""

from __future__ import annotations

from pydantic import Field

from controlplane.arm import compute_operations
from controlplane.arm.call import Answer, Call, RequestBody, rows
from controlplane.arm.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.domain import errors, location
from controlplane.domain.managed_disk import KIND, TYPE, ManagedDisk, attached, body, shown_sku, size_gib, sku
from controlplane.domain.virtual_machine import GIB, OS_DISK_LUN, VHD_FOOTER_BYTES, DiskRequest, missing
from controlplane.ports import Blob, BlobConflict, Document, Json, Store

BLOB_CONTAINER = "disks"

DISKS = f"{GROUP}/providers/{TYPE}"
DISK = f"{DISKS}/{{disk}}"


class SkuRequest(RequestBody):
    name: str | None = None


class CreationRequest(RequestBody):
    create_option: str | None = None


class PropertiesRequest(RequestBody):
    os_type: str | None = None
    creation_data: CreationRequest = CreationRequest()
    disk_size_gib: int | None = Field(default=None, alias="diskSizeGB")


class ManagedDiskRequest(RequestBody):
    location: str | None = None
    tags: dict[str, str] | None = None
    sku: SkuRequest = SkuRequest()
    properties: PropertiesRequest = PropertiesRequest()


def put_disk(call: Call) -> Answer:
    request = call.read(ManagedDiskRequest)
    call.get_group()
    known = call.find(KIND)
    call.check_precondition(known)
    place = location.normalised(request.location, TYPE)
    if known is None:
        return _create(call, request, place)
    if known.json()["location"] != place:
        raise errors.location_conflict(known.json()["name"], known.json()["location"], call.group, place)
    return _change(call, request)


def get_disk(call: Call) -> Answer:
    return call.stored(call.get(KIND))


def list_disks(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_disks(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def patch_disk(call: Call) -> Answer:
    return _change(call, call.read(ManagedDiskRequest))


def delete_disk(call: Call) -> Answer:
    with call.ports.store.transaction():
        known = call.find(KIND)
        if known is None:
            return Answer(204)
        call.check_precondition(known)
        shown = known.json()
        if owner := shown.get("managedBy"):
            raise attached(shown["name"], owner)
        call.ports.store.delete(KIND, known.id)
        answer = compute_operations.accepted(call, compute_operations.done(call, shown["location"]))
    _delete_blob(call, blob_of(known))
    return answer


def _create(call: Call, request: ManagedDiskRequest, place: str) -> Answer:
    option = request.properties.creation_data.create_option
    if not option:
        raise missing("disk.creationData.createOption")
    if option.lower() != "empty":
        raise errors.operation_not_simulated(f"a managed disk by the create option {option}")
    disk = ManagedDisk(
        location=place,
        size_gib=size_gib(request.properties.disk_size_gib),
        create_option="Empty",
        sku=sku(request.sku.name),
        os_type=request.properties.os_type or "",
        tags=request.tags or {},
    )
    blob = new_blob(call)
    call.ports.blobs.create(blob, disk.size_gib * GIB + VHD_FOOTER_BYTES)
    return call.stored(register(call, call.id, disk, blob))


def _change(call: Call, request: ManagedDiskRequest) -> Answer:
    """Tags and kind of storage; a disk keeps its size."""
    with call.ports.store.transaction():
        known = call.get(KIND)
        call.check_precondition(known)
        changed = known.json()
        size = request.properties.disk_size_gib
        if size is not None and size != changed["properties"]["diskSizeGB"]:
            raise errors.operation_not_simulated("changing the size of a managed disk")
        if request.sku.name is not None:
            changed["sku"] = shown_sku(sku(request.sku.name))
        if request.tags is not None:
            changed["tags"] = request.tags
        return call.stored(call.ports.store.put(KIND, known.id, changed))


# ------------------------------------------------------------------------------------------------ for virtual machines


def new_blob(call: Call) -> Blob:
    """Where another managed disk is to lie."""
    blob = Blob(call.ports.settings.managed_disks_account, BLOB_CONTAINER, f"{call.new_guid()}.vhd")
    call.ports.blobs.add_account(blob.account)
    return blob


def create_for(call: Call, vm: Json, disk: DiskRequest, blob: Blob) -> None:
    """Write the resource of a new managed disk of the virtual machine `vm`; its host makes the blob."""
    assert disk.size_gib is not None, "the size of a disk to be created is known"
    managed = ManagedDisk(
        location=vm["location"],
        size_gib=disk.size_gib,
        create_option=disk.create_option,
        sku=sku(disk.storage_type),
        os_type=vm["properties"]["storageProfile"]["osDisk"]["osType"] if disk.lun == OS_DISK_LUN else "",
        owner=vm["id"],
    )
    register(call, disk.managed_disk_id, managed, blob)


def register(call: Call, id: str, disk: ManagedDisk, blob: Blob) -> Document:
    shown = body(id, disk, blob.name.removesuffix(".vhd"), call.ports.clock.now())
    private = {"blob": {"account": blob.account, "container": blob.container, "name": blob.name}}
    return call.ports.store.put(KIND, id, shown, parent=call.group_id, private=private, if_none_match=True)


def blob_of(document: Document) -> Blob:
    return Blob(**document.private["blob"])


def attach(store: Store, id: str, vm: str) -> None:
    _set_owner(store, id, vm, "Attached")


def detach(store: Store, id: str) -> None:
    _set_owner(store, id, None, "Unattached")


def _set_owner(store: Store, id: str, vm: str | None, state: str) -> None:
    document = store.get(KIND, id)
    assert document is not None, "a disk that belongs to a machine cannot be deleted"
    shown = document.json()
    shown.pop("managedBy", None)
    if vm is not None:
        shown["managedBy"] = vm
    store.put(KIND, id, shown | {"properties": shown["properties"] | {"diskState": state}})


def _delete_blob(call: Call, blob: Blob) -> None:
    """Recovery points and snapshots of the disk outlive it: they are snapshots of the blob, which then has to stay."""
    try:
        call.ports.blobs.delete(blob)
    except BlobConflict:
        return


ROUTES = (
    Route("PUT", DISK, put_disk, body=ManagedDiskRequest),
    reading(DISK, get_disk),
    Route("PATCH", DISK, patch_disk, body=ManagedDiskRequest),
    Route("DELETE", DISK, delete_disk, codes=(200, 204)),
    reading(DISKS, list_disks),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_disks),
)
