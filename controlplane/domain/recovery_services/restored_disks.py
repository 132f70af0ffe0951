"""Names of restored disks, as blobs and as managed disks, and the configuration blob beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controlplane.domain.compute.virtual_machine import GIB, OS_DISK_LUN, VHD_FOOTER_BYTES
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.times import instant
from controlplane.json_object import Json

LONGEST_VM_PART = 30
"""A container's name has 63 characters at most, a managed disk's 80."""


@dataclass(frozen=True, slots=True)
class RestoredDisk:
    """A disk of the recovery point and where it was rebuilt. `uri` carries no signature; `id` is the managed disk's,
    empty for a blob alone. `storage` is the kind of storage of a managed disk."""

    name: str
    lun: int
    size_bytes: int
    uri: str
    id: str = ""
    storage: str = ""

    @property
    def size_gib(self) -> int:
        return max(1, -(-(self.size_bytes - VHD_FOOTER_BYTES) // GIB))


def container_name(vm: str, job_id: str) -> str:
    part = re.sub(r"[^a-z0-9]+", "", vm.lower())[:LONGEST_VM_PART] or "vm"
    return f"{part}-{job_id.replace('-', '')}"


def disk_blob_name(disk: str, job_id: str) -> str:
    return f"{disk}-{job_id}.vhd"


def managed_disk_name(vm: str, lun: int, started: datetime) -> str:
    """`sql01-osdisk-20261122-190100`, `sql01-datadisk-000-20261122-190100`."""
    role = "osdisk" if lun == OS_DISK_LUN else f"datadisk-{lun:03}"
    return f"{vm[:LONGEST_VM_PART]}-{role}-{started:%Y%m%d-%H%M%S}"


def config_blob_name(vm: str, job_id: str) -> str:
    return f"config-{vm.lower()}-{job_id}.json"


def template_blob_name(job_id: str) -> str:
    return f"azuredeploy{job_id}.json"


def configuration(point: RecoveryPoint, disks: Sequence[RestoredDisk]) -> Json:
    """The machine as it was, and the addresses of the rebuilt disks, under the keys that published scripts read."""
    machine = point.machine
    os_disks = [disk for disk in disks if disk.lun == OS_DISK_LUN]
    storage: Json = {
        "dataDisks": [
            {**_shown(disk), "lun": disk.lun, "createOption": "Attach"} for disk in disks if disk.lun != OS_DISK_LUN
        ]
    }
    if os_disks:
        storage["osDisk"] = {**_shown(os_disks[0]), "osType": machine.os_type, "createOption": "Attach"}
    return {
        "name": machine.name,
        "location": machine.location,
        "recoveryPointId": point.id,
        "recoveryPointTime": instant(point.time),
        "properties.hardwareProfile": {"vmSize": machine.size},
        "properties.storageProfile": storage,
    }


def _shown(disk: RestoredDisk) -> Json:
    place: Json = {"managedDisk": {"id": disk.id}} if disk.id else {"vhd": {"uri": disk.uri}}
    return {"name": disk.name, **place, "diskSizeGB": disk.size_gib}
