"""Recovery Services vault: its name, its first body, and when it may be deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from controlplane.domain import errors
from controlplane.domain.errors.vaults import VAULT_DELETION_NOT_ALLOWED
from controlplane.domain.times import instant
from controlplane.json_object import Json

TYPE = "Microsoft.RecoveryServices/vaults"
KIND = TYPE.lower()

DEFAULT_REDUNDANCY = "LocallyRedundant"
SOFT_DELETE_DAYS = range(14, 181)
SKUS = ("Standard", "RS0")
TIER = "Standard"

_ORDER = ("location", "name", "etag", "tags", "identity", "properties", "id", "type", "sku")


def new(id: str, location: str) -> Json:
    """The body of a new vault with the service's defaults."""
    return {
        "location": location,
        "name": id.rpartition("/")[2],
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpointStateForBackup": "None",
            "privateEndpointStateForSiteRecovery": "None",
            "costManagementSettings": {"granularityLevel": "VaultLevel"},
            "securitySettings": {
                "softDeleteSettings": {
                    "softDeleteRetentionPeriodInDays": SOFT_DELETE_DAYS.start,
                    "softDeleteState": "AlwaysON",
                    "enhancedSecurityState": "AlwaysON",
                },
                "multiUserAuthorization": "Invalid",
                "sourceScanConfiguration": {"state": "Disabled"},
            },
            "redundancySettings": {
                "standardTierStorageRedundancy": DEFAULT_REDUNDANCY,
                "crossRegionRestore": "Disabled",
            },
            "regionOfChoiceSettings": {"status": "Disabled"},
            "secureScore": "Adequate",
            "bcdrSecurityLevel": "Good",
            "publicNetworkAccess": "Enabled",
            "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}},
        },
        "id": id,
        "type": TYPE,
        "sku": {"name": SKUS[0]},
    }


def stamped(body: Json, now: datetime) -> Json:
    """The body as it is stored after a change: its ETag is the time of the write, its keys stand as in the service."""
    etag = f"W/\"datetime'{quote(instant(now), safe='')}'\""
    changed = body | {"etag": etag}
    return {key: changed[key] for key in _ORDER if key in changed}


def provisioning(body: Json) -> Json:
    """The answer to a creation, which still shows Provisioning; the vault exists by the next request."""
    return body | {"properties": body["properties"] | {"provisioningState": "Provisioning"}}


def check_sku(sku: Json) -> Json:
    """The SKU in the documented spelling; ServiceError for an unknown one."""
    name = {each.lower(): each for each in SKUS}.get(str(sku.get("name")).lower())
    if name is None:
        raise errors.invalid_backup_input("sku.name", f"it must be {' or '.join(SKUS)}")
    if str(sku.get("tier") or TIER).lower() != TIER.lower():
        raise errors.invalid_backup_input("sku.tier", f"it must be {TIER}")
    return sku | {"name": name}


def check_deletion(item_states: Iterable[str]) -> None:
    """A vault may go once all items in it are soft-deleted; `item_states` as those of `protected_item`."""
    if set(item_states) - {"SoftDeleted"}:
        raise VAULT_DELETION_NOT_ALLOWED.error()


def soft_delete_days(vault: Json) -> int:
    """The number of days for which the vault keeps what is deleted; zero where soft delete is off."""
    settings = vault.get("properties", {}).get("securitySettings", {}).get("softDeleteSettings", {})
    if settings.get("softDeleteState") == "Disabled":
        return 0
    return int(settings.get("softDeleteRetentionPeriodInDays", SOFT_DELETE_DAYS.start))
