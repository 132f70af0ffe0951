"""Expiry: deletes recovery points and snapshots by their policy's rules, and what is soft-deleted when its time is up.

A point that reaches the end it was promised is removed at once. One that a changed policy takes away is found by the
clean-up after the change, and is soft-deleted: it can be restored for as many days as the vault keeps what is deleted,
and comes back when the policy keeps it again.

What goes is first taken from the item, in one transaction with a look at who uses it: from then on nobody restores from
it or compares with it. Then it is erased from the storage. A note says what is still to be erased, so an end of the
process in between leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controlplane.domain.due import Due
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import policy, protected_item, recovery_point, retention, vault
from controlplane.domain.recovery_services.provider_answers import DELETE_POINT
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.state_machine import advance
from controlplane.jobs.documents import points, policy_effects, providers, restore_points
from controlplane.jobs.engine import item_locks, records
from controlplane.jobs.protection import security_alerts, stopping
from controlplane.jobs.retention import left_in_vault, snapshots
from controlplane.json_object import Json
from controlplane.ports import Blob, Disk, Document, PortError, Ports, Store
from controlplane.vault_format.vault_store import VaultStore

EXPIRED = "recovery_point.expired"
PURGED = "protected_item.purged"
"""Kinds of the notes: points and items that are no more, and whose data may still be there."""
EXPIRY, SNAPSHOTS, RULES, PURGE, CLEAN_UP = "expiry", "snapshots", "rules", "purge", "clean-up"
"""Kinds of what is due: a point expires; only its snapshots do; the points of an item are cleaned up after a change of
its policy; a soft-deleted item or point is purged; data is erased that could not be."""
OF_POINTS = frozenset({EXPIRY, SNAPSHOTS, RULES})
"""Those that `expire` does, beside the purge of points."""


def dues(
    ports: Ports,
    item: Document,
    properties: Json,
    item_points: Sequence[RecoveryPoint],
    is_kept: Callable[[RecoveryPoint], bool],
) -> Iterator[Due]:
    """What lies ahead of an item by the rules of its policy, whose `properties` are given: each point that expires or
    is purged, each that loses its snapshots, the clean-up after a change; or, once it is deleted, the purge. `is_kept`
    says which points must not be deleted now, as `is_locked` does."""
    body, now = item.json(), ports.clock.now()
    state, id = protected_item.state_of(body), body["id"]
    if state == "SoftDeleted":
        yield Due(protected_item.purge_time(body), PURGE, id)
        return
    ending = {point.id: point for point in recovery_point.expiring(item_points) if not is_kept(point)}
    for point in ending.values():
        if point.is_soft_deleted or state in protected_item.UNDER_POLICY:
            yield Due(point.ends, PURGE if point.is_soft_deleted else EXPIRY, f"{id}/recoveryPoints/{point.id}")
    if state not in protected_item.UNDER_POLICY:
        return
    if (clean_up := protected_item.clean_up_due(item.private)) is not None:
        yield Due(clean_up, RULES, id)
    staying = [point for point in item_points if point.id not in ending or point.ends > now]
    keep_count = _snapshots_at_most(ports, properties)
    for point, end in recovery_point.ends_of_snapshots(staying, retention.snapshot_age(properties), keep_count):
        if not is_kept(point) and (point.id not in ending or end < point.ends):
            yield Due(end, SNAPSHOTS, f"{id}/recoveryPoints/{point.id}")


def is_of_points(due: Due) -> bool:
    """Whether `expire` does it."""
    return due.kind in OF_POINTS or (due.kind == PURGE and "/recoverypoints/" in due.what.lower())


def dues_of_notes(store: Store) -> Iterator[Due]:
    """What could not be erased when it was taken from its item."""
    for kind in (EXPIRED, PURGED, left_in_vault.LEFT):
        for note in store.find(kind):
            if kind == PURGED or not is_used(store, note.parent):
                yield Due(_since(note), CLEAN_UP, note.id)


def _since(note: Document) -> datetime:
    """Long ago: at once. A point that was made while world time stood has a time that is a little ahead of it."""
    if since := note.private.get("since"):
        return datetime.fromisoformat(since)
    return datetime.fromisoformat(note.private["point"]["time"]) - timedelta(hours=1)


def purge_at_once(ports: Ports) -> tuple[int, int]:
    """Soft-deleted items and recovery points end now, whatever time they have left; returns how many of each did."""
    items = ports.store.find(protected_item.KIND)
    ended = sum(purge(ports, item.id, early=True) for item in items)
    ended_points = sum(_purge_points(ports, item.id) for item in items)
    erase_noted(ports)
    return ended, ended_points


def policy_of(store: Store, id: str) -> Json:
    """The properties of a policy; empty if there is none."""
    document = store.get(policy.KIND, id)
    properties: Json = document.json()["properties"] if document else {}
    return properties


# ---------------------------------------------------------------------------------------------------------- expiration


@dataclass(frozen=True, slots=True)
class _Findings:
    """What is to be changed of an item's points."""

    moved: list[RecoveryPoint]
    """With another expiry, by the changed policy."""
    undeleted: list[RecoveryPoint]
    """Those of them that were soft-deleted."""
    softened: list[RecoveryPoint]
    """Soft-deleted from now on."""
    gone: list[RecoveryPoint]
    without_snapshots: list[RecoveryPoint]
    """Those whose snapshots go, as they are before that."""
    cleaned_up: bool
    """Whether this was the clean-up after a change of the policy."""

    def __bool__(self) -> bool:
        return bool(self.moved or self.softened or self.gone or self.without_snapshots or self.cleaned_up)


def expire(ports: Ports, id: str, properties: Json) -> None:
    """Take from an item what is over now by the rules of its policy."""
    if not _look(ports, id, properties):
        return
    with ports.store.transaction():
        if is_used(ports.store, id):
            return
        findings = _look(ports, id, properties)
        for point in findings.moved:
            points.put(ports.store, point)
        for point in findings.undeleted:
            ports.store.record(policy_effects.undeleted(point).event(vm=points.machine_of(ports.store, point)))
        for point in findings.softened:
            _soft_delete(ports.store, point)
        for point in findings.gone:
            _remove(ports.store, point)
        for point in findings.without_snapshots:
            _remove_snapshots(ports.store, point)
        if findings.cleaned_up:
            _note_clean_up(ports.store, id)


def _look(ports: Ports, id: str, properties: Json) -> _Findings:
    """Nothing where the item is gone. Of an item whose protection has stopped only soft-deleted points end: what it was
    stopped for is kept until somebody deletes it."""
    store, now = ports.store, ports.clock.now()
    item = store.get(protected_item.KIND, id)
    if item is None:
        return _Findings([], [], [], [], [], cleaned_up=False)
    ruled = protected_item.state_of(item.json()) in protected_item.UNDER_POLICY
    due = protected_item.clean_up_due(item.private)
    cleaned_up = ruled and due is not None and due <= now
    before = {point.id: point for point in points.of_item(store, id)}
    moved = _judged_anew(list(before.values()), properties, now) if cleaned_up else {}
    present = [*(before | moved).values()]
    over = [point for point in recovery_point.expired_points(present, now) if ruled or point.is_soft_deleted]
    over = [point for point in over if not is_locked(store, point)]
    days = _soft_delete_days(store, item) if over else 0
    taken_away = [point for point in over if days and point.taken_away and not point.is_soft_deleted]
    until = now + timedelta(days=days)
    softened = {point.id: recovery_point.soft_deleted(point, until) for point in taken_away}
    gone = {point.id: point for point in over if point.id not in softened}
    staying = [softened.get(point.id, point) for point in present if point.id not in gone]
    return _Findings(
        moved=[point for point in staying if point.id in moved and point.id not in softened],
        undeleted=[point for point in moved.values() if before[point.id].is_soft_deleted],
        softened=list(softened.values()),
        gone=list(gone.values()),
        without_snapshots=spent_snapshots(ports, staying, properties) if ruled else [],
        cleaned_up=cleaned_up,
    )


def _judged_anew(item_points: Sequence[RecoveryPoint], properties: Json, now: datetime) -> dict[str, RecoveryPoint]:
    """By their ids the points that the policy keeps for another time than before; what their owner gave a time keeps
    that."""
    changed = (*retention.lengthened(properties, item_points, now), *retention.shortened(properties, item_points, now))
    return {point.id: point for point in changed}


def _soft_delete_days(store: Store, item: Document) -> int:
    home = store.get(vault.KIND, item.parent)
    return vault.soft_delete_days(home.json() if home else {})


def spent_snapshots(ports: Ports, item_points: Sequence[RecoveryPoint], properties: Json) -> list[RecoveryPoint]:
    """Those of an item's points that need their snapshots no longer, and whose snapshots nobody locks. `properties` are
    its policy's."""
    keep, keep_count = retention.snapshot_age(properties), _snapshots_at_most(ports, properties)
    spent = recovery_point.expired_snapshots(item_points, ports.clock.now(), keep, keep_count)
    return [point for point in spent if not is_locked(ports.store, point)]


def _snapshots_at_most(ports: Ports, properties: Json) -> int:
    return ports.settings.limits.snapshots_of(policy.type_of(properties))


def _note_clean_up(store: Store, id: str) -> None:
    item = store.get(protected_item.KIND, id)
    assert item is not None, "the item was there in this transaction"
    store.put(protected_item.KIND, id, item.json(), private=protected_item.without_clean_up(item.private))


def is_locked(store: Store, point: RecoveryPoint) -> bool:
    """Whether its owner keeps its snapshots from being deleted, by a lock on the restore point."""
    return point.has_snapshots and restore_points.is_kept(store, point.restore_point)


def is_used(store: Store, item: str) -> bool:
    """Whether a job works on an item or on its recovery points."""
    at_work = item_locks.is_backed_up(store, item) or item_locks.is_restored(store, item)
    return at_work or store.get(records.LOCK, stopping.lock_of(item)) is not None


# ---------------------------------------------------------------------------------------------------------------- purge


def purge(ports: Ports, id: str, early: bool = False) -> bool:
    """Purge a soft-deleted item whose time is up, or no longer counts; returns whether it was purged."""
    store = ports.store
    with store.transaction():
        item = store.get(protected_item.KIND, id)
        if item is None or protected_item.state_of(item.json()) != "SoftDeleted" or is_used(store, id):
            return False
        body = item.json()
        if not early and ports.clock.now() < protected_item.purge_time(body):
            return False
        since = {"since": ports.clock.now().isoformat()}
        store.put(PURGED, id, {}, private=_traces(ports, item) | since)
        for point in points.of_item(store, id):
            _remove(store, point)
        store.delete(protected_item.KIND, id)
        state = advance(protected_item.STATES, "SoftDeleted", "purged")
        vm = body["properties"]["sourceResourceId"]
        store.record(events.ItemState(body["id"], state).event(vm=vm))
        security_alerts.purged(store, body, ports.clock.now())
    return True


def _purge_points(ports: Ports, id: str) -> int:
    """Purge the soft-deleted recovery points of an item, whatever time they have left; how many did."""
    store = ports.store
    with store.transaction():
        if is_used(store, id):
            return 0
        ended = [point for point in points.of_item(store, id) if point.is_soft_deleted]
        for point in ended:
            _remove(store, point)
    return len(ended)


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


def _soft_delete(store: Store, point: RecoveryPoint) -> None:
    points.put(store, point)
    told = events.RecoveryPointSoftDeleted(point.id, point.ends.isoformat())
    store.record(told.event(vm=points.machine_of(store, point)))


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


def note_remains(store: Store, before: RecoveryPoint, left: RecoveryPoint) -> None:
    """A storage has lost a tier of a point: what it still has of that is to be erased. `left` is the point without it,
    which may have none any more."""
    if not recovery_point.TIERS[left.tiers]:
        _note(store, before.document, before)
    elif before.has_snapshots and left.has_snapshots:
        in_vault = recovery_point.changed(before, "snapshot_expired")
        note_vault_copies(store, replace(in_vault, disks=tuple(replace(disk, digests="") for disk in before.disks)))


def _note(store: Store, id: str, doomed: RecoveryPoint) -> None:
    """`doomed` has only what is to be erased."""
    store.put(EXPIRED, id, {}, parent=doomed.item, private={"point": recovery_point.to_json(doomed)})


def erase_noted(ports: Ports, item: str | None = None, go_on: Callable[[], bool] = lambda: True) -> None:
    """Erase what has been taken from an item, or from all, and what jobs have left there. What the storage refuses is
    left and told. Ends early where `go_on` says so."""
    erasures: Mapping[str, Callable[[Ports, str, Json], None]] = {
        EXPIRED: _erase_point,
        PURGED: _erase_traces,
        left_in_vault.LEFT: left_in_vault.erase,
    }
    for kind, erase in erasures.items():
        for note in _notes(ports.store, kind, item):
            if not go_on():
                return
            if kind != PURGED and is_used(ports.store, note.parent):
                continue
            try:
                erase(ports, note.parent, note.private)
            except PortError as error:
                ports.store.record(events.ExpiryLeftBehind(note.id, str(error)).event())
            else:
                ports.store.delete(kind, note.id)


def _notes(store: Store, kind: str, item: str | None) -> Sequence[Document]:
    if kind != PURGED or item is None:
        return store.find(kind, item)
    note = store.get(kind, item)
    return [note] if note else []


def _erase_point(ports: Ports, item: str, note: Json) -> None:
    point = recovery_point.from_json(note["point"])
    if point.has_snapshots:
        if point.restore_point:
            providers.require_deletion(ports, DELETE_POINT, point.restore_point)
        for disk in point.disks:
            ports.blobs.delete(points.snapshot_of(disk))
    copies = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    others = points.of_item(ports.store, point.item)
    for disk in point.disks:
        if disk.vault is not None:
            copies.delete(disk.vault["name"], list(left_in_vault.copies_of_disk(others, disk.lun)))
        if disk.digests:
            copies.delete(disk.digests, [])


def _erase_traces(ports: Ports, item: str, note: Json) -> None:
    for report in note["reports"]:
        ports.blobs.delete(Blob(report["account"], report["container"], report["name"]))
    disks = [Disk.from_json(disk) for disk in note["disks"]]
    snapshots.delete_snapshots(ports, disks, lambda job, task: job in note["jobs"])


def _tell(store: Store, point: RecoveryPoint) -> None:
    told = events.RecoveryPointState(point.id, point.tiers, point.consistency)
    store.record(told.event(vm=points.machine_of(store, point)))
