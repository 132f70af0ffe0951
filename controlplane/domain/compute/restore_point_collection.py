"""The traces of backups of managed disks: resource group, restore point collection and restore points of the service.

Names are the service's: group `AzureBackupRG_<location>_<n>` or what the policy says around the number, collection
`AzureBackup_<virtual machine>_<number of the item>`, restore point `AzureBackup_<date>_<time>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controlplane.domain.compute.virtual_machine import OS_DISK_LUN
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.snapshots import RESOURCE_IS_IN_LOCKED_STATE, RP_COLLECTION_LIMIT_REACHED
from controlplane.domain.times import instant_with_offset
from controlplane.json_object import Json

TYPE = "Microsoft.Compute/restorePointCollections"
KIND = TYPE.lower()
POINT_TYPE = f"{TYPE}/restorePoints"
POINT_KIND = POINT_TYPE.lower()

FIRST_GROUP = 1
"""Number of the group. The service opens another one when a group is full, which takes 600 collections."""


@dataclass(frozen=True, slots=True)
class DiskTrace:
    """One disk of a restore point. `disk` is the ARM id of the managed disk, `id` that of its restore point."""

    name: str
    lun: int
    disk: str
    id: str


def group_name(location: str, policy: Json) -> str:
    """`policy` are the properties of the policy; its names, where it has some, stand around the number."""
    names = policy.get("instantRPDetails") or {}
    prefix, suffix = names.get("azureBackupRGNamePrefix"), names.get("azureBackupRGNameSuffix")
    if prefix:
        return f"{prefix}{FIRST_GROUP}{suffix or ''}"
    return f"AzureBackupRG_{location}_{FIRST_GROUP}"


def collection_name(vm: str, item_number: str) -> str:
    return f"AzureBackup_{vm}_{item_number}"


def point_name(time: datetime) -> str:
    return f"AzureBackup_{time:%Y%m%d_%H%M%S}"


def collection(id: str, location: str, vm: str) -> Json:
    """What GET answers of a collection, without its points."""
    return {
        "name": id.rpartition("/")[2],
        "id": id,
        "type": TYPE,
        "location": location,
        "properties": {
            "source": {"id": vm, "location": location},
            "provisioningState": "Succeeded",
            "restorePointCollectionId": id.rpartition("_")[2],
        },
    }


def point(id: str, machine: Json, disks: Sequence[DiskTrace], consistency: str, time: datetime) -> Json:
    """What GET answers of a restore point. `machine` is the virtual machine as ARM shows it."""
    properties = machine["properties"]
    os_disks = [disk for disk in disks if disk.lun == OS_DISK_LUN]
    profile: Json = {"dataDisks": [{"lun": disk.lun, **_disk(disk)} for disk in disks if disk.lun != OS_DISK_LUN]}
    if os_disks:
        os_type = properties.get("storageProfile", {}).get("osDisk", {}).get("osType", "Windows")
        profile["osDisk"] = {"osType": os_type, **_disk(os_disks[0])}
    return {
        "name": id.rpartition("/")[2],
        "id": id,
        "type": POINT_TYPE,
        "properties": {
            "provisioningState": "Succeeded",
            "consistencyMode": CONSISTENCY_MODES[consistency],
            "timeCreated": instant_with_offset(time),
            "sourceMetadata": {
                "hardwareProfile": properties.get("hardwareProfile", {}),
                "storageProfile": profile,
                "vmId": properties.get("vmId", ""),
                "location": machine.get("location", ""),
            },
        },
    }


CONSISTENCY_MODES = {
    "AppConsistent": "ApplicationConsistent",
    "FileSystemConsistent": "FileSystemConsistent",
    "CrashConsistent": "CrashConsistent",
}
"""Consistency of a recovery point -> how Compute calls it."""


def _disk(disk: DiskTrace) -> Json:
    return {"name": disk.name, "managedDisk": {"id": disk.disk}, "diskRestorePoint": {"id": disk.id}}


def limit_reached() -> ServiceError:
    return RP_COLLECTION_LIMIT_REACHED.error()


def locked(scope: str) -> ServiceError:
    """The sentence is ours."""
    return RESOURCE_IS_IN_LOCKED_STATE.error(scope=scope)
