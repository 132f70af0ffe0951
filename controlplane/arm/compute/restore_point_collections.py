"""Microsoft.Compute/restorePointCollections: what the service keeps for instant restore, and its restore points."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.arm.compute import compute_operations
from controlplane.arm.edge.call import Answer, Call, as_json, rows
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading, refused
from controlplane.arm.edge.tags import patching
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute.restore_point_collection import KIND, POINT_KIND, POINT_TYPE, TYPE
from controlplane.domain.events.service import RecoveryPointState
from controlplane.domain.recovery_services.recovery_point import changed
from controlplane.jobs.documents import points
from controlplane.jobs.documents import restore_points as documents
from controlplane.jobs.provisioning import disks as jobs
from controlplane.jobs.provisioning import restore_points as deletion
from controlplane.ports import Blob, Document

COLLECTIONS = f"{GROUP}/providers/{TYPE}"
COLLECTION = f"{COLLECTIONS}/{{collection}}"
POINTS = f"{COLLECTION}/restorePoints"
POINT = f"{POINTS}/{{point}}"


def get_collection(call: Call) -> Answer:
    """With `$expand=restorePoints` also its points."""
    document = call.get(KIND)
    if call.query.get("$expand", "").lower() != "restorepoints":
        return call.stored(document)
    body = document.json()
    inside = [point.json() for point in call.ports.store.find(POINT_KIND, document.id)]
    return as_json(body | {"properties": body["properties"] | {"restorePoints": inside}})


def list_collections(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_collections(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def delete_collection(call: Call) -> Answer:
    """With all its restore points, and so with the snapshots of the recovery points."""
    with call.ports.store.transaction():
        collection = call.find(KIND)
        if collection is None:
            return Answer(204)
        call.check_precondition(collection)
        inside = call.ports.store.find(POINT_KIND, collection.id)
        call.ports.store.delete(KIND, collection.id)
        return _delete(call, collection.json()["location"], inside)


def get_point(call: Call) -> Answer:
    document = call.find(POINT_KIND)
    if document is None:
        collection = call.get(KIND, call.id.rpartition("/restorePoints/")[0])
        point_id = ResourceId.parse(call.id)
        raise errors.resource_not_found(POINT_TYPE, f"{collection.json()['name']}/{point_id.name}", call.group)
    return call.stored(document)


def delete_point(call: Call) -> Answer:
    with call.ports.store.transaction():
        point = call.find(POINT_KIND)
        if point is None:
            return Answer(204)
        return _delete(call, point.json()["properties"]["sourceMetadata"]["location"], [point])


def _delete(call: Call, location: str, restore_points: Sequence[Document]) -> Answer:
    """They are gone at once, so that nobody begins to restore from them; a job deletes their snapshots. To be called
    in a transaction."""
    places = [jobs.place_of(snapshot) for each in restore_points for snapshot in _released(call, each)]
    if not places:
        return compute_operations.accepted(call, compute_operations.done(call, location))
    begun, path = compute_operations.begin_job(call, location)
    state: deletion.RestorePointsState = {**begun, "snapshots": places}
    call.engine.start(deletion.DELETE.name, state["job"], dict(state))
    return compute_operations.accepted(call, path)


def _released(call: Call, restore_point: Document) -> list[Blob]:
    """Remove a restore point; returns its snapshots. Its recovery point lives by its copy in the vault from now on; one
    without any stays to be seen, but cannot be restored from."""
    store = call.ports.store
    documents.remove(store, restore_point.id)
    point = points.find(store, restore_point.private["point"])
    if point is None or not point.has_snapshots:
        return []
    if point.has_vault_copy:
        left = changed(point, "snapshot_expired")
        points.put(store, left)
        told = RecoveryPointState(left.id, left.tiers, left.consistency)
        store.record(told.event(vm=points.machine_of(store, left)))
    return [points.snapshot_of(disk) for disk in point.disks]


ROUTES = (
    refused("PUT", COLLECTION),
    reading(COLLECTION, get_collection),
    Route("PATCH", COLLECTION, patching(KIND)),
    Route("DELETE", COLLECTION, delete_collection, codes=(202, 204)),
    refused("PUT", POINT),
    reading(POINT, get_point),
    Route("DELETE", POINT, delete_point, codes=(202, 204)),
    reading(COLLECTIONS, list_collections),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_collections),
)
