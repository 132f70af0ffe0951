"""The catalogue's part of ARM, of the service and of the world: what is asked, what is due, and what jobs do.

Only what a client asks, what is due, and what is done to the world as a whole may stand without a parent.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ALWAYS, ROOT, SOMETIMES, Fact, Party

# ----------------------------------------------------------------------------------------------- requests and schedules


@dataclass(frozen=True)
class ArmRequest(Fact, name="arm.request", party=Party.ARM, parents=(ROOT,)):
    """A client asks ARM to change something; written in the transaction that does so. Reads are not told."""

    operation: str
    """Verb and full resource type."""
    id: str
    """Path of the request, without its query."""
    api_version: str
    caller: str
    """Object id of the caller."""
    correlation_id: str


@dataclass(frozen=True)
class ServiceRequest(
    Fact,
    name="service.request",
    party=Party.SERVICE,
    parents=("arm.request", "service.request", "deployment.state", "group.state"),
    job=SOMETIMES,
):
    """A request, a deployment or the deletion of a group uses an operation of ARM itself."""

    operation: str
    """Verb and full resource type."""
    id: str
    api_version: str


REQUESTS = (ArmRequest.NAME, ServiceRequest.NAME)


@dataclass(frozen=True)
class RequestAnswered(Fact, name="request.answered", party=Party.ARM, parents=REQUESTS, job=SOMETIMES):
    """A request that may have changed something has its answer."""

    status: int
    """HTTP status."""
    code: str | None = None
    """Code of the error."""


@dataclass(frozen=True)
class ScheduleDue(Fact, name="schedule.due", party=Party.SERVICE, parents=(ROOT,), vm=ALWAYS):
    """By the schedule of its policy an item is due for a backup."""

    item: str
    """ARM id, spelled as the item shows it."""
    due: str
    """World time, ISO 8601."""
    attempt: int = 1
    """The number of this backup among those of the same due time."""


@dataclass(frozen=True)
class RetentionDue(Fact, name="schedule.retention_due", party=Party.SERVICE, parents=(ROOT,)):
    """A round of retention found something that is over, or due for another tier."""


SCHEDULES = (ScheduleDue.NAME, RetentionDue.NAME)


@dataclass(frozen=True)
class ControlRequest(Fact, name="control.request", party=Party.WORLD, parents=(ROOT,)):
    """Somebody asked the control API to change the world as a whole."""

    operation: str
    """Last part of its path, as in `/_sim/reset`."""


@dataclass(frozen=True)
class WorldRestarted(Fact, name="world.restarted", party=Party.WORLD, parents=(ROOT,)):
    """The world has started after an end that was not orderly, and the storage may have lost something; it is asked for
    the recovery points of which that may be so."""


@dataclass(frozen=True)
class WorldDeletionsRepeated(Fact, name="world.deletions_repeated", party=Party.WORLD, parents=(WorldRestarted.NAME,)):
    """A storage that was killed had forgotten deletions of its last seconds; a start has made them again."""

    repeated: int
    """Blobs, snapshots and containers that were there again."""
    left: int
    """Parts of the vault whose successors were forgotten too: they stay, since they are needed again."""


@dataclass(frozen=True)
class WorldExamining(Fact, name="world.examining", party=Party.WORLD, parents=(WorldRestarted.NAME,)):
    """So many of the recovery points have been looked at."""

    done: int
    total: int


@dataclass(frozen=True)
class BackupSkipped(Fact, name="backup.skipped", party=Party.SERVICE, parents=(ScheduleDue.NAME,), vm=ALWAYS):
    """A backup was due and could not be started."""

    item: str
    """ARM id, spelled as the item shows it."""
    due: str
    """World time at which it was due, ISO 8601."""
    reason: str


# ----------------------------------------------------------------------------------------------------------------- jobs


@dataclass(frozen=True)
class JobState(
    Fact,
    name="job.state",
    party=Party.SERVICE,
    parents=(*REQUESTS, *SCHEDULES, "job.state"),
    job=ALWAYS,
    vm=SOMETIMES,
):
    """A job was opened, or is in another state."""

    to: str
    operation: str | None = None
    """What the job does; told when it is opened."""
    errors: list[str] | None = None
    """Codes of what went wrong; told when it ends."""


JOBS = (JobState.NAME, "task.state")
RUNS = (*JOBS, "deployment.state", "resource_job.state", "group.state")


@dataclass(frozen=True)
class TaskState(Fact, name="task.state", party=Party.SERVICE, parents=JOBS, job=ALWAYS, vm=SOMETIMES):
    """A step of a job started, ended or failed."""

    task: str
    to: str


@dataclass(frozen=True)
class JobMistake(Fact, name="job.mistake", party=Party.SERVICE, parents=RUNS, job=ALWAYS, vm=SOMETIMES):
    """A step failed with an unexpected error. The error's text is left out, since it may hold a secret."""

    step: str
    error: str
    """Class of the exception."""
    where: list[str]
    """The innermost frames, outermost first."""


@dataclass(frozen=True)
class UndoFailed(Fact, name="job.undo_failed", party=Party.SERVICE, parents=RUNS, job=ALWAYS, vm=SOMETIMES):
    """What a step had done could not be undone. It is not tried again."""

    step: str
    error: str
    """Class of the exception."""
    where: list[str]
    """The innermost frames, outermost first."""


@dataclass(frozen=True)
class DeploymentState(
    Fact, name="deployment.state", party=Party.SERVICE, parents=(*REQUESTS, "deployment.state"), job=ALWAYS
):
    """A deployment of a template is in another state."""

    deployment: str
    to: str


@dataclass(frozen=True)
class ResourceJobState(
    Fact, name="resource_job.state", party=Party.SERVICE, parents=(*REQUESTS, "resource_job.state"), job=ALWAYS
):
    """A job that makes or removes what a resource stands for, such as the blob of a disk, began or ended."""

    to: str
    resource: str | None = None
    """Told when it begins."""


@dataclass(frozen=True)
class GroupState(Fact, name="group.state", party=Party.SERVICE, parents=(*REQUESTS, "group.state"), job=ALWAYS):
    """A resource group begins to be deleted; it is gone, or stays since something in it does."""

    group: str
    to: str
    """Deleting, Deleted or Succeeded."""


# --------------------------------------------------------------------------------------------------- backup and restore


@dataclass(frozen=True)
class SnapshotAsked(
    Fact, name="snapshot.asked", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS, version=2
):
    """A snapshot task was delivered to the extension of a machine."""

    task: str
    retries: int
    """How many attempts came before."""
    disks: list[str] | None = None
    """Names of the disks that it is about."""
    reports: str | None = None
    """Where its status blob and its log blob lie: container and beginning of their names."""


@dataclass(frozen=True)
class SnapshotReported(
    Fact, name="snapshot.reported", party=Party.HANDLER, parents=(SnapshotAsked.NAME,), job=ALWAYS, vm=ALWAYS
):
    """The handler has reported how a task ended, and the service has read it."""

    task: str
    code: int | None
    error_name: str | None
    consistency: str | None
    message: str


@dataclass(frozen=True)
class SnapshotUnreported(
    Fact, name="snapshot.unreported", party=Party.SERVICE, parents=(SnapshotAsked.NAME,), job=ALWAYS, vm=ALWAYS
):
    """The service has stopped waiting for the report of a task."""

    task: str


SNAPSHOTS = (SnapshotReported.NAME, TaskState.NAME)
"""What snapshots are known by: the report of a handler, or the task in which the service took them itself."""


@dataclass(frozen=True)
class SnapshotFound(Fact, name="snapshot.found", party=Party.STORAGE, parents=SNAPSHOTS, job=ALWAYS, vm=ALWAYS):
    """The storage has the snapshot of a disk: the one that a report names, or one that the service took itself."""

    disk: str
    lun: int
    snapshot: str
    """Time stamp that the storage gave it."""


@dataclass(frozen=True)
class SnapshotJudged(Fact, name="snapshot.judged", party=Party.SERVICE, parents=SNAPSHOTS, job=ALWAYS, vm=ALWAYS):
    """What the service makes of the snapshots of a task: what they are good for, or why they are not."""

    task: str
    """Empty where the service took them itself."""
    consistency: str | None = None
    error: str | None = None
    """Code of the job's error."""


@dataclass(frozen=True)
class SnapshotLost(Fact, name="snapshot.lost", party=Party.STORAGE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS):
    """The storage no longer has snapshots that were taken in this job."""

    point: str
    disks: list[str]


@dataclass(frozen=True)
class SnapshotLeftBehind(
    Fact, name="snapshot.left_behind", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS
):
    """Snapshots of a job that failed could not be deleted. A later backup does it."""

    reason: str


@dataclass(frozen=True)
class VaultCopyLeftBehind(
    Fact, name="vault_copy.left_behind", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=SOMETIMES
):
    """What a job wrote into the vault and took back could not be deleted. The clean-up does it."""

    reason: str


@dataclass(frozen=True)
class TransferProgress(
    Fact, name="transfer.progress", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS
):
    """How far the transfer of a disk to the vault is. Told every now and then."""

    disk: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class DiskVaulted(
    Fact, name="transfer.disk_vaulted", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS
):
    """The vault has what changed on a disk."""

    disk: str
    changed_bytes: int
    transferred_bytes: int


@dataclass(frozen=True)
class DigestsSkipped(
    Fact, name="transfer.digests_skipped", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS
):
    """A recovery point has only snapshots, and their digests could not be kept. The next restore of it does so."""

    point: str
    reason: str


@dataclass(frozen=True)
class RestoreProgress(
    Fact, name="restore.progress", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=SOMETIMES
):
    """How far the disks of a restore are. Told every now and then, and once at the end."""

    details: str
    percent: float


@dataclass(frozen=True)
class RecoveryPointState(
    Fact,
    name="recovery_point.state",
    party=Party.SERVICE,
    parents=(SnapshotJudged.NAME, TaskState.NAME, *REQUESTS, RetentionDue.NAME, ControlRequest.NAME),
    job=SOMETIMES,
    vm=SOMETIMES,
):
    """A recovery point was made, moved to other tiers, or expired. It has the job that did so, if one did."""

    point: str
    to: str
    """The tiers that it is in."""
    consistency: str


@dataclass(frozen=True)
class RecoveryPointSoftDeleted(
    Fact, name="recovery_point.soft_deleted", party=Party.SERVICE, parents=(RetentionDue.NAME,), vm=SOMETIMES
):
    """A changed policy keeps a recovery point no longer. It can be restored until it is purged."""

    point: str
    until: str
    """World time of the purge, ISO 8601."""


@dataclass(frozen=True)
class RecoveryPointUndeleted(
    Fact,
    name="recovery_point.undeleted",
    party=Party.SERVICE,
    parents=(TaskState.NAME, *REQUESTS, RetentionDue.NAME),
    job=SOMETIMES,
    vm=SOMETIMES,
):
    """A changed policy keeps a soft-deleted recovery point again."""

    point: str
    expires: str
    """World time, ISO 8601."""


@dataclass(frozen=True)
class RecoveryPointLost(
    Fact, name="recovery_point.lost", party=Party.STORAGE, parents=(WorldRestarted.NAME,), vm=SOMETIMES
):
    """After an end that was not orderly the storage lacks a tier of a recovery point."""

    point: str
    tier: str
    missing: list[str]


@dataclass(frozen=True)
class RestoreLost(Fact, name="restore.lost", party=Party.STORAGE, parents=(WorldRestarted.NAME,)):
    """After an end that was not orderly the storage lacks something that a restore had made."""

    restore: str
    """Id of its job."""
    missing: list[str]


@dataclass(frozen=True)
class RecoveryPointDamaged(
    Fact,
    name="recovery_point.damaged",
    party=Party.STORAGE,
    parents=(TaskState.NAME, ControlRequest.NAME, "item_recovery.begun"),
    job=SOMETIMES,
    vm=SOMETIMES,
):
    """Somebody who read a recovery point, a job, a recovery of files or a check of the vault, found one of its disks
    damaged."""

    point: str
    disk: str
    copy: str
    """InstantRP: its snapshot; HardenedRP: its copy in the vault or in the archive."""
    problem: str


@dataclass(frozen=True)
class ItemRecoveryBegun(Fact, name="item_recovery.begun", party=Party.SERVICE, parents=REQUESTS, vm=SOMETIMES):
    """A session began in which the files of a recovery point can be read."""

    point: str


@dataclass(frozen=True)
class ItemRecoveryEnded(
    Fact, name="item_recovery.ended", party=Party.SERVICE, parents=(*REQUESTS, RetentionDue.NAME), vm=SOMETIMES
):
    """The sessions in which the files of a recovery point could be read were ended, or their time was up."""

    point: str


# --------------------------------------------------------------------------------------------- protection and retention


@dataclass(frozen=True)
class ItemState(
    Fact,
    name="item.state",
    party=Party.SERVICE,
    parents=(*JOBS, *REQUESTS, RetentionDue.NAME, ControlRequest.NAME),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """A protected item was made, or may be in another state."""

    item: str
    """ARM id, spelled as the item shows it."""
    to: str


@dataclass(frozen=True)
class VaultState(
    Fact,
    name="vault.state",
    party=Party.SERVICE,
    parents=(*REQUESTS, RetentionDue.NAME, ControlRequest.NAME),
    job=SOMETIMES,
):
    """A vault was deleted, brought back or purged. It has the job that deletes its group, if one does."""

    vault: str
    to: str


@dataclass(frozen=True)
class ExpiryLeftBehind(
    Fact, name="expiry.left_behind", party=Party.SERVICE, parents=(RetentionDue.NAME, ControlRequest.NAME)
):
    """Data of what is over could not be erased. The next round tries again."""

    of: str
    reason: str


@dataclass(frozen=True)
class ArchiveSkipped(Fact, name="archive.skipped", party=Party.SERVICE, parents=(RetentionDue.NAME,), vm=SOMETIMES):
    """A recovery point was due for the archive and could not be moved now."""

    point: str
    reason: str


# ------------------------------------------------------------------------------------------------------------ the world


@dataclass(frozen=True)
class ClientDropped(Fact, name="client.dropped", party=Party.WORLD, parents=(ROOT,)):
    """A client of ARM or the control API has read nothing of its answer for too long, a follower of the events say, and
    its connection was ended."""

    path: str
    """What it had asked for, without the query."""
    waiting_bytes: int
    """What waited for it."""


@dataclass(frozen=True)
class WorldReset(Fact, name="world.reset", party=Party.WORLD, parents=(ControlRequest.NAME,)):
    """The world was emptied."""

    documents: int
    machines: int
    accounts: int


@dataclass(frozen=True)
class WorldSaved(Fact, name="world.saved", party=Party.WORLD, parents=(ROOT,)):
    """The world was saved as it was just before this event, which is not in the saved one."""

    saved_as: str
    """The name of the saved world; empty where a program saved it into a folder of its own."""
    size_bytes: int
    """What its files come to."""


@dataclass(frozen=True)
class WorldPaced(Fact, name="world.paced", party=Party.WORLD, parents=(ROOT,)):
    """The pace of jobs was set, or steps were held or released."""

    seconds: float
    """Least duration of a step."""
    kinds: dict[str, float]
    """The same for kinds of jobs."""
    plausible: bool
    """Whether steps take plausible times, drawn from the seed."""
    held: list[str]
    """The names of all steps that are held now."""


@dataclass(frozen=True)
class WorldPurged(Fact, name="world.purged", party=Party.WORLD, parents=(ControlRequest.NAME,)):
    """What was soft-deleted was ended before its time."""

    items: int
    recovery_points: int
    """Those that changed policies took away from items that stay."""
    vaults: int
