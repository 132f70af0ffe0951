"""Health events: what Azure Monitor counts when a job of an item has ended.

Facts: the five health states, from "Monitor the health of your backups": unhealthy is a failure of the service,
degraded one of the user, and what fails twice in a row by the same error is persistent. Names of dimensions from
"Supported metrics for Microsoft.RecoveryServices/Vaults".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.times import instant, parse_instant
from controlplane.json_object import Json

KIND = "monitoring.health"
KEPT = timedelta(days=93)
"""So long metrics are kept."""

BACKUP, RESTORE = "BackupHealthEvent", "RestoreHealthEvent"
METRICS = {"Backup": BACKUP, "Restore": RESTORE}
"""Operation of a job -> the metric that counts it."""
DIMENSIONS = ("dataSourceURL", "backupInstanceUrl", "dataSourceType", "healthStatus", "backupInstanceName")
_OF_USERS = ("UserError", "BMSUserError")
"""How codes of errors begin that are not the service's own."""


@dataclass(frozen=True, slots=True)
class HealthEvent:
    metric: str
    time: datetime
    dimensions: dict[str, str]


def event(item: Json, job: Job, error: ServiceError | None, last_code: str | None) -> HealthEvent:
    """`item` is its body; `last_code` is that of the error with which its last job of this kind failed."""
    properties = item["properties"]
    assert job.ended is not None, "an ended job has an end"
    return HealthEvent(
        METRICS[job.operation],
        job.ended,
        {
            "dataSourceURL": properties["sourceResourceId"],
            "backupInstanceUrl": item["id"],
            "dataSourceType": properties["protectedItemType"],
            "healthStatus": status(error, last_code),
            "backupInstanceName": f"{properties['containerName']};{properties['friendlyName']}",
        },
    )


def status(error: ServiceError | None, last_code: str | None) -> str:
    if error is None:
        return "Healthy"
    often = "Persistent" if error.code == last_code else "Transient"
    return often + ("Degraded" if error.code.startswith(_OF_USERS) else "Unhealthy")


def to_json(event: HealthEvent) -> Json:
    return {"metric": event.metric, "time": instant(event.time), "dimensions": event.dimensions}


def from_json(stored: Json) -> HealthEvent:
    return HealthEvent(stored["metric"], parse_instant(stored["time"]), stored["dimensions"])


def is_over(event: HealthEvent, now: datetime) -> bool:
    return now - event.time > KEPT
