"""Machines that can be backed up: how many disks they may have, and what needs an enhanced policy."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.domain.errors.protection import (
    CONFIDENTIAL_MACHINE_NEEDS_ENHANCED_POLICY,
    ULTRA_DISK_NEEDS_ENHANCED_POLICY,
)
from controlplane.domain.errors.snapshots import UNSUPPORTED_DISK_COUNT

ENHANCED_SKUS = frozenset({"UltraSSD_LRS", "PremiumV2_LRS"})
"""Storage of which only enhanced policies take snapshots."""
CONFIDENTIAL = "ConfidentialVM"
"""The securityType of a confidential machine."""


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
