"""Restore point collections: the documents of Compute by which a user sees the snapshots of managed disks.

They follow the recovery points: one is created and deleted with the snapshots of a recovery point. Whoever locks
the resource group of the service keeps the snapshots, and in the end stops the backups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controlplane.domain.arm_id import subscription_of
from controlplane.domain.compute import restore_point_collection as traces
from controlplane.domain.compute import virtual_machine
from controlplane.domain.compute.restore_point_collection import KIND, POINT_KIND, DiskTrace
from controlplane.domain.errors.snapshots import REQUEST_DISALLOWED_BY_POLICY
from controlplane.domain.recovery_services.policy import type_of
from controlplane.domain.recovery_services.provider_answers import RESTORE_POINTS, WRITE_POINT
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.resources import resource_group
from controlplane.jobs.documents import locks, providers
from controlplane.json_object import Json
from controlplane.ports import Disk, Ports, Store


def place(item_number: str, vm: str, location: str, policy: Json) -> str:
    """Where the restore points of a virtual machine lie: the id of its collection. `policy` are the properties."""
    name = vm.rpartition("/")[2]
    group = f"/subscriptions/{vm.split('/')[2]}/resourceGroups/{traces.group_name(location, policy)}"
    return f"{group}/providers/{traces.TYPE}/{traces.collection_name(name, item_number)}"


def placed(store: Store, point: RecoveryPoint, collection: str) -> RecoveryPoint:
    """The recovery point with the id of its restore point; without a collection there is none."""
    if not collection:
        return point
    name, again = f"{collection}/restorePoints/{traces.point_name(point.time)}", 1
    id = name
    while (document := store.get(POINT_KIND, id)) is not None and document.private["point"] != point.document:
        # Two in one second.
        again += 1
        id = f"{name}_{again}"
    return replace(point, restore_point=id)


def check_room(ports: Ports, collection: str, points: Sequence[RecoveryPoint], policy: Json) -> None:
    """ServiceError where no further restore point may be made: a policy denies its group, the collection is locked, it
    is full since one could not be deleted any more or somebody else makes some, or Compute refuses. `policy` are the
    properties of the item's, whose type says how many may be kept."""
    if not collection:
        return
    locks.check(ports.store, collection)
    _check_policy(ports, collection.partition("/providers/")[0])
    kept = [point for point in points if point.restore_point and point.has_snapshots]
    most = ports.settings.limits.snapshots_of(type_of(policy))
    others = ports.providers.others(RESTORE_POINTS, collection)
    if len(kept) + others >= most and (others or is_kept(ports.store, collection)):
        raise traces.limit_reached()
    providers.require(ports, WRITE_POINT, collection)


def _check_policy(ports: Ports, group: str) -> None:
    """The service makes its resource group with the first restore point in it, like any user."""
    if ports.store.get(resource_group.KIND, group) is None:
        assignment = ports.providers.denies_creation(group)
        if assignment is not None:
            raise REQUEST_DISALLOWED_BY_POLICY.error(assignment=assignment, group=group.rpartition("/")[2])


def is_kept(store: Store, id: str) -> bool:
    """Whether a lock keeps a restore point, or all of a collection, from being deleted."""
    return bool(id) and locks.forbids(store, "DELETE", id)


def show(store: Store, point: RecoveryPoint, vm: str, disks: Sequence[Disk]) -> None:
    """Write the documents of a new recovery point of managed disks."""
    if not point.restore_point:
        return
    document = store.get(virtual_machine.KIND, vm)
    machine = document.json() if document else {"properties": {}}
    collection, group = _collection_of(point.restore_point), point.restore_point.partition("/providers/")[0]
    location = machine.get("location") or point.machine.location
    if store.get(resource_group.KIND, group) is None:
        resource = resource_group.body(group, location, {})
        store.put(resource_group.KIND, group, resource, parent=f"/subscriptions/{subscription_of(group)}")
    if store.get(KIND, collection) is None:
        store.put(KIND, collection, traces.collection(collection, location, vm), parent=group)
    parts = [
        DiskTrace(
            disk.name, disk.lun, disk.managed_disk_id or "", f"{point.restore_point}/diskRestorePoints/{disk.name}"
        )
        for disk in disks
    ]
    body = traces.point(point.restore_point, machine, parts, point.consistency, point.time)
    store.put(POINT_KIND, point.restore_point, body, parent=collection, private={"point": point.document})


def forget(store: Store, point: RecoveryPoint) -> None:
    """Remove the restore point of a recovery point's snapshots; with the last one the collection goes, too."""
    if point.restore_point:
        remove(store, point.restore_point)


def remove(store: Store, id: str) -> None:
    """Remove a restore point; with the last one the collection goes, too."""
    collection = _collection_of(id)
    store.delete(POINT_KIND, id)
    if not store.find(POINT_KIND, collection, limit=1):
        store.delete(KIND, collection)


def _collection_of(restore_point: str) -> str:
    return restore_point.rpartition("/restorePoints/")[0]
