"""Puts what a report says of snapshots into the order of the disks that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from controlplane.ports import Disk
from extension.contract.reports import SnapshotInfo


def in_order_of(disks: Sequence[Disk], told: Sequence[SnapshotInfo]) -> Sequence[SnapshotInfo]:
    """What was said of each disk. A guest answers in the order of the addresses that it was given, a host in that of
    the disks' numbers: where every answer names the blob of another disk, that counts."""
    by_blob = {unquote(urlsplit(info.blob_uri or "").path): info for info in told}
    found = [
        next(
            (info for path, info in by_blob.items() if path.endswith(f"/{disk.blob.container}/{disk.blob.name}")), None
        )
        for disk in disks
    ]
    named = [info for info in found if info is not None]
    return named if len(named) == len(told) == len(by_blob) else told
