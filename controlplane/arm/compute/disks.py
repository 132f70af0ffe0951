"""Microsoft.Compute/disks: managed disks, whose blobs lie in an account that is not the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from controlplane.arm.compute import compute_operations, disk_access
from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.storage.storage_accounts import usable_account
from controlplane.domain import errors, location
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute.managed_disk import (
    KIND,
    TYPE,
    ManagedDisk,
    attached,
    check_fixed,
    check_ready,
    shown_sku,
    size_gib,
    sku,
    upload_bytes,
)
from controlplane.domain.compute.virtual_machine import (
    GIB,
    OS_DISK_LUN,
    VHD_FOOTER_BYTES,
    DiskRequest,
    invalid,
    missing,
)
from controlplane.domain.errors.compute import DISK_NOT_READY, DISK_NOT_REDUCED, DISK_SIZE_WHILE_RUNNING
from controlplane.domain.storage.storage_account import own_address
from controlplane.jobs.documents import managed_disks
from controlplane.jobs.documents.managed_disks import blob_of
from controlplane.jobs.provisioning import disks as jobs
from controlplane.jobs.provisioning.resource_log import ResourceState
from controlplane.json_object import Json
from controlplane.ports import Blob, Document, Store

SNAPSHOT_TYPE = "Microsoft.Compute/snapshots"
DISKS = f"{GROUP}/providers/{TYPE}"
DISK = f"{DISKS}/{{disk}}"


ENCRYPTED = {
    "properties.encryption.diskEncryptionSetId": "a disk with a disk encryption set",
    "properties.encryptionSettingsCollection": "a disk with Azure Disk Encryption",
    "properties.securityProfile.secureVMDiskEncryptionSetId": "a confidential disk with a disk encryption set",
}
"""Keys of a disk or snapshot that would encrypt it by somebody's key."""


class SkuRequest(RequestBody):
    name: str | None = None


class CreationRequest(RequestBody):
    create_option: str | None = None
    source_uri: str | None = None
    source_resource_id: str | None = None
    storage_account_id: str | None = None
    upload_size_bytes: int | None = None


class PropertiesRequest(RequestBody):
    os_type: str | None = None
    creation_data: CreationRequest = CreationRequest()
    disk_size_gib: int | None = Field(default=None, alias="diskSizeGB")


class ManagedDiskRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = ENCRYPTED
    decided = ("properties.completionPercent",)
    also_read = ("location", "zones", "properties.creationData")

    location: str | None = None
    tags: dict[str, str] | None = None
    sku: SkuRequest = SkuRequest()
    zones: list[str] | None = None
    properties: PropertiesRequest = PropertiesRequest()


def put_disk(call: Call) -> Answer:
    request = call.read(ManagedDiskRequest)
    call.get_group()
    existing = call.find(KIND)
    call.check_precondition(existing)
    place = location.normalised(request.location, TYPE)
    if existing is None:
        return _create(call, request, place)
    if existing.json()["location"] != place:
        raise errors.location_conflict(existing.json()["name"], existing.json()["location"], call.group, place)
    return _change(call, request)


def get_disk(call: Call) -> Answer:
    return disk_access.answer(call, call.get(KIND))


def list_disks(call: Call) -> Answer:
    call.get_group()
    return call.page(disk_access.rows(call, call.by_id(KIND, call.group_id)))


def list_all_disks(call: Call) -> Answer:
    return call.page(disk_access.rows(call, call.by_id(KIND, None)))


def patch_disk(call: Call) -> Answer:
    return _change(call, call.read(ManagedDiskRequest))


def delete_disk(call: Call) -> Answer:
    with call.ports.store.transaction():
        document = call.find(KIND)
        if document is None:
            return Answer(204)
        call.check_precondition(document)
        disk = document.json()
        if owner := disk.get("managedBy"):
            raise attached(disk["name"], owner)
        disk_access.check_no_access(document, "deleting")
        if (state := disk["properties"]["provisioningState"]) in ("Creating", "Updating"):
            raise DISK_NOT_READY.error(name=disk["name"], state=state)
        call.ports.store.delete(KIND, document.id)
        return compute_operations.accepted(call, _begin_deletion_of(call, document))


def _create(call: Call, request: ManagedDiskRequest, place: str) -> Answer:
    option = request.properties.creation_data.create_option
    if not option:
        raise missing("disk.creationData.createOption")
    if option.lower() not in ("empty", "import", "copy", "upload"):
        raise errors.operation_not_simulated(f"a managed disk by the create option {option}")
    if option.lower() != "upload" and request.properties.creation_data.upload_size_bytes is not None:
        raise invalid("disk.creationData.uploadSizeBytes", "it goes with the create option Upload only")
    disk = ManagedDisk(
        location=place,
        size_gib=0,
        create_option="Empty",
        sku=sku(request.sku.name),
        os_type=request.properties.os_type or "",
        tags=request.tags or {},
        zone=(request.zones or [""])[0],
    )
    if option.lower() == "import":
        return _import(call, request.properties, disk)
    if option.lower() == "copy":
        return _copy(call, request.properties, disk)
    if option.lower() == "upload":
        return _await_upload(call, request.properties, disk)
    disk = replace(disk, size_gib=size_gib(request.properties.disk_size_gib))
    return _begin_empty(call, disk, disk.size_gib * GIB + VHD_FOOTER_BYTES)


def _await_upload(call: Call, properties: PropertiesRequest, disk: ManagedDisk) -> Answer:
    """A disk of zeros whose bytes somebody with write access brings, the footer with them."""
    blob_bytes = upload_bytes(properties.creation_data.upload_size_bytes)
    disk_bytes = blob_bytes - VHD_FOOTER_BYTES
    size = -(-disk_bytes // GIB)
    if properties.disk_size_gib not in (None, size):
        raise invalid("disk.diskSizeGB", f"it must be the size of the upload, {size} GB")
    source = {"uploadSizeBytes": blob_bytes}
    disk = replace(disk, size_gib=size, size_bytes=disk_bytes, create_option="Upload", source=source)
    return _begin_empty(call, disk, blob_bytes)


def _begin_empty(call: Call, disk: ManagedDisk, blob_bytes: int) -> Answer:
    def filled(begun: ResourceState, target: jobs.Place) -> jobs.EmptyDiskState:
        return {**begun, "target": target, "size_bytes": blob_bytes}

    return _begin(call, disk, jobs.CREATE.name, filled)


def _completed(call: Call, document: Document) -> Document:
    """A new disk with what its request says without effect."""
    body = call.with_kept(ManagedDiskRequest, document.json())
    return document if body == document.json() else call.ports.store.put(KIND, document.id, body)


def _import(call: Call, properties: PropertiesRequest, disk: ManagedDisk) -> Answer:
    """A disk with the bytes of a VHD in a storage account, which is left as it is."""
    source = _source(call, properties.creation_data)
    vhd = call.ports.blobs.properties(source)
    if vhd is None or vhd.kind != "page" or vhd.size_bytes <= VHD_FOOTER_BYTES:
        raise invalid("disk.creationData.sourceUri", "there is no VHD at this address")
    smallest = -(-(vhd.size_bytes - VHD_FOOTER_BYTES) // GIB)
    size = size_gib(properties.disk_size_gib or smallest)
    if size < smallest:
        raise invalid("disk.diskSizeGB", f"it must not be smaller than the VHD, {smallest} GB")
    vhd_source = {
        "sourceUri": properties.creation_data.source_uri,
        "storageAccountId": properties.creation_data.storage_account_id,
    }
    vhd_source = {key: value for key, value in vhd_source.items() if value}
    disk = replace(disk, size_gib=size, create_option="Import", source=vhd_source)
    return _begin_copy(call, disk, source, vhd.size_bytes - VHD_FOOTER_BYTES, properties.disk_size_gib)


def _copy(call: Call, properties: PropertiesRequest, disk: ManagedDisk) -> Answer:
    """A disk with the bytes of a snapshot, or of a disk that no machine writes to."""
    origin = _origin(call, properties.creation_data.source_resource_id)
    origin_body = origin.json()
    smallest = int(origin_body["properties"]["diskSizeGB"])
    size = size_gib(properties.disk_size_gib or smallest)
    if size < smallest:
        raise invalid("disk.diskSizeGB", f"it must not be smaller than its source, {smallest} GB")
    source = {"sourceResourceId": origin_body["id"], "sourceUniqueId": origin_body["properties"]["uniqueId"]}
    os_type = disk.os_type or origin_body["properties"].get("osType", "")
    disk = replace(disk, size_gib=size, create_option="Copy", source=source, os_type=os_type)
    return _begin_copy(
        call, disk, blob_of(origin), int(origin_body["properties"]["diskSizeBytes"]), properties.disk_size_gib
    )


def _begin_copy(call: Call, disk: ManagedDisk, source: Blob, source_bytes: int, requested_gib: int | None) -> Answer:
    """`source_bytes` without a footer. A disk whose size is named is whole GiB, another as large as its source."""
    disk = replace(disk, size_bytes=requested_gib * GIB if requested_gib else source_bytes)
    blob_bytes = disk.size_bytes + VHD_FOOTER_BYTES

    def filled(begun: ResourceState, target: jobs.Place) -> jobs.ImportState:
        place = jobs.place_of(source)
        return {**begun, "source": place, "target": target, "before_bytes": 0, "size_bytes": blob_bytes}

    return _begin(call, disk, jobs.IMPORT.name, filled)


def _origin(call: Call, id: str | None) -> Document:
    """The snapshot or disk of which a disk is to be a copy."""
    parameter = "disk.creationData.sourceResourceId"
    if not id:
        raise missing(parameter)
    try:
        source = ResourceId.parse(id)
    except ValueError:
        raise invalid(parameter, "it is not the id of a snapshot or a disk") from None
    if not (source.is_a(SNAPSHOT_TYPE) or source.is_a(TYPE)):
        raise errors.operation_not_simulated(f"a managed disk that is a copy of {source.type}")
    origin = call.get(source.type.lower(), str(source))
    check_ready(origin.json())
    if "managedBy" in origin.json():
        raise errors.operation_not_simulated("a managed disk that is a copy of one that is attached")
    return origin


def _begin(
    call: Call, disk: ManagedDisk, plan: str, filled: Callable[[ResourceState, jobs.Place], ResourceState]
) -> Answer:
    """The disk is there at once, as one that is being created; a job makes its blob."""
    blob = new_blob(call)
    with call.ports.store.transaction():
        call.get_group()
        document = managed_disks.register(call.ports, call.ports.store, call.id, disk, blob, "Creating")
        document = _completed(call, document)
        begun, path = compute_operations.begin_job(call, disk.location, KIND)
        call.engine.start(plan, begun["job"], dict(filled(begun, jobs.place_of(blob))))
    return call.accepted(path, status=202, body=document.json())


def _begin_deletion_of(call: Call, document: Document) -> str:
    machine = document.private.get(managed_disks.FORMER_OWNER, "")
    return begin_deletion(call, document.json()["location"], blob_of(document), machine)


def begin_deletion(call: Call, location: str, blob: Blob, machine: str = "") -> str:
    """Have a blob or its snapshot deleted, whose document the same transaction deletes; returns the path of the
    operation that ends then. `machine`: the ARM id of the machine that had the disk last."""
    begun, path = compute_operations.begin_job(call, location)
    state: jobs.DeletionState = {**begun, "target": jobs.place_of(blob), "machine": machine}
    call.engine.start(jobs.DELETE.name, state["job"], dict(state))
    return path


def _source(call: Call, creation: CreationRequest) -> Blob:
    if not creation.source_uri:
        raise missing("disk.creationData.sourceUri")
    if "?" in creation.source_uri:
        raise invalid("disk.creationData.sourceUri", "it must be the address of a blob, without a query")
    try:
        blob = call.ports.blobs.parse(own_address(creation.source_uri, call.ports.blobs.account_url))
    except ValueError:
        raise invalid("disk.creationData.sourceUri", "it is not the address of a blob in this cloud") from None
    if blob.account in call.ports.settings.own_accounts or usable_account(call.ports.store, blob.account) is None:
        raise invalid("disk.creationData.sourceUri", f"there is no storage account '{blob.account}'")
    return blob


def _change(call: Call, request: ManagedDiskRequest) -> Answer:
    """Tags, kind of storage, system, what is kept without effect, and a larger size."""
    with call.ports.store.transaction():
        existing = call.get(KIND)
        call.check_precondition(existing)
        changed = existing.json()
        creation = request.properties.creation_data.model_dump(by_alias=True)
        check_fixed(changed, {**creation, "zones": request.zones})
        if request.properties.os_type:
            changed["properties"]["osType"] = request.properties.os_type
        before = changed["properties"]["diskSizeGB"]
        size = request.properties.disk_size_gib or before
        if size != before:
            _check_growth(call, existing, size_gib(size))
        if request.sku.name is not None:
            changed["sku"] = shown_sku(sku(request.sku.name))
            kind = {"storageAccountType": changed["sku"]["name"]}
            managed_disks.show_in_machine(call.ports.store, changed, {"managedDisk": kind})
        if request.tags is not None:
            changed["tags"] = request.tags
        changed = call.with_kept(ManagedDiskRequest, changed)
        if size == before:
            return disk_access.answer(call, call.ports.store.put(KIND, existing.id, changed))
        changed["properties"]["provisioningState"] = "Updating"
        document = call.ports.store.put(KIND, existing.id, changed)
        begun, path = compute_operations.begin_job(call, changed["location"], KIND)
        state: jobs.GrowState = {
            **begun,
            "target": jobs.place_of(blob_of(existing)),
            "before_bytes": 0,
            "size_bytes": size * GIB + VHD_FOOTER_BYTES,
        }
        call.engine.start(jobs.GROW.name, state["job"], dict(state))
    return call.accepted(path, status=202, body=disk_access.current(call, document))


def _check_growth(call: Call, document: Document, size: int) -> None:
    disk = document.json()
    check_ready(disk)
    if size < disk["properties"]["diskSizeGB"]:
        raise DISK_NOT_REDUCED.error(id=disk["id"])
    disk_access.check_no_access(document, "resizing")
    owner = disk.get("managedBy")
    view = call.ports.fabric.instance_view(owner) if owner else None
    if view is not None and view.power != "deallocated":
        raise DISK_SIZE_WHILE_RUNNING.error(name=disk["name"], owner=owner)


# ------------------------------------------------------------------------------------------------ for virtual machines


def new_blob(call: Call) -> Blob:
    """Where another managed disk is to lie."""
    return managed_disks.new_blob(call.ports, call.new_guid())


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
    return managed_disks.register(call.ports, call.ports.store, id, disk, blob)


def attach(store: Store, id: str, vm: str) -> None:
    managed_disks.set_owner(store, id, vm)


def detach(store: Store, id: str) -> None:
    managed_disks.set_owner(store, id, None)


ROUTES = (
    Route("PUT", DISK, put_disk, body=ManagedDiskRequest, codes=(200, 202)),
    reading(DISK, get_disk),
    Route("PATCH", DISK, patch_disk, body=ManagedDiskRequest, codes=(200, 202)),
    Route("DELETE", DISK, delete_disk, codes=(200, 204)),
    *disk_access.routes(DISK, KIND),
    reading(DISKS, list_disks),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_disks),
)
