"""Plan "Backup": Take Snapshot, Transfer data to vault; and the use case that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from controlplane.domain import errors
from controlplane.domain.compute import virtual_machine
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.jobs import (
    BACKUP_OPERATION_IN_PROGRESS,
    BCM_DATASOURCE_NOT_PRESENT,
    CLOUD_DOS_ABSOLUTE_LIMIT_REACHED,
    SNAPSHOTS_LOST,
)
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import (
    policy,
    protected_item,
    recovery_point,
    retention,
    supported_machines,
)
from controlplane.domain.recovery_services.job import BY_USER, Job, Task
from controlplane.domain.recovery_services.provider_answers import BACKUPS_ON_DEMAND
from controlplane.domain.recovery_services.recovery_point import Machine, PointDisk, RecoveryPoint
from controlplane.domain.times import american, parse_instant
from controlplane.jobs.backup import crash_snapshots, retries, vault_copy
from controlplane.jobs.backup.digests import KEEP_DIGESTS
from controlplane.jobs.backup.states import BackupInput, BackupState, ScheduledFacts
from controlplane.jobs.documents import (
    crash_support,
    health_events,
    machines,
    managed_disks,
    points,
    providers,
    restore_points,
)
from controlplane.jobs.engine import item_locks, records
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.jobs.engine.waiting import Waiting
from controlplane.jobs.retention import expiry, snapshots
from controlplane.json_object import Json
from controlplane.ports import Blob, Disk, Document, Engine, PortError, Ports, Store

DEFAULT_RETENTION = timedelta(days=30)
ON_DEMAND_WINDOW = timedelta(hours=24)
"""World time within which backups on demand are counted."""


# ------------------------------------------------------------------------------------------------------------ use case


def backup_now(ports: Ports, engine: Engine, item_id: str, request: Json) -> Ticket:
    """Start an on-demand backup (IaasVMBackupRequest) of a protected item."""
    others = ports.providers.others(BACKUPS_ON_DEMAND, item_id)
    with ports.store.transaction():
        return _start_now(ports, engine, item_id, request, others)


def _start_now(ports: Ports, engine: Engine, item_id: str, request: Json, others: int) -> Ticket:
    item = ports.store.get(protected_item.KIND, item_id)
    if item is None:
        raise errors.item_not_found(item_id.rpartition("/")[2])
    body = item.json()
    protected_item.check_alive(body)
    if protected_item.state_of(body) not in protected_item.BACKED_UP:
        raise _not_protected()
    expires = _expiry(request.get("properties") or {}, ports.clock.now())
    _count_on_demand(ports, item, others)
    return start(ports, engine, item, expires, ())


def _count_on_demand(ports: Ports, item: Document, others: int) -> None:
    """Every backup that begins counts, whatever becomes of it. `others` have begun beside those that are known here."""
    limit, now = ports.settings.on_demand_backups_per_day, ports.clock.now()
    if limit and len(protected_item.on_demand_since(item.private, now - ON_DEMAND_WINDOW)) + others >= limit:
        raise CLOUD_DOS_ABSOLUTE_LIMIT_REACHED.error()
    private = protected_item.with_on_demand(item.private, now, ON_DEMAND_WINDOW)
    ports.store.put(protected_item.KIND, item.id, item.json(), private=private)


def start(
    ports: Ports,
    engine: Engine,
    item: Document,
    expires: datetime,
    rules: Sequence[str],
    scheduled: ScheduledFacts | None = None,
    *,
    beside: bool = False,
) -> Ticket:
    """Start a backup, inside the caller's transaction. `scheduled` is what the state says of the run of a schedule,
    None for a backup on demand; `beside` another backup, which only transfers, it takes no more than a snapshot."""
    body = item.json()
    properties = body["properties"]
    vault = body["id"].partition("/backupFabrics/")[0]
    transfers = not beside and (scheduled is None or scheduled["vault_day"] is not None)
    plan = BACKUP if transfers else SNAPSHOT
    state: BackupInput = {**first_state(ports, body, vault, expires, rules), **(scheduled or {})}
    job = Job(
        id=records.new_guid(ports.chance),
        vault=vault,
        operation="Backup",
        container=properties["containerName"],
        friendly_name=properties["friendlyName"],
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=tasks_of(plan),
        properties={
            "VM Name": properties["friendlyName"],
            "Recovery Point Expiry Time in UTC": american(expires),
            **_chosen_disks(state),
        },
        internal={"IsInstantRpJob": "True"},
    )
    order = JobOrder(
        plan=plan,
        job=job,
        scope=item.id,
        state=state,
        lock=item_locks.of_snapshot(item.id) if beside else item_locks.of_backup(item.id),
        conflict=in_progress(),
        operation_id=records.new_guid(ports.chance),
        facts={"item": item.id, BY_USER: scheduled is None, records.WRITES: vault_copy.names(state, job.id)},
    )
    return records.open_job(ports, engine, order)


def tasks_of(plan: Plan) -> tuple[Task, ...]:
    """Those of a whole backup; what the plan leaves out is skipped."""
    names = {step.name for step in plan.steps}
    return tuple(task if task.name in names else replace(task, status="Skipped") for task in records.tasks_of(BACKUP))


def _chosen_disks(state: BackupInput) -> dict[str, str]:
    """What a job tells of its disks where some are left out; nothing where all are taken."""
    if not state["disks_excluded"]:
        return {}
    names = [disk["name"] for disk in state["disks"]]
    excluded = [name for _, name in state["machine"]["attached"] if name not in names]
    return {"Backed-up disk(s)": "; ".join(names), "Excluded disk(s)": "; ".join(excluded)}


def _expiry(properties: Json, now: datetime) -> datetime:
    if properties.get("objectType") != "IaasVMBackupRequest":
        raise errors.invalid_backup_input("objectType", "it must be IaasVMBackupRequest for a virtual machine")
    text = properties.get("recoveryPointExpiryTimeInUTC")
    if not text:
        return now + DEFAULT_RETENTION
    try:
        expires = parse_instant(text)
    except ValueError:
        raise errors.invalid_backup_input("recoveryPointExpiryTimeInUTC", "it is not a valid date-time") from None
    if expires <= now:
        raise errors.invalid_backup_input("recoveryPointExpiryTimeInUTC", "it is in the past")
    return expires


def first_state(ports: Ports, item: Json, vault: str, expires: datetime, rules: Sequence[str]) -> BackupInput:
    """What the steps need of item and machine. A machine that is gone fails the job, not the request."""
    properties = item["properties"]
    vm = properties["sourceResourceId"]
    document = ports.store.get(virtual_machine.KIND, vm)
    attached = ports.fabric.disks(vm)
    luns = protected_item.included_luns(item, [disk.lun for disk in attached])
    machine = _machine(ports.store, properties["friendlyName"], document, attached)
    return {
        "vault": vault,
        "item": item["id"],
        "item_number": properties["protectedItemDataId"],
        "policy": properties["policyId"],
        "vm": vm,
        "vm_name": properties["friendlyName"],
        "vm_id": _machine_id(document),
        "machine": asdict(machine),
        "collection": _collection(ports.store, properties, machine),
        "disks": [disk.to_json() for disk in sorted(attached, key=lambda disk: disk.lun) if disk.lun in luns],
        "disks_excluded": len(luns) < len(attached),
        "task": records.new_guid(ports.chance),
        "point": str(ports.chance.randrange(10**13, 10**14)),
        "expires": expires.isoformat(),
        "rules": list(rules),
    }


def _machine_id(document: Document | None) -> str:
    return str(document.json()["properties"].get("vmId", "unknown")).lower() if document else "unknown"


def _machine(store: Store, name: str, document: Document | None, attached: Sequence[Disk]) -> Machine:
    body: dict[str, Any] = document.json() if document else {"properties": {}}
    properties = body["properties"]
    return Machine(
        name=name,
        size=properties.get("hardwareProfile", {}).get("vmSize", ""),
        os_type=properties.get("storageProfile", {}).get("osDisk", {}).get("osType", "Windows"),
        location=body.get("location", ""),
        managed=all(disk.managed_disk_id is not None for disk in attached),
        attached=tuple((disk.lun, disk.name) for disk in sorted(attached, key=lambda disk: disk.lun)),
        security_type=machines.security_type(body),
        zones=tuple(body.get("zones") or ()),
        private_access=any(managed_disks.is_private(store, disk.managed_disk_id) for disk in attached),
        extended_location=body.get("extendedLocation"),
    )


def _collection(store: Store, item: Json, machine: Machine) -> str:
    """Where Compute shows the snapshots of managed disks; empty for others."""
    if not machine.managed or not machine.attached:
        return ""
    policy = expiry.policy_of(store, item["policyId"])
    return restore_points.place(item["protectedItemDataId"], item["sourceResourceId"], machine.location, policy)


def _not_protected() -> ServiceError:
    return BCM_DATASOURCE_NOT_PRESENT.error()


def in_progress() -> ServiceError:
    return BACKUP_OPERATION_IN_PROGRESS.error()


# ------------------------------------------------------------------------------------------------------- take snapshot


def take_snapshot(ports: Ports, state: BackupState) -> Waiting[Outcome]:
    """The recovery point is there at once, in the instant tier."""
    disks = vault_copy.disks_of(state)
    _check_supported(ports, state, disks)
    rules = expiry.policy_of(ports.store, state["policy"])
    providers.require_keys(ports, state["vm"])
    restore_points.check_room(ports, state["collection"], points.of_item(ports.store, state["item"]), rules)
    result = yield from crash_snapshots.take_as_wanted(ports, state, disks, rules)
    taken = points.time_of_next(ports.store, state["item"], ports.clock.now())
    point = RecoveryPoint(
        id=state["point"],
        item=state["item"],
        job=state["job"],
        task_id=result.task_id,
        time=taken,
        expires=_expires(ports.store, state, taken),
        consistency=result.consistency,
        machine=recovery_point.machine_from_json(state["machine"]),
        disks=tuple(
            _point_disk(ports.store, disk, snapshot, size_bytes)
            for disk, snapshot, size_bytes in zip(disks, result.snapshots, result.sizes_bytes, strict=True)
        ),
        telemetry=dict(result.telemetry),
        rules=tuple(state["rules"]),
    )
    point = restore_points.placed(ports.store, recovery_point.changed(point, "snapshot_taken"), state["collection"])

    def commit(store: Store) -> None:
        points.add(store, point)
        restore_points.show(store, point, state["vm"], disks)

    return Outcome(state, commit, (vault_copy.tiers_event(state | {"event": result.event}, point),))


def _check_supported(ports: Ports, state: BackupState, disks: Sequence[Disk]) -> None:
    """Disks may have been attached since the machine was protected."""
    machine = recovery_point.machine_from_json(state["machine"])
    supported_machines.check_disk_count(machine.data_disk_count, ports.settings.data_disks_of(machine.managed))
    rules = expiry.policy_of(ports.store, state["policy"])
    skus = [managed_disks.sku(ports.store, disk.managed_disk_id) for disk in disks]
    supported_machines.check_policy(policy.type_of(rules), machine.security_type, skus)
    if supported_machines.wants_crash_consistent_alone(rules):
        crash_support.check(ports.store, state["vm"], disks)


def _expires(store: Store, state: BackupState, taken: datetime) -> datetime:
    """What a schedule took is kept from the time it was taken."""
    ruled = (
        retention.expiry(expiry.policy_of(store, state["policy"]), state["rules"], taken) if state["rules"] else None
    )
    return ruled or datetime.fromisoformat(state["expires"])


def _point_disk(store: Store, disk: Disk, snapshot: Blob, size_bytes: int) -> PointDisk:
    return PointDisk(
        name=disk.name,
        lun=disk.lun,
        size_bytes=size_bytes,
        account=snapshot.account,
        container=snapshot.container,
        blob=snapshot.name,
        snapshot=snapshot.snapshot or "",
        storage=managed_disks.sku(store, disk.managed_disk_id),
    )


def forget_snapshots(ports: Ports, state: BackupState) -> Outcome:
    """The point goes even when its snapshots cannot be deleted now: they are as soon as the storage answers again."""
    failure: tuple[Event, ...] = ()
    disks = vault_copy.disks_of(state)
    try:
        snapshots.delete_snapshots(ports, disks, lambda job, task: job == state["job"])
    except PortError as error:
        snapshots.expect_late(ports, state, disks)
        failure = (records.event(state, events.SnapshotLeftBehind(str(error))),)
    return Outcome(state, lambda store: points.remove(store, state["item"], state["point"]), failure)


# --------------------------------------------------------------------------------------------------- what is not listed


def confirm_point(ports: Ports, state: BackupState) -> Outcome:
    """Storage that lost what it had acknowledged must not be reported as a good backup."""
    point = points.find(ports.store, f"{state['item']}/recoveryPoints/{state['point']}")
    if point is None:
        raise vault_copy.point_lost(state)
    lost = [disk.name for disk in point.disks if ports.blobs.properties(points.snapshot_of(disk)) is None]
    if not lost:
        return Outcome(state)
    if not point.has_vault_copy:
        raise SNAPSHOTS_LOST.error(disks=", ".join(lost))
    left = recovery_point.changed(point, "snapshot_expired")
    told = records.event(state, events.SnapshotLost(point.id, lost))
    return Outcome(
        state, lambda store: _lose_snapshots(store, point.document), (told, vault_copy.tiers_event(state, left))
    )


def _lose_snapshots(store: Store, document: str) -> None:
    """Of the point as it is now: a policy may have changed it since the step looked at it."""
    now = points.find(store, document)
    if now is not None and now.has_snapshots:
        points.lose_snapshots(store, recovery_point.changed(now, "snapshot_expired"))


def remove_expired_snapshots(ports: Ports, state: BackupState) -> Outcome:
    """Retention of the instant tier by age and count; and snapshots that belong to no recovery point."""
    _delete_unnamed_snapshots(ports, state)
    points_of_item = points.of_item(ports.store, state["item"])
    if item_locks.is_restored(ports.store, state["item"]):
        # A restore may be reading a snapshot; the next backup tries again.
        return Outcome(state)
    expired = expiry.spent_snapshots(ports, points_of_item, expiry.policy_of(ports.store, state["policy"]))
    for point in expired:
        for disk in point.disks:
            ports.blobs.delete(points.snapshot_of(disk))
    changed = [recovery_point.changed(point, "snapshot_expired") for point in expired]

    def commit(store: Store) -> None:
        for point in changed:
            _lose_snapshots(store, point.document)

    return Outcome(state, commit, tuple(vault_copy.tiers_event(state, point) for point in changed))


def _delete_unnamed_snapshots(ports: Ports, state: BackupState) -> None:
    """Snapshots of points in other vaults, and of jobs that are still at work, are left alone."""
    items = points.items_of_machine(ports.store, state["vm"])
    kept = [point for item in items for point in points.of_item(ports.store, item) if point.has_snapshots]
    named = {points.snapshot_of(disk) for point in kept for disk in point.disks}
    holders = [job for item in items for job in item_locks.at_work(ports.store, item)]
    others = {job.rpartition("/")[2] for job in holders} - {state["job"]}
    snapshots.delete_snapshots(ports, vault_copy.disks_of(state), lambda job, task: job not in others, but=named)


def on_finished(store: Store, state: BackupState, job: Job, error: ServiceError | None) -> None:
    """What the ended job means for the item."""
    item = store.get(protected_item.KIND, state["item"])
    if item is None:
        return
    if error is None:
        body = protected_item.backed_up(item.json(), job.started, job.status)
    elif job.status == "Cancelled":
        body = protected_item.backup_cancelled(item.json(), job.started, error)
    else:
        body = protected_item.backup_failed(item.json(), job.started, job.status, error)
    private = retries.with_retry_after(store, _with_owed_day(store, item.private, state), state, job, error)
    item = store.put(protected_item.KIND, state["item"], body, private=private)
    store.record(records.event(state, events.ItemState(body["id"], protected_item.state_of(body))))
    health_events.job_ended(store, item, job, error, partial(records.event, state))


def _with_owed_day(store: Store, private: Json, state: BackupState) -> Json:
    """What the service remembers of the item: whether the day that was to go to the vault is there."""
    if not (day := state.get("vault_day")):
        return private
    point = points.find(store, f"{state['item']}/recoveryPoints/{state['point']}")
    is_there = point is not None and point.has_vault_copy
    return protected_item.with_owed_day(private, None if is_there else date.fromisoformat(day))


TAKE = Step(jobs.SNAPSHOT_TASK, do=take_snapshot, undo=forget_snapshots)
AFTERWARDS = (
    KEEP_DIGESTS,
    Step("Confirm recovery point", do=confirm_point, listed=False),
    Step("Remove expired snapshots", do=remove_expired_snapshots, required=False, listed=False),
)
BACKUP = Plan(
    "Backup",
    (
        TAKE,
        Step(jobs.TRANSFER_TASK, do=vault_copy.transfer_to_vault, undo=vault_copy.delete_vault_copy, required=False),
        *AFTERWARDS,
    ),
    on_finished,
)
SNAPSHOT = Plan("Backup without transfer", (TAKE, *AFTERWARDS), on_finished)
"""Of a schedule with several backups a day, all but the last: they stay in the instant tier."""
