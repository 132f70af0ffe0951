"""The service's own snapshots on a machine's disks: how they are marked, and how unneeded ones are deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from controlplane.ports import Blob, BlobProperties, Disk, Ports

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


def metadata_in(properties: BlobProperties | None) -> dict[str, str]:
    """A blob's metadata with its keys in lower case; empty when there is no such blob."""
    return {key.lower(): value for key, value in properties.metadata.items()} if properties else {}
