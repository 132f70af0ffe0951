"""Usages of a vault: how much it holds, and its limits."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain import errors
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.json_object import Json

UNLIMITED = -1

ITEMS, CONTAINERS = "BackupProtectedItemCountSummary", "BackupProtectionContainerCountSummary"
"""What a summary may be asked for."""
MANAGEMENT_TYPES = {
    "AzureIaasVM": "Azure Virtual Machine",
    "AzureStorage": "Azure Storage (Azure Files)",
    "AzureWorkload": "Azure Workload",
    "MAB": "Azure Backup Agent",
    "DPM": "DPM",
    "AzureBackupServer": "Azure Backup Server",
    "AzureSql": "Azure SQL",
}


def of_vault(
    items: int, policies: int, points: Sequence[RecoveryPoint], *, most_items: int, most_policies: int
) -> list[Json]:
    """What `usages` lists; of what has no limit, 0 is the most. The names of the usages are ours: no answer of the
    service is public."""
    held = sum(disk.transferred_bytes or 0 for point in points if point.has_vault_copy for disk in point.disks)
    return [
        _usage("ProtectedItemCount", "Protected items", items, most_items or UNLIMITED),
        _usage("BackupPolicyCount", "Backup policies", policies, most_policies or UNLIMITED),
        _usage("RecoveryPointCount", "Recovery points", len(points), UNLIMITED),
        _usage("VaultStorageUsed", "Data in the vault", held, UNLIMITED, unit="Bytes"),
    ]


def summary(machines: int, kind: str = ITEMS) -> list[Json]:
    """What `backupUsageSummaries` lists: items or containers, which a machine has one of each, by management type."""
    if kind.lower() not in {ITEMS.lower(), CONTAINERS.lower()}:
        raise errors.invalid_query("$filter", f"type must be {ITEMS} or {CONTAINERS}")
    return [
        _usage(name, for_people, machines if name == "AzureIaasVM" else 0, UNLIMITED)
        for name, for_people in MANAGEMENT_TYPES.items()
    ]


def _usage(name: str, for_people: str, value: int, limit: int, unit: str = "Count") -> Json:
    return {
        "unit": unit,
        "currentValue": value,
        "limit": limit,
        "name": {"value": name, "localizedValue": for_people},
    }
