"""Recovery Services vault: what may be asked of it, the body ARM shows, and when it may be deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.times import instant

Json = dict[str, Any]

TYPE = "Microsoft.RecoveryServices/vaults"
KIND = TYPE.lower()

REDUNDANCIES = ("GeoRedundant", "LocallyRedundant", "ZoneRedundant")
SWITCH = ("Enabled", "Disabled")
SOFT_DELETE_DAYS = range(14, 181)
MAX_ITEMS = 2000

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Vault:
    """What a request asks for; the defaults are the service's."""

    location: str
    sku: Json
    tags: dict[str, str] = field(default_factory=dict)
    redundancy: str = "LocallyRedundant"
    cross_region_restore: str = "Disabled"
    soft_delete_state: str = "AlwaysON"
    soft_delete_days: int = 14
    public_network_access: str = "Enabled"
    cross_subscription_restore: str = "Enabled"
    monitoring: Json = field(default_factory=dict)


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise errors.invalid_resource_name(name, "2 to 50 letters, digits and hyphens, with a letter first")


def check(vault: Vault) -> None:
    """ServiceError for what this service refuses to a vault."""
    if vault.soft_delete_state.lower() != "alwayson":
        raise ServiceError(
            "BMSUserErrorSoftDeleteStateNotSetToAlwaysON",
            "Soft delete state and enhanced security state must be set to AlwaysON for this API version",
        )
    if vault.soft_delete_days not in SOFT_DELETE_DAYS:
        raise errors.invalid_backup_input("softDeleteRetentionPeriodInDays", "it must be from 14 to 180")
    chosen = {
        "standardTierStorageRedundancy": (vault.redundancy, REDUNDANCIES),
        "crossRegionRestore": (vault.cross_region_restore, SWITCH),
        "publicNetworkAccess": (vault.public_network_access, SWITCH),
        "crossSubscriptionRestoreState": (vault.cross_subscription_restore, (*SWITCH, "PermanentlyDisabled")),
    }
    for name, (value, known) in chosen.items():
        if value not in known:
            raise errors.invalid_backup_input(name, f"it must be one of {', '.join(known)}")
    if str(vault.sku.get("name")).lower() not in {"standard", "rs0"}:
        raise errors.invalid_backup_input("sku.name", "it must be Standard or RS0")


def body(id: str, vault: Vault, now: datetime, state: str = "Succeeded") -> Json:
    """What GET answers."""
    stamp = quote(instant(now), safe="")
    return {
        "location": vault.location,
        "name": id.rpartition("/")[2],
        "etag": f"W/\"datetime'{stamp}'\"",
        **({"tags": vault.tags} if vault.tags else {}),
        "properties": {
            "provisioningState": state,
            "privateEndpointStateForBackup": "None",
            "privateEndpointStateForSiteRecovery": "None",
            "monitoringSettings": _monitoring(vault.monitoring),
            "costManagementSettings": {"granularityLevel": "VaultLevel"},
            "securitySettings": {
                "softDeleteSettings": {
                    "softDeleteRetentionPeriodInDays": vault.soft_delete_days,
                    "softDeleteState": "AlwaysON",
                    "enhancedSecurityState": "AlwaysON",
                },
                "multiUserAuthorization": "Invalid",
                "sourceScanConfiguration": {"state": "Disabled"},
            },
            "redundancySettings": {
                "standardTierStorageRedundancy": vault.redundancy,
                "crossRegionRestore": vault.cross_region_restore,
            },
            "regionOfChoiceSettings": {"status": "Disabled"},
            "secureScore": "Adequate",
            "bcdrSecurityLevel": "Good",
            "publicNetworkAccess": vault.public_network_access,
            "restoreSettings": {
                "crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": vault.cross_subscription_restore}
            },
        },
        "id": id,
        "type": TYPE,
        "sku": vault.sku,
    }


def check_deletion(item_states: Iterable[str]) -> None:
    """A vault may go when nothing is left in it; `item_states` as of controlplane.domain.protected_item."""
    states = set(item_states)
    if states - {"SoftDeleted"}:
        raise ServiceError(
            "BMSUserErrorVaultDeletionNotAllowed",
            "Recovery Services Vault cannot be deleted as there are existing resources within the vault.",
        )
    if states:
        raise ServiceError(
            "ServiceResourceNotEmptyWithBackendMessage",
            "Recovery Services vault cannot be deleted as there are backup items still present in soft delete state.",
        )


def soft_delete_days(vault: Json) -> int:
    """For how long the vault keeps what is deleted in it."""
    settings = vault.get("properties", {}).get("securitySettings", {}).get("softDeleteSettings", {})
    return int(settings.get("softDeleteRetentionPeriodInDays", SOFT_DELETE_DAYS.start))


def backup_config(vault_id: str, vault: Json) -> Json:
    """`backupconfig/vaultconfig`: soft delete as an older API shows it."""
    soft_delete = vault["properties"]["securitySettings"]["softDeleteSettings"]
    return _config(
        f"{vault_id}/backupconfig/vaultconfig",
        {
            "enhancedSecurityState": soft_delete["enhancedSecurityState"],
            "softDeleteFeatureState": soft_delete["softDeleteState"],
            "softDeleteRetentionPeriodInDays": soft_delete["softDeleteRetentionPeriodInDays"],
            "isSoftDeleteFeatureStateEditable": False,
        },
    )


def storage_config(vault_id: str, vault: Json, in_use: bool) -> Json:
    """`backupstorageconfig/vaultstorageconfig`: redundancy as an older API shows it; fixed once in use."""
    redundancy = vault["properties"]["redundancySettings"]
    return _config(
        f"{vault_id}/backupstorageconfig/vaultstorageconfig",
        {
            "storageModelType": redundancy["standardTierStorageRedundancy"],
            "storageType": redundancy["standardTierStorageRedundancy"],
            "storageTypeState": "Locked" if in_use else "Unlocked",
            "crossRegionRestoreFlag": redundancy["crossRegionRestore"] == "Enabled",
            "dedupState": "Disabled",
            "xcoolState": "Disabled",
        },
    )


def encryption_config(vault_id: str) -> Json:
    return _config(
        f"{vault_id}/backupEncryptionConfigs/backupResourceEncryptionConfig",
        {
            "useSystemAssignedIdentity": True,
            "encryptionAtRestType": "MicrosoftManaged",
            "lastUpdateStatus": "NotEnabled",
            "infrastructureEncryptionState": "Disabled",
        },
    )


def _config(id: str, properties: Json) -> Json:
    kind, name = id.split("/")[-2:]
    return {"id": id, "name": name, "type": f"{TYPE}/{kind}", "properties": properties}


def _monitoring(asked: Json) -> Json:
    """Everything is on unless switched off."""
    settings = {
        "azureMonitorAlertSettings": (
            "alertsForAllJobFailures",
            "alertsForAllReplicationIssues",
            "alertsForAllFailoverIssues",
        ),
        "classicAlertSettings": ("alertsForCriticalOperations", "emailNotificationsForSiteRecovery"),
    }
    return {
        group: {name: (asked.get(group) or {}).get(name) or "Enabled" for name in names}
        for group, names in settings.items()
    }
