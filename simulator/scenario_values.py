"""What the verbs of a Scenario return: machines, items, jobs, recovery points and verdicts as frozen dataclasses."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime

from controlplane.json_object import Json
from simulator.failures import BAD, Failure

DURATION = re.compile(r"PT(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?")


@dataclass(frozen=True)
class StorageAccount:
    id: str
    name: str
    blob_endpoint: str
    """URL that ends with a slash."""


@dataclass(frozen=True)
class Machine:
    id: str
    name: str
    disk_gib: tuple[int, ...]
    """Sizes in GiB, the OS disk first."""


@dataclass(frozen=True)
class Vault:
    id: str
    name: str


@dataclass(frozen=True)
class Task:
    """A row of a job's tasksList."""

    id: str
    status: str
    duration_seconds: float


@dataclass(frozen=True)
class JobError:
    """An entry of a job's errorDetails. `code` is the number or name that ARM gives."""

    code: str
    message: str
    recommendations: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([f"{self.code}: {self.message}", *self.recommendations])


@dataclass(frozen=True)
class Job:
    """A backup job as ARM shows it. `id` is its name, which stands last in its ARM id."""

    id: str
    operation: str
    status: str
    duration_seconds: float
    tasks: tuple[Task, ...] = ()
    errors: tuple[JobError, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.status in {"Completed", "CompletedWithWarnings"}

    @staticmethod
    def from_arm(job: Json) -> Job:
        properties = job["properties"]
        tasks = (properties.get("extendedInfo") or {}).get("tasksList") or []
        return Job(
            job["name"],
            properties["operation"],
            properties["status"],
            duration_seconds(properties["duration"]),
            tuple(Task(task["taskId"], task["status"], duration_seconds(task["duration"])) for task in tasks),
            tuple(_job_error(error) for error in properties.get("errorDetails") or []),
        )


def _job_error(error: Json) -> JobError:
    code = error.get("errorTitle") or error["errorCode"]
    return JobError(str(code), error["errorString"], tuple(error.get("recommendations") or ()))


class JobFailed(Failure):
    """A job ended as Failed or Cancelled; `job` says why."""

    exit_code = BAD

    def __init__(self, job: Job) -> None:
        reasons = "; ".join(map(str, job.errors)) or "the service gives no reason"
        super().__init__(f"{job.operation} job {job.id} ended as {job.status}: {reasons}")
        self.job = job


@dataclass(frozen=True)
class ProtectedItem:
    id: str
    machine: Machine
    policy_id: str
    job: Job | None = None
    """The ConfigureBackup job; None when the machine was protected with this policy already."""


@dataclass(frozen=True)
class PointDisk:
    """What a recovery point holds of one disk; `lun` is -1 for the OS disk."""

    name: str
    lun: int
    size_bytes: int
    allocated_bytes: int
    changed_bytes: int
    transferred_bytes: int


@dataclass(frozen=True)
class RecoveryPoint:
    """`freeze_window_milliseconds` is the guest's own measure; None where it was not frozen."""

    id: str
    time: datetime
    consistency: str
    tiers: tuple[str, ...]
    freeze_window_milliseconds: float | None
    disks: tuple[PointDisk, ...]

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    @staticmethod
    def from_json(point: Json) -> RecoveryPoint:
        """From an answer of `GET /_sim/recoverypoint`."""
        disks = tuple(PointDisk(**disk) for disk in point["disks"])
        return RecoveryPoint(
            **{**point, "time": datetime.fromisoformat(point["time"]), "tiers": tuple(point["tiers"]), "disks": disks}
        )

    def to_json(self) -> Json:
        time = self.time.isoformat().replace("+00:00", "Z")
        return {**asdict(self), "time": time, "tiers": list(self.tiers), "disks": [asdict(each) for each in self.disks]}


@dataclass(frozen=True)
class Check:
    """One thing that was compared: its name in English, whether it holds, and what was found."""

    name: str
    passed: bool
    detail: str = ""
    known: bool = True
    """False: it does not hold only because nothing is left to compare with."""


@dataclass(frozen=True)
class Verdict:
    """What verify found of one recovery point."""

    recovery_point: str
    consistency: str
    verified: bool
    checks: tuple[Check, ...]
    restored: tuple[Json, ...]
    """Per restored disk its name, lun, and whether every block is equal."""
    database: Json | None
    """What the database on the first images reports; None when no image could be opened."""
    outcome: str = ""
    """verified, failed, or unknown: nothing is wrong, and nothing is left to compare something with."""

    @staticmethod
    def from_json(verdict: Json) -> Verdict:
        """From an answer of `POST /_sim/verify`."""
        return Verdict(
            verdict["recovery_point"],
            verdict["consistency"],
            verdict["verified"],
            tuple(Check(**check) for check in verdict["checks"]),
            tuple(verdict["restored"]),
            verdict["database"],
            verdict.get("outcome", ""),
        )


def duration_seconds(text: str) -> float:
    """Seconds of an ISO 8601 duration as the service writes it, for instance PT1H41M17.9270278S.

    ValueError for any other text.
    """
    match = DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not a duration such as PT1H41M17.9S")
    hours, minutes, seconds = (float(match[unit] or 0) for unit in ("hours", "minutes", "seconds"))
    return round(hours * 3600 + minutes * 60 + seconds, 3)
