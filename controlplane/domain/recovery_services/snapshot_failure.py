"""What a snapshot task that failed means: from the name the extension reports to the error the service shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.snapshots import (
    AGENT_NOT_READY,
    AZURE_VM_OFFLINE,
    DOT_NET_VERSION_UPGRADE_REQUIRED,
    EXTENSION_BEING_DELETED,
    EXTENSION_COMMAND_EXEC_FAILURE,
    EXTENSION_CONFIG_PARSING_FAILURE,
    EXTENSION_FAILED_OUT_OF_MEMORY_ERROR,
    EXTENSION_FAILED_SNAPSHOT_LIMIT_REACHED_ERROR,
    EXTENSION_FAILED_SNAPSHOT_RATE_EXCEEDED_ERROR,
    EXTENSION_FAILED_TIMEOUT_VM_NETWORK_UNRESPONSIVE,
    EXTENSION_FAILED_VSS_SERVICE_IN_BAD_STATE,
    EXTENSION_FAILED_VSS_WRITER_IN_BAD_STATE,
    EXTENSION_INSTALL_PROVIDER_COM_MEMORY_QUOTA_REACHED,
    EXTENSION_INSTALLATION_FAILED_COM,
    EXTENSION_INSTALLATION_FAILED_MDTC,
    EXTENSION_NOT_INSTALLED,
    EXTENSION_OPERATION_FAILED,
    EXTENSION_OPERATION_FAILED_BY_SCRIPTS,
    EXTENSION_OPERATION_FAILED_FOR_MANAGED_DISKS,
    EXTENSION_PRE_SCRIPT_TIMEOUT,
    EXTENSION_SNAPSHOT_BITLOCKER_ERROR,
    EXTENSION_SNAPSHOT_FAILED_COM,
    EXTENSION_SNAPSHOT_FAILED_NO_NETWORK,
    EXTENSION_SNAPSHOT_FAILED_NO_NETWORK_FOR_SOME_DISKS,
    EXTENSION_SNAPSHOT_FAILED_NO_SECURE_NETWORK,
    EXTENSION_VC_REDIST_INSTALLATION_FAILURE,
    FS_FREEZE_FAILED,
    FS_FREEZE_TIMEOUT,
    GUEST_AGENT_CERTIFICATE_NOT_FOUND,
    MACHINE_GONE,
    MACHINE_NOT_PROVISIONED,
    MACHINE_NOT_STABLE,
    NO_SNAPSHOT_STATUS,
    SNAPSHOTS_MISSING,
    UNABLE_TO_OPEN_MOUNT,
    UNSUPPORTED_DISK_CONFIGURATION,
    VM_RESTORE_POINT_INTERNAL_ERROR,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """`retry_without_freeze`: what stood in the way was the freeze, so a crash-consistent attempt may do without it."""

    kind: ErrorKind
    retry_without_freeze: bool = False


UNKNOWN = Meaning(EXTENSION_OPERATION_FAILED)

BY_NAME: dict[str, Meaning] = {
    "error": Meaning(EXTENSION_OPERATION_FAILED, retry_without_freeze=True),
    "ExtensionFailedVssWriterInBadState": Meaning(EXTENSION_FAILED_VSS_WRITER_IN_BAD_STATE, retry_without_freeze=True),
    "ExtensionFailedVssServiceInBadState": Meaning(
        EXTENSION_FAILED_VSS_SERVICE_IN_BAD_STATE, retry_without_freeze=True
    ),
    "ExtensionSnapshotFailedCOM": Meaning(EXTENSION_SNAPSHOT_FAILED_COM, retry_without_freeze=True),
    "ExtensionInstallationFailedMDTC": Meaning(EXTENSION_INSTALLATION_FAILED_MDTC, retry_without_freeze=True),
    "ExtensionFailedOutOfMemoryError": Meaning(EXTENSION_FAILED_OUT_OF_MEMORY_ERROR),
    "ExtensionSnapshotBitlockerError": Meaning(EXTENSION_SNAPSHOT_BITLOCKER_ERROR),
    "ExtensionSnapshotFailedNoSecureNetwork": Meaning(EXTENSION_SNAPSHOT_FAILED_NO_SECURE_NETWORK),
    "ExtensionVCRedistInstallationFailure": Meaning(EXTENSION_VC_REDIST_INSTALLATION_FAILURE),
    "UserErrorDotNetVersionUpgradeRequired": Meaning(DOT_NET_VERSION_UPGRADE_REQUIRED),
    "FailedRetryableFsFreezeFailed": Meaning(FS_FREEZE_FAILED, retry_without_freeze=True),
    "FailedRetryableFsFreezeTimeout": Meaning(FS_FREEZE_TIMEOUT, retry_without_freeze=True),
    "FailedRetryableUnableToOpenMount": Meaning(UNABLE_TO_OPEN_MOUNT),
    "FailedSafeFreezeBinaryNotFound": Meaning(EXTENSION_COMMAND_EXEC_FAILURE),
    "FailedRetryableSnapshotFailedNoNetwork": Meaning(EXTENSION_SNAPSHOT_FAILED_NO_NETWORK),
    "FailedRetryableSnapshotFailedRestrictedNetwork": Meaning(EXTENSION_SNAPSHOT_FAILED_NO_NETWORK_FOR_SOME_DISKS),
    "error_http_failure": Meaning(EXTENSION_SNAPSHOT_FAILED_NO_NETWORK),
    "FailedSnapshotLimitReached": Meaning(EXTENSION_FAILED_SNAPSHOT_LIMIT_REACHED_ERROR),
    "FailedRetryableSnapshotRateExceeded": Meaning(EXTENSION_FAILED_SNAPSHOT_RATE_EXCEEDED_ERROR),
    "FailedGuestAgentInvokedCommandTooLate": Meaning(EXTENSION_FAILED_TIMEOUT_VM_NETWORK_UNRESPONSIVE),
    "FailedHandlerGuestAgentCertificateNotFound": Meaning(GUEST_AGENT_CERTIFICATE_NOT_FOUND),
    "error_parameter": Meaning(EXTENSION_CONFIG_PARSING_FAILURE),
    "error_12": Meaning(EXTENSION_COMMAND_EXEC_FAILURE),
    "FailedInvalidDataDiskLunList": Meaning(UNSUPPORTED_DISK_CONFIGURATION),
    "FailedPrepostPreScriptTimeout": Meaning(EXTENSION_PRE_SCRIPT_TIMEOUT),
    "FailedHostSnapshotRemoteServerError": Meaning(VM_RESTORE_POINT_INTERNAL_ERROR),
}


def meaning_of(error_name: str) -> Meaning:
    """What an error name of the extension means. Scripts and workloads have many; they all are for their owner."""
    if error_name in BY_NAME:
        return BY_NAME[error_name]
    if error_name.startswith(("FailedPrepost", "FailedWorkload")):
        return Meaning(EXTENSION_OPERATION_FAILED_BY_SCRIPTS)
    return UNKNOWN


def service_error(error_name: str, told: str, *, managed: bool) -> ServiceError:
    """The error of a failed task; `told` is the extension's own sentence, redacted. A failure without a name of its own
    has another code where the disks are managed ones."""
    detail = f" The extension reported {error_name}: {told}" if told else ""
    kind = meaning_of(error_name).kind
    if managed and kind is EXTENSION_OPERATION_FAILED:
        kind = EXTENSION_OPERATION_FAILED_FOR_MANAGED_DISKS
    return kind.error(detail=detail)


# ------------------------------------------------------------------------------------- failures that no report tells of


def machine_gone() -> ServiceError:
    return MACHINE_GONE.error()


def machine_not_provisioned(problem: str | None) -> ServiceError:
    detail = f" {problem}" if problem else ""
    return MACHINE_NOT_PROVISIONED.error(detail=detail)


def machine_not_stable(reason: str) -> ServiceError:
    return MACHINE_NOT_STABLE.error(reason=reason)


def stopped_meanwhile(was_installed: bool) -> ServiceError:
    """The machine stopped during its snapshot, or before the extension was there at all."""
    if not was_installed:
        return AZURE_VM_OFFLINE.error()
    return machine_not_stable("It stopped while its disks were being snapshotted.")


def agent_not_ready(reason: str) -> ServiceError:
    return AGENT_NOT_READY.error(reason=reason)


def no_answer(seconds: float) -> ServiceError:
    return NO_SNAPSHOT_STATUS.error(seconds=seconds)


def extension_being_deleted() -> ServiceError:
    return EXTENSION_BEING_DELETED.error()


BEYOND_INSTALLATION = frozenset({1009, 1010, 1011})
"""Numbers of the guest agent for an enable, a disable and a command that took too long; any other concerns the package
or its installation."""


BY_INSTALLER: dict[int, ErrorKind] = {
    0x80070718: EXTENSION_INSTALL_PROVIDER_COM_MEMORY_QUOTA_REACHED,  # ERROR_NOT_ENOUGH_QUOTA
    0x80080005: EXTENSION_INSTALLATION_FAILED_COM,  # CO_E_SERVER_EXEC_FAILURE
    0x8004E00F: EXTENSION_INSTALLATION_FAILED_MDTC,  # CONTEXT_E_TMNOTAVAILABLE
}
"""HRESULTs with which the provider of the extension cannot be registered, where the service has a name for it."""


def handler_failed(code: object, handler_status: str | None, told: str) -> ServiceError:
    """The agent could not install or start the handler. `code` is the agent's number, if it gave one; `told` is what it
    said, redacted."""
    if code in BEYOND_INSTALLATION:
        return EXTENSION_COMMAND_EXEC_FAILURE.error(detail=f" The agent reports: {told}")
    for number in re.findall(r"\b0x[0-9a-fA-F]{8}\b", told):
        if (kind := BY_INSTALLER.get(int(number, 16))) is not None:
            return kind.error(detail=f" The agent reports: {told}")
    return EXTENSION_NOT_INSTALLED.error(handler_status=handler_status or "absent", told=told)


SNAPSHOT_LIMITS = {
    "SnapshotCountExceeded": EXTENSION_FAILED_SNAPSHOT_LIMIT_REACHED_ERROR,
    "SnapshotOperationRateExceeded": EXTENSION_FAILED_SNAPSHOT_RATE_EXCEEDED_ERROR,
}
"""Codes with which the storage refuses a snapshot, whoever asks for it."""


def snapshot_refused(answer: str) -> ServiceError | None:
    """Why the storage took no snapshot for the service; None where it is none of its limits."""
    kind = next((kind for code, kind in SNAPSHOT_LIMITS.items() if code in answer), None)
    return None if kind is None else kind.error(detail=f" The storage answered {answer}")


def host_failed(reason: str) -> ServiceError:
    """The host of a running machine took no snapshots of it at one instant."""
    return VM_RESTORE_POINT_INTERNAL_ERROR.error(detail=f" {reason}")


def snapshots_missing(reason: str) -> ServiceError:
    return SNAPSHOTS_MISSING.error(reason=reason)
