"""Errors of protected items and their containers."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import AZURE_FILES, KNOWN, OURS, PROTECTION_REPORT, QUOTED, SELF_HELP

RESOURCE_IS_NOT_A_MACHINE = ErrorKind(
    code="BMSUserErrorInvalidSourceResourceId",
    message="The resource id is not the id of a virtual machine.",
    source=QUOTED,
)

CONTAINER_HAS_DATASOURCES = ErrorKind(
    code="BMSUserErrorContainerHasDatasources",
    message="The container has backup items, so it cannot be unregistered.",
    remedy="Stop protection and delete the backup data first.",
    source=QUOTED,
)

INVALID_BACKUP_INPUT = ErrorKind(
    code="BMSUserErrorInvalidInput",
    message="Input provided for the call is invalid. The value of '{parameter}' is not valid: {reason}.",
    target="{parameter}",
    source=QUOTED,
)

CONTAINER_NAME_INCORRECT = ErrorKind(
    code="BMSUserErrorContainerNameIncorrectFormat",
    message="The container name is not valid: {reason}.",
    source=QUOTED,
)

ITEM_NAME_INCORRECT = ErrorKind(
    code="BMSUserErrorProtectedItemNameIncorrectFormat",
    message="The name of the item is not valid: {reason}.",
    source=QUOTED,
)

CONTAINER_NOT_FOUND = ErrorKind(
    code="BMSUserErrorContainerNotFound",
    message="There is no container '{name}' in the vault.",
    status=404,
    source=OURS,
)

ITEM_NOT_FOUND = ErrorKind(
    code="BMSUserErrorDataSourceObjectNotFound",
    message="There is no protected item '{name}' in the vault.",
    status=404,
    source=QUOTED,
)

ITEM_IS_SOFT_DELETED = ErrorKind(
    code="BMSUserErrorItemIsSoftDeleted",
    message="The item is soft-deleted, so this operation is not allowed.",
    remedy="Undelete the item first.",
    source=OURS,
)

SOURCE_SCAN_STATUS_ALREADY_IN_REQUESTED_STATE = ErrorKind(
    code="UserErrorSourceScanStatusAlreadyInRequestedState",
    message="The source scan of the item is already {status}.",
    source=KNOWN,
)

SOURCE_IS_NOT_A_MACHINE = ErrorKind(
    code="BMSUserErrorInvalidSourceResourceId",
    message="The source resource id is not the id of a virtual machine.",
    source=QUOTED,
)

MACHINE_NOT_FOUND = ErrorKind(
    code="UserErrorVmNotFoundV2",
    message="The specified virtual machine doesn't exist.",
    remedy="Select an existing virtual machine, or stop protection of the item.",
    source=SELF_HELP,
)

VM_VAULT_LOCATION_MISMATCH = ErrorKind(
    code="UserErrorVmVaultLocationMismatch",
    message="The virtual machine and the vault are in different regions.",
    remedy="Use a vault in the region of the machine.",
    source=SELF_HELP,
)

CONTAINER_IS_ALREADY_REGISTERED_WITH_ANOTHER_VAULT = ErrorKind(
    code="BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault",
    message="The virtual machine is already registered with another Recovery Services vault.",
    remedy="Stop its protection there, or select another machine.",
    source=QUOTED,
)

PROTECTION_QUOTA_EXCEEDED = ErrorKind(
    code="UserErrorProtectionQuotaExceeded",
    message="A vault can protect at most {limit} items.",
    remedy="Use another vault.",
    source=SELF_HELP,
)

INVALID_CONFIGURE_PROTECTION_REQUEST = ErrorKind(
    code="BMSUserErrorInvalidConfigureProtectionRequest",
    message=(
        "Input for configure protection is not in proper format. Please ensure that container exists and other "
        "parameters are in valid format: {reason}."
    ),
    source=PROTECTION_REPORT,
)

VIRTUAL_MACHINE_ALREADY_IN_VAULT = ErrorKind(
    code="BMSUserErrorVirtualMachineAlreadyInVault",
    message="The virtual machine already has a backup item in this vault.",
    remedy="Change, resume or undelete that item instead.",
    source=OURS,
)

UNSUPPORTED_DISTRIBUTION = ErrorKind(
    code="UserErrorUnsupportedDistribution",
    message="The operating system of the image {image} is not supported.",
    remedy="Use one of the supported operating systems.",
    source=SELF_HELP,
)

ULTRA_DISK_NEEDS_ENHANCED_POLICY = ErrorKind(
    code="UserErrorUltraAndPremiumSSDv2DiskNotSupportedWithStandardPolicy",
    message="A virtual machine with an Ultra disk or a Premium SSD v2 cannot be protected by a standard policy.",
    remedy="Use an enhanced policy.",
    source=QUOTED,
)

CRASH_CONSISTENT_SNAPSHOT_NOT_SUPPORTED = ErrorKind(
    code="UserErrorCrashConsistentSnapshotNotSupported",
    message="Crash-consistent snapshots of the virtual machine are not supported: {reason}.",
    remedy="Use an enhanced policy with application-consistent snapshots.",
    source=OURS,
)

CONFIDENTIAL_MACHINE_NEEDS_ENHANCED_POLICY = ErrorKind(
    code="UserErrorConfidentialVMNotSupportedWithStandardPolicy",
    message="A confidential virtual machine cannot be protected by a standard policy.",
    remedy="Use an enhanced policy.",
    source=OURS,
)

ITEM_HAS_NO_POLICY = ErrorKind(
    code="BMSUserErrorItemHasNoPolicy",
    message=("Protection of the item is stopped, so it has no policy that could expire its recovery points."),
    remedy="Resume protection with a policy first.",
    source=OURS,
)

ITEM_IS_NOT_SOFT_DELETED = ErrorKind(
    code="BMSUserErrorItemIsNotSoftDeleted",
    message="Only a soft-deleted item can be undeleted.",
    source=OURS,
)

OBJECT_LOCKED = ErrorKind(
    code="BMSUserErrorObjectLocked",
    message="Another operation is in progress on the selected item.",
    status=409,
    source=SELF_HELP,
)

CONFLICTING_PROTECTION_OPERATION = ErrorKind(
    code="BMSUserErrorConflictingProtectionOperation",
    message="Another configure protection operation is in progress for this item.",
    status=409,
    source=AZURE_FILES,
)
