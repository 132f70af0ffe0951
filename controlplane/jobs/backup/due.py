"""The backup of a run of a schedule: what of it goes to the vault, and what it does while another one is going on."""

from __future__ import annotations

from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import protected_item, retention
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.schedule import Run
from controlplane.jobs.backup import backup, retries
from controlplane.jobs.backup.states import ScheduledFacts
from controlplane.jobs.documents import health_events
from controlplane.jobs.engine import item_locks, records
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, Ports, Store


def back_up(ports: Ports, engine: Engine, item_id: str, properties: Json, run: Run, attempt: int = 1) -> None:
    """Start the backup of a run of the item's schedule, inside the caller's transaction. `properties` are its policy's.

    While another backup takes its snapshot this one is a job that has failed; while the other one only transfers, this
    one takes a snapshot too, and leaves it in the instant tier.
    """
    store = ports.store
    item = store.get(protected_item.KIND, item_id)
    assert item is not None, "the caller has looked in this transaction"
    others = [records.read(store, job) for job in item_locks.backups(store, item.id)]
    if len(others) > 1 or not all(_has_snapshot(job) for job in others):
        _fail(ports, item)
        miss(store, item.id, run)
        return
    day = retention.day_in_vault(run, protected_item.owed_day(item.private))
    rules = retention.rules_of(properties, day)
    now = ports.clock.now()
    expires = retention.expiry(properties, rules, now) or now + backup.DEFAULT_RETENTION
    facts: ScheduledFacts = {
        "vault_day": day.isoformat() if day else None,
        "run": retries.run_to_json(run),
        "attempt": attempt,
        "retries_left": max(0, ports.settings.scheduled_backup_retries - attempt + 1),
    }
    backup.start(ports, engine, item, expires, rules, facts, beside=bool(others))


def miss(store: Store, item_id: str, run: Run) -> None:
    """A run has no backup: if it was its day's turn to go to the vault, the next one takes its place."""
    item = store.get(protected_item.KIND, item_id)
    if item is not None and run.last:
        private = protected_item.with_owed_day(item.private, run.day)
        store.put(protected_item.KIND, item.id, item.json(), private=private)


def _has_snapshot(job: Job) -> bool:
    return any(task.name == jobs.SNAPSHOT_TASK and task.status == "Completed" for task in job.tasks)


def _fail(ports: Ports, item: Document) -> None:
    body = item.json()
    properties = body["properties"]
    job = Job(
        id=records.new_guid(ports.chance),
        vault=vault_id_of(body["id"]),
        operation="Backup",
        container=properties["containerName"],
        friendly_name=properties["friendlyName"],
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=backup.tasks_of(backup.BACKUP),
        properties={"VM Name": properties["friendlyName"]},
        internal={"IsInstantRpJob": "True"},
    )
    error = backup.in_progress()
    vm = properties["sourceResourceId"]
    failed = records.put_failed(ports, job, error, vm, {"item": item.id})
    health_events.job_ended(ports.store, item, failed, error, lambda fact: fact.event(vm=vm, job=failed.id))
