"""The template that a restore of disks leaves beside them: a virtual machine from the restored disks.

It can be deployed as it is. Managed disks are attached, blobs become managed disks by Import first; the machine gets a
network interface of its own in a subnet that is there. Without the OS disk there is no machine, only disks.
"""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.compute.managed_disk import TYPE as DISK_TYPE
from controlplane.domain.compute.virtual_machine import OS_DISK_LUN
from controlplane.domain.compute.virtual_machine import TYPE as MACHINE_TYPE
from controlplane.domain.network.network import INTERFACE, VIRTUAL_NETWORK
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.recovery_services.restored_disks import RestoredDisk
from controlplane.json_object import Json

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
BLOB_SKU = "Standard_LRS"
"""What a disk becomes that was a blob."""
PARAMETERS = ("VirtualMachineName", "VirtualNetwork", "VirtualNetworkResourceGroup", "Subnet")
INTERFACE_NAME = "[concat(parameters('VirtualMachineName'), '-nic')]"
INTERFACE_ID = f"[resourceId('{INTERFACE}', variables('interface'))]"
SUBNET_ID = (
    f"[resourceId(parameters('VirtualNetworkResourceGroup'), '{VIRTUAL_NETWORK}/subnets', "
    "parameters('VirtualNetwork'), parameters('Subnet'))]"
)


def template(point: RecoveryPoint, disks: Sequence[RestoredDisk], storage_account_id: str) -> Json:
    """`storage_account_id` is where the disks without an id of their own lie as blobs."""
    resources = [_disk(disk, point, storage_account_id) for disk in disks if not disk.id]
    with_machine = any(disk.lun == OS_DISK_LUN for disk in disks)
    if with_machine:
        resources += [_interface(point), _machine(point, disks)]
    names = PARAMETERS if with_machine else ()
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"type": "string"} for name in names},
        "variables": {"interface": INTERFACE_NAME} if with_machine else {},
        "resources": resources,
    }


def _disk(disk: RestoredDisk, point: RecoveryPoint, storage_account_id: str) -> Json:
    source = {"createOption": "Import", "sourceUri": disk.uri, "storageAccountId": storage_account_id}
    properties: Json = {"creationData": source, "diskSizeGB": disk.size_gib}
    if disk.lun == OS_DISK_LUN:
        properties["osType"] = point.machine.os_type
    return {
        "type": DISK_TYPE,
        "apiVersion": "2024-03-02",
        "name": _managed_name(disk, point),
        "location": point.machine.location,
        "sku": {"name": disk.storage or BLOB_SKU},
        "properties": properties,
    }


def _interface(point: RecoveryPoint) -> Json:
    configuration = {"subnet": {"id": SUBNET_ID}, "privateIPAllocationMethod": "Dynamic"}
    return {
        "type": INTERFACE,
        "apiVersion": "2024-05-01",
        "name": "[variables('interface')]",
        "location": point.machine.location,
        "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": configuration}]},
    }


def _machine(point: RecoveryPoint, disks: Sequence[RestoredDisk]) -> Json:
    attached: list[tuple[int, Json]] = [
        (disk.lun, {"createOption": "Attach", "managedDisk": {"id": _id_of(disk, point)}}) for disk in disks
    ]
    os_disk = next(body for lun, body in attached if lun == OS_DISK_LUN) | {"osType": point.machine.os_type}
    data_disks = [{"lun": lun} | body for lun, body in attached if lun != OS_DISK_LUN]
    return {
        "type": MACHINE_TYPE,
        "apiVersion": "2024-11-01",
        "name": "[parameters('VirtualMachineName')]",
        "location": point.machine.location,
        "dependsOn": [INTERFACE_ID, *(_id_of(disk, point) for disk in disks if not disk.id)],
        "properties": {
            "hardwareProfile": {"vmSize": point.machine.size},
            "storageProfile": {"osDisk": os_disk, "dataDisks": data_disks},
            "networkProfile": {"networkInterfaces": [{"id": INTERFACE_ID, "properties": {"primary": True}}]},
        },
    }


def _managed_name(disk: RestoredDisk, point: RecoveryPoint) -> str:
    return f"{disk.name}-{point.id}"


def _id_of(disk: RestoredDisk, point: RecoveryPoint) -> str:
    return disk.id or f"[resourceId('{DISK_TYPE}', '{_managed_name(disk, point)}')]"
