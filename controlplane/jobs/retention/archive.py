"""Plan "MoveRecoveryPoint": moves a recovery point from the vault tier to the archive tier.

In the vault a recovery point shares its packs with its neighbours. In the archive it has packs of its own, whole, under
names of their own: nothing that is backed up later is compared with it, and its end concerns nobody else. What it had
in the vault is noted to be erased, as if it had expired there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from controlplane.domain import errors
from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.due import Due
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.restore import (
    RECOVERY_POINT_DAMAGED,
    RECOVERY_POINT_HAVE_ACTIVE_DEPENDENCIES,
    RP_MOVE_READINESS_TO_BE_DETERMINED,
)
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Fact
from controlplane.domain.recovery_services import policy, protected_item, recovery_point
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.provider_answers import DEPENDENTS
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.jobs.engine import item_locks, records
from controlplane.jobs.engine.job_state import JobInput, OpenedJob
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.jobs.protection import stopping
from controlplane.jobs.retention import expiry, findings
from controlplane.json_object import Json
from controlplane.ports import Blob, Engine, PortError, Ports, Store
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.vault_store import VaultPoint, VaultStore

CONTAINER = "archiving"
ARCHIVE, REHYDRATION = "archive", "rehydration"
"""Kinds of what is due: a point is moved to the archive; one that was taken out of it is no longer kept outside."""


class MoveInput(JobInput):
    """With what the plan begins; its one step adds nothing."""

    item: str
    """Id of the document of the protected item."""
    point: str
    """Id of the document of the recovery point that is moved."""


class MoveState(MoveInput, OpenedJob):
    """What the step reads."""


# ----------------------------------------------------------------------------------------------------------- use cases


def move(ports: Ports, engine: Engine, point_id: str, source: str, target: str) -> Ticket:
    """Start the move of a recovery point between tiers. The only move there is leads from the vault to the archive."""
    if (source, target) != ("HardenedRP", "ArchivedRP"):
        raise errors.invalid_backup_input(
            "targetTierType", "recovery points can only be moved from HardenedRP to ArchivedRP"
        )
    is_evaluated, dependents = ports.providers.is_evaluated(point_id), ports.providers.others(DEPENDENTS, point_id)
    with ports.store.transaction():
        point = points.find(ports.store, point_id)
        if point is None:
            raise errors.recovery_point_not_found(point_id.rpartition("/")[2])
        item = _item(ports.store, point)
        if obstacle := recovery_point.obstacle_to_archive(point, ports.clock.now()):
            raise obstacle.error()
        if not is_evaluated:
            raise RP_MOVE_READINESS_TO_BE_DETERMINED.error()
        if dependents:
            raise RECOVERY_POINT_HAVE_ACTIVE_DEPENDENCIES.error()
        if item_locks.is_backed_up(ports.store, point.item):
            raise stopping.object_locked()
        return records.open_job(ports, engine, _order(ports, item, point))


def ready(store: Store, item: str, now: datetime) -> list[RecoveryPoint]:
    """The points of an item that can be archived, newest first. All are recommended: all cost less there."""
    present = [point for point in points.of_item(store, item) if not point.is_soft_deleted]
    return [point for point in reversed(present) if not recovery_point.obstacle_to_archive(point, now)]


# ------------------------------------------------------------------------------------------------------ what is due


def dues(ports: Ports, item: Json, properties: Json, item_points: Sequence[RecoveryPoint]) -> Iterator[Due]:
    """What lies ahead of the points of an item: the ends of rehydrations, and the moves that its policy wants, whose
    `properties` are given."""
    state, id, now = protected_item.state_of(item), item["id"], ports.clock.now()
    if state == "SoftDeleted":
        return
    age = policy.age_to_archive(properties) if state in protected_item.UNDER_POLICY else None
    for point in item_points:
        shown = f"{id}/recoveryPoints/{point.id}"
        if point.rehydrated_until is not None:
            yield Due(point.rehydrated_until, REHYDRATION, shown)
        moved = None if age is None else recovery_point.archivable_from(point, age, now)
        if moved is not None:
            yield Due(moved, ARCHIVE, shown)


def end_rehydrations(ports: Ports, item: str) -> None:
    """Of all points of an item that have been out of the archive for long enough."""
    with ports.store.transaction():
        if not expiry.is_used(ports.store, item):
            for point in _rehydrated_too_long(ports, item):
                ended = recovery_point.dehydrated(point)
                points.put(ports.store, ended)
                ports.store.record(_tiers_of(ended).event(vm=points.machine_of(ports.store, point)))


def _rehydrated_too_long(ports: Ports, item: str) -> list[RecoveryPoint]:
    now = ports.clock.now()
    item_points = points.of_item(ports.store, item)
    return [point for point in item_points if point.rehydrated_until is not None and point.rehydrated_until <= now]


def move_as_due(ports: Ports, engine: Engine, point_id: str) -> bool:
    """Begin to move a point as its policy wants; False where something keeps it from that, which is told."""
    point = points.find(ports.store, point_id)
    if point is None:
        return False
    try:
        move(ports, engine, point.document, "HardenedRP", "ArchivedRP")
    except (ServiceError, PortError) as error:
        reason = error.code if isinstance(error, ServiceError) else str(error)
        ports.store.record(events.ArchiveSkipped(point.id, reason).event(vm=points.machine_of(ports.store, point)))
        return False
    return True


# -------------------------------------------------------------------------------------------------------------- the job


def _item(store: Store, point: RecoveryPoint) -> Json:
    document = store.get(protected_item.KIND, point.item)
    if document is None:
        raise errors.item_not_found(point.item.rpartition("/")[2])
    body = document.json()
    protected_item.check_alive(body)
    return body


def _order(ports: Ports, item: Json, point: RecoveryPoint) -> JobOrder:
    item_properties = item["properties"]
    job = Job(
        id=records.new_guid(ports.chance),
        vault=vault_id_of(item["id"]),
        operation="MoveRecoveryPoint",
        container=item_properties["containerName"],
        friendly_name=item_properties["friendlyName"],
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=records.tasks_of(MOVE),
        properties={"VM Name": item_properties["friendlyName"], "Recovery Point": point.id},
    )
    state: MoveInput = {"item": point.item, "point": point.document, "vm": item_properties["sourceResourceId"]}
    return JobOrder(
        plan=MOVE,
        job=job,
        scope=point.item.lower(),
        state=state,
        # The lock of restores: no restore may read the vault's copy while it is being moved.
        lock=item_locks.of_restore(point.item),
        conflict=stopping.object_locked(),
        operation_id=records.new_guid(ports.chance),
        facts={"item": point.item.lower(), records.WRITES: [_archive_name_of(disk) for disk in point.disks]},
    )


def copy_to_archive(ports: Ports, state: MoveState) -> Outcome:
    """Every disk is built once from the vault and taken into the archive as if it were new."""
    before = points.find(ports.store, state["point"])
    if before is None:
        raise errors.recovery_point_not_found(state["point"].rpartition("/")[2])
    store = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    disks = []
    for disk in before.disks:
        aside, copy = _aside(ports, state, disk), VaultPoint.from_json(disk.vault or {})
        try:
            store.restore(copy, aside)
        except VaultCorrupt as damaged:
            findings.tell(ports, before.document, disk, "HardenedRP", [damaged], findings.of_job(state))
            where = "" if damaged.byte is None else f" at byte {damaged.byte}"
            raise RECOVERY_POINT_DAMAGED.error(
                activity="The move to the archive", disk=disk.name, where=where, problems=damaged
            ) from None
        archived = store.back_up(aside, copy.size_bytes, _archive_name(copy), None)
        ports.blobs.delete(aside)
        disks.append(replace(disk, vault=archived.to_json(), content=archived.content, digests="", damaged=()))
    after = recovery_point.changed(before, "archived", disks)

    def commit(store: Store) -> None:
        now = points.find(store, before.document)
        if now is None:
            raise errors.recovery_point_not_found(before.id)
        points.put(store, recovery_point.changed(now, "archived", disks))
        expiry.note_vault_copies(store, now)

    return Outcome(state, commit, (records.event(state, _tiers_of(after)),))


def forget_copies(ports: Ports, state: MoveState) -> Outcome:
    before = points.find(ports.store, state["point"])
    store = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    for disk in before.disks if before else ():
        ports.blobs.delete(_aside(ports, state, disk))
        store.delete(_archive_name(VaultPoint.from_json(disk.vault or {})), [])
    return Outcome(state)


MOVE = Plan("MoveRecoveryPoint", (Step("Move recovery point", do=copy_to_archive, undo=forget_copies),))


def _aside(ports: Ports, state: MoveState, disk: PointDisk) -> Blob:
    """Where a disk is kept during the move."""
    return Blob(ports.settings.service_account, CONTAINER, f"{state['job']}/{disk.lun}.vhd")


def _archive_name_of(disk: PointDisk) -> str:
    return _archive_name(VaultPoint.from_json(disk.vault or {}))


def _archive_name(copy: VaultPoint) -> str:
    return f"archive/{copy.name}"


def _tiers_of(point: RecoveryPoint) -> Fact:
    return events.RecoveryPointState(point.id, point.tiers, point.consistency)
