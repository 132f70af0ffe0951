"""The settings of a vault by older APIs: soft delete, storage redundancy, encryption. They are views of the vault."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services.vault_change import Asked, apply, redundancy_is_of_vault_api
from controlplane.arm.recovery_services.vault_request import ENVELOPE
from controlplane.arm.recovery_services.vaults import VAULT, vault_id
from controlplane.domain.recovery_services import protected_item, vault_config, vault_encryption
from controlplane.domain.recovery_services.vault import KIND
from controlplane.json_object import Json
from controlplane.ports import Document

BACKUP_CONFIG = f"{VAULT}/{vault_config.BACKUP}"
STORAGE_CONFIG = f"{VAULT}/{vault_config.STORAGE}"
ENCRYPTION_CONFIG = f"{VAULT}/{vault_config.ENCRYPTION}"


class BackupPropertiesRequest(RequestBody):
    enhanced_security_state: str | None = None
    soft_delete_feature_state: str | None = None
    soft_delete_retention_period_in_days: int | None = None


class BackupConfigRequest(RequestBody):
    decided = (
        *ENVELOPE,
        "properties.isSoftDeleteFeatureStateEditable",
        "properties.resourceGuardOperationRequests",
        "properties.storageModelType",
        "properties.storageType",
        "properties.storageTypeState",
    )

    properties: BackupPropertiesRequest = BackupPropertiesRequest()


class StoragePropertiesRequest(RequestBody):
    storage_model_type: str | None = None
    storage_type: str | None = None
    cross_region_restore_flag: bool | None = None


class StorageConfigRequest(RequestBody):
    decided = (*ENVELOPE, "properties.dedupState", "properties.storageTypeState", "properties.xcoolState")

    properties: StoragePropertiesRequest = StoragePropertiesRequest()


class EncryptionPropertiesRequest(RequestBody):
    encryption_at_rest_type: str | None = None
    key_uri: str | None = None
    use_system_assigned_identity: bool | None = None
    user_assigned_identity: str | None = None
    infrastructure_encryption_state: str | None = None
    resource_guard_operation_requests: list[str] | None = None


class EncryptionConfigRequest(RequestBody):
    decided = (*ENVELOPE, "properties.lastUpdateStatus", "properties.subscriptionId")
    also_read = (
        "properties.useSystemAssignedIdentity",
        "properties.userAssignedIdentity",
        "properties.resourceGuardOperationRequests",
    )

    properties: EncryptionPropertiesRequest = EncryptionPropertiesRequest()


def get_backup_config(call: Call) -> Answer:
    return as_json(vault_config.backup_config(_vault(call).json()))


def write_backup_config(call: Call) -> Answer:
    properties = _properties(call.read(BackupConfigRequest))
    vault_config.check_backup_config(_vault(call).json(), properties)
    return get_backup_config(call)


def get_storage_config(call: Call) -> Answer:
    vault = _vault(call)
    in_use = bool(call.ports.store.find(protected_item.KIND, vault.id, limit=1))
    return as_json(vault_config.storage_config(vault.json(), in_use))


def put_storage_config(call: Call) -> Answer:
    properties = _properties(call.read(StorageConfigRequest))
    with call.ports.store.transaction():
        vault = _vault(call)
        redundancy = vault_config.redundancy_asked(vault.json(), properties)
        if redundancy:
            if redundancy_is_of_vault_api(vault):
                raise vault_config.redundancy_is_of_vault_api()
            apply(call, vault.json(), vault, Asked({"redundancySettings": redundancy}, by_vault_api=False))
    return get_storage_config(call)


def patch_storage_config(call: Call) -> Answer:
    put_storage_config(call)
    return Answer(204)


def get_encryption_config(call: Call) -> Answer:
    return as_json(vault_config.encryption_config(_vault(call).json()))


def put_encryption_config(call: Call) -> Answer:
    request = call.read(EncryptionConfigRequest)
    with call.ports.store.transaction():
        vault = _vault(call)
        settings = {"encryption": vault_encryption.from_config(_properties(request))}
        requests = request.properties.resource_guard_operation_requests
        apply(call, vault.json(), vault, Asked(settings, guard_requests=requests, by_vault_api=False))
    return get_encryption_config(call)


def _vault(call: Call) -> Document:
    return call.get(KIND, vault_id(call))


def _properties(request: BackupConfigRequest | StorageConfigRequest | EncryptionConfigRequest) -> Json:
    return request.properties.model_dump(by_alias=True, exclude_none=True)


ROUTES = (
    reading(BACKUP_CONFIG, get_backup_config),
    Route("PUT", BACKUP_CONFIG, write_backup_config, body=BackupConfigRequest, codes=(200,)),
    Route("PATCH", BACKUP_CONFIG, write_backup_config, body=BackupConfigRequest, codes=(200,)),
    reading(STORAGE_CONFIG, get_storage_config),
    Route("PUT", STORAGE_CONFIG, put_storage_config, body=StorageConfigRequest, codes=(200,)),
    Route("PATCH", STORAGE_CONFIG, patch_storage_config, body=StorageConfigRequest, codes=(204,)),
    reading(ENCRYPTION_CONFIG, get_encryption_config),
    Route("PUT", ENCRYPTION_CONFIG, put_encryption_config, body=EncryptionConfigRequest, codes=(200,)),
)
