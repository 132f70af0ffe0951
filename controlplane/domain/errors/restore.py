"""Errors of restores and of the recovery points that they read."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import (
    ARCHIVE_TIER,
    BACKUP_OF_MACHINES,
    OURS,
    OURS_WITH_ITS_MESSAGE,
    SELF_HELP,
)

RECOVERY_POINT_NOT_FOUND = ErrorKind(
    code="BMSUserErrorRecoveryPointNotFound",
    message="The item has no recovery point '{name}'.",
    status=404,
    source=OURS,
)

RECOVERY_POINT_REHYDRATION_NOT_ALLOWED = ErrorKind(
    code="UserErrorRecoveryPointRehydrationNotAllowed",
    message="Rehydration is only supported for Archive Recovery Points.",
    remedy="Restore this recovery point without rehydration.",
    source=ARCHIVE_TIER,
)

ORIGINAL_LOCATION_NOT_SUPPORTED_WITH_DISKS_EXCLUDED = ErrorKind(
    code="UserErrorOLRNotSupportedOnRPWithDisksExcluded",
    message="Replace existing is not supported on a recovery point with excluded disks.",
    remedy="Restore the disks, then attach them to the virtual machine.",
    source=SELF_HELP,
)

ALTERNATE_LOCATION_NOT_SUPPORTED_WITH_DISKS_EXCLUDED = ErrorKind(
    code="UserErrorALRNotSupportedOnRPWithDisksExcluded",
    message="A virtual machine cannot be created from a recovery point with excluded disks.",
    remedy="Restore the disks, then create a virtual machine from them.",
    source=OURS,
)

ORIGINAL_LOCATION_NOT_SUPPORTED = ErrorKind(
    code="UserErrorOLRNotSupported",
    message="Replace existing is not supported for this scenario: {reason}.",
    remedy="Restore the disks, or create another virtual machine from the recovery point.",
    source=SELF_HELP,
)

CROSS_ZONAL_RESTORE_NOT_SUPPORTED = ErrorKind(
    code="UserErrorCrossZonalRestoreNotSupported",
    message="Operation failed as Cross Zonal Restore is not supported: {reason}.",
    remedy="Restore without a zone, or from a zone-redundant vault and a recovery point in its vault tier.",
    source=OURS,
)

CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FOR_ORIGINAL_LOCATION = ErrorKind(
    code="UserErrorCrossSubscriptionRestoreNotSuppportedForOLR",
    message="Operation failed as Cross Subscription Restore is not supported for Original Location Recovery.",
    remedy="Restore into the subscription of the virtual machine.",
    source=BACKUP_OF_MACHINES,
)

CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FOR_UNMANAGED_DISKS = ErrorKind(
    code="UserErrorCrossSubscriptionRestoreNotSuppportedForUnManagedAzureVM",
    message=("Operation failed as Cross Subscription Restore is not supported for Azure VMs with Unmanaged Disks."),
    remedy="Restore into the subscription of the virtual machine.",
    source=BACKUP_OF_MACHINES,
)

CROSS_SUBSCRIPTION_RESTORE_DISABLED = ErrorKind(
    code="UserErrorCrossSubscriptionRestoreDisabled",
    message="Operation failed as Cross Subscription Restore is not allowed on this vault.",
    remedy="Restore into the subscription of the virtual machine.",
    source=OURS,
)

CROSS_SUBSCRIPTION_RESTORE_NOT_SUPPORTED_FROM_SNAPSHOT = ErrorKind(
    code="UserErrorCrossSubscriptionRestoreNotSuppportedFromSnapshot",
    message=(
        "Operation failed as Cross Subscription Restore is not supported when restoring from a Snapshot recovery point."
    ),
    remedy="Restore into the subscription of the virtual machine.",
    source=BACKUP_OF_MACHINES,
)

CROSS_SUBSCRIPTION_RESTORE_INVALID_TARGET_SUBSCRIPTION = ErrorKind(
    code="UserErrorCrossSubscriptionRestoreInvalidTargetSubscription",
    message=(
        "Operation failed as the target subscription specified for restore is not registered to the Azure Recovery "
        "Services Resource Provider."
    ),
    remedy="Restore into the subscription of the virtual machine.",
    source=BACKUP_OF_MACHINES,
)

RESTORED_VM_NOT_PROVISIONED = ErrorKind(
    code="UserErrorRestoredVmNotProvisioned",
    message="The virtual machine could not be brought to the power state {power_state}. {problem}",
    remedy="Restore the disks and attach them to another virtual machine to examine them.",
    source=OURS,
)

RECOVERY_POINT_NOT_REHYDRATED = ErrorKind(
    code="UserErrorRecoveryPointNotRehydrated",
    message="Archive Recovery Point is not rehydrated. Retry Restore after rehydration completed on Archive RP.",
    remedy="Restore the recovery point with rehydration first.",
    source=ARCHIVE_TIER,
)

ITEM_RECOVERY_SESSION_NOT_FOUND = ErrorKind(
    code="UserErrorItemRecoverySessionNotFound",
    message="No file recovery is in progress for this recovery point.",
    status=409,
    source=OURS,
)

ARCHIVED_POINT_NOT_REHYDRATED = ErrorKind(
    code="UserErrorRecoveryPointNotRehydrated",
    message="Archive Recovery Point is not rehydrated. Retry Restore after rehydration completed on Archive RP.",
    remedy="Request a restore with rehydration.",
    source=ARCHIVE_TIER,
)

RECOVERY_POINT_ALREADY_REHYDRATED = ErrorKind(
    code="UserErrorRecoveryPointAlreadyRehydrated",
    message="Recovery Point is already rehydrated. Rehydration is not allowed on this RP.",
    remedy="Restore it without rehydration.",
    source=ARCHIVE_TIER,
)

BCM_RESTORE_STORAGE_ACCOUNT_NOT_FOUND = ErrorKind(
    code="UserErrorBcmRestoreStorageAccountNotFound",
    message="Storage account specified for restore does not exist.",
    remedy="Specify an existing storage account, and keep it until the restore has ended.",
    source=SELF_HELP,
)

RESTORE_DESTINATION_BLOB_NOT_FOUND = ErrorKind(
    code="UserErrorRestoreDestinationBlobNotFound",
    message="Restore destination blob not found. {problem}",
    remedy="Keep the storage account and its containers until the restore has ended, or specify another one.",
    source=SELF_HELP,
)

NETWORK_ACLS_NOT_SUPPORTED = ErrorKind(
    code="UserErrorNetworkAclsANotSupported",
    message="Network restricted storage account is not supported for restore. {problem}",
    remedy="Specify a storage account that accepts requests from all networks.",
    source=SELF_HELP,
)

INSUFFICIENT_SPACE_FOR_RESTORE = ErrorKind(
    code="UserErrorInsufficientSpaceForRestoreOnDisk",
    message="Insufficient free space on the target disk. {problem}",
    remedy="Free some space there, or specify another target.",
    source=SELF_HELP,
)

TARGET_STORAGE_ACCOUNT_IN_OTHER_REGION = ErrorKind(
    code="UserErrorTargetStorageAccountInOtherRegion",
    message="The Recovery Services vault and target storage account are in two different regions.",
    remedy="Specify a storage account in the region of the vault.",
    source=OURS_WITH_ITS_MESSAGE,
)

ORIGINAL_MACHINE_NOT_FOUND = ErrorKind(
    code="UserErrorOLRVirtualMachineNotFound",
    message="The disks of the virtual machine cannot be replaced because it no longer exists.",
    remedy="Create another virtual machine from the recovery point, or restore its disks.",
    source=OURS,
)

REPLACED_MACHINE_GONE = ErrorKind(
    code="ResourceNotFound",
    message="Could not perform the operation as VM no longer exists.",
    number=320001,
    remedy="Create another virtual machine from the recovery point, or restore its disks.",
    source=BACKUP_OF_MACHINES,
)

RESTORE_VIRTUAL_NETWORK_INVALID = ErrorKind(
    code="UserErrorRestoreVirtualNetworkInvalid",
    message=(
        "The specified virtual network configuration isn't correct: there is no such virtual network in the region of "
        "the vault."
    ),
    remedy="Select a virtual network in the region of the vault.",
    source=OURS_WITH_ITS_MESSAGE,
)

RESTORE_OPERATION_IN_PROGRESS = ErrorKind(
    code="UserErrorRestoreOperationInProgress",
    message="Another restore operation is in progress for this item.",
    remedy="Wait for it to end or cancel it, then retry.",
    source=SELF_HELP,
)

RESTORED_DISK_NAME_TAKEN = ErrorKind(
    code="UserErrorRestoredDiskNameTaken",
    message="The resource group already has a disk named {name}.",
    remedy="Retry the restore. The names of restored disks depend on its time.",
    source=OURS,
)

RESTORE_SUBNET_NOT_FOUND = ErrorKind(
    code="UserErrorRestoreSubnetNotFound",
    message="The selected subnet doesn't exist.",
    remedy="Select a subnet that exists, in the virtual network of the request.",
    source=OURS_WITH_ITS_MESSAGE,
)

MACHINE_NAME_TAKEN = ErrorKind(
    code="UserErrorVmAlreadyExistWithSameName",
    message="A VM with the name {name} already exists in the resource group.",
    remedy="Specify another name.",
    source=SELF_HELP,
)

BACKUP_BEFORE_REPLACE_FAILED = ErrorKind(
    code="OlrBackupFailed",
    message="Replace existing failed because the virtual machine could not be backed up first. {reason}",
    remedy="{what_to_do}",
    source=SELF_HELP,
)

SNAPSHOT_NOT_FOUND = ErrorKind(
    code="UserErrorInstantRpNotFound",
    message="Restore failed because the snapshot of the VM was not found. The snapshot could have been deleted.",
    remedy="Pick another recovery point.",
    source=BACKUP_OF_MACHINES,
)

RECOVERY_POINT_DAMAGED = ErrorKind(
    code="UserErrorRecoveryPointDamaged",
    message="{activity} failed because the disk {disk} of the recovery point is damaged{where}: {problems}.",
    remedy="Restore the other disks of this recovery point, or pick another recovery point.",
    source=OURS,
)

MIN_LIFE_SPAN_IN_STANDARD_REQUIRED_FOR_ARCHIVE = ErrorKind(
    code="MinLifeSpanInStandardRequiredForArchive",
    message=(
        "Recovery-Point is not eligible for Archive Move as lifespan spent in Vault-Standard-Tier is lesser than the "
        "required minimum."
    ),
    remedy="Wait until the recovery point has been in the vault for three months.",
    source=ARCHIVE_TIER,
)

MIN_REMAINING_LIFE_SPAN_IN_ARCHIVE_REQUIRED = ErrorKind(
    code="MinRemainingLifeSpanInArchiveRequired",
    message="Recovery-Point remaining lifespan is lesser than the required minimum.",
    remedy="Keep the recovery point for six more months at least.",
    source=ARCHIVE_TIER,
)

RECOVERY_POINT_TYPE_NOT_ELIGIBLE_FOR_ARCHIVE = ErrorKind(
    code="RecoveryPointTypeNotEligibleForArchive",
    message="Recovery-Point Type is not eligible for Archive Move.",
    remedy="Move a recovery point that a monthly or yearly retention rule keeps.",
    source=ARCHIVE_TIER,
)

RECOVERY_POINT_HAVE_ACTIVE_DEPENDENCIES = ErrorKind(
    code="RecoveryPointHaveActiveDependencies",
    message="Recovery-Point having active dependencies for restore is not eligible for Archive Move.",
    remedy="Wait until its snapshots are gone.",
    source=ARCHIVE_TIER,
)

RECOVERY_POINT_ALREADY_IN_ARCHIVE_TIER = ErrorKind(
    code="UserErrorRecoveryPointAlreadyInArchiveTier",
    message="Recovery-Point is not eligible for archive move as it has already been moved to archive tier.",
    source=ARCHIVE_TIER,
)

RP_MOVE_READINESS_TO_BE_DETERMINED = ErrorKind(
    code="RPMoveReadinessToBeDetermined",
    message="We're still determining if this Recovery Point can be moved.",
    remedy="Ask again later.",
    source=ARCHIVE_TIER,
)

REHYDRATION_ALREADY_IN_PROGRESS = ErrorKind(
    code="UserErrorRecoveryPointRehydrationAlreadyInProgress",
    message="Rehydration is already In-Progress for Archive Recovery Point. {problem}",
    remedy="Wait until it has ended, then restore.",
    source=ARCHIVE_TIER,
)

STILL_ARCHIVED = ErrorKind(
    code="UserErrorRecoveryPointNotRehydrated",
    message=(
        "Archive Recovery Point is not rehydrated. Retry Restore after rehydration completed on Archive RP. {problem}"
    ),
    remedy="Restore the recovery point with rehydration.",
    source=ARCHIVE_TIER,
)
