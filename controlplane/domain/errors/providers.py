"""Errors that follow from what another resource provider, or a key vault, answered the service.

Each has the blank `answer`: the status, code and message of that answer.
"""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import (
    AGENT_OR_EXTENSION,
    BACKUP_OF_MACHINES,
    OURS_WITH_ITS_MESSAGE,
    RESTORE_POINTS,
    SELF_HELP,
)

CRP_REPORTED_USER_ERROR = ErrorKind(
    code="UserErrorCrpReportedUserError",
    message="Backup failed due to an error. For details, see Job Error Message Details. {answer}",
    remedy="Act on the error that the provider reports, then retry.",
    source=AGENT_OR_EXTENSION,
)

CRP_INTERNAL_ERROR = ErrorKind(
    code="BcmCrpInternalError",
    message="Internal error reported by the compute provider. {answer}",
    status=500,
    remedy="Make sure that the machine, its agent and its extensions are healthy, then retry.",
    source=SELF_HELP,
)

RESTORE_POINT_INTERNAL_ERROR = ErrorKind(
    code="VMRestorePointInternalError",
    message=(
        "Restore Point creation failed due to an internal execution error while creating VM snapshot. Please retry the "
        "operation after some time. {answer}"
    ),
    status=500,
    remedy="Retry after some time.",
    source=RESTORE_POINTS,
)

EXTENSION_OPERATION_IN_PROGRESS = ErrorKind(
    code="ExtensionOperationInProgress",
    message=(
        "Changes were made to the Virtual Machine while the operation 'Create Restore Point' was in progress. {answer}"
    ),
    remedy="Change nothing of the machine during its backup. Then retry.",
    source=SELF_HELP,
)

DISK_ALLOCATION_PENDING = ErrorKind(
    code="UserErrorProt32DAllocationPending",
    message="Internal service error: the allocation of a disk is pending. {answer}",
    remedy="Wait: it is resolved within 48 hours.",
    source=SELF_HELP,
)

RP_COLLECTION_MARKED_FOR_DELETION = ErrorKind(
    code="UserErrorRpCollectionMarkedForDeletion",
    message="The Restore Point collection is marked for deletion. {answer}",
    remedy="Wait until it is deleted, then retry.",
    source=SELF_HELP,
)

RP_COLLECTION_DELETED = ErrorKind(
    code="UserErrorRpCollectionDeleted",
    message="The Restore Point collection was deleted during the backup. {answer}",
    remedy="Leave the collections of the service alone, and retry.",
    source=SELF_HELP,
)

SNAPSHOT_LIMIT_OF_DISK_REACHED = ErrorKind(
    code="ExtensionFailedSnapshotLimitReachedError",
    message="Snapshot operation failed as snapshot limit is exceeded for some of the disks attached. {answer}",
    remedy="Delete restore points and snapshots of the disks that are no longer needed, then retry.",
    source=BACKUP_OF_MACHINES,
)

KEYVAULT_PERMISSIONS_NOT_CONFIGURED = ErrorKind(
    code="UserErrorKeyvaultPermissionsNotConfigured",
    message="Backup doesn't have sufficient permissions to the key vault for backup of encrypted VMs. {answer}",
    remedy="Give Azure Backup the permissions get, list and backup on keys and secrets of the key vault, then retry.",
    source=AGENT_OR_EXTENSION,
)

GENERIC_RESOURCE_NOT_FOUND = ErrorKind(
    code="UserErrorGenericResourceNotFound",
    message="The resource does not exist. {answer}",
    status=404,
    remedy="Create the resource again, then retry.",
    source=SELF_HELP,
)

MACHINE_NOT_FOUND_BY_COMPUTE = ErrorKind(
    code="UserErrorVmNotFoundV2",
    message="The specified virtual machine doesn't exist. {answer}",
    remedy="Select an existing virtual machine, or stop protection of the item.",
    source=SELF_HELP,
)

DENIED_BY_POLICY = ErrorKind(
    code="UserErrorRequestDisallowedByPolicy",
    message="An invalid policy is configured, which prevents the operation. {answer}",
    remedy="Exempt the resource group from the policy, then retry.",
    source=BACKUP_OF_MACHINES,
)

LOCKED_SCOPE = ErrorKind(
    code="UserErrorResourceIsInLockedState",
    message="The operation failed due to a lock. {answer}",
    remedy="Remove the lock, then retry.",
    source=SELF_HELP,
)

NO_AUTHORIZATION = ErrorKind(
    code="UserErrorBackupServiceNotAuthorized",
    message="The Backup service doesn't have authorization to access resources in your subscription. {answer}",
    remedy="Give the Backup service the rights that it lacks, then retry.",
    source=OURS_WITH_ITS_MESSAGE,
)

INVALID_TENANT = ErrorKind(
    code="UserErrorInvalidAuthenticationTokenTenant",
    message="The subscription was moved to another tenant. {answer}",
    remedy="Restore the disks, or create another virtual machine from the recovery point.",
    source=SELF_HELP,
)

CORE_COUNT_QUOTA_REACHED = ErrorKind(
    code="UserErrorCoreCountSubscriptionQuotaReached",
    message="The core quota of the subscription is reached. {answer}",
    remedy="Raise the quota, or restore the disks.",
    source=SELF_HELP,
)

SKU_NOT_AVAILABLE = ErrorKind(
    code="UserErrorSkuNotAvailable",
    message="VM creation failed as VM size selected is not available. {answer}",
    remedy="Restore the disks, and create a virtual machine of another size from them.",
    source=BACKUP_OF_MACHINES,
)

MARKETPLACE_NOT_SUPPORTED = ErrorKind(
    code="UserErrorMarketPlaceVMNotSupported",
    message="VM creation failed due to Market Place purchase request being not present. {answer}",
    remedy="Restore the disks, and attach them to another virtual machine.",
    source=BACKUP_OF_MACHINES,
)

RESTORE_CLOUD_INTERNAL_ERROR = ErrorKind(
    code="UserErrorRestoreCloudInternalError",
    message="Restore failed with a cloud internal error. {answer}",
    remedy="Retry after some time, or restore the disks.",
    source=OURS_WITH_ITS_MESSAGE,
)

RESTORE_NETWORK_INCORRECT = ErrorKind(
    code="UserErrorRestoreVirtualNetworkInvalid",
    message="The specified virtual network configuration isn't correct. {answer}",
    remedy="Select another virtual network or subnet.",
    source=OURS_WITH_ITS_MESSAGE,
)

INVALID_MANAGED_DISK_OPERATION = ErrorKind(
    code="UserErrorInvalidManagedDiskOperation",
    message="The operation is not supported on the managed disk. {answer}",
    remedy="Use disks of a supported type, or raise the quota of disks.",
    source=SELF_HELP,
)

RESTORE_GROUP_QUOTA_REACHED = ErrorKind(
    code="UserErrorRestoreResourceGroupQuotaReached",
    message="The resource group quota has been reached. {answer}",
    remedy="Delete resources of the group that are no longer needed, or restore to another one.",
    source=OURS_WITH_ITS_MESSAGE,
)

RESTORE_ACCOUNT_NOT_FOUND = ErrorKind(
    code="UserErrorBcmRestoreStorageAccountNotFound",
    message="Storage account specified for restore does not exist. {answer}",
    remedy="Specify an existing storage account, and keep it until the restore has ended.",
    source=SELF_HELP,
)

STORAGE_ACCOUNT_IS_LOCKED = ErrorKind(
    code="UserErrorStorageAccountIsLocked",
    message="The storage account is locked. {answer}",
    remedy="Remove the lock, or replace it by one that only forbids to delete.",
    source=SELF_HELP,
)

RESTORE_ACCOUNT_OFFLINE = ErrorKind(
    code="UserErrorRestoreStorageAccountOffline",
    message="The type of storage account specified for the restore operation isn't online. {answer}",
    remedy="Specify a storage account that is online.",
    source=OURS_WITH_ITS_MESSAGE,
)

RESTORE_ACCOUNT_NOT_SUPPORTED = ErrorKind(
    code="UserErrorRestoreStorageAccountNotSupported",
    message="The storage account specified for the restore operation isn't supported. {answer}",
    remedy="Specify a storage account of another kind.",
    source=OURS_WITH_ITS_MESSAGE,
)
