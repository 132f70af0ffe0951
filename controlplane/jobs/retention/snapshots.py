"""The service's own snapshots on a machine's disks: how they are marked, and how unneeded ones are deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import partial

from controlplane.domain.due import Due
from controlplane.ports import Blob, BlobProperties, Disk, Ports, Store

LATE = "snapshots.late"
"""Kind of the notes of tasks that nobody waits for any more, while their handlers may still take snapshots."""
LATE_SNAPSHOTS = "late-snapshots"
"""Kind of what is due: a look for them."""
TASK_METADATA = "taskid"
JOB_METADATA = "jobid"
"""Keys of a snapshot's metadata by which the service knows its own. Lower case: storage may not keep another."""


def delete_snapshots(
    ports: Ports, disks: Sequence[Disk], unwanted: Callable[[str, str], bool], *, but: Collection[Blob] = ()
) -> None:
    """Delete those of the service's snapshots on these disks for which `unwanted` is true: of their job and task. Those
    in `but` are not even asked for theirs."""
    for disk in disks:
        for blob in list(ports.blobs.find(disk.blob.account, disk.blob.container, disk.blob.name, snapshots=True)):
            if blob.snapshot is None or blob.name != disk.blob.name or blob in but:
                continue
            worn = metadata_in(ports.blobs.properties(blob))
            if JOB_METADATA in worn and unwanted(worn[JOB_METADATA], worn.get(TASK_METADATA, "")):
                ports.blobs.delete(blob)


def expect_late(
    store: Store, job: str, disks: Sequence[Disk], since: datetime, until: datetime, seconds: float
) -> None:
    """Snapshots of this job are unwanted also when they are taken from now on. Its handler is able to for so many
    seconds of real time; `since` and `until` are the same in world time, which may be moved faster."""
    note = {
        "disks": [disk.to_json() for disk in disks],
        "since": since.isoformat(),
        "until": until.isoformat(),
        "real_until": time.time() + seconds,
    }
    store.put(LATE, job, {}, private=note)


def expected_late(store: Store) -> set[str]:
    """The ids of these jobs."""
    return {note.id for note in store.find(LATE)}


def dues(store: Store) -> Iterator[Due]:
    """The looks for what has come of them: one at once, and further ones until nothing can come any more."""
    for note in store.find(LATE):
        yield Due(datetime.fromisoformat(note.private.get("since") or note.private["until"]), LATE_SNAPSHOTS, note.id)


def delete_late(ports: Ports, job: str) -> None:
    """Delete what has come of one of them, and forget it once nothing can come any more. PortError."""
    note = ports.store.get(LATE, job)
    if note is None:
        return
    disks = [Disk.from_json(disk) for disk in note.private["disks"]]
    is_over = ports.clock.now() >= datetime.fromisoformat(note.private["until"])
    is_really_over = time.time() >= note.private.get("real_until", 0.0)
    delete_snapshots(ports, disks, partial(_is_of, note.id))
    if is_over and is_really_over:
        ports.store.delete(LATE, note.id)


def _is_of(late: str, job: str, task: str) -> bool:
    return job.lower() == late


def metadata_in(properties: BlobProperties | None) -> dict[str, str]:
    """A blob's metadata with its keys in lower case; empty when there is no such blob."""
    return {key.lower(): value for key, value in properties.metadata.items()} if properties else {}
