"""Plans of managed disks and their snapshots: each makes or removes the blob, or the snapshot of a blob, behind one.

Disk or snapshot and the ARM operation are written before the plan begins; those that are removed are gone by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TypedDict

from controlplane.domain.errors.compute import (
    DISK_BLOB_NOT_DELETED,
    DISK_CREATION_FAILED,
    DISK_IMPORT_FAILED,
    SNAPSHOT_FAILED,
)
from controlplane.domain.errors.kind import ErrorKind
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.waiting import Waiting
from controlplane.jobs.provisioning.resource_log import ResourceLog, ResourceState
from controlplane.jobs.provisioning.retrying import retried
from controlplane.ports import Blob, BlobConflict, Blobs, PortError, Ports, Store
from controlplane.vault_format.sources import PageBlobSource, copy

JOB_MARK = "managedsnapshot"
"""Metadata of the snapshot of a blob: id of the job that took it. Snapshots of recovery points have none."""


class Place(TypedDict):
    """Address of a blob, or of one of its snapshots."""

    account: str
    container: str
    name: str
    snapshot: str | None


class EmptyDiskState(ResourceState):
    """A new disk of zeros."""

    target: Place
    """The blob of the disk."""
    size_bytes: int
    """Of the blob: the disk and its footer."""


class ImportState(ResourceState):
    """A new disk with the bytes of a VHD."""

    source: Place
    """The VHD that is copied."""
    target: Place
    """The blob of the disk."""


class SnapshotState(ResourceState):
    """A new snapshot of a disk."""

    source: Place
    """The blob of the disk."""


class DeletionState(ResourceState):
    """A disk or a snapshot that is gone, and what is left of it."""

    target: Place
    """The blob, or its snapshot."""


def place_of(blob: Blob) -> Place:
    return Place(account=blob.account, container=blob.container, name=blob.name, snapshot=blob.snapshot)


def _create(ports: Ports, state: EmptyDiskState) -> Outcome:
    with _failing_as(DISK_CREATION_FAILED):
        ports.blobs.create(Blob(**state["target"]), state["size_bytes"])
    return Outcome(state)


def _copy(ports: Ports, state: ImportState) -> Outcome:
    with _failing_as(DISK_IMPORT_FAILED):
        copy(PageBlobSource(ports.blobs, Blob(**state["source"])), ports.blobs, Blob(**state["target"]))
    return Outcome(state)


def _remove(ports: Ports, state: EmptyDiskState | ImportState) -> Outcome:
    ports.blobs.delete(Blob(**state["target"]))
    return Outcome(state)


def _take(ports: Ports, state: SnapshotState) -> Outcome:
    blob, mark = Blob(**state["source"]), state["job"]
    with _failing_as(SNAPSHOT_FAILED):
        taken = _taken(ports.blobs, blob, mark) or blob.at(ports.blobs.snapshot(blob, {JOB_MARK: mark}))

    def commit(store: Store) -> None:
        document = store.get(state["kind"], state["resource"])
        if document is not None:
            store.put(document.kind, document.id, document.json(), private={"blob": asdict(taken)})

    return Outcome(state, commit)


def _drop(ports: Ports, state: SnapshotState) -> Outcome:
    if taken := _taken(ports.blobs, Blob(**state["source"]), state["job"]):
        ports.blobs.delete(taken)
    return Outcome(state)


def _taken(blobs: Blobs, blob: Blob, job: str) -> Blob | None:
    """What the step has taken before it was begun anew."""
    for each in blobs.find(blob.account, blob.container, blob.name, snapshots=True):
        if each.name == blob.name and each.snapshot:
            properties = blobs.properties(each)
            if properties is not None and properties.metadata.get(JOB_MARK) == job:
                return each
    return None


def _delete(ports: Ports, state: DeletionState) -> Waiting[Outcome]:
    def delete() -> None:
        try:
            ports.blobs.delete(Blob(**state["target"]))
        except BlobConflict:
            # Recovery points and snapshots of a disk outlive it: they are snapshots of the blob, which has to stay.
            return

    with _failing_as(DISK_BLOB_NOT_DELETED):
        yield from retried(ports.clock, "delete a blob", delete)
    return Outcome(state)


@contextmanager
def _failing_as(kind: ErrorKind) -> Iterator[None]:
    try:
        yield
    except PortError as problem:
        raise kind.error(reason=problem) from problem


CREATE = Plan("CreateDisk", (Step("Create the blob", do=_create, undo=_remove, listed=False),), job_log=ResourceLog())
IMPORT = Plan("ImportDisk", (Step("Copy the VHD", do=_copy, undo=_remove, listed=False),), job_log=ResourceLog())
SNAPSHOT = Plan("SnapshotDisk", (Step("Take the snapshot", do=_take, undo=_drop, listed=False),), job_log=ResourceLog())
DELETE = Plan("DeleteDiskBlob", (Step("Delete the blob", do=_delete, listed=False),), job_log=ResourceLog())

PLANS = (CREATE, IMPORT, SNAPSHOT, DELETE)
