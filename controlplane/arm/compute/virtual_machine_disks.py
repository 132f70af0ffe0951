"""The disks of a virtual machine: their blobs, their resources, and whether each may be attached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from controlplane.arm.compute import disk_access, disks
from controlplane.arm.edge.call import Call
from controlplane.arm.storage.storage_accounts import usable_account
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute import managed_disk
from controlplane.domain.compute.virtual_machine import GIB, KIND, VHD_FOOTER_BYTES, DiskRequest, invalid, not_allowed
from controlplane.domain.errors.compute import DISK_BLOB_IN_USE, DISK_NAME_TAKEN, DISK_STORAGE_ACCOUNT_NOT_FOUND
from controlplane.domain.storage.storage_account import own_address
from controlplane.jobs.documents import managed_disks
from controlplane.json_object import Json
from controlplane.ports import Blob, CreateOption, Disk, Document


@dataclass(frozen=True, slots=True)
class Placed:
    """A requested disk with its size and id, and its description for the fabric."""

    request: DiskRequest
    backed: Disk


def place(call: Call, disk: DiskRequest) -> Placed:
    """Find the blob of a disk to attach, or the place of a new one."""
    if disk.vhd:
        blob = _unmanaged_blob(call, disk)
    elif disk.attached:
        blob = managed_disks.blob_of(_disk_to_attach(call, disk))
    else:
        id = f"{call.group_id}/providers/{managed_disk.TYPE}/{disk.name}"
        if call.find(managed_disk.KIND, id):
            raise DISK_NAME_TAKEN.error(name=disk.name, group=call.group)
        disk = replace(disk, managed_disk_id=id)
        blob = disks.new_blob(call)
    size_bytes = _attached_bytes(call, disk, blob) if disk.attached else (disk.size_gib or 0) * GIB
    disk = replace(disk, size_gib=-(-size_bytes // GIB))
    option = cast(CreateOption, disk.create_option)  # the domain let no other through
    return Placed(disk, Disk(disk.name, disk.lun, blob, size_bytes, option, disk.managed_disk_id or None))


def take(call: Call, machine: Json, placed: Iterable[Placed]) -> None:
    """Make the resources of these disks say whose they are. Unmanaged ones have none."""
    for disk in placed:
        if disk.request.vhd:
            continue
        if disk.request.attached:
            _disk_to_attach(call, disk.request)  # It may have been deleted, or taken by another machine, meanwhile.
            disks.attach(call.ports.store, disk.request.managed_disk_id, machine["id"])
        else:
            disks.create_for(call, machine, disk.request, disk.backed.blob)


def release(call: Call, disk_bodies: Iterable[Json]) -> None:
    """These disks, as the machine shows them, are no longer its own."""
    for disk in disk_bodies:
        if "managedDisk" in disk:
            disks.detach(call.ports.store, disk["managedDisk"]["id"])


def delete_with_machine(call: Call, machine: Json) -> None:
    """Delete the disks that were to go with their machine."""
    for disk in all_disks(machine):
        if disk["deleteOption"] == "Delete" and "managedDisk" in disk:
            call.ask("DELETE", disk["managedDisk"]["id"])


def all_disks(machine: Json) -> list[Json]:
    profile = machine["properties"]["storageProfile"]
    return [profile["osDisk"], *profile["dataDisks"]]


def check_none_grows(call: Call, machine: Json) -> None:
    """Refuse to start a machine while one of its disks gets a larger size."""
    ids = [disk["managedDisk"]["id"] for disk in all_disks(machine) if "managedDisk" in disk]
    for document in filter(None, (call.ports.store.get(managed_disk.KIND, id) for id in ids)):
        if document.json()["properties"]["provisioningState"] == "Updating":
            managed_disk.check_ready(document.json())


def blob_keys(disks: Iterable[Disk]) -> list[str]:
    """By which the blobs of a machine are known; the account stands first."""
    return [disk.blob_key for disk in disks]


def check_unused(call: Call, disks: Sequence[Disk]) -> None:
    """A blob is the disk of one machine at most, and lies in an account that is still there."""
    used = {key for machine in call.ports.store.find(KIND) for key in machine.private["blobs"]}
    for disk, key in zip(disks, blob_keys(disks), strict=True):
        if key in used:
            raise DISK_BLOB_IN_USE.error(name=disk.name)
        if disk.managed_disk_id is None and usable_account(call.ports.store, disk.blob.account) is None:
            raise DISK_STORAGE_ACCOUNT_NOT_FOUND.error(account=disk.blob.account)


def _unmanaged_blob(call: Call, disk: DiskRequest) -> Blob:
    parameter = f"{disk.parameter}.vhd.uri"
    if "?" in disk.vhd:
        raise invalid(parameter, "it must be the address of a blob, without a query")
    try:
        blob = call.ports.blobs.parse(own_address(disk.vhd, call.ports.blobs.account_url))
    except ValueError:
        raise invalid(parameter, "it is not the address of a blob in this cloud") from None
    if usable_account(call.ports.store, blob.account) is None:
        raise DISK_STORAGE_ACCOUNT_NOT_FOUND.error(account=blob.account)
    present = call.ports.blobs.properties(blob) is not None
    if present and not disk.attached:
        raise not_allowed(f"Disk '{disk.name}' cannot be created: the blob '{blob.name}' already exists.")
    if not present and disk.attached:
        raise invalid(parameter, "the blob does not exist")
    return blob


def _disk_to_attach(call: Call, disk: DiskRequest) -> Document:
    try:
        disk_id = ResourceId.parse(disk.managed_disk_id)
    except ValueError:
        raise invalid(f"{disk.parameter}.managedDisk.id", "it is not the id of a disk") from None
    document = call.get(managed_disk.KIND, str(disk_id))
    owner = document.json().get("managedBy")
    if owner:
        raise not_allowed(f"Disk '{disk_id.name}' is already attached to VM '{owner}'.")
    managed_disk.check_ready(document.json())
    disk_access.check_no_access(document, "attaching")
    return document


def _attached_bytes(call: Call, disk: DiskRequest, blob: Blob) -> int:
    properties = call.ports.blobs.properties(blob)
    if properties is None or properties.kind != "page" or properties.size_bytes <= VHD_FOOTER_BYTES:
        raise invalid(f"{disk.parameter}.createOption", "the blob to attach is not a VHD")
    return properties.size_bytes - VHD_FOOTER_BYTES
