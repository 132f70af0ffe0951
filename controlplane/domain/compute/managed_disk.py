"""Managed disk: which sizes and SKUs are valid, and the body ARM shows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from controlplane.domain.compute.virtual_machine import GIB, MANAGED_DISK_GIB, invalid, missing
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.compute import DISK_ATTACHED, DISK_NOT_READY, DISK_PROPERTY_CHANGE_NOT_ALLOWED
from controlplane.domain.times import instant_with_offset
from controlplane.json_object import Json

TYPE = "Microsoft.Compute/disks"
KIND = TYPE.lower()

SKUS = (
    "Standard_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "UltraSSD_LRS",
)
DEFAULT_SKU = "Premium_LRS"
ACCESS: Json = {
    "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
    "networkAccessPolicy": "AllowAll",
    "publicNetworkAccess": "Enabled",
}
"""What every disk shows of who may reach it, unless a request says otherwise."""


@dataclass(frozen=True, slots=True)
class ManagedDisk:
    """A disk complete and checked. `owner` is the virtual machine that it belongs to."""

    location: str
    size_gib: int
    create_option: str
    sku: str = DEFAULT_SKU
    os_type: str = ""
    owner: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    source: Json = field(default_factory=dict)
    """What creationData shows beside the create option: where the bytes came from."""
    zone: str = ""


def sku(name: str | None) -> str:
    """The kind of storage as the service spells it."""
    chosen = {each.lower(): each for each in SKUS}.get((name or DEFAULT_SKU).lower())
    if chosen is None:
        raise invalid("sku.name", f"it must be one of {', '.join(SKUS)}")
    return chosen


def size_gib(requested: int | None) -> int:
    if requested is None:
        raise missing("disk.diskSizeGB")
    if requested not in MANAGED_DISK_GIB:
        raise invalid("disk.diskSizeGB", f"it must be between {MANAGED_DISK_GIB.start} and {MANAGED_DISK_GIB.stop - 1}")
    return requested


def attached(name: str, owner: str) -> ServiceError:
    return DISK_ATTACHED.error(name=name, owner=owner)


def check_fixed(resource: Json, requested: Json) -> None:
    """Refuse another origin, or another zone, of a disk or snapshot that exists; `requested`: key -> what a request
    names, None where it names nothing."""
    properties = resource["properties"]
    shown = {"zones": resource.get("zones"), "incremental": properties.get("incremental"), **properties["creationData"]}
    for key, value in requested.items():
        if value and str(value).lower() != str(shown.get(key)).lower():
            raise DISK_PROPERTY_CHANGE_NOT_ALLOWED.error(key=key, name=resource["name"])


def check_ready(disk: Json) -> None:
    """Refuse to use or delete a disk whose bytes are still being copied, and to use one whose copy failed."""
    state = disk["properties"]["provisioningState"]
    if state != "Succeeded":
        raise DISK_NOT_READY.error(name=disk["name"], state=state)


def body(id: str, disk: ManagedDisk, unique_id: str, created: datetime) -> Json:
    """What GET answers."""
    properties: Json = {
        **({"osType": disk.os_type} if disk.os_type else {}),
        "creationData": {"createOption": disk.create_option, **disk.source},
        "diskSizeGB": disk.size_gib,
        "diskSizeBytes": disk.size_gib * GIB,
        "timeCreated": instant_with_offset(created),
        "provisioningState": "Succeeded",
        "diskState": "Attached" if disk.owner else "Unattached",
        "uniqueId": unique_id,
        **ACCESS,
    }
    return {
        "name": id.rpartition("/")[2],
        "id": id,
        "type": TYPE,
        "location": disk.location,
        **({"tags": disk.tags} if disk.tags else {}),
        **({"managedBy": disk.owner} if disk.owner else {}),
        **({"zones": [disk.zone]} if disk.zone else {}),
        "sku": shown_sku(disk.sku),
        "properties": properties,
    }


def shown_sku(name: str) -> Json:
    return {"name": name, "tier": name.partition("_")[0]}
