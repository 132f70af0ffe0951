"""What a snapshot task that failed means: from the name the extension reports to the error the service shows."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Meaning:
    """`retry_without_freeze`: what stood in the way was the freeze, so a crash-consistent attempt may do without it."""

    code: str
    message: str
    remedy: str
    retry_without_freeze: bool = False


_NETWORK = "Allow the machine to reach its storage: outbound access or service tags, proxy, DHCP. Then retry."
_SCRIPTS = "Correct the script or its configuration in the machine, then retry."
_FREEZE_LOAD = "Lower the load on the machine at the time of the backup, or move the schedule, then retry."
_VSS_WRITERS = (
    "List the writers with `vssadmin list writers` and restart the services of those that are not stable. Then retry."
)

UNKNOWN = Meaning(
    "ExtensionOperationFailed",
    "VMSnapshot extension operation failed.",
    "Look at the log of the extension in the machine, then retry.",
    retry_without_freeze=False,
)

BY_NAME: dict[str, Meaning] = {
    "error": Meaning(
        "ExtensionOperationFailed",
        "VMSnapshot extension operation failed.",
        "Look at the log of the extension in the machine, then retry.",
        retry_without_freeze=True,
    ),
    "ExtensionFailedVssWriterInBadState": Meaning(
        "ExtensionFailedVssWriterInBadState",
        "Snapshot operation failed because VSS writers were in a bad state.",
        _VSS_WRITERS,
        retry_without_freeze=True,
    ),
    "ExtensionFailedVssServiceInBadState": Meaning(
        "ExtensionFailedVssServiceInBadState",
        "Snapshot operation failed due to VSS (Volume Shadow Copy) service in bad state.",
        "Restart the VSS service; restart the machine if that does not help. Then retry.",
        retry_without_freeze=True,
    ),
    "ExtensionSnapshotFailedCOM": Meaning(
        "ExtensionSnapshotFailedCOM",
        "Snapshot operation failed due to COM+ error.",
        "Start the services COM+ System Application and Distributed Transaction Coordinator, then retry.",
        retry_without_freeze=True,
    ),
    "ExtensionInstallationFailedMDTC": Meaning(
        "ExtensionInstallationFailedMDTC",
        "Extension installation failed with the error COM+ was unable to talk to the Microsoft Distributed Transaction "
        "Coordinator.",
        "Start the service Distributed Transaction Coordinator, then retry.",
        retry_without_freeze=True,
    ),
    "FailedRetryableFsFreezeFailed": Meaning(
        "UserErrorFsFreezeFailed",
        "Failed to freeze one or more mount-points of the VM to take a file-system consistent snapshot.",
        "Check the file systems of the machine, then retry.",
        retry_without_freeze=True,
    ),
    "FailedRetryableFsFreezeTimeout": Meaning(
        "UserErrorFsFreezeTimeout",
        "Failed to freeze one or more mount-points of the VM to take a file-system consistent snapshot.",
        _FREEZE_LOAD,
        retry_without_freeze=True,
    ),
    "FailedRetryableUnableToOpenMount": Meaning(
        "UserErrorUnableToOpenMount",
        "Backups failed because the backup extensions on the VM were unable to open the mount points in the VM.",
        "Make all mount points reachable or unmount what is left over, then retry.",
    ),
    "FailedSafeFreezeBinaryNotFound": Meaning(
        "ExtensionCommandExecFailure", "Extension command execution failed.", "Reinstall the extension, then retry."
    ),
    "FailedRetryableSnapshotFailedNoNetwork": Meaning(
        "ExtensionSnapshotFailedNoNetwork",
        "Snapshot operation failed due to no network connectivity on the virtual machine.",
        _NETWORK,
    ),
    "FailedRetryableSnapshotFailedRestrictedNetwork": Meaning(
        "ExtensionSnapshotFailedNoNetwork",
        "Snapshot operation failed due to no network connectivity on the virtual machine for some of its disks.",
        _NETWORK,
    ),
    "error_http_failure": Meaning(
        "ExtensionSnapshotFailedNoNetwork",
        "Snapshot operation failed due to no network connectivity on the virtual machine.",
        _NETWORK,
    ),
    "FailedSnapshotLimitReached": Meaning(
        "ExtensionFailedSnapshotLimitReachedError",
        "Snapshot operation failed as snapshot limit is exceeded for some of the disks attached.",
        "Delete snapshots of the disks that nothing needs any more (never the disks), then retry.",
    ),
    "FailedRetryableSnapshotRateExceeded": Meaning(
        "ExtensionFailedSnapshotRateExceededError",
        "Snapshot operation failed as the snapshot rate limit is exceeded.",
        "Let the backups of machines that share a storage account start at different times, then retry.",
    ),
    "FailedGuestAgentInvokedCommandTooLate": Meaning(
        "ExtensionFailedTimeoutVMNetworkUnresponsive",
        "Snapshot operation failed due to inadequate VM resources.",
        "The machine took the task up too late: enlarge it, or move the schedule. Then retry.",
    ),
    "FailedHandlerGuestAgentCertificateNotFound": Meaning(
        "GuestAgentCertificateNotFound",
        "The VM does not have a valid guest agent certificate.",
        "Deallocate and start the machine, so that it gets a new certificate. Then retry.",
    ),
    "error_parameter": Meaning(
        "ExtensionConfigParsingFailure",
        "Failure in parsing the config for the backup extension.",
        "Reinstall the extension, then retry.",
    ),
    "error_12": Meaning(
        "ExtensionCommandExecFailure", "Extension command execution failed.", "Reinstall the extension, then retry."
    ),
    "FailedInvalidDataDiskLunList": Meaning(
        "UserErrorUnsupportedDiskConfiguration",
        "The specified Disk configuration is not supported.",
        "Name the disks to include or exclude, then retry.",
    ),
    "FailedPrepostPreScriptTimeout": Meaning("ExtensionPreScriptTimeout", "Pre script timed out.", _SCRIPTS),
    "FailedHostSnapshotRemoteServerError": Meaning(
        "VMRestorePointInternalError",
        "Restore Point creation failed due to an internal execution error while creating VM snapshot.",
        "Please retry the operation after some time.",
    ),
}


def meaning_of(error_name: str) -> Meaning:
    """What an error name of the extension means. Scripts and workloads have many; they all are for their owner."""
    if error_name in BY_NAME:
        return BY_NAME[error_name]
    if error_name.startswith(("FailedPrepost", "FailedWorkload")):
        return Meaning("ExtensionOperationFailed", "VMSnapshot extension operation failed.", _SCRIPTS)
    return UNKNOWN


def service_error(error_name: str, told: str) -> ServiceError:
    """The error of a failed task; `told` is the extension's own sentence, redacted."""
    meaning = meaning_of(error_name)
    detail = f" The extension reported {error_name}: {told}" if told else ""
    return ServiceError(meaning.code, f"{meaning.message}{detail}", remedy=meaning.remedy)


# ------------------------------------------------------------------------------------- failures that no report tells of


def machine_gone() -> ServiceError:
    return ServiceError(
        "BCMV2VMNotFound",
        "The virtual machine doesn't exist.",
        number=400094,
        remedy="Create it again with the same name and resource group, or stop protection.",
    )


def machine_not_provisioned(problem: str | None) -> ServiceError:
    detail = f" {problem}" if problem else ""
    return ServiceError(
        "UserErrorVmProvisioningStateFailed",
        f"The VM is in failed provisioning state.{detail}",
        remedy="Bring the machine and every extension of it to a succeeded provisioning state, then retry.",
    )


def machine_not_stable(reason: str) -> ServiceError:
    return ServiceError(
        "UserErrorVmNotInDesirableState",
        f"VM is not in a state that allows backups. {reason}",
        remedy="Wait until the machine is running or stopped, then retry.",
    )


def agent_not_ready(reason: str) -> ServiceError:
    return ServiceError(
        "UserErrorGuestAgentStatusUnavailable",
        f"VM Agent unable to communicate with Azure Backup. {reason}",
        remedy="Check that the machine runs and its agent is ready; restart or reinstall the agent. Then retry.",
    )


def no_answer(seconds: float) -> ServiceError:
    return ServiceError(
        "GuestAgentSnapshotTaskStatusError",
        f"Could not communicate with the VM agent for snapshot status. No final status came in {seconds:g} seconds.",
        remedy="Check the agent and the extension in the machine, and its way to 168.63.129.16. Then retry.",
    )


def extension_being_deleted() -> ServiceError:
    return ServiceError(
        "ExtensionStuckInDeletionState",
        "Extension state is not supportive to the backup operation. It is being removed from the machine.",
        remedy="Make the agent responsive and let the removal end; the next backup installs the extension again.",
    )


def extension_not_installed(handler_status: str | None) -> ServiceError:
    return ServiceError(
        "ExtensionInstallationFailure",
        f"Failed to install the backup extension. The agent reports its handler as {handler_status or 'absent'}.",
        remedy="Resolve what the instance view of the machine says of the extension, then retry.",
    )


def snapshots_missing(reason: str) -> ServiceError:
    return ServiceError(
        "ManagedRpCreationFailedInCrpButExtensionSucceeded",
        f"Restore point creation failed though the extension reported success. {reason}",
        remedy="Restart or upgrade the agent, then retry.",
    )
