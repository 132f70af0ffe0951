"""Managed disk: which sizes and SKUs are valid, and the body ARM shows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from controlplane.domain.compute.virtual_machine import GIB, MANAGED_DISK_GIB, VHD_FOOTER_BYTES, invalid, missing
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.compute import (
    DISK_ATTACHED,
    DISK_NOT_READY,
    DISK_NOT_UPLOADED,
    DISK_PROPERTY_CHANGE_NOT_ALLOWED,
)
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

ATTACHED = "Attached"
RESERVED = "Reserved"
"""Attached to a machine that is deallocated."""
UNATTACHED = "Unattached"
ACTIVE_SAS = "ActiveSAS"
READY_TO_UPLOAD = "ReadyToUpload"
ACTIVE_UPLOAD = "ActiveUpload"
UPLOADING = (READY_TO_UPLOAD, ACTIVE_UPLOAD)
"""States of a disk whose bytes are still to come; the SDKs' DiskState lists them all."""

UPLOAD_BYTES = range(20 * 1024**2 + VHD_FOOTER_BYTES, 32 * 1024**4 + VHD_FOOTER_BYTES + 1)
"""Of a VHD with its footer that may be uploaded, by the SDKs' CreationData."""
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
    size_bytes: int = 0
    """Where it is not `size_gib` whole GiB, as a VHD that is not."""


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


def upload_bytes(requested: int | None) -> int:
    """Of the VHD that is to be uploaded, its footer counted."""
    if requested is None:
        raise missing("disk.creationData.uploadSizeBytes")
    if requested not in UPLOAD_BYTES:
        raise invalid(
            "disk.creationData.uploadSizeBytes", f"it must be between {UPLOAD_BYTES.start} and {UPLOAD_BYTES.stop - 1}"
        )
    if requested % 1024**2 != VHD_FOOTER_BYTES:
        raise invalid("disk.creationData.uploadSizeBytes", "it must be whole MiB and the 512 bytes of the VHD footer")
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
    """Refuse to use a disk whose bytes are still being copied or uploaded, or whose copy failed."""
    state = disk["properties"]["provisioningState"]
    if state != "Succeeded":
        raise DISK_NOT_READY.error(name=disk["name"], state=state)
    if disk["properties"]["diskState"] in UPLOADING:
        raise DISK_NOT_UPLOADED.error(name=disk["name"], state=disk["properties"]["diskState"])


def body(id: str, disk: ManagedDisk, unique_id: str, created: datetime) -> Json:
    """What GET answers."""
    properties: Json = {
        **({"osType": disk.os_type} if disk.os_type else {}),
        "creationData": {"createOption": disk.create_option, **disk.source},
        "diskSizeGB": disk.size_gib,
        "diskSizeBytes": disk.size_bytes or disk.size_gib * GIB,
        "timeCreated": instant_with_offset(created),
        "provisioningState": "Succeeded",
        "diskState": _first_state(disk),
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


def _first_state(disk: ManagedDisk) -> str:
    if disk.create_option == "Upload":
        return READY_TO_UPLOAD
    return ATTACHED if disk.owner else UNATTACHED


def shown_sku(name: str) -> Json:
    return {"name": name, "tier": name.partition("_")[0]}
