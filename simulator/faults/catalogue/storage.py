"""Faults of the storage as service, vaults and machines ask it. The answers are bodies that Azure Storage sends."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.storage import (
    ANSWERS,
    ArchiveReadSeam,
    ArchiveWriteSeam,
    GuestDiskReadSeam,
    RestoreTargetSeam,
    ServiceSnapshotSeam,
    SnapshotDeletionSeam,
    SnapshotReadSeam,
    StatusUploadSeam,
    TaskBlobSeam,
    VaultEraseSeam,
    VaultReadSeam,
    VaultWriteSeam,
)


def _fault(name: str, seam: str, answer: str, what: str, job: str = "") -> Definition:
    chosen = Parameter(answer, "code that the storage answers", choices=tuple(ANSWERS))
    return Definition(name, seam, what, parameters={"answer": chosen}, where={"job": job} if job else {})


FAULTS = (
    _fault(
        "vault-write-throttled",
        VaultWriteSeam.NAME,
        "ServerBusy",
        "The storage of the vaults is too busy to take what a backup writes.",
        "Backup",
    ),
    _fault(
        "vault-write-refused",
        VaultWriteSeam.NAME,
        "AuthenticationFailed",
        "The storage of the vaults refuses what a backup writes.",
        "Backup",
    ),
    _fault(
        "vault-full",
        VaultWriteSeam.NAME,
        "InsufficientAccountCapacity",
        "The storage of the vaults has no room left.",
        "Backup",
    ),
    _fault(
        "vault-read-times-out",
        VaultReadSeam.NAME,
        "OperationTimedOut",
        "The storage of the vaults does not answer reads in time.",
    ),
    _fault("vault-read-not-found", VaultReadSeam.NAME, "BlobNotFound", "What a vault kept of a disk is not found."),
    _fault(
        "snapshot-read-refused",
        SnapshotReadSeam.NAME,
        "AuthorizationFailure",
        "The storage of the disks refuses the service to read their snapshots.",
    ),
    _fault(
        "snapshot-read-throttled",
        SnapshotReadSeam.NAME,
        "ServerBusy",
        "The storage of the disks is too busy for the service to read their snapshots.",
    ),
    _fault(
        "snapshot-deletion-refused",
        SnapshotDeletionSeam.NAME,
        "LeaseIdMissing",
        "A lease keeps snapshots of the disks from being deleted.",
    ),
    _fault(
        "service-snapshot-limit",
        ServiceSnapshotSeam.NAME,
        "SnapshotCountExceeded",
        "A disk of a machine that is off has as many snapshots as it may have.",
    ),
    _fault(
        "service-snapshot-rate",
        ServiceSnapshotSeam.NAME,
        "SnapshotOperationRateExceeded",
        "A disk of a machine that is off was snapshotted a moment ago.",
    ),
    _fault(
        "task-blob-refused",
        TaskBlobSeam.NAME,
        "AccountIsDisabled",
        "The account of the service's task blobs is disabled.",
    ),
    _fault(
        "restore-target-refused",
        RestoreTargetSeam.NAME,
        "AuthorizationFailure",
        "The account that a restore writes to refuses the service.",
        "Restore",
    ),
    _fault(
        "restore-target-throttled",
        RestoreTargetSeam.NAME,
        "ServerBusy",
        "The account that a restore writes to is too busy.",
        "Restore",
    ),
    _fault(
        "restore-target-gone",
        RestoreTargetSeam.NAME,
        "ContainerNotFound",
        "The container that a restore writes to was deleted.",
        "Restore",
    ),
    _fault(
        "restore-target-full",
        RestoreTargetSeam.NAME,
        "InsufficientAccountCapacity",
        "The account that a restore writes to has no room left.",
        "Restore",
    ),
    _fault("guest-disk-unreadable", GuestDiskReadSeam.NAME, "BlobNotFound", "A machine cannot read its disk."),
    _fault(
        "status-upload-refused",
        StatusUploadSeam.NAME,
        "AuthenticationFailed",
        "The blob to which an agent reports refuses the wire server.",
    ),
    _fault(
        "vault-erase-refused",
        VaultEraseSeam.NAME,
        "BlobImmutableDueToPolicy",
        "An immutability policy keeps what a vault wants to erase.",
    ),
    _fault(
        "vault-erase-throttled",
        VaultEraseSeam.NAME,
        "ServerBusy",
        "The storage of the vaults is too busy to erase anything.",
    ),
    _fault(
        "archive-throttled",
        ArchiveWriteSeam.NAME,
        "ServerBusy",
        "The storage of the archive is too busy to take a recovery point.",
    ),
    _fault(
        "archive-full",
        ArchiveWriteSeam.NAME,
        "InsufficientAccountCapacity",
        "The storage of the archive has no room left.",
    ),
    _fault(
        "archive-refused",
        ArchiveWriteSeam.NAME,
        "AuthorizationFailure",
        "The storage of the archive refuses what a vault writes.",
    ),
    _fault(
        "archive-still-rehydrating",
        ArchiveReadSeam.NAME,
        "BlobBeingRehydrated",
        "What the archive has of a disk is not back from it yet.",
    ),
    _fault(
        "archive-still-offline",
        ArchiveReadSeam.NAME,
        "BlobArchived",
        "What the archive has of a disk went back to it.",
    ),
)
