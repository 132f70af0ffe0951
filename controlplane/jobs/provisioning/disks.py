"""Plans of managed disks and their snapshots: each makes or removes the blob, or the snapshot of a blob, behind one.

Disk or snapshot and the ARM operation are written before the plan begins; those that are removed are gone by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TypedDict

from controlplane.domain.compute import vhd
from controlplane.domain.compute.managed_disk import KIND
from controlplane.domain.compute.virtual_machine import GIB
from controlplane.domain.errors.compute import (
    DISK_BLOB_NOT_DELETED,
    DISK_CREATION_FAILED,
    DISK_IMPORT_FAILED,
    DISK_NOT_GROWN,
    SNAPSHOT_FAILED,
)
from controlplane.domain.errors.kind import ErrorKind
from controlplane.jobs.documents import managed_disks
from controlplane.jobs.documents.managed_disks import BEFORE_BYTES
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
    before_bytes: int
    """Of the source, its footer counted; 0 until it is copied."""
    size_bytes: int
    """Of the blob: the disk and its footer; 0 for as many as the source has."""


class GrowState(ResourceState):
    """A disk that gets more bytes."""

    target: Place
    """The blob of the disk."""
    before_bytes: int
    """Of the blob, as it was; 0 until it is measured."""
    size_bytes: int
    """Of the blob: the disk and its footer."""


class SnapshotState(ResourceState):
    """A new snapshot of a disk."""

    source: Place
    """The blob of the disk."""


class DeletionState(ResourceState):
    """A disk or a snapshot that is gone, and what is left of it."""

    target: Place
    """The blob, or its snapshot."""
    machine: str
    """ARM id of the machine that had the disk last; empty for none."""


def place_of(blob: Blob) -> Place:
    return Place(account=blob.account, container=blob.container, name=blob.name, snapshot=blob.snapshot)


def _create(ports: Ports, state: EmptyDiskState) -> Outcome:
    with _failing_as(DISK_CREATION_FAILED):
        ports.blobs.create(Blob(**state["target"]), state["size_bytes"])
    return Outcome(state)


def _copy(ports: Ports, state: ImportState) -> Outcome:
    with _failing_as(DISK_IMPORT_FAILED):
        source = PageBlobSource(ports.blobs, Blob(**state["source"]))
        copy(source, ports.blobs, Blob(**state["target"]))
    return Outcome(state | {"before_bytes": source.size_bytes})


def _grow_copy(ports: Ports, state: ImportState) -> Outcome:
    if state["size_bytes"] > state["before_bytes"]:
        with _failing_as(DISK_IMPORT_FAILED):
            _move_end(ports.blobs, Blob(**state["target"]), state["before_bytes"], state["size_bytes"])
    return Outcome(state)


def _remove(ports: Ports, state: EmptyDiskState | ImportState) -> Outcome:
    ports.blobs.delete(Blob(**state["target"]))
    return Outcome(state)


def _measure(ports: Ports, state: GrowState) -> Outcome:
    """A step of its own: begun anew, the next one no longer finds the old size. Nor does a request that repeats one
    which failed half-way, so the disk's document keeps the size until the disk has grown."""
    with _failing_as(DISK_NOT_GROWN):
        properties = ports.blobs.properties(Blob(**state["target"]))
    if properties is None:
        raise DISK_NOT_GROWN.error(reason="its blob is gone")
    document = ports.store.get(KIND, state["resource"])
    before_bytes = (document.private.get(BEFORE_BYTES) if document else None) or properties.size_bytes

    def commit(store: Store) -> None:
        if document := store.get(KIND, state["resource"]):
            private = dict(document.private) | {BEFORE_BYTES: before_bytes}
            store.put(KIND, document.id, document.json(), private=private)

    return Outcome(state | {"before_bytes": before_bytes}, commit)


def _grow(ports: Ports, state: GrowState) -> Outcome:
    with _failing_as(DISK_NOT_GROWN):
        _move_end(ports.blobs, Blob(**state["target"]), state["before_bytes"], state["size_bytes"])
    size_gib = (state["size_bytes"] - vhd.FOOTER_BYTES) // GIB
    return Outcome(state, lambda store: _show_size(store, state["resource"], size_gib))


def _move_end(blobs: Blobs, blob: Blob, end: int, new_end: int) -> None:
    """Make a blob larger, the footer of the disk in it too, which moves to the new end; may be begun anew. A disk that
    no machine has had yet has no footer."""
    footer = blobs.read(blob, end - vhd.FOOTER_BYTES, vhd.FOOTER_BYTES)
    blobs.grow(blob, new_end)
    if footer.startswith(vhd.COOKIE):
        blobs.write(blob, new_end - vhd.FOOTER_BYTES, vhd.of_size(footer, new_end - vhd.FOOTER_BYTES))
        blobs.clear(blob, end - vhd.FOOTER_BYTES, vhd.FOOTER_BYTES)


def _show_size(store: Store, id: str, size_gib: int) -> None:
    """In the disk, and in the machine that has it."""
    document = store.get(KIND, id)
    if document is None:
        return
    resource = document.json()
    size = {"diskSizeGB": size_gib, "diskSizeBytes": size_gib * GIB}
    private = {key: value for key, value in document.private.items() if key != BEFORE_BYTES}
    store.put(KIND, id, resource | {"properties": resource["properties"] | size}, private=private)
    managed_disks.show_in_machine(store, resource, {"diskSizeGB": size_gib})


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
    blob = Blob(**state["target"])
    if machine := state.get("machine"):  # a state folder of an earlier release has none
        ports.fabric.drop_disk(machine, blob)

    def delete() -> None:
        try:
            ports.blobs.delete(blob)
        except BlobConflict:
            # Recovery points and snapshots of a disk outlive it: they are snapshots of the blob, which has to stay.
            return

    with _failing_as(DISK_BLOB_NOT_DELETED):
        yield from retried(ports.settings, "delete a blob", delete)
    return Outcome(state)


@contextmanager
def _failing_as(kind: ErrorKind) -> Iterator[None]:
    try:
        yield
    except PortError as problem:
        raise kind.error(reason=problem) from problem


class _GrowLog(ResourceLog):
    """A disk that could not be given its new size is as good as before."""

    def show(self, store: Store, state: ResourceState, provisioning_state: str) -> None:
        super().show(store, state, "Succeeded")


CREATE = Plan("CreateDisk", (Step("Create the blob", do=_create, undo=_remove, listed=False),), job_log=ResourceLog())
IMPORT = Plan(
    "ImportDisk",
    (Step("Copy the VHD", do=_copy, undo=_remove, listed=False), Step("Grow the copy", do=_grow_copy, listed=False)),
    job_log=ResourceLog(),
)
GROW = Plan(
    "GrowDisk",
    (Step("Measure the blob", do=_measure, listed=False), Step("Grow the blob", do=_grow, listed=False)),
    job_log=_GrowLog(),
)
SNAPSHOT = Plan("SnapshotDisk", (Step("Take the snapshot", do=_take, undo=_drop, listed=False),), job_log=ResourceLog())
DELETE = Plan("DeleteDiskBlob", (Step("Delete the blob", do=_delete, listed=False),), job_log=ResourceLog())

PLANS = (CREATE, IMPORT, GROW, SNAPSHOT, DELETE)
