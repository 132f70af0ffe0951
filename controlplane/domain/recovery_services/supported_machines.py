"""Machines that can be backed up: their disks, the policy they need, and how old their agent may be."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.domain.errors.protection import (
    CONFIDENTIAL_MACHINE_NEEDS_ENHANCED_POLICY,
    ULTRA_DISK_NEEDS_ENHANCED_POLICY,
)
from controlplane.domain.errors.snapshots import GUEST_AGENT_VERSION_UNSUPPORTED, UNSUPPORTED_DISK_COUNT

ENHANCED_SKUS = frozenset({"UltraSSD_LRS", "PremiumV2_LRS"})
"""Storage of which only enhanced policies take snapshots."""
CONFIDENTIAL = "ConfidentialVM"
"""The securityType of a confidential machine."""

OLDEST_AGENT = {"Windows": (2, 6, 1198, 718)}
"""System -> the oldest version of its agent. Documented for Windows with how to verify the agent; of Linux the page
names none."""


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
