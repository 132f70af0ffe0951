"""What Azure Monitor is told of an ended backup or restore: a health event, and an alert where it failed."""

from __future__ import annotations

from datetime import datetime

from controlplane.domain.compute import virtual_machine
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.jobs import BACKUP_OPERATION_IN_PROGRESS
from controlplane.domain.monitoring import alert, health
from controlplane.domain.monitoring.alert import Alert
from controlplane.domain.recovery_services import protected_item, vault
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.times import instant
from controlplane.jobs.documents import alerts
from controlplane.jobs.documents.alerts import Tell
from controlplane.ports import Document, Store

_LAST_ERRORS = "last_errors"
"""Among what the service remembers of an item: metric -> code of the error with which its last job failed."""
_RULES = {"Backup": alert.BACKUP_FAILURE, "Restore": alert.RESTORE_FAILURE}


def job_ended(store: Store, item: Document, job: Job, error: ServiceError | None, tell: Tell) -> None:
    """Inside the transaction that ends the job. `error` is that of a job that ended badly."""
    _count(store, item, job, error)
    if error is not None and job.status == "Failed":
        _warn(store, item, job, error, tell)


def _count(store: Store, item: Document, job: Job, error: ServiceError | None) -> None:
    last = item.private.get(_LAST_ERRORS, {})
    event = health.event(item.json(), job, error, last.get(health.METRICS[job.operation]))
    # By their ids the oldest come first.
    id = f"{job.vault}/healthEvents/{instant(event.time)}|{job.id}"
    store.put(health.KIND, id, {}, parent=job.vault, private=health.to_json(event))
    _forget_what_is_over(store, job.vault, event.time)
    code = error.code if error else ""
    if last.get(event.metric, "") != code:
        private = item.private | {_LAST_ERRORS: last | {event.metric: code}}
        store.put(protected_item.KIND, item.id, item.json(), private=private)


def _warn(store: Store, item: Document, job: Job, error: ServiceError, tell: Tell) -> None:
    """Two failures are expected, and no alert is fired for them: the machine is gone, or another backup is running."""
    home = store.get(vault.KIND, job.vault)
    if not alert.fires_for_jobs(home.json().get("properties") if home else None):
        return
    if job.operation == "Backup":
        machine = item.json()["properties"]["sourceResourceId"]
        is_gone = store.get(virtual_machine.KIND, machine) is None
        if is_gone or error.code == BACKUP_OPERATION_IN_PROGRESS.code:
            return
    assert job.ended is not None, "an ended job has an end"
    failed = Alert(
        rule=_RULES[job.operation],
        subject=alert.of_item(job.vault, item.json()),
        fired=job.ended,
        description=error.message,
        occurrence=job.id,
        recommendation=error.remedy,
        job=job.id,
    )
    alerts.fire(store, failed, tell)


def _forget_what_is_over(store: Store, vault_id: str, now: datetime) -> None:
    """Metrics are kept for 93 days. Each new event takes at most two away, so that there are never more than came in
    that time."""
    for document in store.find(health.KIND, vault_id, limit=2):
        if health.is_over(health.from_json(document.private), now):
            store.delete(health.KIND, document.id)
