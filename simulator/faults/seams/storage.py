"""Seams of the storage as the parties of a world ask it, each kind of request a seam of its own.

What the storage answers is an answer of Azure Storage: the code is in the body that it sends, and stands in the error
that the party's port raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controlplane.blob_values import Container
from controlplane.port_wrappers import BlobsWrapper, BlobWriterWrapper
from controlplane.ports import (
    Blob,
    BlobConflict,
    BlobNotFound,
    BlobProperties,
    BlobRefused,
    Blobs,
    BlobWriter,
    PortError,
    Range,
    StorageFull,
    StorageUnavailable,
)
from simulator import parties
from simulator.faults.board import Board
from simulator.faults.fault import Setting
from simulator.faults.seam import Seam
from simulator.faults.work import facts_of_job

ANSWERS: Mapping[str, tuple[int, str, type[PortError]]] = {
    "ServerBusy": (
        503,
        "The server is currently unable to receive requests. Please retry your request.",
        StorageUnavailable,
    ),
    "OperationTimedOut": (500, "Operation could not be completed within the specified time.", StorageUnavailable),
    "InternalError": (500, "The server encountered an internal error. Please retry the request.", StorageUnavailable),
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        "including the signature.",
        BlobRefused,
    ),
    "AuthorizationFailure": (403, "This request is not authorized to perform this operation.", BlobRefused),
    "AccountIsDisabled": (403, "The specified account is disabled.", BlobRefused),
    "BlobNotFound": (404, "The specified blob does not exist.", BlobNotFound),
    "ContainerNotFound": (404, "The specified container does not exist.", BlobNotFound),
    "ResourceNotFound": (404, "The specified resource does not exist.", BlobNotFound),
    "ContainerBeingDeleted": (409, "The specified container is being deleted. Try operation later.", BlobConflict),
    "SnapshotsPresent": (409, "This operation is not permitted while the blob has snapshots.", BlobConflict),
    "BlobImmutableDueToPolicy": (
        409,
        "This operation is not permitted as the blob is immutable due to a policy.",
        BlobConflict,
    ),
    "BlobArchived": (409, "This operation is not permitted on an archived blob.", BlobRefused),
    "BlobBeingRehydrated": (
        409,
        "This operation is not permitted because the blob is being rehydrated.",
        BlobRefused,
    ),
    "SnapshotCountExceeded": (409, "The snapshot count against this blob has been exceeded.", BlobConflict),
    "SnapshotOperationRateExceeded": (409, "The rate of snapshot blob calls is exceeded.", BlobConflict),
    "LeaseIdMissing": (
        412,
        "There is currently a lease on the blob and no lease ID was specified in the request.",
        BlobConflict,
    ),
    "InsufficientAccountCapacity": (507, "The account has no room for the request.", StorageFull),
}
"""Code -> status, message and the error that a port makes of it. Codes and messages are those of "Blob service error
codes"; the last one stands for a full account, which has no code of its own there."""


def answered(setting: Setting) -> PortError:
    code = setting.text("answer")
    status, message, kind = ANSWERS[code]
    return kind(f"{status} {code}: {message}")


class _StorageSeam(Seam):
    PLACES = frozenset({"vm", "disk", "vault", "job", "party"})

    def ask(self, party: str, blob: Blob | None) -> None:
        """PortError where the storage answers with an error."""
        if not self.board.has(self.NAME):
            return
        name = "" if blob is None else f"{blob.account}/{blob.container}/{blob.name.removesuffix('.vhd')}"
        facts = {**facts_of_job(), "party": party, "disk": name}
        if party.startswith("guest "):
            facts["vm"] = party.removeprefix("guest ")
        setting = self.match(**facts)
        if setting is not None:
            raise answered(setting)


class ServiceSnapshotSeam(_StorageSeam):
    """The service snapshots a disk of a machine that does not run."""

    NAME = "service-snapshot"
    WHAT = "The service has the storage snapshot a disk of a machine that is off."


class SnapshotReadSeam(_StorageSeam):
    """The service reads what changed on a snapshot."""

    NAME = "snapshot-read"
    WHAT = "The service reads the snapshot of a disk, to transfer it or to restore from it."


class SnapshotDeletionSeam(_StorageSeam):
    """The service deletes snapshots, or what a job has left."""

    NAME = "snapshot-deletion"
    WHAT = "The service deletes a snapshot or a blob."


class TaskBlobSeam(_StorageSeam):
    """The service writes and reads the status and log blobs of tasks."""

    NAME = "task-blob"
    WHAT = "The service makes or reads the blob to which a handler reports."


class RestoreTargetSeam(_StorageSeam):
    """The service writes restored disks."""

    NAME = "restore-target"
    WHAT = "The service writes a disk, a configuration or a template that it restores."


class VaultWriteSeam(_StorageSeam):
    """The vault keeps packs and manifests."""

    NAME = "vault-write"
    WHAT = "A vault writes what it keeps of a disk."


class VaultReadSeam(_StorageSeam):
    """The vault is read."""

    NAME = "vault-read"
    WHAT = "A vault reads what it keeps of a disk."


class VaultEraseSeam(_StorageSeam):
    """The vault gives up what no recovery point needs."""

    NAME = "vault-erase"
    WHAT = "A vault erases what it kept of a disk, once its recovery point is gone."


class ArchiveWriteSeam(_StorageSeam):
    """The archive takes packs of its own."""

    NAME = "archive-write"
    WHAT = "The archive writes a disk of a recovery point that is moved to it."


class ArchiveReadSeam(_StorageSeam):
    """The archive is read once a recovery point is rehydrated."""

    NAME = "archive-read"
    WHAT = "The archive reads a disk of a recovery point that is restored from it."


class GuestDiskReadSeam(_StorageSeam):
    """A machine reads its disks."""

    NAME = "guest-disk-read"
    WHAT = "A machine reads a disk, as when it boots."


class StatusUploadSeam(_StorageSeam):
    """The wire server hands an agent's report on to its blob."""

    NAME = "status-upload"
    WHAT = "The wire server writes an agent's report to the blob of its machine."


class FaultyWriter(BlobWriterWrapper):
    def __init__(self, inner: BlobWriter, seam: _StorageSeam, party: str, blob: Blob) -> None:
        super().__init__(inner)
        self._seam, self._party, self._blob = seam, party, blob

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._seam.ask(self._party, self._blob)
        self.inner.write(data)


TASK_BLOBS = "bcdrextensionlogs-"
"""How the containers begin in which status and log blobs of tasks lie."""


ARCHIVE = "archive/"
"""What stands behind the kind of a blob of the vaults, `packs/` or `manifests/`, where it lies in the archive."""


_Kind = type[_StorageSeam] | None

BY_PARTY: Mapping[str, tuple[_Kind, _Kind, _Kind, _Kind]] = {
    parties.SERVICE: (SnapshotReadSeam, RestoreTargetSeam, SnapshotDeletionSeam, ServiceSnapshotSeam),
    parties.VAULT: (VaultReadSeam, VaultWriteSeam, VaultEraseSeam, None),
    parties.WIRE_SERVER: (None, StatusUploadSeam, None, None),
    "guest": (GuestDiskReadSeam, None, None, None),
}
"""Who asks -> at which seams it reads, writes, deletes and takes snapshots; host and control API meet no faults."""


class FaultyBlobs(BlobsWrapper):
    """The storage as one party asks it."""

    def __init__(self, inner: Blobs, party: str, board: Board) -> None:
        super().__init__(inner)
        self._party = party
        self._board = board
        kinds = BY_PARTY.get("guest" if party.startswith("guest ") else party, (None, None, None, None))
        self._reads, self._writes, self._deletes, self._snapshots = (
            None if kind is None else kind(board) for kind in kinds
        )
        self._tasks = TaskBlobSeam(board)
        self._archive: Mapping[_Kind, _StorageSeam] = {
            VaultReadSeam: ArchiveReadSeam(board),
            VaultWriteSeam: ArchiveWriteSeam(board),
        }

    def _ask(self, seam: _StorageSeam | None, blob: Blob | None) -> None:
        seam = self._seam_of(seam, blob)
        if seam is not None:
            seam.ask(self._party, blob)

    def _seam_of(self, seam: _StorageSeam | None, blob: Blob | None) -> _StorageSeam | None:
        """Some blobs are reached at a seam of their own."""
        if seam is None or blob is None:
            return seam
        if blob.container.startswith(TASK_BLOBS):
            return self._tasks
        if blob.name.partition("/")[2].startswith(ARCHIVE):
            return self._archive.get(type(seam), seam)
        return seam

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._ask(self._writes, blob)
        self.inner.create(blob, size_bytes, metadata)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._ask(self._writes, blob)
        self.inner.put(blob, data, metadata)

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        self._ask(self._writes, blob)
        return self.inner.put_if_absent(blob, data)

    def put_container(self, account: str, container: Container) -> None:
        self._ask(self._writes, None)
        self.inner.put_container(account, container)

    def writer(self, blob: Blob) -> BlobWriter:
        self._ask(self._writes, blob)
        writer, seam = self.inner.writer(blob), self._seam_of(self._writes, blob)
        if seam is None or not self._board.has(seam.NAME):
            return writer
        return FaultyWriter(writer, seam, self._party, blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._ask(self._reads, blob)
        return self.inner.read(blob, offset, length)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._ask(self._writes, blob)
        self.inner.write(blob, offset, data)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._ask(self._snapshots, blob)
        return self.inner.snapshot(blob, metadata)

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        self._ask(self._reads, blob)
        return self.inner.ranges(blob, offset, length)

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range] | None:
        self._ask(self._reads, blob)
        return self.inner.changed_ranges(blob, previous)

    def properties(self, blob: Blob) -> BlobProperties | None:
        self._ask(self._reads, blob)
        return self.inner.properties(blob)

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._ask(self._deletes, blob)
        self.inner.delete(blob, snapshots)
