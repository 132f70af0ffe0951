"""What the service asks of Azure's other providers, and what it calls their refusals.

Operations are named as a role names them. The first row that fits an answer counts: by the operation, the code and a
part of the message.
"""

from __future__ import annotations

from typing import NamedTuple

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.providers import (
    CORE_COUNT_QUOTA_REACHED,
    CRP_INTERNAL_ERROR,
    CRP_REPORTED_USER_ERROR,
    DENIED_BY_POLICY,
    DISK_ALLOCATION_PENDING,
    EXTENSION_OPERATION_IN_PROGRESS,
    GENERIC_RESOURCE_NOT_FOUND,
    INVALID_MANAGED_DISK_OPERATION,
    INVALID_TENANT,
    KEYVAULT_PERMISSIONS_NOT_CONFIGURED,
    LOCKED_SCOPE,
    MACHINE_NOT_FOUND_BY_COMPUTE,
    MARKETPLACE_NOT_SUPPORTED,
    NO_AUTHORIZATION,
    RESTORE_ACCOUNT_NOT_FOUND,
    RESTORE_ACCOUNT_NOT_SUPPORTED,
    RESTORE_ACCOUNT_OFFLINE,
    RESTORE_CLOUD_INTERNAL_ERROR,
    RESTORE_GROUP_QUOTA_REACHED,
    RESTORE_NETWORK_INCORRECT,
    RESTORE_POINT_INTERNAL_ERROR,
    RP_COLLECTION_DELETED,
    RP_COLLECTION_MARKED_FOR_DELETION,
    SKU_NOT_AVAILABLE,
    SNAPSHOT_LIMIT_OF_DISK_REACHED,
    STORAGE_ACCOUNT_IS_LOCKED,
)

READ_MACHINE = "Microsoft.Compute/virtualMachines/read"
WRITE_MACHINE = "Microsoft.Compute/virtualMachines/write"
WRITE_EXTENSION = "Microsoft.Compute/virtualMachines/extensions/write"
WRITE_DISK = "Microsoft.Compute/disks/write"
WRITE_POINT = "Microsoft.Compute/restorePointCollections/restorePoints/write"
DELETE_POINT = "Microsoft.Compute/restorePointCollections/restorePoints/delete"
WRITE_INTERFACE = "Microsoft.Network/networkInterfaces/write"
LIST_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
READ_SECRET = "Microsoft.KeyVault/vaults/secrets/read"

BACKUPS_ON_DEMAND = "backups on demand"
"""Of a protected item, within 24 hours."""
DEPENDENTS = "dependents"
"""Of a recovery point: what reads it, and needs it where it is."""
ITEMS_OF_POLICY = "items of a policy"
POLICIES = "policies"
"""Of a vault."""
PROTECTED_ITEMS = "protected items"
"""Of a vault."""
RESTORE_POINTS = "restore points"
"""Of a restore point collection."""
VAULTS_OF_MACHINE = "vaults of a machine"
"""Other vaults in which a virtual machine is registered. With this and the five above the service asks how many there
are beside those that it knows."""


class _Row(NamedTuple):
    operation: str
    """Empty: any."""
    code: str
    says: str
    """A part of the message; empty: any."""
    kind: ErrorKind


_ROWS = (
    _Row(READ_MACHINE, "ResourceNotFound", "", MACHINE_NOT_FOUND_BY_COMPUTE),
    _Row(WRITE_MACHINE, "OperationNotAllowed", "Cores quota", CORE_COUNT_QUOTA_REACHED),
    _Row(WRITE_MACHINE, "SkuNotAvailable", "", SKU_NOT_AVAILABLE),
    _Row(WRITE_MACHINE, "ResourcePurchaseValidationFailed", "", MARKETPLACE_NOT_SUPPORTED),
    _Row(WRITE_MACHINE, "MarketplacePurchaseEligibilityFailed", "", MARKETPLACE_NOT_SUPPORTED),
    _Row(WRITE_MACHINE, "AllocationFailed", "", RESTORE_CLOUD_INTERNAL_ERROR),
    _Row(WRITE_MACHINE, "ZonalAllocationFailed", "", RESTORE_CLOUD_INTERNAL_ERROR),
    _Row(WRITE_INTERFACE, "SubnetIsFull", "", RESTORE_NETWORK_INCORRECT),
    _Row(WRITE_INTERFACE, "SubnetWithExternalResourcesCannotBeUsedByOtherResources", "", RESTORE_NETWORK_INCORRECT),
    _Row(WRITE_DISK, "OperationNotAllowed", "", INVALID_MANAGED_DISK_OPERATION),
    _Row(WRITE_POINT, "OperationNotAllowed", "Changes were made", EXTENSION_OPERATION_IN_PROGRESS),
    _Row(WRITE_POINT, "OperationNotAllowed", "have not been allocated", DISK_ALLOCATION_PENDING),
    _Row(WRITE_POINT, "OperationNotAllowed", "marked for deletion", RP_COLLECTION_MARKED_FOR_DELETION),
    _Row(WRITE_POINT, "ResourceNotFound", "restorePointCollections", RP_COLLECTION_DELETED),
    _Row(WRITE_POINT, "VMRestorePointClientError", "maximum allowed snapshot limit", SNAPSHOT_LIMIT_OF_DISK_REACHED),
    _Row(WRITE_POINT, "InternalExecutionError", "", RESTORE_POINT_INTERNAL_ERROR),
    _Row(WRITE_POINT, "InternalOperationError", "", RESTORE_POINT_INTERNAL_ERROR),
    _Row(LIST_KEYS, "ResourceNotFound", "", RESTORE_ACCOUNT_NOT_FOUND),
    _Row(LIST_KEYS, "ScopeLocked", "", STORAGE_ACCOUNT_IS_LOCKED),
    _Row(LIST_KEYS, "StorageAccountIsNotProvisioned", "", RESTORE_ACCOUNT_OFFLINE),
    _Row(LIST_KEYS, "FeatureNotSupportedForAccount", "", RESTORE_ACCOUNT_NOT_SUPPORTED),
    _Row(READ_SECRET, "Forbidden", "", KEYVAULT_PERMISSIONS_NOT_CONFIGURED),
    _Row(READ_SECRET, "SecretNotFound", "", GENERIC_RESOURCE_NOT_FOUND),
    _Row("", "RequestDisallowedByPolicy", "", DENIED_BY_POLICY),
    _Row("", "ScopeLocked", "", LOCKED_SCOPE),
    _Row("", "AuthorizationFailed", "", NO_AUTHORIZATION),
    _Row("", "LinkedAuthorizationFailed", "", NO_AUTHORIZATION),
    _Row("", "InvalidAuthenticationTokenTenant", "", INVALID_TENANT),
    _Row("", "ResourceGroupQuotaExceeded", "", RESTORE_GROUP_QUOTA_REACHED),
)


def service_error(operation: str, status: int, code: str, message: str) -> ServiceError:
    """The error of a job or a request whose operation a provider refused."""
    kind = next((row.kind for row in _ROWS if _fits(row, operation, code, message)), None)
    if kind is None:
        kind = CRP_INTERNAL_ERROR if status >= 500 else CRP_REPORTED_USER_ERROR
    return kind.error(answer=f"{operation.partition('/')[0]} answered {status} {code}: {message}")


def _fits(row: _Row, operation: str, code: str, message: str) -> bool:
    return row.operation in {"", operation} and row.code == code and row.says in message
