"""Errors of the snapshot of a machine."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import AGENT_OR_EXTENSION, BACKUP_OF_MACHINES, SELF_HELP

_NETWORK = (
    "Allow the machine to reach its storage: check outbound access or service tags, the proxy and DHCP. Then retry."
)
_SCRIPTS = "Correct the script or its configuration in the machine, then retry."
_FREEZE_LOAD = "Lower the load on the machine during the backup, or move the schedule, then retry."
_VSS_WRITERS = (
    "List the writers with `vssadmin list writers` and restart the services of those that are not stable. Then retry."
)

# The extension reports these; `detail` is its own sentence after a blank, or empty.

EXTENSION_OPERATION_FAILED = ErrorKind(
    code="ExtensionOperationFailed",
    message="VMSnapshot extension operation failed.{detail}",
    remedy="Look at the log of the extension in the machine, then retry.",
    source=SELF_HELP,
)

UNSUPPORTED_DISK_COUNT = ErrorKind(
    code="UserErrorBcmUnsupportedDiskCount",
    message="The number of data disks attached to the virtual machine is {count}. At most {limit} are supported.",
    remedy="Detach some data disks from the virtual machine, then retry.",
    source=SELF_HELP,
)

EXTENSION_OPERATION_FAILED_BY_SCRIPTS = ErrorKind(
    code="ExtensionOperationFailed",
    message="VMSnapshot extension operation failed.{detail}",
    remedy=_SCRIPTS,
    source=SELF_HELP,
)

EXTENSION_FAILED_VSS_WRITER_IN_BAD_STATE = ErrorKind(
    code="ExtensionFailedVssWriterInBadState",
    message="Snapshot operation failed because VSS writers were in a bad state.{detail}",
    remedy=_VSS_WRITERS,
    source=BACKUP_OF_MACHINES,
)

EXTENSION_FAILED_VSS_SERVICE_IN_BAD_STATE = ErrorKind(
    code="ExtensionFailedVssServiceInBadState",
    message="Snapshot operation failed due to VSS (Volume Shadow Copy) service in bad state.{detail}",
    remedy="Restart the VSS service; restart the machine if that does not help. Then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_SNAPSHOT_FAILED_COM = ErrorKind(
    code="ExtensionSnapshotFailedCOM",
    message="Snapshot operation failed due to COM+ error.{detail}",
    remedy="Start the services COM+ System Application and Distributed Transaction Coordinator, then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_INSTALLATION_FAILED_MDTC = ErrorKind(
    code="ExtensionInstallationFailedMDTC",
    message=(
        "Extension installation failed with the error COM+ was unable to talk to the Microsoft Distributed "
        "Transaction Coordinator.{detail}"
    ),
    remedy="Start the service Distributed Transaction Coordinator, then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_INSTALLATION_FAILED_COM = ErrorKind(
    code="ExtensionInstallationFailedCOM",
    message="Extension installation/operation failed due to a COM+ error.{detail}",
    remedy="Start the services COM+ System Application and Distributed Transaction Coordinator, then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_INSTALL_PROVIDER_COM_MEMORY_QUOTA_REACHED = ErrorKind(
    code="ExtensionInstallProviderCOMMemoryQuotaReached",
    message="Extension installation failed due to insufficient COM+ memory quota.{detail}",
    remedy="Raise the desktop heap of services, SharedSection in the registry, and restart the machine. Then retry.",
    source=SELF_HELP,
)

EXTENSION_FAILED_OUT_OF_MEMORY_ERROR = ErrorKind(
    code="ExtensionFailedOutOfMemoryError",
    message="Snapshot operation failed due to insufficient memory.{detail}",
    remedy="Restart the machine, or choose a size with more memory. Then retry.",
    source=SELF_HELP,
)

EXTENSION_SNAPSHOT_BITLOCKER_ERROR = ErrorKind(
    code="ExtensionSnapshotBitlockerError",
    message=(
        "The snapshot operation failed with the Volume Shadow Copy Service (VSS) operation error: this drive is locked "
        "by BitLocker Drive Encryption.{detail}"
    ),
    remedy="Unlock the drives of the machine, or turn BitLocker off for them. Then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_SNAPSHOT_FAILED_NO_SECURE_NETWORK = ErrorKind(
    code="ExtensionSnapshotFailedNoSecureNetwork",
    message=(
        "The snapshot operation failed because of failure to create a secure network communication channel.{detail}"
    ),
    remedy="Set SchUseStrongCrypto to 1 for every .NET Framework of the machine, then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_VC_REDIST_INSTALLATION_FAILURE = ErrorKind(
    code="ExtensionVCRedistInstallationFailure",
    message=(
        "The snapshot operation failed because of failure to install Visual C++ Redistributable for Visual Studio "
        "2012.{detail}"
    ),
    remedy="Install the redistributable from the folder of the extension, then retry.",
    source=BACKUP_OF_MACHINES,
)

DOT_NET_VERSION_UPGRADE_REQUIRED = ErrorKind(
    code="UserErrorDotNetVersionUpgradeRequired",
    message="Unsupported .NET version.{detail}",
    remedy="Upgrade .NET in the machine and restart it, then retry.",
    source=SELF_HELP,
)

FS_FREEZE_FAILED = ErrorKind(
    code="UserErrorFsFreezeFailed",
    message="Failed to freeze one or more mount-points of the VM to take a file-system consistent snapshot.{detail}",
    remedy="Check the file systems of the machine, then retry.",
    source=BACKUP_OF_MACHINES,
)

FS_FREEZE_TIMEOUT = ErrorKind(
    code="UserErrorFsFreezeTimeout",
    message="Failed to freeze one or more mount-points of the VM to take a file-system consistent snapshot.{detail}",
    remedy=_FREEZE_LOAD,
    source=SELF_HELP,
)

UNABLE_TO_OPEN_MOUNT = ErrorKind(
    code="UserErrorUnableToOpenMount",
    message=(
        "Backups failed because the backup extensions on the VM were unable to open the mount points in the VM.{detail}"
    ),
    remedy="Make all mount points accessible or unmount stale ones, then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_COMMAND_EXEC_FAILURE = ErrorKind(
    code="ExtensionCommandExecFailure",
    message="Extension command execution failed.{detail}",
    remedy="Reinstall the extension, then retry.",
    source=SELF_HELP,
)

EXTENSION_SNAPSHOT_FAILED_NO_NETWORK = ErrorKind(
    code="ExtensionSnapshotFailedNoNetwork",
    message="Snapshot operation failed due to no network connectivity on the virtual machine.{detail}",
    remedy=_NETWORK,
    source=AGENT_OR_EXTENSION,
)

EXTENSION_SNAPSHOT_FAILED_NO_NETWORK_FOR_SOME_DISKS = ErrorKind(
    code="ExtensionSnapshotFailedNoNetwork",
    message=(
        "Snapshot operation failed due to no network connectivity on the virtual machine for some of its disks.{detail}"
    ),
    remedy=_NETWORK,
    source=AGENT_OR_EXTENSION,
)

EXTENSION_FAILED_SNAPSHOT_LIMIT_REACHED_ERROR = ErrorKind(
    code="ExtensionFailedSnapshotLimitReachedError",
    message="Snapshot operation failed as snapshot limit is exceeded for some of the disks attached.{detail}",
    remedy="Delete snapshots of the disks that are no longer needed (not the disks themselves), then retry.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_FAILED_SNAPSHOT_RATE_EXCEEDED_ERROR = ErrorKind(
    code="ExtensionFailedSnapshotRateExceededError",
    message="Snapshot operation failed as the snapshot rate limit is exceeded.{detail}",
    remedy="Let the backups of machines that share a storage account start at different times, then retry.",
    source=SELF_HELP,
)

EXTENSION_FAILED_TIMEOUT_VM_NETWORK_UNRESPONSIVE = ErrorKind(
    code="ExtensionFailedTimeoutVMNetworkUnresponsive",
    message="Snapshot operation failed due to inadequate VM resources.{detail}",
    remedy="The machine started the task too late. Choose a larger size or move the schedule, then retry.",
    source=BACKUP_OF_MACHINES,
)

GUEST_AGENT_CERTIFICATE_NOT_FOUND = ErrorKind(
    code="GuestAgentCertificateNotFound",
    message="The VM does not have a valid guest agent certificate.{detail}",
    remedy="Deallocate and start the machine, so that it gets a new certificate. Then retry.",
    source=SELF_HELP,
)

EXTENSION_CONFIG_PARSING_FAILURE = ErrorKind(
    code="ExtensionConfigParsingFailure",
    message="Failure in parsing the config for the backup extension.{detail}",
    remedy="Reinstall the extension, then retry.",
    source=BACKUP_OF_MACHINES,
)

UNSUPPORTED_DISK_CONFIGURATION = ErrorKind(
    code="UserErrorUnsupportedDiskConfiguration",
    message="The specified Disk configuration is not supported.{detail}",
    remedy="Name the disks to include or exclude, then retry.",
    source=SELF_HELP,
)

EXTENSION_PRE_SCRIPT_TIMEOUT = ErrorKind(
    code="ExtensionPreScriptTimeout",
    message="Pre script timed out.{detail}",
    remedy=_SCRIPTS,
    source=SELF_HELP,
)

VM_RESTORE_POINT_INTERNAL_ERROR = ErrorKind(
    code="VMRestorePointInternalError",
    message="Restore Point creation failed due to an internal execution error while creating VM snapshot.{detail}",
    remedy="Please retry the operation after some time.",
    source=BACKUP_OF_MACHINES,
)

EXTENSION_OPERATION_FAILED_FOR_MANAGED_DISKS = ErrorKind(
    code="ExtensionOperationFailedForManagedDisks",
    message="VMSnapshot extension operation failed.{detail}",
    remedy="Check the agent, then the extension in the machine. Then retry.",
    source=AGENT_OR_EXTENSION,
)

# The service notices these itself.

GUEST_AGENT_VERSION_UNSUPPORTED = ErrorKind(
    code="UserErrorGuestAgentVersionUnsupported",
    message="Unsupported guest agent version: {version}. At least {least} is needed.",
    remedy="Upgrade the agent, then retry.",
    source=SELF_HELP,
)

AZURE_VM_OFFLINE = ErrorKind(
    code="AzureVmOffline",
    message="Failed to install Microsoft Recovery Services extension as virtual machine is not running.",
    number=380008,
    remedy="Start the machine, make sure that its agent is ready, then retry.",
    source=BACKUP_OF_MACHINES,
)

RP_COLLECTION_LIMIT_REACHED = ErrorKind(
    code="UserErrorRpCollectionLimitReached",
    message="The Restore Point collection max limit has reached.",
    remedy=(
        "Remove the lock on the resource group of the restore point collection, then trigger a backup: it removes the "
        "restore points that are no longer needed."
    ),
    source=AGENT_OR_EXTENSION,
)

REQUEST_DISALLOWED_BY_POLICY = ErrorKind(
    code="UserErrorRequestDisallowedByPolicy",
    message=(
        "An invalid policy is configured on the VM which is preventing Snapshot operation. The policy assignment "
        "{assignment} denies the resource group {group}."
    ),
    remedy="Exempt the resource group from the policy, or create it by hand. Then retry.",
    source=BACKUP_OF_MACHINES,
)

RESOURCE_IS_IN_LOCKED_STATE = ErrorKind(
    code="UserErrorResourceIsInLockedState",
    message="The operation failed due to a lock: {scope}.",
    remedy="Remove the lock, then retry.",
    source=SELF_HELP,
)

MACHINE_GONE = ErrorKind(
    code="BCMV2VMNotFound",
    message="The virtual machine doesn't exist.",
    number=400094,
    remedy="Create it again with the same name and resource group, or stop protection.",
    source=BACKUP_OF_MACHINES,
)

MACHINE_NOT_PROVISIONED = ErrorKind(
    code="UserErrorVmProvisioningStateFailed",
    message="The VM is in failed provisioning state.{detail}",
    remedy="Bring the machine and every extension of it to a succeeded provisioning state, then retry.",
    source=AGENT_OR_EXTENSION,
)

MACHINE_NOT_STABLE = ErrorKind(
    code="UserErrorVmNotInDesirableState",
    message="VM is not in a state that allows backups. {reason}",
    remedy="Wait until the machine is running or stopped, then retry.",
    source=BACKUP_OF_MACHINES,
)

AGENT_NOT_READY = ErrorKind(
    code="UserErrorGuestAgentStatusUnavailable",
    message="VM Agent unable to communicate with Azure Backup. {reason}",
    remedy="Check that the machine runs and its agent is ready; restart or reinstall the agent. Then retry.",
    source=AGENT_OR_EXTENSION,
)

NO_SNAPSHOT_STATUS = ErrorKind(
    code="GuestAgentSnapshotTaskStatusError",
    message=(
        "Could not communicate with the VM agent for snapshot status. No final status arrived within {seconds:g} "
        "seconds."
    ),
    remedy="Check the agent and the extension in the machine, and its connection to 168.63.129.16. Then retry.",
    source=AGENT_OR_EXTENSION,
)

EXTENSION_BEING_DELETED = ErrorKind(
    code="ExtensionStuckInDeletionState",
    message="Extension state is not supportive to the backup operation. It is being removed from the machine.",
    remedy=(
        "Make sure that the agent responds, and let the removal finish. The next backup installs the extension again."
    ),
    source=BACKUP_OF_MACHINES,
)

EXTENSION_NOT_INSTALLED = ErrorKind(
    code="ExtensionInstallationFailure",
    message="Failed to install the backup extension. The agent reports its handler as {handler_status}: {told}",
    remedy="Resolve the problem that the instance view of the machine reports for the extension, then retry.",
    source=SELF_HELP,
)

SNAPSHOTS_MISSING = ErrorKind(
    code="ManagedRpCreationFailedInCrpButExtensionSucceeded",
    message="Restore point creation failed though the extension reported success. {reason}",
    remedy="Restart or upgrade the agent, then retry.",
    source=SELF_HELP,
)
