"""Recovery points in the store, and the properties of an item that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from controlplane.domain.recovery_services import protected_item, recovery_point
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.documents import restore_points
from controlplane.json_object import Json
from controlplane.ports import Blob, Document, Store

SHORTEST = timedelta(microseconds=1)
"""Between two points of one item."""
MOST_REMEMBERED = 512
"""Points as they were read, of some kilobytes each. A backup asks for all points of its item a dozen times."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A point's document, known by its ETag: with each writing of any document it is another one."""

    etag: str
    private: Json = field(compare=False)


@lru_cache(MOST_REMEMBERED)
def _point(stored: _Stored) -> RecoveryPoint:
    return recovery_point.from_json(stored.private["point"])


def _read(document: Document) -> RecoveryPoint:
    return _point(_Stored(document.etag, document.private))


def of_item(store: Store, item: str) -> list[RecoveryPoint]:
    """All points of an item, oldest first."""
    points = [_read(document) for document in store.find(recovery_point.KIND, item)]
    return sorted(points, key=lambda point: point.time)


def time_of_next(store: Store, item: str, now: datetime) -> datetime:
    """The time of another point: now, or just after the newest point where world time has stood still since that. So
    the points of an item always have an order."""
    newest = max((point.time for point in of_item(store, item)), default=None)
    return now if newest is None or newest < now else newest + SHORTEST


def items_of_machine(store: Store, vm: str) -> list[str]:
    """The ids of the documents of all items of a machine, those of deleted vaults too."""
    items = store.find(protected_item.KIND)
    return [item.id for item in items if str(item.json()["properties"]["sourceResourceId"]).lower() == vm.lower()]


def find(store: Store, id: str) -> RecoveryPoint | None:
    document = store.get(recovery_point.KIND, id)
    return None if document is None else _read(document)


def put(store: Store, point: RecoveryPoint) -> None:
    store.put(
        recovery_point.KIND,
        point.document,
        recovery_point.body(point),
        parent=point.item,
        private={"point": recovery_point.to_json(point)},
    )


def add(store: Store, point: RecoveryPoint) -> None:
    """A new point, which its item shows as its last."""
    put(store, point)
    _show_last(store, point.item)


def lose_snapshots(store: Store, left: RecoveryPoint) -> None:
    """The point is in the vault only, or in no tier any more."""
    put(store, left)
    restore_points.forget(store, left)


def remove(store: Store, item: str, id: str) -> None:
    """The point never was; the item shows the one before as its last."""
    document = f"{item}/recoveryPoints/{id}"
    if (point := find(store, document)) is not None:
        restore_points.forget(store, point)
    store.delete(recovery_point.KIND, document)
    _show_last(store, item)


def _show_last(store: Store, item: str) -> None:
    document = store.get(protected_item.KIND, item)
    if document is None:
        return
    points = of_item(store, item)
    last = points[-1].time if points else None
    store.put(protected_item.KIND, item, protected_item.with_last_point(document.json(), last))


def snapshot_of(disk: PointDisk) -> Blob:
    return Blob(disk.account, disk.container, disk.blob, disk.snapshot)


def latest_vaulted(points: Sequence[RecoveryPoint], lun: int) -> tuple[RecoveryPoint, PointDisk] | None:
    """The newest copy in the vault of the disk at this LUN, and its point; archived copies are left alone."""
    present = [point for point in points if not point.in_archive]
    copies = [(point, disk) for point in present for disk in point.disks if disk.lun == lun and disk.vault is not None]
    return copies[-1] if copies else None


def machine_of(store: Store, point: RecoveryPoint) -> str | None:
    """ARM id of the machine that the point is of; None once its item is gone."""
    item = store.get(protected_item.KIND, point.item)
    return str(item.json()["properties"]["sourceResourceId"]) if item else None
