"""Crash-consistent snapshots of a running machine, which its host takes at one instant, without agent and extension.

An enhanced policy may want no others (`OnlyCrashConsistent`). Under any enhanced policy they are also what is tried
where the extension has reported that its own snapshots failed, on a machine that can have them. Both are documented in
the overview of agentless multi-disk crash-consistent backup. An order has a task id of its own: one that the end of a
process interrupted is not trusted, and what it left is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Cause
from controlplane.domain.events.host_snapshots import HostAsked
from controlplane.domain.recovery_services import snapshot_failure, supported_machines
from controlplane.jobs.backup import snapshot_task
from controlplane.jobs.backup.readiness import require_machine
from controlplane.jobs.backup.snapshot_task import SnapshotResult, size_bytes, tell_of_snapshots
from controlplane.jobs.backup.states import BackupState
from controlplane.jobs.documents import crash_support
from controlplane.jobs.engine import records
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.jobs.retention import snapshots
from controlplane.json_object import Json
from controlplane.ports import Disk, DiskSnapshotOrder, DiskSnapshots, GuestNotReady, Ports

CRASH_CONSISTENT = "CrashConsistent"
POLICY, FALLBACK = "policy", "fallback"


def take_as_wanted(ports: Ports, state: BackupState, disks: Sequence[Disk], policy: Json) -> Waiting[SnapshotResult]:
    """Snapshots of these disks as the policy, given by its properties, wants them; raises ServiceError, and then leaves
    none."""
    if supported_machines.wants_crash_consistent_alone(policy):
        return (yield from _take(ports, state, disks, POLICY))
    try:
        return (yield from snapshot_task.take(ports, state, disks))
    except ServiceError as error:
        if not (_was_reported(ports, state, error) and supported_machines.falls_back_to_crash_consistent(policy)):
            raise
        if not crash_support.is_supported(ports.store, state["vm"], disks):
            raise
    return (yield from _take(ports, state, disks, FALLBACK))


def _was_reported(ports: Ports, state: BackupState, error: ServiceError) -> bool:
    """Whether the extension itself has said that its snapshots failed, and that is the error."""
    judged = [event for event in ports.store.events(job=state["job"]) if event.name == events.SnapshotJudged.NAME]
    return bool(judged) and judged[-1].data.get("error") == error.code


def _take(ports: Ports, state: BackupState, disks: Sequence[Disk], reason: str) -> Waiting[SnapshotResult]:
    view = require_machine(ports, state["vm"])
    if not disks:
        raise snapshot_failure.machine_not_stable("It has no disk that is backed up.")
    if view.power != "running":
        return (yield from snapshot_task.take(ports, state, disks))
    _forget(ports, state, disks)
    task = f"{state['task']}_host{_asked(ports, state) + 1}"
    told = yield from _carried_out(ports, state, disks, task, reason)
    try:
        return _confirmed(ports, state, disks, told)
    except ServiceError:
        _forget(ports, state, disks)
        raise


def _forget(ports: Ports, state: BackupState, disks: Sequence[Disk]) -> None:
    snapshots.delete_snapshots(ports, disks, lambda job, task: job == state["job"])


def _asked(ports: Ports, state: BackupState) -> int:
    """How many orders of this job there were."""
    return sum(event.name == HostAsked.NAME for event in ports.store.events(job=state["job"]))


def _carried_out(
    ports: Ports, state: BackupState, disks: Sequence[Disk], task: str, reason: str
) -> Waiting[DiskSnapshots]:
    """What the host says of its order."""
    metadata = {snapshots.TASK_METADATA: task, snapshots.JOB_METADATA: state["job"]}
    order = DiskSnapshotOrder(task, tuple(disk.lun for disk in disks), metadata)
    seconds = ports.settings.snapshot_timeout_seconds
    deadline = ports.clock.now() + timedelta(seconds=seconds)
    with ports.store.transaction():
        asked = ports.store.record(records.event(state, HostAsked(task, reason)))
        try:
            ports.fabric.snapshot_disks(state["vm"], order, Cause(asked, state["job"]))
        except GuestNotReady:
            raise snapshot_failure.machine_gone() from None

    def answer() -> DiskSnapshots | None:
        view = ports.fabric.instance_view(state["vm"])
        if view is None:
            raise snapshot_failure.machine_gone()
        return view.snapshots if view.snapshots is not None and view.snapshots.task_id == task else None

    what = f"the snapshots of the host of {state['vm'].rpartition('/')[2]}"
    try:
        yield Wait(what, lambda: answer() is not None, deadline, machine=state["vm"])
        told = answer()
    except ServiceError:  # the job was asked to stop, or the machine is gone; its host may still be at work
        snapshots.expect_late(ports, state, disks, seconds)
        raise
    if told is None:
        snapshots.expect_late(ports, state, disks, seconds)
        raise snapshot_failure.host_failed(f"The host did not answer within {seconds:.0f} seconds.")
    return told


def _confirmed(ports: Ports, state: BackupState, disks: Sequence[Disk], told: DiskSnapshots) -> SnapshotResult:
    """The snapshots that the host names, once they have been found."""
    if told.problem is not None:
        limit = snapshot_failure.snapshot_refused(told.problem)
        raise limit or snapshot_failure.host_failed(f"The host reports: {told.problem}.")
    absent = [disk.name for disk in disks if disk.lun not in told.stamps]
    if absent:
        raise snapshot_failure.host_failed(f"The host named no snapshot of the disk {absent[0]}.")
    taken = tuple(disk.blob.at(told.stamps[disk.lun]) for disk in disks)
    sizes = []
    for disk, snapshot in zip(disks, taken, strict=True):
        properties = ports.blobs.properties(snapshot)
        if snapshots.metadata_in(properties).get(snapshots.TASK_METADATA) != told.task_id:
            raise snapshot_failure.host_failed(f"The storage has no snapshot of the disk {disk.name}.")
        sizes.append(size_bytes(properties, disk))
    with ports.store.transaction():
        tell_of_snapshots(ports, state, disks, taken)
        judged = ports.store.record(records.event(state, events.SnapshotJudged(told.task_id, CRASH_CONSISTENT)))
    return SnapshotResult(told.task_id, CRASH_CONSISTENT, taken, tuple(sizes), {}, judged)
