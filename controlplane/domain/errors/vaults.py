"""Errors of vaults, their settings, and the resource guards that protect them."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import (
    IMMUTABILITY_CHANGE_REPORT,
    IMMUTABILITY_REPORT,
    IMMUTABLE_DELETION_REPORT,
    KNOWN,
    OURS,
    OURS_WITH_ITS_MESSAGE,
    PARAMETER_REPORT,
    QUOTED,
    SELF_HELP,
)

RESOURCE_GUARD_IN_USE = ErrorKind(
    code="ResourceGuardInUse",
    message="The resource guard cannot be deleted because a vault is mapped to it.",
    status=409,
    source=OURS,
)

DELETED_VAULT_NOT_FOUND = ErrorKind(
    code="DeletedVaultNotFound",
    message="There is no deleted vault '{name}' in the location.",
    status=404,
    source=OURS,
)

VAULT_NAME_ALREADY_IN_USE = ErrorKind(
    code="BMSUserErrorVaultNameAlreadyInUse",
    message="The vault cannot be recovered: the resource group '{group}' already has a vault named '{vault}'.",
    status=409,
    source=OURS,
)

OPERATION_DENIED_ON_IMMUTABLE_ITEM = ErrorKind(
    code="UserErrorOperationDeniedOnImmutableItem",
    message=(
        "The Vault and Bakcup Item is in Immutable state where destructive operations are not supported. The Vault and "
        "Backup Item is immutable, hence operation is denied. Refer to the documentation to learn more: "
        "https://aka.ms/AB-ImmutableVaults-States "
    ),
    remedy="Enable immutability of the vault before backups are suspended, or stop protection and retain the data.",
    source=IMMUTABILITY_REPORT,
)

DELETE_BACKUP_ITEM_ON_IMMUTABLE_ITEM = ErrorKind(
    code="UserErrorDeleteBackupItemOnImmutableItem",
    message="The item cannot be deleted: its vault is immutable, and it has recovery points that have not expired.",
    remedy="Stop protection and retain the data instead.",
    source=IMMUTABLE_DELETION_REPORT,
)

UNSUPPORTED_VAULT_IMMUTABILITY_STATE_CHANGE = ErrorKind(
    code="UserErrorUnsupportedVaultImmutabilityStateChange",
    message=(
        "The immutable vault property for this vault is locked, hence, this setting cannot be disabled. The vault has "
        "its immutable vault property enabled and locked, and it can no longer be reverted to a non-immutable vault. "
        "Refer to the documentation to learn more: https://aka.ms/AB-ImmutableVaults-States "
    ),
    remedy="Immutability can be locked once it is Unlocked; once it is locked, it stays.",
    source=IMMUTABILITY_CHANGE_REPORT,
)

INVALID_REST_API_PARAMETER = ErrorKind(
    code="InvalidRestApiParameter",
    message="{parameter} parameter is invalid. Please provide a valid {parameter}",
    source=PARAMETER_REPORT,
)

RETENTION_REDUCTION_ON_IMMUTABLE_VAULT = ErrorKind(
    code="BMSUserErrorRetentionReductionOnImmutableVault",
    message="Reduction in retention is not allowed since the vault is immutable.",
    remedy="Keep every recovery point at least as long as before.",
    source=OURS,
)

INVALID_CRITICAL_OPERATION_EXCLUSION_LIST = ErrorKind(
    code="BMSUserErrorInvalidCriticalOperationExclusionList",
    message="The critical operation exclusion list is invalid: {operations} cannot be excluded.",
    target="vaultCriticalOperationExclusionList",
    source=QUOTED,
)

RESOURCE_GUARD_OPERATION_REQUEST_MISSING = ErrorKind(
    code="BMSUserErrorResourceGuardOperationRequestMissing",
    message="ResourceGuard Operation requestid is either null or empty",
    status=403,
    remedy="Name the resource guard's request object for the operation.",
    source=OURS_WITH_ITS_MESSAGE,
)

RESOURCE_GUARD_OPERATION_REQUEST_INVALID = ErrorKind(
    code="BMSUserErrorResourceGuardOperationRequestInvalid",
    message="None of the resource guard operation requests allows the operation '{operation}'.",
    status=403,
    source=OURS,
)

RESOURCE_GUARD_UNLOCK_MISSING = ErrorKind(
    code="BMSUserErrorResourceGuardUnlockMissing",
    message="The deletion is protected by a resource guard and has not been unlocked.",
    status=403,
    remedy="Call unlockDelete with the resource guard's request object first.",
    source=OURS,
)

VAULT_DELETION_NOT_ALLOWED = ErrorKind(
    code="BMSUserErrorVaultDeletionNotAllowed",
    message="Recovery Services Vault cannot be deleted as there are existing resources within the vault.",
    source=SELF_HELP,
)

VAULT_DELETION_FORBIDDEN = ErrorKind(
    code="BMSUserErrorVaultDeletionNotAllowed",
    message=(
        "Vault cannot be deleted as there are existing resources within the vault. Please ensure there are no backup "
        "items, protected servers, or backup management servers associated with this vault. Unregister the following "
        "containers associated with this vault before proceeding for deletion: {registrations}."
    ),
    source=SELF_HELP,
)

DISABLING_SOFT_DELETE_STATE_NOT_ALLOWED = ErrorKind(
    code="BMSUserErrorDisablingSoftDeleteStateNotAllowed",
    message=(
        "Disabling soft delete or enhanced security state is not allowed for this vault. Please contact Microsoft "
        "Support if this is not expected."
    ),
    source=QUOTED,
)

SOFT_DELETE_STATE_ALWAYS_ON = ErrorKind(
    code="BMSUserErrorSoftDeleteStateAlwaysOn",
    message="The soft delete state of the vault is AlwaysON, which cannot be modified.",
    source=KNOWN,
)

SOFT_DELETE_USE_VAULT_API = ErrorKind(
    code="BMSUserErrorSoftDeleteUseVaultApi",
    message=(
        "Soft delete settings of this vault cannot be modified using this API. They were set by the Vault API, which "
        "must be used to change them."
    ),
    source=QUOTED,
)

REDUNDANCY_SETTINGS_USE_VAULT_API = ErrorKind(
    code="BMSUserErrorRedundancySettingsUseVaultApi",
    message=(
        "Redundancy settings for this vault cannot be modified using this API. Since the Vault API was previously "
        "used to update the redundancy settings for this vault, you must again use the Vault API."
    ),
    source=QUOTED,
)

ENCRYPTION_IDENTITY_NOT_ASSIGNED = ErrorKind(
    code="BMSUserErrorEncryptionIdentityNotAssigned",
    message="The identity that reads the encryption key is not assigned to the vault.",
    remedy="Assign the identity first. An identity that encryption uses cannot be removed.",
    source=OURS,
)

ENCRYPTION_NOT_ALLOWED_ON_VAULT_IN_USE = ErrorKind(
    code="BMSUserErrorEncryptionNotAllowedOnVaultInUse",
    message=("A vault cannot be encrypted with a customer-managed key once an item has been protected in it."),
    source=OURS,
)

INFRASTRUCTURE_ENCRYPTION_CANNOT_BE_CHANGED = ErrorKind(
    code="BMSUserErrorInfrastructureEncryptionCannotBeChanged",
    message=("Infrastructure encryption cannot be changed once the vault is encrypted with a customer-managed key."),
    source=OURS,
)

ENCRYPTION_TYPE_NOT_ALLOWED = ErrorKind(
    code="BMSUserErrorEncryptionTypeNotAllowed",
    message="Encryption can only be set to a customer-managed key.",
    source=OURS,
)

VAULT_IDENTITY_NOT_FOUND = ErrorKind(
    code="FailedIdentityOperation",
    message=("Identity operation for the vault failed: the user-assigned identity '{identity}' could not be found."),
    target="identity",
    source=KNOWN,
)

SOFT_DELETE_STATE_NOT_SET_TO_ALWAYS_ON = ErrorKind(
    code="BMSUserErrorSoftDeleteStateNotSetToAlwaysON",
    message="Soft delete state and enhanced security state must be set to AlwaysON for this API version",
    source=QUOTED,
)

REDUNDANCY_CHANGE_NOT_ALLOWED = ErrorKind(
    code="BMSUserErrorRedundancyChangeNotAllowed",
    message="The storage redundancy of a vault cannot be changed once an item has been protected in it.",
    source=OURS,
)

CROSS_REGION_RESTORE_CANNOT_BE_DISABLED = ErrorKind(
    code="BMSUserErrorCrossRegionRestoreCannotBeDisabled",
    message="Cross Region Restore cannot be disabled once it has been enabled.",
    source=OURS,
)

CROSS_REGION_RESTORE_NEEDS_GEO_REDUNDANCY = ErrorKind(
    code="BMSUserErrorCrossRegionRestoreNeedsGeoRedundancy",
    message="Cross Region Restore can only be enabled for a geo-redundant vault.",
    source=OURS,
)

CROSS_SUBSCRIPTION_RESTORE_PERMANENTLY_DISABLED = ErrorKind(
    code="BMSUserErrorCrossSubscriptionRestorePermanentlyDisabled",
    message="Cross Subscription Restore has been disabled permanently for the vault.",
    source=OURS,
)
