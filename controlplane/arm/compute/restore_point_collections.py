"""Microsoft.Compute/restorePointCollections: what the service keeps for instant restore, and its restore points."""

from __future__ import annotations

from controlplane.arm.compute import compute_operations
from controlplane.arm.edge.call import Answer, Call, as_json, rows
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading, refused
from controlplane.arm.edge.tags import patching
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute.restore_point_collection import KIND, POINT_KIND, POINT_TYPE, TYPE
from controlplane.domain.recovery_services.recovery_point import changed
from controlplane.jobs.documents import points, restore_points
from controlplane.ports import Document

COLLECTIONS = f"{GROUP}/providers/{TYPE}"
COLLECTION = f"{COLLECTIONS}/{{collection}}"
POINTS = f"{COLLECTION}/restorePoints"
POINT = f"{POINTS}/{{point}}"


def get_collection(call: Call) -> Answer:
    """With `$expand=restorePoints` also its points."""
    found = call.get(KIND)
    if call.query.get("$expand", "").lower() != "restorepoints":
        return call.stored(found)
    shown = found.json()
    inside = [point.json() for point in call.ports.store.find(POINT_KIND, found.id)]
    return as_json(shown | {"properties": shown["properties"] | {"restorePoints": inside}})


def list_collections(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_collections(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def delete_collection(call: Call) -> Answer:
    """With all its restore points, and so with the snapshots of the recovery points."""
    found = call.find(KIND)
    if found is None:
        return Answer(204)
    call.check_precondition(found)
    for point in call.ports.store.find(POINT_KIND, found.id):
        _delete(call, point)
    with call.ports.store.transaction():
        call.ports.store.delete(KIND, found.id)
        return compute_operations.accepted(call, compute_operations.done(call, found.json()["location"]))


def get_point(call: Call) -> Answer:
    found = call.find(POINT_KIND)
    if found is None:
        collection = call.get(KIND, call.id.rpartition("/restorePoints/")[0])
        wanted = ResourceId.parse(call.id)
        raise errors.resource_not_found(POINT_TYPE, f"{collection.json()['name']}/{wanted.name}", call.group)
    return call.stored(found)


def delete_point(call: Call) -> Answer:
    found = call.find(POINT_KIND)
    if found is None:
        return Answer(204)
    location = found.json()["properties"]["sourceMetadata"]["location"]
    _delete(call, found)
    with call.ports.store.transaction():
        return compute_operations.accepted(call, compute_operations.done(call, location))


def _delete(call: Call, found: Document) -> None:
    """Its recovery point lives by its copy in the vault from now on; one without any stays to be seen, but cannot be
    restored from."""
    point = points.find(call.ports.store, found.private["point"])
    if point is None:
        call.ports.store.delete(POINT_KIND, found.id)
        return
    for disk in point.disks:
        call.ports.blobs.delete(points.snapshot_of(disk))
    with call.ports.store.transaction():
        restore_points.forget(call.ports.store, point)
        still = points.find(call.ports.store, found.private["point"])  # It may have expired or moved meanwhile.
        if still is not None and still.has_snapshots and still.has_vault_copy:
            points.put(call.ports.store, changed(still, "snapshot_expired"))


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
