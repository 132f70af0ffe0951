"""Take Snapshot: one task after another to the extension until one succeeds, or by the service while a machine is off.

An attempt has a task id, a status blob and a log blob of its own, and addresses that are signed for as long as it may
last: whoever wakes up later can neither snapshot nor report. An attempt that the end of a process interrupted is not
trusted whatever it left; the next one starts with a new task id.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Cause, Fact
from controlplane.domain.recovery_services import snapshot_failure
from controlplane.guest_urls import guest_sas
from controlplane.jobs.backup import readiness
from controlplane.jobs.backup.report_order import in_order_of
from controlplane.jobs.backup.retries import is_repeated
from controlplane.jobs.backup.states import BackupState
from controlplane.jobs.documents import managed_disks
from controlplane.jobs.engine import records
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.jobs.retention import snapshots
from controlplane.json_object import Json
from controlplane.ports import (
    Blob,
    BlobConflict,
    BlobProperties,
    Disk,
    ExtensionRequest,
    ExtensionView,
    GuestNotReady,
    InstanceView,
    Ports,
    StorageUnavailable,
)
from extension.contract import fallback
from extension.contract.protocol import ProtocolError
from extension.contract.redaction import redact
from extension.contract.reports import StatusReport, parse_status_blob
from extension.contract.settings import CustomSettings, SnapshotMethod, snapshot_request

STATUS_BLOB, LOG_BLOB = ".Status.txt", ".Logs.txt"
"""Ends of the names of the two blobs of an attempt."""


@dataclass(frozen=True, slots=True)
class SnapshotResult:
    """Snapshots of all disks, in their order."""

    task_id: str
    consistency: str
    snapshots: tuple[Blob, ...]
    sizes_bytes: tuple[int, ...]
    """Of the snapshots, as the storage has them."""
    telemetry: Mapping[str, str]
    event: int
    """The event of the service's judgement, from which the recovery point follows."""


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt."""

    id: str
    status: Blob
    logs: Blob


class _TaskFailed(Exception):
    """The extension reported a failure."""

    def __init__(self, report: StatusReport, event: int) -> None:
        super().__init__(report.error_name)
        self.report = report
        self.event = event
        """Id of the event that tells of the report."""


def take(ports: Ports, state: BackupState, disks: Sequence[Disk]) -> Waiting[SnapshotResult]:
    """Snapshots of these disks; raises ServiceError, and then leaves none."""
    if _asked(ports, state):
        # The end of a process interrupted an attempt. Its handler may go on, or be run again by an agent that boots.
        _expect_late(ports, state, disks)
    view = readiness.require_machine(ports, state["vm"])
    if not disks:
        raise snapshot_failure.machine_not_stable("It has no disk that is backed up.")
    if readiness.boots(view):
        view = yield from readiness.wait_for_agent(ports, state["vm"])
    if fallback.then(fallback.MACHINE, runs=view.power == "running") == fallback.BY_SERVICE:
        return _take_by_service(ports, state, disks, view)
    readiness.require_extension_host(ports, state, view)
    attempts = ports.settings.snapshot_attempts
    for retries in range(attempts):
        task = _new_task(ports, state)
        try:
            report, reported = yield from _carry_out(ports, state, disks, task, retries)
            return _confirmed(ports, state | {"event": reported}, disks, task, report)
        except _TaskFailed as failure:
            _forget(ports, disks, task)
            meaning = snapshot_failure.meaning_of(failure.report.error_name)
            judged = events.SnapshotJudged(task.id, error=meaning.kind.code)
            ports.store.record(records.event(state | {"event": failure.event}, judged))
            if not is_repeated(meaning, retries, attempts):
                told, managed = failure.report, state["machine"]["managed"]
                raise snapshot_failure.service_error(told.error_name, told.message, managed=managed) from None
        except ServiceError:
            _forget(ports, disks, task)
            raise
    raise AssertionError("the last attempt returns or raises")


def _forget(ports: Ports, disks: Sequence[Disk], task: Task) -> None:
    snapshots.delete_snapshots(ports, disks, lambda job, id: id == task.id)


# ---------------------------------------------------------------------------------------- a machine that is not running


def _take_by_service(ports: Ports, state: BackupState, disks: Sequence[Disk], view: InstanceView) -> SnapshotResult:
    """Nobody writes to the disks, so nobody needs to freeze; what they hold is what a power cut would leave."""
    snapshots.delete_snapshots(ports, disks, lambda job, task: job == state["job"])
    before = require_sizes(ports, disks)
    metadata = {snapshots.TASK_METADATA: "", snapshots.JOB_METADATA: state["job"]}
    stamps = [_snapshot(ports, disk, metadata) for disk in disks]
    now = ports.fabric.instance_view(state["vm"])
    if now is None or now.power != view.power or now.booted != view.booted:
        snapshots.delete_snapshots(ports, disks, lambda job, task: job == state["job"])
        raise snapshot_failure.machine_not_stable("It was started while its disks were being snapshotted.")
    try:
        grown = require_sizes(ports, disks) != before
    except ServiceError:
        grown = True
    if grown:
        snapshots.delete_snapshots(ports, disks, lambda job, task: job == state["job"])
        raise snapshot_failure.machine_not_stable("One of its disks got another size while it was being snapshotted.")
    taken = tuple(disk.blob.at(stamp) for disk, stamp in zip(disks, stamps, strict=True))
    sizes = tuple(
        size_bytes(ports.blobs.properties(snapshot), disk) for disk, snapshot in zip(disks, taken, strict=True)
    )
    with ports.store.transaction():
        tell_of_snapshots(ports, state, disks, taken)
        judged = ports.store.record(records.event(state, events.SnapshotJudged("", "CrashConsistent")))
    return SnapshotResult("", "CrashConsistent", taken, sizes, {}, judged)


def _snapshot(ports: Ports, disk: Disk, metadata: Mapping[str, str]) -> str:
    try:
        return ports.blobs.snapshot(disk.blob, metadata)
    except BlobConflict as conflict:
        raise snapshot_failure.snapshot_refused(str(conflict)) or conflict from None


def require_sizes(ports: Ports, disks: Sequence[Disk]) -> list[int]:
    """Sizes of the managed disks in GiB, none of which grows: between its larger blob and its moved footer a disk is no
    VHD."""
    if any(managed_disks.grows(ports.store, disk.managed_disk_id) for disk in disks):
        raise snapshot_failure.machine_not_stable("One of its disks is being given another size.")
    return [managed_disks.size_gib(ports.store, disk.managed_disk_id) for disk in disks]


# ---------------------------------------------------------------------------------------------------------- one attempt


def _new_task(ports: Ports, state: BackupState) -> Task:
    """Its number is that of no earlier attempt: a storage that was killed may have forgotten their blobs, and a handler
    that is still at one of them would carry out the new one as well."""
    account, container = ports.settings.service_account, f"bcdrextensionlogs-{state['vm_id']}"
    prefix = f"{state['vm_name']}.{state['task']}_"
    made = sum(blob.name.endswith(STATUS_BLOB) for blob in ports.blobs.find(account, container, prefix))
    used = max(made, _asked(ports, state))
    name = f"{prefix}{used + 1}"
    return Task(
        id=f"{state['task']}_{used + 1}",
        status=Blob(account, container, f"{name}{STATUS_BLOB}"),
        logs=Blob(account, container, f"{name}{LOG_BLOB}"),
    )


def _asked(ports: Ports, state: BackupState) -> int:
    """How many attempts of this job there were, whatever the storage knows of them."""
    return sum(event.name == events.SnapshotAsked.NAME for event in ports.store.events(job=state["job"]))


def _expect_late(ports: Ports, state: BackupState, disks: Sequence[Disk]) -> None:
    """For as long as the signatures that a handler may have."""
    snapshots.expect_late(ports, state, disks, ports.settings.snapshot_timeout_seconds)


def _carry_out(
    ports: Ports, state: BackupState, disks: Sequence[Disk], task: Task, retries: int
) -> Waiting[tuple[StatusReport, int]]:
    """The report of a task that succeeded, by its own account, and the event that tells of it."""
    # A handler writes only to blobs that are there, and only if they are empty.
    ports.blobs.put(task.logs, b"")
    ports.blobs.put(task.status, b"")
    deadline = ports.clock.now() + timedelta(seconds=ports.settings.snapshot_timeout_seconds)
    request = _request(ports, state, disks, task, retries)
    was_there = readiness.has_handler(ports, state)
    try:
        reports = f"{task.status.container}/{task.status.name.removesuffix(STATUS_BLOB)}"
        asked = events.SnapshotAsked(task.id, retries, [disk.name for disk in disks], reports)
        request_event = ports.store.record(records.event(state, asked))
        ports.fabric.deliver(state["vm"], request, Cause(request_event, state["job"]))
    except GuestNotReady as reason:
        raise snapshot_failure.agent_not_ready(f"It cannot be given the task: {reason}.") from None
    watch = _Watch(ports, state, request.name, task, was_there)
    state = state | {"event": request_event}
    what = f"the report of the task {task.id}"
    try:
        yield Wait(
            what,
            watch,
            deadline,
            ports.settings.report_poll_seconds,
            machine=state["vm"],
            slowest_poll_seconds=ports.settings.slowest_report_poll_seconds,
            holds=lambda: watch.holds,
        )
    except ServiceError:  # the job was asked to stop
        _expect_late(ports, state, disks)
        _remember_attempt(ports, state, task, None)
        raise
    reported = _remember_attempt(ports, state, task, watch.report)
    if watch.problem is not None:
        if watch.is_interrupted:
            _expect_late(ports, state, disks)
        raise watch.problem
    if watch.report is None:
        raise snapshot_failure.no_answer(ports.settings.snapshot_timeout_seconds)
    if watch.report.progress == "Failed":
        raise _TaskFailed(watch.report, reported)
    return watch.report, reported


def _request(ports: Ports, state: BackupState, disks: Sequence[Disk], task: Task, retries: int) -> ExtensionRequest:
    settings = ports.settings
    # Signatures are checked in real time, whatever the world's clock says; they end with the attempt.
    expires = datetime.now(UTC) + timedelta(seconds=settings.snapshot_timeout_seconds)
    address = ports.fabric.storage_address(state["vm"])

    def sas(blob: Blob) -> str:
        return guest_sas(ports.blobs, address, blob, "rw", expires)

    method = SnapshotMethod.of(settings.take_snapshot_from)
    asks_host = method is not SnapshotMethod.ONLY_GUEST
    custom = CustomSettings(
        take_snapshot_from=method,
        is_managed_vm=all(disk.managed_disk_id is not None for disk in disks),
        can_take_crash_consistent_snapshot=retries > 0,
        backup_retry_count=retries,
    )
    public, protected = snapshot_request(
        task_id=task.id,
        # In real time too: a handler compares it with the time of its machine, and may know no other.
        started=datetime.now(UTC),
        disks=[sas(disk.blob) for disk in disks],
        status_uri=sas(task.status),
        logs_uri=sas(task.logs),
        locale=settings.locale,
        metadata={snapshots.TASK_METADATA: task.id, snapshots.JOB_METADATA: state["job"]},
        custom=custom,
        luns=[disk.lun for disk in disks] if state["disks_excluded"] or asks_host else None,
        is_any_disk_excluded=state["disks_excluded"],
        # Of use for one task on one machine, and only to its own host, which looks for it in the machine's settings.
        snapshot_token=secrets.token_hex(16) if asks_host else "",
    )
    ordered = settings.extension_for(state["machine"]["os_type"])
    return ExtensionRequest(
        name=ordered.type,
        publisher=ordered.publisher,
        type=ordered.type,
        version=ordered.version,
        auto_upgrade_minor_version=ordered.auto_upgrade_minor_version,
        public=public,
        protected=protected,
    )


def _remember_attempt(ports: Ports, state: BackupState, task: Task, report: StatusReport | None) -> int:
    """Both blobs stay with the job, whatever becomes of it; returns the event that tells so."""
    told: Json = {"code": None, "error_name": None, "consistency": None, "message": ""}
    fact: Fact = events.SnapshotUnreported(task.id)
    if report is not None:
        told = {
            "code": report.code,
            "error_name": report.error_name,
            "consistency": report.consistency,
            "message": report.message,
        }
        fact = events.SnapshotReported(task.id, **told)
    blobs = {"status_blob": _address(task.status), "logs_blob": _address(task.logs)}
    records.remember_one_more(ports, state, "attempts", {"task_id": task.id, **told, **blobs})
    return ports.store.record(records.event(state, fact))


def _address(blob: Blob) -> Json:
    return {"account": blob.account, "container": blob.container, "name": blob.name}


# ------------------------------------------------------------------------------------------------- waiting for a report


class _Watch:
    """Looks at the status blob, and at what the agent says of the machine; true when either is final.

    The grace for a late report is real time: that suits its writers, whatever the world's clock does. World time is
    held meanwhile, and as long as a storage that does not answer is waited for: what these hold up is not late.
    """

    def __init__(self, ports: Ports, state: BackupState, extension: str, task: Task, was_there: bool) -> None:
        """`was_there`: whether the machine had the extension before the task."""
        self.report: StatusReport | None = None
        self.problem: ServiceError | None = None
        self.is_interrupted = False
        """The machine stopped: its agent runs the handler again at the next boot."""
        self._ports = ports
        self._vm = state["vm"]
        self._managed = bool(state["machine"]["managed"])
        self._is_installed = was_there
        self._extension = extension
        self._task = task
        self._ended_since: float | None = None
        self._unanswered_since: float | None = None

    @property
    def holds(self) -> bool:
        """Whether a report may already be there that only takes real time to be seen."""
        if self._ended_since is not None:
            return True
        away = self._unanswered_since
        return away is not None and time.monotonic() - away < self._ports.settings.storage_patience_seconds

    def __call__(self) -> bool:
        self.report = self._final(self._read_blob())
        if self.report is None:
            self._look_at_machine()
        return self.report is not None or self.problem is not None

    def _final(self, report: StatusReport | None) -> StatusReport | None:
        """The report if it ends this task; one of another task is none."""
        if report is None or report.task_id != self._task.id or report.progress == "InProgress":
            return None
        return report

    def _read_blob(self) -> StatusReport | None:
        try:
            content = self._ports.blobs.read(self._task.status)
        except StorageUnavailable:
            # It comes back, or the deadline passes.
            self._unanswered_since = self._unanswered_since or time.monotonic()
            return None
        self._unanswered_since = None
        try:
            return parse_status_blob(content)
        except ProtocolError:
            return None  # half written

    def _look_at_machine(self) -> None:
        view = self._ports.fabric.instance_view(self._vm)
        if view is None:
            self.problem = snapshot_failure.machine_gone()
            return
        extension = readiness.extension_of(view, self._extension)
        self._is_installed |= extension is not None and extension.handler_status == "Ready"
        if view.power != "running":
            self.is_interrupted = True
            self.problem = snapshot_failure.stopped_meanwhile(self._is_installed)
        else:
            self._look_at_extension(extension)

    def _look_at_extension(self, extension: ExtensionView | None) -> None:
        if extension is None:
            self.problem = snapshot_failure.handler_failed(None, None, "it is gone from the machine")
            return
        told = self._told_to_agent(extension)
        if told is None and extension.provisioning_state != "Failed":
            self._ended_since = None
            return
        # The agent may know of the end before the status blob does.
        self._ended_since = self._ended_since or time.monotonic()
        if time.monotonic() - self._ended_since < self._ports.settings.report_grace_seconds:
            return
        self.report = told
        if told is None:
            self.problem = _why_failed(extension, self._managed)

    def _told_to_agent(self, extension: ExtensionView) -> StatusReport | None:
        """The final report as the agent hands it on inside its status, its second way to the service."""
        parts = (extension.status or {}).get("substatus")
        if not isinstance(parts, list) or not parts or not isinstance(parts[0], dict):
            return None
        try:
            return self._final(parse_status_blob(str(parts[0].get("name")).encode()))
        except ProtocolError:
            return None


def _why_failed(extension: ExtensionView, managed: bool) -> ServiceError:
    """An extension that failed without a report that can be read: the agent has its words, or only its state."""
    status = extension.status or {}
    message = status.get("formattedMessage")
    text = message.get("message") if isinstance(message, dict) else extension.handler_message
    told = redact(str(text or "no message"))
    if not extension.handler_works:
        return snapshot_failure.handler_failed(status.get("code"), extension.handler_status, told)
    return snapshot_failure.service_error("error", told, managed=managed)


# --------------------------------------------------------------------------------------------------- what it amounts to


def _confirmed(
    ports: Ports, state: BackupState, disks: Sequence[Disk], task: Task, report: StatusReport
) -> SnapshotResult:
    """The snapshots that the report names, once they have been found: of this task, one for each disk, in order."""
    told = in_order_of(disks, report.snapshots or ())
    consistency = report.consistency
    if consistency is None or len(told) != len(disks):
        raise snapshot_failure.snapshots_missing(f"It named snapshots of {len(told)} of {len(disks)} disks.")
    taken = tuple(disk.blob.at(info.stamp) for disk, info in zip(disks, told, strict=True))
    sizes = []
    for disk, snapshot in zip(disks, taken, strict=True):
        properties = ports.blobs.properties(snapshot) if snapshot.snapshot is not None else None
        if snapshots.metadata_in(properties).get(snapshots.TASK_METADATA) != task.id:
            raise snapshot_failure.snapshots_missing(
                f"The storage has no snapshot of the disk {disk.name} for this task."
            )
        sizes.append(size_bytes(properties, disk))
    with ports.store.transaction():
        tell_of_snapshots(ports, state, disks, taken)
        judged = ports.store.record(records.event(state, events.SnapshotJudged(task.id, consistency)))
    return SnapshotResult(task.id, consistency, taken, tuple(sizes), dict(report.telemetry), judged)


def size_bytes(properties: BlobProperties | None, disk: Disk) -> int:
    return properties.size_bytes if properties else disk.size_bytes


def tell_of_snapshots(ports: Ports, state: BackupState, disks: Sequence[Disk], taken: Sequence[Blob]) -> None:
    for disk, snapshot in zip(disks, taken, strict=True):
        fact = events.SnapshotFound(disk.name, disk.lun, snapshot.snapshot or "")
        ports.store.record(records.event(state, fact))
