"""The settings of a vault as older APIs show them: soft delete, storage redundancy, encryption; and its guards."""

from __future__ import annotations

from controlplane.arm.call import Answer, Call, as_json
from controlplane.arm.routing import reading, refused
from controlplane.arm.vaults import VAULT, require_vault, vault_id
from controlplane.domain import protected_item
from controlplane.domain.vault import KIND, backup_config, encryption_config, storage_config

BACKUP_CONFIG = f"{VAULT}/backupconfig/vaultconfig"
STORAGE_CONFIG = f"{VAULT}/backupstorageconfig/vaultstorageconfig"
ENCRYPTION_CONFIG = f"{VAULT}/backupEncryptionConfigs/backupResourceEncryptionConfig"
GUARDS = f"{VAULT}/backupResourceGuardProxies"


def get_backup_config(call: Call) -> Answer:
    vault = call.get(KIND, vault_id(call)).json()
    return as_json(backup_config(vault["id"], vault))


def get_storage_config(call: Call) -> Answer:
    vault = call.get(KIND, vault_id(call)).json()
    in_use = bool(call.ports.store.find(protected_item.KIND, vault["id"], limit=1))
    return as_json(storage_config(vault["id"], vault, in_use))


def get_encryption_config(call: Call) -> Answer:
    return as_json(encryption_config(call.get(KIND, vault_id(call)).json()["id"]))


def list_guards(call: Call) -> Answer:
    """Clients ask before they take protection away. No vault has a resource guard here."""
    require_vault(call)
    return call.page(())


ROUTES = (
    reading(GUARDS, list_guards),
    refused("PUT", f"{GUARDS}/{{guard}}"),
    reading(BACKUP_CONFIG, get_backup_config),
    refused("PUT", BACKUP_CONFIG),
    refused("PATCH", BACKUP_CONFIG),
    reading(STORAGE_CONFIG, get_storage_config),
    refused("PUT", STORAGE_CONFIG),
    refused("PATCH", STORAGE_CONFIG),
    reading(ENCRYPTION_CONFIG, get_encryption_config),
    refused("PUT", ENCRYPTION_CONFIG),
)
