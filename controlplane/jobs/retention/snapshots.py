"""The service's own snapshots on a machine's disks: how they are marked, and how unneeded ones are deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from controlplane.domain.due import Due
from controlplane.domain.recovery_services import job as jobs
from controlplane.jobs.documents import points
from controlplane.jobs.engine.job_state import JobState
from controlplane.ports import Blob, BlobProperties, Disk, Ports, Store

LATE = "snapshots.late"
"""Kind of the notes of jobs whose snapshots nobody wants: handlers for which nobody waits any more may still take some,
or the storage did not answer when they were to be deleted."""
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


def expect_late(ports: Ports, state: JobState, disks: Sequence[Disk], seconds: float = 0.0) -> None:
    """Snapshots of this job that no recovery point names are unwanted once it has ended, also when they are taken only
    now. Its handlers are able to for so many seconds, of real time and of world time, which may be moved faster."""
    store, now = ports.store, ports.clock.now()
    until, real_until = now + timedelta(seconds=seconds), time.time() + seconds
    with store.transaction():
        if (before := store.get(LATE, state["job"])) is not None:
            until = max(until, datetime.fromisoformat(before.private["until"]))
            real_until = max(real_until, before.private.get("real_until", 0.0))
        note = {
            "disks": [disk.to_json() for disk in disks],
            "document": state["job_document"],
            "since": now.isoformat(),
            "until": until.isoformat(),
            "real_until": real_until,
        }
        store.put(LATE, state["job"], {}, private=note)


def expected_late(store: Store) -> set[str]:
    """The ids of these jobs."""
    return {note.id for note in store.find(LATE)}


def dues(store: Store) -> Iterator[Due]:
    """The looks for what has come of them: one at once, and further ones until nothing can come any more."""
    for note in store.find(LATE):
        yield Due(datetime.fromisoformat(note.private.get("since") or note.private["until"]), LATE_SNAPSHOTS, note.id)


def delete_late(ports: Ports, job: str) -> None:
    """Delete what has come of one of them, and forget it once nothing can come any more. What a job that still runs has
    taken is not named yet. PortError."""
    note = ports.store.get(LATE, job)
    if note is None:
        return
    document = ports.store.get(jobs.KIND, str(note.private.get("document")))
    if document is not None and jobs.from_json(document.private["job"]).ended is None:
        return
    disks = [Disk.from_json(disk) for disk in note.private["disks"]]
    item_points = points.of_item(ports.store, str(document.private.get("item"))) if document is not None else []
    named = {points.snapshot_of(disk) for point in item_points if point.has_snapshots for disk in point.disks}
    is_over = ports.clock.now() >= datetime.fromisoformat(note.private["until"])
    is_really_over = time.time() >= note.private.get("real_until", 0.0)
    delete_snapshots(ports, disks, partial(_is_of, note.id), but=named)
    if is_over and is_really_over:
        ports.store.delete(LATE, note.id)


def _is_of(late: str, job: str, task: str) -> bool:
    return job.lower() == late


def metadata_in(properties: BlobProperties | None) -> dict[str, str]:
    """A blob's metadata with its keys in lower case; empty when there is no such blob."""
    return {key.lower(): value for key, value in properties.metadata.items()} if properties else {}
