"""The error codes of the extension, their names on the wire and what they say of the machine's health."""

from __future__ import annotations

from enum import IntEnum


class Health(IntEnum):
    """State of the machine beside a code, as the service shows it."""

    green = 0
    yellow = 128
    red = 256


class Code(IntEnum):
    """Error codes of the extension. The members carry the names that travel, as they are spelled on the wire."""

    success_appconsistent = 0
    success = 1
    error = 2
    SuccessAlreadyProcessedInput = 3
    ExtensionTempTerminalState = 4
    error_parameter = 11
    error_12 = 12
    error_wrong_time = 13
    error_same_taskid = 14
    error_http_failure = 15
    FailedHandlerGuestAgentCertificateNotFound = 16
    FailedInvalidDataDiskLunList = 17
    FailedRetryableSnapshotFailedNoNetwork = 76
    FailedSnapshotLimitReached = 85
    FailedRetryableFsFreezeFailed = 121
    FailedRetryableFsFreezeTimeout = 122
    FailedRetryableUnableToOpenMount = 123
    FailedSafeFreezeBinaryNotFound = 124
    FailedRetryableSnapshotRateExceeded = 173
    FailedPrepostPreScriptFailed = 300
    FailedPrepostPostScriptFailed = 301
    FailedPrepostPreScriptNotFound = 302
    FailedPrepostPostScriptNotFound = 303
    FailedPrepostPluginhostConfigParsing = 304
    FailedPrepostPluginConfigParsing = 305
    FailedPrepostPreScriptPermissionError = 306
    FailedPrepostPostScriptPermissionError = 307
    FailedPrepostPreScriptTimeout = 308
    FailedPrepostPostScriptTimeout = 309
    FailedPrepostPluginhostPreTimeout = 310
    FailedPrepostPluginhostPostTimeout = 311
    FailedPrepostCheckSumMismatch = 312
    FailedPrepostPluginhostConfigNotFound = 313
    FailedPrepostPluginhostConfigPermissionError = 314
    FailedPrepostPluginhostConfigOwnershipError = 315
    FailedPrepostPluginConfigNotFound = 316
    FailedPrepostPluginConfigPermissionError = 317
    FailedPrepostPluginConfigOwnershipError = 318
    FailedGuestAgentInvokedCommandTooLate = 402
    FailedWorkloadPreError = 500
    FailedWorkloadConfParsingError = 501
    FailedWorkloadInvalidRole = 502
    FailedWorkloadInvalidWorkloadName = 503
    FailedWorkloadPostError = 504
    FailedWorkloadAuthorizationMissing = 505
    FailedWorkloadConnectionError = 506
    FailedWorkloadIPCDirectoryMissing = 507
    FailedWorkloadDatabaseStatusChanged = 508
    FailedWorkloadQuiescingError = 509
    FailedWorkloadQuiescingTimeout = 510
    FailedWorkloadDatabaseInNoArchiveLog = 511
    FailedWorkloadLogModeChanged = 512
    FailedHostSnapshotRemoteServerError = 556
    FailedRetryableSnapshotFailedRestrictedNetwork = 761


UNKNOWN_CODE = -1
"""Stands for a code that is missing or no number; it is never a success."""

VSS_WRITER_ERROR = "ExtensionFailedVssWriterInBadState"
VSS_SERVICE_ERROR = "ExtensionFailedVssServiceInBadState"
COM_ERROR = "ExtensionSnapshotFailedCOM"
TRANSACTION_COORDINATOR_ERROR = "ExtensionInstallationFailedMDTC"
MEMORY_ERROR = "ExtensionFailedOutOfMemoryError"
BITLOCKER_ERROR = "ExtensionSnapshotBitlockerError"
TLS_ERROR = "ExtensionSnapshotFailedNoSecureNetwork"
VC_RUNTIME_ERROR = "ExtensionVCRedistInstallationFailure"
DOT_NET_ERROR = "UserErrorDotNetVersionUpgradeRequired"
"""Names that the service shows for failures of Windows. Their numbers are not public: such a report has code 2 and the
name in its telemetry."""

_RED = {15, 76, 85, 402, 556, 761}
_YELLOW = {11, 16, 121, 122, 123, 124, *range(300, 319), *range(500, 513)}
_KNOWN = {int(code) for code in Code}


def health_of(code: int) -> Health:
    """How the machine is, going by this code. An unknown code is yellow."""
    if code in _RED:
        return Health.red
    return Health.yellow if code in _YELLOW or code not in _KNOWN else Health.green


def name_of(code: int) -> str:
    """The code's name on the wire; its number where it has none."""
    return Code(code).name if code in _KNOWN else str(code)
