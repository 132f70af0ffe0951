"""Errors of jobs, and of a backup once its snapshot is taken."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import (
    AGENT_OR_EXTENSION,
    BACKUP_OF_MACHINES,
    OURS,
    RECORDED,
    RESTORE_POINTS,
    WORKLOADS,
)

JOB_NOT_FOUND = ErrorKind(
    code="BMSUserErrorJobNotFound",
    message="There is no job '{name}' in the vault.",
    status=404,
    source=OURS,
)

JOB_CANNOT_BE_CANCELLED = ErrorKind(
    code="BMSUserErrorJobCannotBeCancelled",
    message="A job of type {operation} cannot be cancelled.",
    status=409,
    source=OURS,
)

JOB_PAST_SNAPSHOT = ErrorKind(
    code="BMSUserErrorJobPastSnapshot",
    message=(
        "A backup can only be cancelled while its snapshot is being taken. Its data is already being transferred to "
        "the vault."
    ),
    status=409,
    remedy="Wait for the job to end.",
    source=OURS,
)

JOB_HAS_ENDED = ErrorKind(
    code="BMSUserErrorJobHasEnded",
    message="The job has ended, so it cannot be cancelled.",
    status=409,
    source=OURS,
)

BCM_DATASOURCE_NOT_PRESENT = ErrorKind(
    code="UserErrorBcmDatasourceNotPresent",
    message="Backup failed: This virtual machine is not (actively) protected by Azure Backup.",
    remedy="Resume protection, then trigger the backup.",
    source=AGENT_OR_EXTENSION,
)

BACKUP_OPERATION_IN_PROGRESS = ErrorKind(
    code="UserErrorBackupOperationInProgress",
    message="Unable to initiate backup as another backup operation is currently in progress.",
    remedy="Wait for it to end or cancel it, then retry.",
    source=AGENT_OR_EXTENSION,
)

CLOUD_DOS_ABSOLUTE_LIMIT_REACHED = ErrorKind(
    code="CloudDosAbsoluteLimitReached",
    message="Operation is blocked as you have reached the limit on number of operations permitted in 24 hours.",
    remedy="Retry after 24 hours. Of backups on demand, take no more than 3 a day.",
    source=WORKLOADS,
)

TRANSFER_LOST = ErrorKind(
    code="BackUpOperationFailedV2",
    message="The storage of the vault lost part of the transferred data: {problems}.",
    status=500,
    remedy="Please retry the operation in a few minutes.",
    source=AGENT_OR_EXTENSION,
)

SNAPSHOTS_LOST = ErrorKind(
    code="UserErrorInstantRpNotFound",
    message="The storage lost the snapshots of {disks} after they were taken.",
    remedy="Check the storage, then trigger the backup again.",
    source=BACKUP_OF_MACHINES,
)

JOB_SUCCESSFULLY_CANCELLED = ErrorKind(
    code="UserErrorJobSuccessfullyCancelled",
    message="Job is cancelled.",
    number=400158,
    source=RECORDED,
)

DEPENDENCY_FAILED = ErrorKind(
    code="BackUpOperationFailedV2",
    message="The operation failed because something it depends on did not respond as expected: {problem}.",
    status=500,
    remedy="Please retry the operation in a few minutes.",
    source=AGENT_OR_EXTENSION,
)

INTERNAL_OPERATION_ERROR = ErrorKind(
    code="InternalOperationError",
    message="An internal execution error occurred. Please retry later.",
    status=500,
    remedy="Please retry the operation. The events of the job show where the error occurred.",
    source=RESTORE_POINTS,
)
