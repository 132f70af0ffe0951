"""What a restore of disks leaves beside them: their names, the configuration of the machine, and a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.domain.recovery_point import RecoveryPoint
from controlplane.domain.times import instant

Json = dict[str, Any]

OS_DISK_LUN = -1
GIB = 1024**3
LONGEST_VM_PART = 30
"""A container's name has 63 characters at most."""


@dataclass(frozen=True, slots=True)
class RestoredDisk:
    """A disk of the recovery point and where it was rebuilt. `uri` carries no signature."""

    name: str
    lun: int
    size_bytes: int
    uri: str


def container_name(vm: str, job_id: str) -> str:
    part = re.sub(r"[^a-z0-9]+", "", vm.lower())[:LONGEST_VM_PART] or "vm"
    return f"{part}-{job_id.replace('-', '')}"


def disk_blob_name(disk: str, job_id: str) -> str:
    return f"{disk}-{job_id}.vhd"


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
            {**_vhd(disk), "lun": disk.lun, "createOption": "Attach"} for disk in disks if disk.lun != OS_DISK_LUN
        ]
    }
    if os_disks:
        storage["osDisk"] = {**_vhd(os_disks[0]), "osType": machine.os_type, "createOption": "Attach"}
    return {
        "name": machine.name,
        "location": machine.location,
        "recoveryPointId": point.id,
        "recoveryPointTime": instant(point.time),
        "properties.hardwareProfile": {"vmSize": machine.size},
        "properties.storageProfile": storage,
    }


def _vhd(disk: RestoredDisk) -> Json:
    return {"name": disk.name, "vhd": {"uri": disk.uri}, "diskSizeGB": _size_gib(disk)}


def _size_gib(disk: RestoredDisk) -> int:
    return max(1, -(-disk.size_bytes // GIB))


def template(point: RecoveryPoint, disks: Sequence[RestoredDisk], storage_account_id: str) -> Json:
    """A deployment of managed disks from the rebuilt ones and, if the OS disk is among them, of a machine with them."""
    with_machine = any(disk.lun == OS_DISK_LUN for disk in disks)
    resources = [_disk_resource(disk, point, storage_account_id) for disk in disks]
    parameters: Json = {}
    if with_machine:
        parameters = {name: {"type": "string"} for name in ("VirtualMachineName", "NetworkInterfaceId")}
        resources.append(_machine_resource(point, disks))
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "resources": resources,
    }


def _disk_resource(disk: RestoredDisk, point: RecoveryPoint, storage_account_id: str) -> Json:
    properties: Json = {
        "creationData": {
            "createOption": "Import",
            "sourceUri": disk.uri,
            "storageAccountId": storage_account_id,
        },
        "diskSizeGB": _size_gib(disk),
    }
    if disk.lun == OS_DISK_LUN:
        properties["osType"] = point.machine.os_type
    return {
        "type": "Microsoft.Compute/disks",
        "apiVersion": "2024-03-02",
        "name": _managed_name(disk, point),
        "location": point.machine.location,
        "sku": {"name": "Standard_LRS"},
        "properties": properties,
    }


def _machine_resource(point: RecoveryPoint, disks: Sequence[RestoredDisk]) -> Json:
    attached: list[tuple[RestoredDisk, Json]] = [
        (disk, {"createOption": "Attach", "managedDisk": {"id": _id_of(disk, point)}}) for disk in disks
    ]
    os_disk = next(body for disk, body in attached if disk.lun == OS_DISK_LUN)
    data_disks = [body | {"lun": disk.lun} for disk, body in attached if disk.lun != OS_DISK_LUN]
    return {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": "2024-11-01",
        "name": "[parameters('VirtualMachineName')]",
        "location": point.machine.location,
        "dependsOn": [_id_of(disk, point) for disk in disks],
        "properties": {
            "hardwareProfile": {"vmSize": point.machine.size},
            "storageProfile": {"osDisk": os_disk | {"osType": point.machine.os_type}, "dataDisks": data_disks},
            "networkProfile": {"networkInterfaces": [{"id": "[parameters('NetworkInterfaceId')]"}]},
        },
    }


def _managed_name(disk: RestoredDisk, point: RecoveryPoint) -> str:
    return f"{disk.name}-{point.id}"


def _id_of(disk: RestoredDisk, point: RecoveryPoint) -> str:
    return f"[resourceId('Microsoft.Compute/disks', '{_managed_name(disk, point)}')]"
