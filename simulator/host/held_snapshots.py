"""Snapshots of a running machine at one instant, which its host takes without the guest.

The host holds the writes to all disks below the guest, has the storage snapshot each disk, and lets go. So the
snapshots hold what a power cut at that instant would have left: on each disk, and across the disks.
"""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.domain.events.host_snapshots import DisksHeld
from controlplane.ports import Blob, Blobs, DiskSnapshotOrder, DiskSnapshots, PortError
from simulator.guest.machine import Guest
from simulator.guest.vss.snapshot_set import HostHoldFailed


def take(order: DiskSnapshotOrder, guest: Guest | None, blobs: Blobs) -> DiskSnapshots:
    """Carry out an order. What cannot be done is the problem in the answer; then snapshots that were taken stay, since
    whoever asked finds them by their metadata."""
    if guest is None:
        return DiskSnapshots(order.task_id, problem="the machine was not running")
    disks = {disk.lun: disk.blob for disk in guest.spec.disks}
    absent = [lun for lun in order.luns if lun not in disks]
    if absent:
        return DiskSnapshots(order.task_id, problem=f"the machine has no disk {absent[0]}")
    guest.catch_up(order.task_id)
    stamps: dict[int, str] = {}
    try:
        held = guest.vss.hold_for_host(order.task_id, lambda: _snapshot_all(order, disks, blobs, stamps))
    except (HostHoldFailed, PortError) as problem:
        return DiskSnapshots(order.task_id, stamps, problem=str(problem))
    return DiskSnapshots(order.task_id, stamps, round(held, 3))


def told(snapshots: DiskSnapshots) -> DisksHeld:
    """The event of what came of an order."""
    return DisksHeld(snapshots.task_id, len(snapshots.stamps), snapshots.held_milliseconds, snapshots.problem)


def _snapshot_all(order: DiskSnapshotOrder, disks: Mapping[int, Blob], blobs: Blobs, stamps: dict[int, str]) -> None:
    for lun in order.luns:
        stamps[lun] = blobs.snapshot(disks[lun], order.metadata)
