"""ARM's long-running operation: running, succeeded with a job, or failed with an error."""

from __future__ import annotations

from datetime import datetime

from controlplane.domain.errors import ServiceError
from controlplane.domain.state_machine import Table
from controlplane.domain.times import NEVER, instant
from controlplane.json_object import Json

KIND = "operation"

STATES: Table = {
    "InProgress": {"succeeded": "Succeeded", "failed": "Failed"},
    "Succeeded": {},
    "Failed": {},
}


def running(id: str, started: datetime) -> Json:
    return {"id": id, "name": id, "status": "InProgress", "startTime": instant(started), "endTime": NEVER}


def succeeded(id: str, started: str, job_id: str | None = None) -> Json:
    """The recorded service gives the start as the end, whatever time passed."""
    body: Json = {"id": id, "name": id, "status": "Succeeded", "startTime": started, "endTime": started}
    if job_id is not None:
        body["properties"] = {"objectType": "OperationStatusJobExtendedInfo", "jobId": job_id}
    return body


def failed(id: str, started: str, error: ServiceError) -> Json:
    body: Json = {"id": id, "name": id, "status": "Failed", "startTime": started, "endTime": started}
    return body | error.envelope()


def succeeded_with_jobs(id: str, started: str, job_ids: list[str], failed: dict[str, str]) -> Json:
    """The end of an operation that began several jobs; `failed` names those that ended badly, and why."""
    properties = {"objectType": "OperationStatusJobsExtendedInfo", "jobIds": job_ids, "failedJobsError": failed}
    return succeeded(id, started) | {"properties": properties}
