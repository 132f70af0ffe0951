"""The service's own snapshots on a machine's disks: how they are marked, and how unneeded ones are deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controlplane.ports import Blob, Disk, Ports

TASK_METADATA = "taskid"
JOB_METADATA = "jobid"
"""Keys of a snapshot's metadata by which the service knows its own. Lower case: storage may not keep another."""


def delete_snapshots(ports: Ports, disks: Sequence[Disk], unwanted: Callable[[Blob, str, str], bool]) -> None:
    """Delete those of the service's snapshots on these disks for which `unwanted` is true: of it, its job and task."""
    for disk in disks:
        for found in list(ports.blobs.find(disk.blob.account, disk.blob.container, disk.blob.name, snapshots=True)):
            if found.snapshot is None or found.name != disk.blob.name:
                continue
            worn = metadata_of(ports, found)
            if JOB_METADATA in worn and unwanted(found, worn[JOB_METADATA], worn.get(TASK_METADATA, "")):
                ports.blobs.delete(found)


def metadata_of(ports: Ports, blob: Blob) -> dict[str, str]:
    """A blob's metadata with its keys in lower case; empty when there is no such blob."""
    found = ports.blobs.properties(blob)
    return {key.lower(): value for key, value in found.metadata.items()} if found else {}
