"""Virtual machine on restored disks: a new one, or one whose disks are replaced; as ARM shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controlplane.domain.compute import virtual_machine
from controlplane.domain.compute.virtual_machine import OS_DISK_LUN, DiskRequest, MachineRequest
from controlplane.domain.recovery_services.recovery_point import Machine
from controlplane.domain.recovery_services.restored_disks import RestoredDisk
from controlplane.json_object import Json


def body(id: str, machine: Machine, disks: Sequence[RestoredDisk], vm_id: str, interface: str, made: datetime) -> Json:
    """A machine of the size that the recovery point remembers, from its disks, on a network interface."""
    network = {"networkInterfaces": [{"id": interface, "properties": {"primary": True}}]}
    request = _request(id, machine, [_attached(disk, {}) for disk in disks], network)
    return virtual_machine.body(id, request, vm_id, made)


def storage_profile(machine: Machine, disks: Sequence[RestoredDisk], before: Json) -> Json:
    """The storage profile of a machine that gets these disks for those of the profile `before`. How a disk is cached,
    and whether it goes with the machine, stays as it was at its LUN."""
    present: dict[int, Json] = {disk["lun"]: disk for disk in before.get("dataDisks", [])}
    present[OS_DISK_LUN] = before["osDisk"]
    requests = [_attached(disk, present.get(disk.lun, {})) for disk in disks]
    profile = virtual_machine.storage_profile(_request("", machine, requests, None))
    image = before.get("imageReference")
    return {"imageReference": image, **profile} if image else profile


def _request(id: str, machine: Machine, disks: Sequence[DiskRequest], network: Json | None) -> MachineRequest:
    return MachineRequest(
        name=id.rpartition("/")[2],
        location=machine.location,
        disks=tuple(sorted(disks, key=lambda disk: disk.lun)),
        size=machine.size or virtual_machine.DEFAULT_SIZE,
        os_type=machine.os_type,
        network=network,
    )


def _attached(disk: RestoredDisk, before: Json) -> DiskRequest:
    return DiskRequest(
        lun=disk.lun,
        name=disk.name,
        create_option="Attach",
        size_gib=disk.size_gib,
        caching=before.get("caching", ""),
        vhd="" if disk.id else disk.uri,
        managed_disk_id=disk.id,
        storage_type=disk.storage,
        delete_option=before.get("deleteOption", ""),
    )
