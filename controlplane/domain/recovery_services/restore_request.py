"""Reads a restore request, and refuses one that the recovery point or the vault cannot fulfil."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId, subscription_of
from controlplane.domain.compute.virtual_machine import OS_DISK_LUN
from controlplane.domain.compute.virtual_machine import TYPE as MACHINE_TYPE
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.restore import (
    ALTERNATE_LOCATION_NOT_SUPPORTED_WITH_DISKS_EXCLUDED,
    CROSS_SUBSCRIPTION_RESTORE_DISABLED,
    CROSS_SUBSCRIPTION_RESTORE_INVALID_TARGET_SUBSCRIPTION,
    CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FOR_ORIGINAL_LOCATION,
    CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FOR_UNMANAGED_DISKS,
    CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FROM_SNAPSHOT,
    CROSS_ZONAL_RESTORE_NOT_SUPPORTED,
    ORIGINAL_LOCATION_NOT_SUPPORTED,
    ORIGINAL_LOCATION_NOT_SUPPORTED_WITH_DISKS_EXCLUDED,
    RECOVERY_POINT_REHYDRATION_NOT_ALLOWED,
)
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.json_object import Json

DISKS, ORIGINAL, ALTERNATE = "RestoreDisks", "OriginalLocation", "AlternateLocation"
RECOVERY_TYPES = frozenset({DISKS, ORIGINAL, ALTERNATE})
REQUEST, REHYDRATION = "IaasVMRestoreRequest", "IaasVMRestoreWithRehydrationRequest"
ZONES = frozenset({"1", "2", "3"})
NO_ZONE = "NoZone"
"""What clients write where a machine that was pinned to a zone shall be restored to none."""

_NOT_SIMULATED = {
    "affinityGroup": "restore of a classic virtual machine",
    "targetDomainNameId": "restore of a classic virtual machine",
    "diskEncryptionSetId": "restore of disks under a disk encryption set",
    "extendedLocation": "restore into an edge zone",
    "identityInfo": "restore through a managed identity",
    "identityBasedRestoreDetails": "restore through a managed identity",
    "securedVMDetails": "restore of a confidential virtual machine",
    "targetDiskNetworkAccessSettings": "restore of disks with network access settings of their own",
}
"""What a request may ask for that this service has not -> how the refusal calls it."""


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """What of the vault decides about a restore. Ids and states as ARM shows them."""

    location: str
    redundancy: str
    cross_subscription: str


@dataclass(frozen=True, slots=True)
class CheckedRestore:
    """A restore that may be tried. Empty texts where a type of restore has no use for them."""

    kind: str
    account: str
    """Storage account of the disks, or where managed disks are staged."""
    managed: bool
    disks: tuple[PointDisk, ...]
    group: str = ""
    """Resource group of the restored resources."""
    machine: str = ""
    subnet: str = ""
    network: str = ""
    zone: str = ""


def read(request: Json, point: RecoveryPoint, vault: VaultFacts) -> CheckedRestore:
    """Read the properties of a restore request (IaasVMRestoreRequest); ServiceError where it cannot be fulfilled."""
    _check_type(request, point)
    _check_simulated(request, vault)
    kind = request["recoveryType"]
    _check_subscriptions(request, point, vault, kind)
    if request.get("originalStorageAccountOption"):
        reason = "this recovery point cannot restore disks to their original storage accounts"
        raise errors.invalid_backup_input("originalStorageAccountOption", reason)
    restore = CheckedRestore(
        kind=kind,
        account=str(request.get("storageAccountId") or ""),
        managed=_is_managed(request, point, kind),
        disks=tuple(_chosen(point, request.get("restoreDiskLunList"))),
        group=str(request.get("targetResourceGroupId") or ""),
        zone=_zone(request, point, vault, kind),
    )
    if not restore.account:
        raise errors.invalid_backup_input("storageAccountId", "it is missing")
    if kind == ORIGINAL:
        _check_original(request, point)
    if kind == ALTERNATE and len(point.disks) < len(point.machine.attached):
        raise ALTERNATE_LOCATION_NOT_SUPPORTED_WITH_DISKS_EXCLUDED.error()
    return _alternate(request, restore) if kind == ALTERNATE else restore


def check_source(request: Json, machine: str) -> None:
    """Refuse a request that names another machine than the one that the recovery point is of."""
    named = str(request.get("sourceResourceId") or machine)
    if named.strip("/").lower() != machine.strip("/").lower():
        reason = "it must be the id of the virtual machine that the recovery point is of"
        raise errors.invalid_backup_input("sourceResourceId", reason)


def _check_type(request: Json, point: RecoveryPoint) -> None:
    kind = request.get("objectType")
    if kind not in (REQUEST, REHYDRATION):
        raise errors.invalid_backup_input("objectType", f"it must be {REQUEST} for a virtual machine")
    if kind == REHYDRATION:
        raise RECOVERY_POINT_REHYDRATION_NOT_ALLOWED.error()
    if str(request.get("recoveryPointId") or point.id) != point.id:
        raise errors.invalid_backup_input("recoveryPointId", "it must be the recovery point of the request URL")
    if request.get("recoveryType") not in RECOVERY_TYPES:
        raise errors.invalid_backup_input("recoveryType", f"it must be one of {', '.join(sorted(RECOVERY_TYPES))}")


def _check_simulated(request: Json, vault: VaultFacts) -> None:
    for key, feature in _NOT_SIMULATED.items():
        if request.get(key):
            raise errors.operation_not_simulated(feature)
    if (request.get("encryptionDetails") or {}).get("encryptionEnabled"):
        raise errors.operation_not_simulated("restore of an encrypted virtual machine")
    region = str(request.get("region") or vault.location).replace(" ", "").lower()
    if region != vault.location:
        raise errors.operation_not_simulated("restore into another region")


def _is_managed(request: Json, point: RecoveryPoint, kind: str) -> bool:
    """Disks alone become managed ones where a resource group is named for them, a machine keeps what it had."""
    converted = bool(request.get("restoreWithManagedDisks"))
    if kind != DISKS:
        return point.machine.managed or (converted and kind == ALTERNATE)
    if converted and not request.get("targetResourceGroupId"):
        raise errors.invalid_backup_input("targetResourceGroupId", "managed disks need a target resource group")
    return bool(request.get("targetResourceGroupId"))


def _chosen(point: RecoveryPoint, luns: list[Any] | None) -> list[PointDisk]:
    """All of them, or the OS disk and those listed."""
    if luns is None:
        return list(point.disks)
    chosen = {int(lun) for lun in luns} | {OS_DISK_LUN}
    unknown = chosen - {disk.lun for disk in point.disks} - {OS_DISK_LUN}
    if unknown:
        excluded = sorted(unknown & {lun for lun, _ in point.machine.attached})
        numbers = ", ".join(str(lun) for lun in excluded or sorted(unknown))
        reason = f"the recovery point has no disk at {numbers}"
        raise errors.invalid_backup_input(
            "restoreDiskLunList", f"{reason}: it was excluded from backup" if excluded else reason
        )
    return [disk for disk in point.disks if disk.lun in chosen]


# ------------------------------------------------------------------------------------------------- machines and places


def _check_original(request: Json, point: RecoveryPoint) -> None:
    if request.get("restoreDiskLunList") is not None:
        raise _original_not_supported("only some of its disks are to be restored")
    if len(point.disks) < len(point.machine.attached):
        raise ORIGINAL_LOCATION_NOT_SUPPORTED_WITH_DISKS_EXCLUDED.error()


def _original_not_supported(reason: str) -> ServiceError:
    return ORIGINAL_LOCATION_NOT_SUPPORTED.error(reason=reason)


def _alternate(request: Json, restore: CheckedRestore) -> CheckedRestore:
    """The same restore with the place of its virtual machine."""
    try:
        machine = ResourceId.parse(str(request.get("targetVirtualMachineId") or ""))
    except ValueError as error:
        raise errors.invalid_backup_input("targetVirtualMachineId", str(error)) from None
    if not machine.is_a(MACHINE_TYPE):
        raise errors.invalid_backup_input("targetVirtualMachineId", "it is not the id of a virtual machine")
    if restore.group and restore.group.lower() != machine.group_id.lower():
        reason = "the virtual machine is in another resource group"
        raise errors.invalid_backup_input("targetResourceGroupId", reason)
    for key in ("virtualNetworkId", "subnetId"):
        if not request.get(key):
            raise errors.invalid_backup_input(key, "it is missing")
    return replace(
        restore,
        group=machine.group_id,
        machine=str(machine),
        subnet=str(request["subnetId"]),
        network=str(request["virtualNetworkId"]),
    )


def _zone(request: Json, point: RecoveryPoint, vault: VaultFacts, kind: str) -> str:
    """The zone that the disks shall lie in; empty where none is asked for. Managed disks only, from the vault only."""
    zones = [str(zone) for zone in request.get("zones") or []]
    if zones in ([], [NO_ZONE]):
        return ""
    if len(zones) > 1 or zones[0] not in ZONES:
        raise errors.invalid_backup_input("zones", f"it must be one of {', '.join(sorted(ZONES))}")
    if kind == ORIGINAL:
        raise _original_not_supported("the virtual machine cannot leave its zone")
    if vault.redundancy != "ZoneRedundant":
        raise _zone_not_supported("the vault is not zone-redundant")
    if not point.has_vault_copy:
        raise _zone_not_supported("the recovery point is not in the vault tier yet")
    if not _is_managed(request, point, kind):
        raise _zone_not_supported("only managed disks can be placed in a zone")
    return zones[0]


def _zone_not_supported(reason: str) -> ServiceError:
    return CROSS_ZONAL_RESTORE_NOT_SUPPORTED.error(reason=reason)


def _check_subscriptions(request: Json, point: RecoveryPoint, vault: VaultFacts, kind: str) -> None:
    """There is one subscription in this cloud; a request for another one gets the service's errors."""
    home = subscription_of(point.item)
    targets = (request.get(key) for key in ("storageAccountId", "targetResourceGroupId", "targetVirtualMachineId"))
    if any(subscription_of(str(id)) != home for id in targets if id):
        raise _across_subscriptions(point, vault, kind)


def _across_subscriptions(point: RecoveryPoint, vault: VaultFacts, kind: str) -> ServiceError:
    if kind == ORIGINAL:
        return CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FOR_ORIGINAL_LOCATION.error()
    if not point.machine.managed:
        return CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FOR_UNMANAGED_DISKS.error()
    if vault.cross_subscription != "Enabled":
        return CROSS_SUBSCRIPTION_RESTORE_DISABLED.error()
    if not point.has_vault_copy:
        return CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FROM_SNAPSHOT.error()
    return CROSS_SUBSCRIPTION_RESTORE_INVALID_TARGET_SUBSCRIPTION.error()
