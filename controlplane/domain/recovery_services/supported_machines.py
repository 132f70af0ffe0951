"""Machines that can be backed up: their disks, the policy they need, and how old their agent may be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from controlplane.domain.errors.protection import (
    CONFIDENTIAL_MACHINE_NEEDS_ENHANCED_POLICY,
    CRASH_CONSISTENT_SNAPSHOT_NOT_SUPPORTED,
    ULTRA_DISK_NEEDS_ENHANCED_POLICY,
)
from controlplane.domain.errors.snapshots import GUEST_AGENT_VERSION_UNSUPPORTED, UNSUPPORTED_DISK_COUNT
from controlplane.domain.recovery_services.policy import CRASH_CONSISTENT, type_of
from controlplane.json_object import Json

ENHANCED_SKUS = frozenset({"UltraSSD_LRS", "PremiumV2_LRS"})
"""Storage of which only enhanced policies take snapshots."""
CONFIDENTIAL = "ConfidentialVM"
"""The securityType of a confidential machine."""

OLDEST_AGENT = {"Windows": (2, 6, 1198, 718)}
"""System -> the oldest version of its agent. Documented for Windows with how to verify the agent; of Linux the page
names none."""
_SIZE = re.compile(r"(?:standard_|basic_)?([a-z]+)\d+(?:-\d+)?([a-z]*)", re.IGNORECASE)
"""Family and additional features in the name of a size, as in `Standard_D2s_v5` and `Standard_DS2_v2`."""
_PREMIUM_FAMILIES = frozenset({"ds", "gs"})


def check_policy(policy_type: str, security_type: str, disk_skus: Iterable[str]) -> None:
    """ServiceError for a machine that a standard policy (V1) cannot protect. `disk_skus` are those of its disks."""
    if policy_type == "V2":
        return
    if security_type == CONFIDENTIAL:
        raise CONFIDENTIAL_MACHINE_NEEDS_ENHANCED_POLICY.error()
    if ENHANCED_SKUS.intersection(disk_skus):
        raise ULTRA_DISK_NEEDS_ENHANCED_POLICY.error()


def check_disk_count(count: int, limit: int) -> None:
    """ServiceError for a machine with more data disks than are supported."""
    if count > limit:
        raise UNSUPPORTED_DISK_COUNT.error(count=count, limit=limit)


def check_agent(os_type: str, version: str | None) -> None:
    """ServiceError for an agent that is older. A version that is no row of numbers, as of a machine that is off, is no
    reason."""
    oldest = OLDEST_AGENT.get(os_type)
    if oldest is None or version is None:
        return
    parts = version.split(".")
    if all(part.isdecimal() for part in parts) and tuple(map(int, parts)) < oldest:
        least = ".".join(map(str, oldest))
        raise GUEST_AGENT_VERSION_UNSUPPORTED.error(version=version, least=least)


# -------------------------------------------------------- crash-consistent snapshots, without agent and extension
# What is not supported is documented in the overview of agentless multi-disk crash-consistent backup and in the support
# matrix of VM restore points. The host holds the writes to all disks at once, which it can only where it sees to them.


def wants_crash_consistent_alone(policy: Json) -> bool:
    """Whether a policy wants no other snapshots; `policy` are its properties."""
    return bool(policy.get("snapshotConsistencyType") == CRASH_CONSISTENT)


def falls_back_to_crash_consistent(policy: Json) -> bool:
    """Whether a policy has them taken where the extension's snapshot fails: every enhanced one does."""
    return type_of(policy) == "V2"


def crash_consistency_objection(machine: Json, managed_disks: Iterable[Json | None]) -> str | None:
    """Why a machine cannot have them, in a part of a sentence; None if it can. `machine` is the body of the virtual
    machine, `managed_disks` are those of the disks to be backed up, None for an unmanaged one."""
    size = str((machine["properties"].get("hardwareProfile") or {}).get("vmSize") or "")
    if size and not can_have_premium_storage(size):
        return f"its size {size} does not support premium storage"
    profile = machine["properties"].get("securityProfile") or {}
    if profile.get("securityType") == CONFIDENTIAL:
        return "it is a confidential virtual machine"
    storage = machine["properties"].get("storageProfile") or {}
    os_disk = storage.get("osDisk") or {}
    if os_disk.get("diffDiskSettings"):
        return "its OS disk is ephemeral"
    accelerated = [disk for disk in (os_disk, *storage.get("dataDisks", ())) if disk.get("writeAcceleratorEnabled")]
    if accelerated:
        return f"its disk {accelerated[0].get('name', '')} is write-accelerated"
    return next((each for each in map(_objection_to, managed_disks) if each), None)


def _objection_to(disk: Json | None) -> str | None:
    if disk is None:
        return "it has an unmanaged disk"
    if (disk.get("sku") or {}).get("name") in ENHANCED_SKUS:
        return f"its disk {disk['name']} is an Ultra disk or a Premium SSD v2"
    if int(disk["properties"].get("maxShares") or 1) > 1:
        return f"its disk {disk['name']} is shared"
    return None


def check_crash_consistent(machine: Json, managed_disks: Iterable[Json | None]) -> None:
    """ServiceError for a machine that cannot have such snapshots; arguments as those of the one above."""
    reason = crash_consistency_objection(machine, managed_disks)
    if reason is not None:
        raise CRASH_CONSISTENT_SNAPSHOT_NOT_SUPPORTED.error(reason=reason)


def can_have_premium_storage(size: str) -> bool:
    """By the naming conventions of sizes: an `s` among the additional features, or one of the older families DS and
    GS."""
    match = _SIZE.match(size)
    return match is not None and ("s" in match[2].lower() or match[1].lower() in _PREMIUM_FAMILIES)
