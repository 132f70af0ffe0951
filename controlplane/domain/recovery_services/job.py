"""Job and its tasks: their states, the job status that follows from the tasks, and the body ARM shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.jobs import JOB_CANNOT_BE_CANCELLED, JOB_HAS_ENDED, JOB_PAST_SNAPSHOT
from controlplane.domain.plain import fields_of
from controlplane.domain.state_machine import Table, advance
from controlplane.domain.times import duration, instant
from controlplane.json_object import Json

KIND = "microsoft.recoveryservices/vaults/backupjobs"
KINDS = (
    "Backup",
    "ConfigureBackup",
    "DeleteBackupData",
    "DisableBackup",
    "MoveRecoveryPoint",
    "Restore",
    "Undelete",
)
"""The kinds of jobs, as ARM names them in a job's `operation`."""
BY_USER = "by_user"
"""What the service remembers beside a job: whether somebody asked for it. It is so where nothing is remembered."""

TASK_STATES: Table = {
    # `started` again: a task that the end of a process interrupted begins anew.
    "NotStarted": {"started": "InProgress", "skipped": "Skipped", "failed": "Failed", "cancelled": "Cancelled"},
    "InProgress": {"started": "InProgress", "done": "Completed", "failed": "Failed", "cancelled": "Cancelled"},
    "Completed": {},
    "Failed": {},
    "Skipped": {},
    "Cancelled": {},
}

JOB_STATES: Table = {
    "InProgress": {
        "cancel_asked": "Cancelling",
        "Completed": "Completed",
        "CompletedWithWarnings": "CompletedWithWarnings",
        "Failed": "Failed",
    },
    # A late cancellation changes nothing: the job ends as its tasks did.
    "Cancelling": {
        "cancel_asked": "Cancelling",
        "Cancelled": "Cancelled",
        "Completed": "Completed",
        "CompletedWithWarnings": "CompletedWithWarnings",
        "Failed": "Failed",
    },
    "Completed": {},
    "CompletedWithWarnings": {},
    "Failed": {},
    "Cancelled": {},
}

ENDED = frozenset(state for state, events in JOB_STATES.items() if not events)

_ANY = ""
STATUS_BY_TASKS: Mapping[str, Mapping[str, str]] = {
    # Required tasks -> optional tasks -> job. Microsoft publishes the rows (snapshot, transfer) that can be seen in the
    # portal ("Verify backup job status"); the others are the moments between them.
    "NotStarted": {_ANY: "InProgress"},
    "InProgress": {_ANY: "InProgress"},
    "Completed": {
        "NotStarted": "InProgress",
        "InProgress": "InProgress",
        "Skipped": "Completed",
        "Completed": "Completed",
        "Failed": "CompletedWithWarnings",
        "Cancelled": "Cancelled",
    },
    "Failed": {_ANY: "Failed"},
    "Cancelled": {_ANY: "Cancelled"},
}

_SPEAKS_FOR_ALL = ("Failed", "Cancelled", "InProgress", "NotStarted", "Completed", "Skipped")
"""Of several tasks the first of these that occurs stands for all."""

CANCELLABLE = frozenset({"Backup", "Restore"})
SNAPSHOT_TASK = "Take Snapshot"
"""The only task of a backup in which it can be cancelled."""
TRANSFER_TASK = "Transfer data to vault"


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a job. Only `listed` ones are in ARM's tasksList; an optional one may fail and the job completes."""

    name: str
    required: bool = True
    listed: bool = True
    status: str = "NotStarted"
    started: str | None = None
    seconds: float = 0.0
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restore is."""

    percent: float
    remaining_seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """`properties` and `internal` are ARM's property bags."""

    id: str
    vault: str
    operation: str
    container: str
    friendly_name: str
    activity: str
    started: datetime
    tasks: tuple[Task, ...]
    properties: Json = field(default_factory=dict)
    internal: Json = field(default_factory=dict)
    status: str = "InProgress"
    ended: datetime | None = None
    errors: tuple[Json, ...] = ()
    progress: Progress | None = None

    @property
    def document(self) -> str:
        return f"{self.vault}/backupJobs/{self.id}"

    @property
    def ended_badly(self) -> bool:
        return self.status in {"Failed", "Cancelled"}


def status_of(tasks: Iterable[Task]) -> str:
    """The job status that follows from the tasks."""
    tasks = tuple(tasks)
    required = _spokesman(task.status for task in tasks if task.required)
    optional = _spokesman(task.status for task in tasks if not task.required)
    if required == "Skipped":
        required = "Completed"
    row = STATUS_BY_TASKS[required]
    return row[_ANY] if _ANY in row else row[optional]


def _spokesman(statuses: Iterable[str]) -> str:
    present = set(statuses)
    return next((status for status in _SPEAKS_FOR_ALL if status in present), "Completed")


def task_changed(job: Job, name: str, event: str, now: datetime) -> Job:
    """The job after `event` of one task; its own status stays until `ended`."""
    return replace(job, tasks=tuple(_changed(task, event, now) if task.name == name else task for task in job.tasks))


def _changed(task: Task, event: str, now: datetime) -> Task:
    status = advance(TASK_STATES, task.status, event)
    if event == "started":
        return replace(task, status=status, started=now.isoformat(), seconds=0.0)
    seconds = (now - datetime.fromisoformat(task.started)).total_seconds() if task.started else 0.0
    return replace(task, status=status, seconds=max(0.0, seconds))


def with_progress(job: Job, name: str, details: str, progress: Progress) -> Job:
    tasks = tuple(replace(task, details=details) if task.name == name else task for task in job.tasks)
    return replace(job, tasks=tasks, progress=progress)


def with_properties(job: Job, properties: Mapping[str, str]) -> Job:
    return replace(job, properties=job.properties | dict(properties))


def check_cancel(job: Job) -> None:
    """ServiceError for a job that cannot be cancelled, or no longer."""
    if job.status in ENDED:
        raise already_ended()
    if job.operation not in CANCELLABLE:
        raise JOB_CANNOT_BE_CANCELLED.error(operation=job.operation)
    snapshot = next((task.status for task in job.tasks if task.name == SNAPSHOT_TASK), "NotStarted")
    if job.status != "Cancelling" and snapshot not in {"NotStarted", "InProgress"}:
        raise JOB_PAST_SNAPSHOT.error()


def already_ended() -> ServiceError:
    return JOB_HAS_ENDED.error()


def cancel_asked(job: Job) -> Job:
    return replace(job, status=advance(JOB_STATES, job.status, "cancel_asked"))


def ended(job: Job, now: datetime, errors: Sequence[ServiceError], cancelled: bool = False) -> Job:
    """The finished job. A task that was never reached gets the state of the one that stopped the job."""
    event = "cancelled" if cancelled else "failed"
    for task in job.tasks:
        if not TASK_STATES[task.status]:
            continue
        job = task_changed(job, task.name, event, now)
    status = advance(JOB_STATES, job.status, status_of(job.tasks))
    return replace(job, status=status, ended=now, errors=tuple(error_details(error) for error in errors))


def error_details(error: ServiceError) -> Json:
    """One entry of a job's errorDetails."""
    return {
        "errorCode": error.number,
        "errorTitle": error.code,
        "errorString": error.message,
        "recommendations": [error.remedy] if error.remedy else [],
    }


def body(job: Job, now: datetime) -> Json:
    """What GET answers. List entries are the same without `extendedInfo`."""
    properties: Json = {"jobType": "AzureIaaSVMJob"}
    if job.operation in CANCELLABLE:
        properties["actionsInfo"] = ["Cancellable"]
    properties |= {
        "containerName": job.container,
        "duration": duration(((job.ended or now) - job.started).total_seconds()),
        "virtualMachineVersion": "Compute",
        "extendedInfo": _extended(job),
        "entityFriendlyName": job.friendly_name,
        "backupManagementType": "AzureIaasVM",
        "operation": job.operation,
        "status": job.status,
        "startTime": instant(job.started),
        "activityId": job.activity,
    }
    if job.ended is not None:
        properties["endTime"] = instant(job.ended)
    if job.errors:
        properties["errorDetails"] = list(job.errors)
    return {
        "id": job.document,
        "name": job.id,
        "type": "Microsoft.RecoveryServices/vaults/backupJobs",
        "properties": properties,
    }


def _extended(job: Job) -> Json:
    extended: Json = {
        "tasksList": [_task_body(task) for task in job.tasks if task.listed],
        "propertyBag": job.properties,
    }
    if job.internal:
        extended["internalPropertyBag"] = job.internal
    if job.progress is not None:
        extended["progressPercentage"] = job.progress.percent
        extended["estimatedRemainingDuration"] = duration(job.progress.remaining_seconds)
    return extended


def _task_body(task: Task) -> Json:
    body: Json = {"taskId": task.name, "duration": duration(task.seconds), "status": task.status}
    if task.details is not None:
        body["taskExecutionDetails"] = task.details
    return body


def to_json(job: Job) -> Json:
    """The job as it is stored."""
    return fields_of(job) | {
        "started": job.started.isoformat(),
        "ended": job.ended.isoformat() if job.ended else None,
        "tasks": [fields_of(task) for task in job.tasks],
        "progress": fields_of(job.progress) if job.progress else None,
    }


def from_json(stored: Json) -> Job:
    return Job(
        **stored
        | {
            "started": datetime.fromisoformat(stored["started"]),
            "ended": datetime.fromisoformat(stored["ended"]) if stored["ended"] else None,
            "tasks": tuple(Task(**task) for task in stored["tasks"]),
            "errors": tuple(stored["errors"]),
            "progress": Progress(**stored["progress"]) if stored["progress"] else None,
        }
    )
