"""What a request changes of a virtual machine that exists, and what it may not change.

A change is first made as it is asked for; then the machine before and after are compared at the paths of properties
that stay for good. So whatever a request says there is either the same or refused, whether it is read or only kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controlplane.domain import errors
from controlplane.domain.compute.virtual_machine import (
    OS_DISK_LUN,
    DiskRequest,
    MachineRequest,
    check_unique,
    completed_disk,
    data_disk_body,
    default_name,
    image_body,
    not_allowed,
)
from controlplane.domain.errors.compute import (
    DISK_SIZE_BY_MACHINE,
    DISK_SIZE_BY_RUNNING_MACHINE,
    PROPERTY_CHANGE_NOT_ALLOWED,
)
from controlplane.json_object import Json

_PROFILE = "properties.storageProfile"
_SYSTEM = "properties.osProfile"
FIXED: dict[str, str] = {
    "zones": "zones",
    "plan": "plan",
    "extendedLocation": "extendedLocation",
    "properties.availabilitySet.id": "availabilitySet.id",
    "properties.priority": "priority",
    "properties.evictionPolicy": "evictionPolicy",
    "properties.platformFaultDomain": "platformFaultDomain",
    f"{_PROFILE}.imageReference": "imageReference",
    **{
        f"{_PROFILE}.osDisk.{key}": f"osDisk.{key}"
        for key in ("createOption", "name", "osType", "vhd.uri", "managedDisk.storageAccountType", "diffDiskSettings")
    },
    **{f"{_SYSTEM}.{key}": f"osProfile.{key}" for key in ("computerName", "adminUsername")},
    **{
        f"{_SYSTEM}.windowsConfiguration.{key}": f"windowsConfiguration.{key}"
        for key in ("provisionVMAgent", "enableAutomaticUpdates", "timeZone", "winRM", "additionalUnattendContent")
    },
    **{
        f"{_SYSTEM}.linuxConfiguration.{key}": f"linuxConfiguration.{key}"
        for key in ("provisionVMAgent", "disablePasswordAuthentication", "ssh.publicKeys")
    },
}
"""Path of a property that stays for good -> what the service calls it when it refuses to change it.

`imageReference`, those of osDisk and osProfile, `availabilitySet.id`, `zones`, `linuxConfiguration.ssh.publicKeys` and
`windowsConfiguration.enableAutomaticUpdates` are quoted in public reports; of the others azurerm makes a new machine.
"""
_DEFAULTS = {"properties.priority": "Regular"}
"""What a machine that shows nothing there has."""
_OF_DATA_DISK = ("createOption", "managedDisk.storageAccountType")


def check_fixed(before: Json, after: Json) -> None:
    """Refuse a change of what stays for good."""
    for path, key in FIXED.items():
        default = _DEFAULTS.get(path)
        _check_same(_at(before, path) or default, _at(after, path) or default, key)


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _check_same(before: Any, after: Any, key: str) -> None:
    if _folded(before) != _folded(after):
        raise PROPERTY_CHANGE_NOT_ALLOWED.error(key=key)


def _folded(value: Any) -> Any:
    """For comparison: texts in any case, lists in any order."""
    if isinstance(value, dict):
        return {key: _folded(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted((_folded(each) for each in value), key=str)
    return value.lower() if isinstance(value, str) else value


# ---------------------------------------------------------------------------------------------------------------- disks


@dataclass(frozen=True, slots=True)
class DiskChange:
    """How a request changes the disks of a machine: the LUNs of those that stay, and the disks to attach."""

    kept: frozenset[int]
    added: tuple[DiskRequest, ...]


def change_of_disks(
    machine: Json, request: MachineRequest, name_of_disk: Callable[[int], str], *, is_deallocated: bool
) -> DiskChange:
    """Compare a machine's disks with those of the request. The OS disk cannot be exchanged."""
    profile = machine["properties"]["storageProfile"]
    present: dict[int, Json] = {disk["lun"]: disk for disk in profile["dataDisks"]}
    os_disk, *data_disks = request.disks
    if _is_other(os_disk.managed_disk_id, profile["osDisk"].get("managedDisk", {}).get("id")):
        raise errors.operation_not_simulated("exchanging the OS disk of a virtual machine")
    check_unique("lun", [disk.lun for disk in request.disks])
    kept = frozenset(disk.lun for disk in data_disks if disk.lun in present and _means(disk, present[disk.lun]))
    if request.keeps_data_disks:
        kept = frozenset(present)
    for disk in request.disks:
        if disk.lun == OS_DISK_LUN or disk.lun in kept:
            shown = present.get(disk.lun, profile["osDisk"])
            _check_size(machine["name"], disk, shown, is_deallocated=is_deallocated)
    added = [completed_disk(disk, None) for disk in data_disks if disk.lun not in kept]
    added = [disk if disk.name else _named(disk, name_of_disk) for disk in added]
    _check_additions([profile["osDisk"], *(present[lun] for lun in kept)], added)
    return DiskChange(kept, tuple(added))


def changed_profile(profile: Json, request: MachineRequest, added: Sequence[DiskRequest], kept: frozenset[int]) -> Json:
    """A machine's storage profile as a request would have it: with the disks that are added and those that it keeps."""
    requests = {disk.lun: disk for disk in request.disks}
    data = []
    for disk in profile["dataDisks"]:
        if disk["lun"] in kept:
            data.append(_treated(disk, requests.get(disk["lun"])))
            for key in _OF_DATA_DISK:
                _check_same(_at(disk, key), _at(data[-1], key), f"dataDisk.{key}")
    data = sorted([*data, *map(data_disk_body, added)], key=lambda disk: int(disk["lun"]))
    os_disk = _treated(profile["osDisk"], requests.get(OS_DISK_LUN))
    os_disk |= {"osType": request.os_type} if request.os_type else {}
    image = {"imageReference": profile.get("imageReference", {}) | image_body(request.image)} if request.image else {}
    return profile | image | {"osDisk": os_disk, "dataDisks": data}


def _treated(present: Json, disk: DiskRequest | None) -> Json:
    """A disk as a request would have it. Its size and its resource were looked at before."""
    if disk is None:
        return present
    requested = {
        "name": disk.name,
        "createOption": disk.create_option,
        "caching": disk.caching,
        "deleteOption": disk.delete_option,
    }
    treated = present | {key: value for key, value in requested.items() if _is_other(value, present.get(key))}
    if _is_other(disk.vhd, _at(present, "vhd.uri")):
        treated["vhd"] = {"uri": disk.vhd}
    if _is_other(disk.storage_type, _at(present, "managedDisk.storageAccountType")):
        treated["managedDisk"] = {**present.get("managedDisk", {}), "storageAccountType": disk.storage_type}
    return treated


def _check_size(machine: str, disk: DiskRequest, present: Json, *, is_deallocated: bool) -> None:
    """A managed disk becomes larger by a request of its own."""
    if disk.size_gib in (None, present["diskSizeGB"]):
        return
    if not is_deallocated:
        raise DISK_SIZE_BY_RUNNING_MACHINE.error()
    if "managedDisk" not in present:
        raise errors.operation_not_simulated("changing the size of a disk in a storage account")
    raise DISK_SIZE_BY_MACHINE.error(machine=machine, disk=present["managedDisk"]["id"])


def _means(disk: DiskRequest, present: Json) -> bool:
    """Whether a request means this disk; properties that it omits match any value."""
    return not (
        _is_other(disk.name, present["name"])
        or _is_other(disk.vhd, present.get("vhd", {}).get("uri"))
        or _is_other(disk.managed_disk_id, present.get("managedDisk", {}).get("id"))
    )


def _is_other(requested: str, actual: str | None) -> bool:
    return bool(requested) and requested.lower() != str(actual).lower()


def _named(disk: DiskRequest, name_of_disk: Callable[[int], str]) -> DiskRequest:
    return replace(disk, name=default_name(disk, name_of_disk))


def _check_additions(present: Sequence[Json], added: Sequence[DiskRequest]) -> None:
    unmanaged = "vhd" in present[0]
    for disk in added:
        if bool(disk.vhd) != unmanaged:
            kind, other = ("a managed disk", "blob based") if unmanaged else ("a blob based disk", "managed")
            raise not_allowed(f"Addition of {kind} to a VM with {other} disks is not supported.")
    check_unique("name", [disk["name"].lower() for disk in present] + [disk.name.lower() for disk in added])
    check_unique("managedDisk.id", [disk.managed_disk_id.lower() for disk in added if disk.managed_disk_id])


# --------------------------------------------------------------------------------------------------------------- system


def changed_os_profile(profile: Json | None, request: MachineRequest) -> Json | None:
    """What the system is set up with, as a request would have it. A machine on a disk that was attached has nothing of
    the kind, and gets nothing."""
    if profile is None:
        if request.sets_system_up:
            raise PROPERTY_CHANGE_NOT_ALLOWED.error(key="osProfile")
        return None
    names = {"adminUsername": request.admin_username, "computerName": request.computer_name}
    changed = profile | {key: value for key, value in names.items() if value}
    for key, part in (("windowsConfiguration", request.windows), ("linuxConfiguration", request.linux)):
        if part is not None:
            if key not in profile:
                raise PROPERTY_CHANGE_NOT_ALLOWED.error(key=f"osProfile.{key}")
            changed[key] = profile[key] | part
    return changed
