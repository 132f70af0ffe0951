"""Soft delete, storage redundancy and encryption of a vault as older APIs show them, and what may be written there."""

from __future__ import annotations

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.vaults import (
    DISABLING_SOFT_DELETE_STATE_NOT_ALLOWED,
    REDUNDANCY_SETTINGS_USE_VAULT_API,
    SOFT_DELETE_STATE_ALWAYS_ON,
    SOFT_DELETE_USE_VAULT_API,
)
from controlplane.domain.recovery_services import vault_encryption
from controlplane.domain.recovery_services.vault import TYPE
from controlplane.json_object import Json

BACKUP = "backupconfig/vaultconfig"
STORAGE = "backupstorageconfig/vaultstorageconfig"
ENCRYPTION = "backupEncryptionConfigs/backupResourceEncryptionConfig"

STRONG_ENOUGH = {"enabled", "alwayson"}
"""What a vault whose security features are always on satisfies."""


def backup_config(vault: Json) -> Json:
    """Soft delete."""
    soft_delete = vault["properties"]["securitySettings"]["softDeleteSettings"]
    return _config(
        vault["id"],
        BACKUP,
        {
            "enhancedSecurityState": soft_delete["enhancedSecurityState"],
            "softDeleteFeatureState": soft_delete["softDeleteState"],
            "softDeleteRetentionPeriodInDays": soft_delete["softDeleteRetentionPeriodInDays"],
            "isSoftDeleteFeatureStateEditable": False,
        },
    )


def storage_config(vault: Json, in_use: bool) -> Json:
    """Redundancy; fixed once the vault is in use."""
    redundancy = vault["properties"]["redundancySettings"]
    return _config(
        vault["id"],
        STORAGE,
        {
            "storageModelType": redundancy["standardTierStorageRedundancy"],
            "storageType": redundancy["standardTierStorageRedundancy"],
            "storageTypeState": "Locked" if in_use else "Unlocked",
            "crossRegionRestoreFlag": redundancy["crossRegionRestore"] == "Enabled",
            "dedupState": "Disabled",
            "xcoolState": "Disabled",
        },
    )


def encryption_config(vault: Json) -> Json:
    return _config(vault["id"], ENCRYPTION, vault_encryption.config(vault["properties"].get("encryption")))


def check_backup_config(vault: Json, request: Json) -> None:
    """Every vault gets its soft delete from the vault API, which alone may change it from then on: ServiceError for any
    change. What a client read and sends back is none, nor is the weaker `Enabled` of the security features."""
    now = backup_config(vault)["properties"]
    state = str(request.get("softDeleteFeatureState", now["softDeleteFeatureState"])).lower()
    security = str(request.get("enhancedSecurityState", now["enhancedSecurityState"])).lower()
    days = request.get("softDeleteRetentionPeriodInDays", now["softDeleteRetentionPeriodInDays"])
    if state == "disabled" or security not in STRONG_ENOUGH:
        raise DISABLING_SOFT_DELETE_STATE_NOT_ALLOWED.error()
    if state != now["softDeleteFeatureState"].lower():
        raise SOFT_DELETE_STATE_ALWAYS_ON.error()
    if days != now["softDeleteRetentionPeriodInDays"]:
        raise SOFT_DELETE_USE_VAULT_API.error()


def redundancy_asked(vault: Json, request: Json) -> Json:
    """What a write of the storage config asks of the vault's `redundancySettings`; empty if nothing new."""
    now = vault["properties"]["redundancySettings"]
    redundancy: dict[str, str] = {}
    if (kind := request.get("storageModelType") or request.get("storageType")) is not None:
        redundancy["standardTierStorageRedundancy"] = kind
    if (flag := request.get("crossRegionRestoreFlag")) is not None:
        redundancy["crossRegionRestore"] = "Enabled" if flag else "Disabled"
    return {key: value for key, value in redundancy.items() if value.lower() != now[key].lower()}


def redundancy_is_of_vault_api() -> ServiceError:
    return REDUNDANCY_SETTINGS_USE_VAULT_API.error()


def _config(vault_id: str, place: str, properties: Json) -> Json:
    kind, name = place.split("/")
    return {"id": f"{vault_id}/{place}", "name": name, "type": f"{TYPE}/{kind}", "properties": properties}
