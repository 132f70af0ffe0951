"""The result codes of VSS and of COM below it: all of vss.h, by name and number, and who can show each.

Names and numbers are those of the Windows SDK's vss.h (as mingw-w64's vsserror.h and win32more have them too), without
VSS_E_. What Windows says of a code in its event log is from memory of its message tables, and only for those that a
backup meets often.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Hresult(IntEnum):
    """Results of VSS, and of COM below it; those of VSS bear their names without VSS_E_."""

    OK = 0
    NOT_IMPLEMENTED = 0x80004001
    BAD_STATE = 0x80042301
    UNEXPECTED = 0x80042302
    PROVIDER_ALREADY_REGISTERED = 0x80042303
    PROVIDER_NOT_REGISTERED = 0x80042304
    PROVIDER_VETO = 0x80042306
    PROVIDER_IN_USE = 0x80042307
    OBJECT_NOT_FOUND = 0x80042308
    VOLUME_NOT_SUPPORTED = 0x8004230C
    OBJECT_ALREADY_EXISTS = 0x8004230D
    VOLUME_NOT_SUPPORTED_BY_PROVIDER = 0x8004230E
    UNEXPECTED_PROVIDER_ERROR = 0x8004230F
    CORRUPT_XML_DOCUMENT = 0x80042310
    INVALID_XML_DOCUMENT = 0x80042311
    TOO_MANY_VOLUMES = 0x80042312
    FLUSH_WRITES_TIMEOUT = 0x80042313
    HOLD_WRITES_TIMEOUT = 0x80042314
    UNEXPECTED_WRITER_ERROR = 0x80042315
    SNAPSHOT_SET_IN_PROGRESS = 0x80042316
    TOO_MANY_SNAPSHOTS = 0x80042317
    WRITER_INFRASTRUCTURE = 0x80042318
    WRITER_NOT_RESPONDING = 0x80042319
    WRITER_ALREADY_SUBSCRIBED = 0x8004231A
    UNSUPPORTED_CONTEXT = 0x8004231B
    VOLUME_IN_USE = 0x8004231D
    MAXIMUM_DIFFAREA_ASSOCIATIONS = 0x8004231E
    INSUFFICIENT_STORAGE = 0x8004231F
    NO_SNAPSHOTS_IMPORTED = 0x80042320
    SOME_SNAPSHOTS_NOT_IMPORTED = 0x80042321
    MAXIMUM_NUMBER_OF_REMOTE_MACHINES_REACHED = 0x80042322
    REMOTE_SERVER_UNAVAILABLE = 0x80042323
    REMOTE_SERVER_UNSUPPORTED = 0x80042324
    REVERT_IN_PROGRESS = 0x80042325
    REVERT_VOLUME_LOST = 0x80042326
    REBOOT_REQUIRED = 0x80042327
    TRANSACTION_FREEZE_TIMEOUT = 0x80042328
    TRANSACTION_THAW_TIMEOUT = 0x80042329
    UNSELECTED_VOLUME = 0x8004232A
    SNAPSHOT_NOT_IN_SET = 0x8004232B
    NESTED_VOLUME_LIMIT = 0x8004232C
    VOLUME_NOT_LOCAL = 0x8004232D
    CLUSTER_TIMEOUT = 0x8004232E
    NOT_SUPPORTED = 0x8004232F
    WRITER_PARTIAL_FAILURE = 0x80042336
    WRITER_INCONSISTENT_SNAPSHOT = 0x800423F0
    WRITER_OUT_OF_RESOURCES = 0x800423F1
    WRITER_TIMEOUT = 0x800423F2
    WRITER_RETRYABLE = 0x800423F3
    WRITER_NON_RETRYABLE = 0x800423F4
    WRITER_RECOVERY_FAILED = 0x800423F5
    BREAK_REVERT_ID_FAILED = 0x800423F6
    LEGACY_PROVIDER = 0x800423F7
    MISSING_DISK = 0x800423F8
    MISSING_HIDDEN_VOLUME = 0x800423F9
    MISSING_VOLUME = 0x800423FA
    AUTORECOVERY_FAILED = 0x800423FB
    DYNAMIC_DISK_ERROR = 0x800423FC
    NONTRANSPORTABLE_BCD = 0x800423FD
    CANNOT_REVERT_DISKID = 0x800423FE
    RESYNC_IN_PROGRESS = 0x800423FF
    CLUSTER_ERROR = 0x80042400
    ASRERROR_DISK_ASSIGNMENT_FAILED = 0x80042401
    ASRERROR_DISK_RECREATION_FAILED = 0x80042402
    ASRERROR_NO_ARCPATH = 0x80042403
    ASRERROR_MISSING_DYNDISK = 0x80042404
    ASRERROR_SHARED_CRIDISK = 0x80042405
    ASRERROR_DATADISK_RDISK0 = 0x80042406
    ASRERROR_RDISK0_TOOSMALL = 0x80042407
    ASRERROR_CRITICAL_DISKS_TOO_SMALL = 0x80042408
    WRITER_STATUS_NOT_AVAILABLE = 0x80042409
    ASRERROR_DYNAMIC_VHD_NOT_SUPPORTED = 0x8004240A
    CRITICAL_VOLUME_ON_INVALID_DISK = 0x80042411
    ASRERROR_RDISK_FOR_SYSTEM_DISK_NOT_FOUND = 0x80042412
    ASRERROR_NO_PHYSICAL_DISK_AVAILABLE = 0x80042413
    ASRERROR_FIXED_PHYSICAL_DISK_AVAILABLE_AFTER_DISK_EXCLUSION = 0x80042414
    ASRERROR_CRITICAL_DISK_CANNOT_BE_EXCLUDED = 0x80042415
    ASRERROR_SYSTEM_PARTITION_HIDDEN = 0x80042416
    FSS_TIMEOUT = 0x80042417
    TRANSACTION_COORDINATOR_NOT_AVAILABLE = 0x8004E00F
    ACCESS_DENIED = 0x80070005
    OUT_OF_MEMORY = 0x8007000E
    SERVICE_DISABLED = 0x80070422
    SERVER_EXECUTION_FAILED = 0x80080005
    DRIVE_LOCKED = 0x80310000


OTHER_NAMES: Mapping[str, str] = {
    "MAXIMUM_NUMBER_OF_VOLUMES_REACHED": "TOO_MANY_VOLUMES",
    "MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED": "TOO_MANY_SNAPSHOTS",
    "MAXIMUM_DIFFAREA_ASSOCIATIONS_REACHED": "MAXIMUM_DIFFAREA_ASSOCIATIONS",
    "WRITER_INCONSISTENTSNAPSHOT": "WRITER_INCONSISTENT_SNAPSHOT",
    "WRITER_OUTOFRESOURCES": "WRITER_OUT_OF_RESOURCES",
    "WRITER_NONRETRYABLE": "WRITER_NON_RETRYABLE",
}
"""Microsoft's names where ours are others."""

SUCCESSES = frozenset({0x00042309, 0x0004230A, 0x0004230B, 0x00042321})
"""VSS_S_: a call that is still running, has ended, was cancelled, or did a part. Nothing fails with them."""

OF_WRITERS = frozenset(
    code
    for code in Hresult
    if code.name.startswith("ASRERROR_")
    or code
    in {
        Hresult.WRITER_NOT_RESPONDING,
        Hresult.WRITER_ALREADY_SUBSCRIBED,
        Hresult.WRITER_PARTIAL_FAILURE,
        Hresult.WRITER_INCONSISTENT_SNAPSHOT,
        Hresult.WRITER_OUT_OF_RESOURCES,
        Hresult.WRITER_TIMEOUT,
        Hresult.WRITER_RETRYABLE,
        Hresult.WRITER_NON_RETRYABLE,
        Hresult.WRITER_RECOVERY_FAILED,
        Hresult.WRITER_STATUS_NOT_AVAILABLE,
        Hresult.CRITICAL_VOLUME_ON_INVALID_DISK,
        Hresult.ACCESS_DENIED,
    }
)
"""What a writer can fail with: those that CVssWriter::SetWriterFailure takes, those with which VSS speaks for a writer
that does not, and those of the ASR Writer. All others are a provider's or the requester's."""

OF_PROVIDERS = frozenset(
    {
        Hresult.PROVIDER_VETO,
        Hresult.PROVIDER_IN_USE,
        Hresult.UNEXPECTED_PROVIDER_ERROR,
        Hresult.VOLUME_NOT_SUPPORTED_BY_PROVIDER,
        Hresult.TOO_MANY_SNAPSHOTS,
        Hresult.MAXIMUM_DIFFAREA_ASSOCIATIONS,
        Hresult.INSUFFICIENT_STORAGE,
        Hresult.LEGACY_PROVIDER,
        Hresult.AUTORECOVERY_FAILED,
        Hresult.DYNAMIC_DISK_ERROR,
        Hresult.RESYNC_IN_PROGRESS,
        Hresult.MISSING_DISK,
        Hresult.MISSING_VOLUME,
        Hresult.MISSING_HIDDEN_VOLUME,
        Hresult.FSS_TIMEOUT,
    }
)
"""What a provider answers to a call of VSS."""

WORDS: Mapping[Hresult, str] = {
    Hresult.BAD_STATE: "A function call was made when the object was in an incorrect state for that function.",
    Hresult.UNEXPECTED: "A Volume Shadow Copy Service component encountered an unexpected error.",
    Hresult.PROVIDER_NOT_REGISTERED: "The volume shadow copy provider is not registered in the system.",
    Hresult.PROVIDER_VETO: "The shadow copy provider had an error.",
    Hresult.OBJECT_NOT_FOUND: "The specified object was not found.",
    Hresult.VOLUME_NOT_SUPPORTED: "Shadow copying the specified volume is not supported.",
    Hresult.UNEXPECTED_PROVIDER_ERROR: "The shadow copy provider had an unexpected error.",
    Hresult.FLUSH_WRITES_TIMEOUT: "The shadow copy provider timed out while flushing data to the volume.",
    Hresult.HOLD_WRITES_TIMEOUT: "The shadow copy provider timed out while holding writes to the volume.",
    Hresult.SNAPSHOT_SET_IN_PROGRESS: "Another shadow copy creation is already in progress.",
    Hresult.TOO_MANY_SNAPSHOTS: "The specified volume has already reached its maximum number of shadow copies.",
    Hresult.INSUFFICIENT_STORAGE: "Insufficient storage is available to create the shadow copy storage file.",
    Hresult.WRITER_PARTIAL_FAILURE: "The writer experienced a partial failure.",
    Hresult.WRITER_INCONSISTENT_SNAPSHOT: (
        "The shadow-copy set contains only a subset of the volumes needed to correctly backup the selected components "
        "of the writer."
    ),
    Hresult.WRITER_OUT_OF_RESOURCES: "A resource allocation failed while processing this operation.",
    Hresult.WRITER_TIMEOUT: "The writer's timeout expired between the Freeze and Thaw events.",
    Hresult.WRITER_RETRYABLE: (
        "The writer experienced a transient error.  If the backup process is retried, the error may not reoccur."
    ),
    Hresult.WRITER_NON_RETRYABLE: (
        "The writer experienced a non-transient error.  If the backup process is retried, the error is likely to "
        "reoccur."
    ),
    Hresult.TRANSACTION_COORDINATOR_NOT_AVAILABLE: (
        "COM+ was unable to talk to the Microsoft Distributed Transaction Coordinator"
    ),
    Hresult.ACCESS_DENIED: "Access is denied.",
    Hresult.OUT_OF_MEMORY: "Not enough memory resources are available to complete this operation.",
    Hresult.SERVICE_DISABLED: (
        "The service cannot be started, either because it is disabled or because it has no enabled devices associated "
        "with it."
    ),
    Hresult.SERVER_EXECUTION_FAILED: "Server execution failed",
}
"""What Windows puts behind the number of a code."""


def named(text: str) -> Hresult | None:
    """By its name, Microsoft's or ours, with or without VSS_E_, or by its number in hexadecimal. None: VSS has none
    such."""
    name = text.strip().upper().removeprefix("VSS_E_").replace("WRITERERROR_", "WRITER_")
    name = OTHER_NAMES.get(name, name)
    if name in Hresult.__members__:
        return Hresult[name]
    try:
        return Hresult(int(text, 16) & 0xFFFFFFFF)
    except ValueError:
        return None


def with_words(code: int) -> str:
    """As the event log shows a code: the number, and what Windows says of it."""
    known = Hresult._value2member_map_.get(code)
    words = WORDS.get(Hresult(code), "") if known is not None else ""
    return f"0x{code:08x}, {words}" if words else f"0x{code:08x}"
