"""Expiry: deletes recovery points and snapshots by their policy's rules, and soft-deleted items when their time is up.

What goes is first taken from the item, in one transaction with a look at who uses it: from then on nobody restores from
it or compares with it. Then it is erased from the storage. A note says what is still to be erased, so an end of the
process in between leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import policy, protected_item, recovery_point, retention
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.domain.state_machine import advance
from controlplane.jobs.documents import points, restore_points
from controlplane.jobs.engine import records
from controlplane.jobs.protection import stopping
from controlplane.jobs.retention import snapshots
from controlplane.json_object import Json
from controlplane.ports import Blob, Disk, Document, PortError, Ports, Store
from controlplane.vault_format.vault_store import VaultPoint, VaultStore

DEFAULT_SNAPSHOT_DAYS = 2
EXPIRED = "recovery_point.expired"
PURGED = "protected_item.purged"
"""Kinds of the notes: points and items that are no more, and whose data may still be there."""


def remove_what_is_over(ports: Ports, go_on: Callable[[], bool] = lambda: True) -> None:
    """One round over all items; ends early where `go_on` says so."""
    policies: dict[str, Json] = {}
    for item in ports.store.find(protected_item.KIND):
        if not go_on():
            return
        body = item.json()
        state = protected_item.state_of(body)
        if state == "SoftDeleted":
            _purge(ports, item.id)
        elif state in protected_item.UNDER_POLICY:
            id = body["properties"]["policyId"]
            if id not in policies:
                policies[id] = policy_of(ports.store, id)
            _expire(ports, item.id, policies[id])
    _erase_everything_noted(ports, go_on)


def purge_at_once(ports: Ports) -> int:
    """Soft-deleted items end now, whatever time they have left; returns how many did."""
    ended = sum(_purge(ports, item.id, early=True) for item in ports.store.find(protected_item.KIND))
    _erase_everything_noted(ports, lambda: True)
    return ended


def policy_of(store: Store, id: str) -> Json:
    """The properties of a policy; empty if there is none."""
    document = store.get(policy.KIND, id)
    properties: Json = document.json()["properties"] if document else {}
    return properties


def snapshot_age(properties: Json) -> timedelta:
    """How long a policy keeps snapshots."""
    return timedelta(days=properties.get("instantRpRetentionRangeInDays", DEFAULT_SNAPSHOT_DAYS))


# ---------------------------------------------------------------------------------------------------------- expiration


@dataclass(frozen=True, slots=True)
class _Findings:
    """What is to be changed of an item's points."""

    moved: list[RecoveryPoint]
    """With another expiry, by the changed policy."""
    gone: list[RecoveryPoint]
    without_snapshots: list[RecoveryPoint]
    """Those whose snapshots go, as they are before that."""

    def __bool__(self) -> bool:
        return bool(self.moved or self.gone or self.without_snapshots)


def _expire(ports: Ports, item: str, properties: Json) -> None:
    if not _look(ports, item, properties):
        return
    with ports.store.transaction():
        if is_used(ports.store, item):
            return
        findings = _look(ports, item, properties)
        for point in findings.moved:
            points.put(ports.store, point)
        for point in findings.gone:
            _remove(ports.store, point)
        for point in findings.without_snapshots:
            _remove_snapshots(ports.store, point)


def _look(ports: Ports, item: str, properties: Json) -> _Findings:
    now = ports.clock.now()
    item_points = points.of_item(ports.store, item)
    expires = {point.id: point.expires for point in item_points}
    judged = [_judged_anew(point, properties) for point in item_points]
    over = recovery_point.expired_points(judged, now)
    gone = [point for point in over if not _is_locked(ports.store, point)]
    removed = {point.id for point in gone}
    staying = [point for point in judged if point.id not in removed]
    keep_count = ports.settings.instant_snapshots_per_item
    spent = recovery_point.expired_snapshots(staying, now, snapshot_age(properties), keep_count)
    return _Findings(
        moved=[point for point in staying if point.expires != expires[point.id]],
        gone=gone,
        without_snapshots=[point for point in spent if not _is_locked(ports.store, point)],
    )


def _is_locked(store: Store, point: RecoveryPoint) -> bool:
    """Whether its owner keeps its snapshots from being deleted, by a lock on the restore point."""
    return point.has_snapshots and restore_points.is_kept(store, point.restore_point)


def _judged_anew(point: RecoveryPoint, properties: Json) -> RecoveryPoint:
    """What rules keep is kept as long as they say now; what its owner gave a time keeps that."""
    ruled = retention.expiry(properties, point.rules, point.time) if point.rules and properties else None
    return replace(point, expires=ruled or point.expires)


def is_used(store: Store, item: str) -> bool:
    """Whether a job works on an item or on its recovery points."""
    locks = (f"{item}|backup", f"{item}|restore", stopping.lock_of(item))
    return any(store.get(records.LOCK, lock) is not None for lock in locks)


# ---------------------------------------------------------------------------------------------------------------- purge


def _purge(ports: Ports, id: str, early: bool = False) -> bool:
    """Purge a soft-deleted item whose time is up, or no longer counts; returns whether it was purged."""
    store = ports.store
    with store.transaction():
        item = store.get(protected_item.KIND, id)
        if item is None or protected_item.state_of(item.json()) != "SoftDeleted" or is_used(store, id):
            return False
        body = item.json()
        if not early and ports.clock.now() < protected_item.purge_time(body):
            return False
        store.put(PURGED, id, {}, private=_traces(ports, item))
        for point in points.of_item(store, id):
            _remove(store, point)
        store.delete(protected_item.KIND, id)
        state = advance(protected_item.STATES, "SoftDeleted", "purged")
        vm = body["properties"]["sourceResourceId"]
        store.record(events.ItemState(body["id"], state).event(vm=vm))
    return True


def _traces(ports: Ports, item: Document) -> Json:
    """What its jobs have left beside recovery points: their reports, and snapshots that nobody could delete then."""
    own = [job for job in ports.store.find(jobs.KIND, item.parent) if str(job.private.get("item")).lower() == item.id]
    attempts = [attempt for job in own for attempt in job.private.get("attempts", [])]
    vm = item.json()["properties"]["sourceResourceId"]
    return {
        "reports": [attempt[blob] for attempt in attempts for blob in ("status_blob", "logs_blob")],
        "jobs": [job.private["job"]["id"] for job in own],
        "disks": [disk.to_json() for disk in ports.fabric.disks(vm)],
    }


# -------------------------------------------------------------------------------------------------------------- erasure


def _remove(store: Store, point: RecoveryPoint) -> None:
    """The point is no more; its data is to be erased."""
    _note(store, point.document, point)
    store.delete(recovery_point.KIND, point.document)
    restore_points.forget(store, point)
    _tell(store, replace(point, tiers="Expired"))


def _remove_snapshots(store: Store, point: RecoveryPoint) -> None:
    """The point is in the vault only; its snapshots are to be erased."""
    left = recovery_point.changed(point, "snapshot_expired")
    points.lose_snapshots(store, left)
    _tell(store, left)
    copies_aside = tuple(replace(disk, vault=None, digests="") for disk in point.disks)
    _note(store, f"{point.document}/snapshots", replace(point, disks=copies_aside))


def note_vault_copies(store: Store, point: RecoveryPoint) -> None:
    """What the point had in the vault is to be erased; `point` is as it was there."""
    _note(store, f"{point.document}/vault", point)


def _note(store: Store, id: str, doomed: RecoveryPoint) -> None:
    """`doomed` has only what is to be erased."""
    store.put(EXPIRED, id, {}, parent=doomed.item, private={"point": recovery_point.to_json(doomed)})


def _erase_everything_noted(ports: Ports, go_on: Callable[[], bool]) -> None:
    """What the storage refuses now is tried again in the next round."""
    erasures: Mapping[str, Callable[[Ports, Json], None]] = {EXPIRED: _erase_point, PURGED: _erase_traces}
    for kind, erase in erasures.items():
        for note in ports.store.find(kind):
            if not go_on():
                return
            if kind == EXPIRED and is_used(ports.store, note.parent):
                continue
            try:
                erase(ports, note.private)
            except PortError as error:
                ports.store.record(events.ExpiryLeftBehind(note.id, str(error)).event())
            else:
                ports.store.delete(kind, note.id)


def _erase_point(ports: Ports, note: Json) -> None:
    point = recovery_point.from_json(note["point"])
    if point.has_snapshots:
        for disk in point.disks:
            ports.blobs.delete(points.snapshot_of(disk))
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    others = points.of_item(ports.store, point.item)
    for disk in point.disks:
        if disk.vault is not None:
            vault.delete(disk.vault["name"], list(_copies(others, disk)))
        if disk.digests:
            vault.delete(disk.digests, [])


def _copies(others: Iterable[RecoveryPoint], of: PointDisk) -> Iterable[VaultPoint]:
    """What the vault has of the same disk at other points."""
    for point in others:
        for disk in point.disks:
            if disk.lun == of.lun and disk.vault is not None:
                yield VaultPoint.from_json(disk.vault)


def _erase_traces(ports: Ports, note: Json) -> None:
    for report in note["reports"]:
        ports.blobs.delete(Blob(report["account"], report["container"], report["name"]))
    disks = [Disk.from_json(disk) for disk in note["disks"]]
    snapshots.delete_snapshots(ports, disks, lambda job, task: job in note["jobs"])


def _tell(store: Store, point: RecoveryPoint) -> None:
    told = events.RecoveryPointState(point.id, point.tiers, point.consistency)
    store.record(told.event(vm=points.machine_of(store, point)))
