"""Microsoft.Compute/snapshots: of a managed disk, each a snapshot of the disk's blob."""

from __future__ import annotations

from controlplane.arm.compute import compute_operations
from controlplane.arm.edge.call import Answer, Call, RequestBody, rows
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.edge.tags import TagsRequest, patching
from controlplane.domain import errors, location
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute import managed_disk
from controlplane.domain.compute.virtual_machine import invalid, missing
from controlplane.domain.errors.compute import DISK_NOT_CREATED_YET
from controlplane.domain.times import instant_with_offset
from controlplane.jobs.documents import managed_disks
from controlplane.ports import Blob, Document, Json

TYPE = "Microsoft.Compute/snapshots"
KIND = TYPE.lower()

SNAPSHOTS = f"{GROUP}/providers/{TYPE}"
SNAPSHOT = f"{SNAPSHOTS}/{{snapshot}}"

MARK = {"managedsnapshot": "true"}
"""Metadata by which the blob's snapshot is told from those of recovery points."""


class SkuRequest(RequestBody):
    name: str = "Standard_LRS"


class CreationRequest(RequestBody):
    create_option: str | None = None
    source_resource_id: str | None = None


class PropertiesRequest(RequestBody):
    creation_data: CreationRequest = CreationRequest()
    incremental: bool = False


class SnapshotRequest(RequestBody):
    location: str | None = None
    tags: dict[str, str] | None = None
    sku: SkuRequest = SkuRequest()
    properties: PropertiesRequest = PropertiesRequest()


def put_snapshot(call: Call) -> Answer:
    request = call.read(SnapshotRequest)
    call.get_group()
    place = location.normalised(request.location, TYPE)
    known = call.find(KIND)
    call.check_precondition(known)
    if known is not None:
        if known.json()["location"] != place:
            raise errors.location_conflict(known.json()["name"], known.json()["location"], call.group, place)
        return call.stored(known)
    disk = _source(call, request.properties.creation_data)
    managed_disk.check_ready(disk.json())
    blob = managed_disks.blob_of(disk)
    if call.ports.blobs.properties(blob) is None:
        raise DISK_NOT_CREATED_YET.error()
    taken = blob.at(call.ports.blobs.snapshot(blob, MARK))
    body = _body(call, request, place, disk.json())
    private = {
        "blob": {"account": blob.account, "container": blob.container, "name": blob.name, "snapshot": taken.snapshot}
    }
    document = call.ports.store.put(KIND, call.id, body, parent=call.group_id, private=private, if_none_match=True)
    return call.stored(document)


def get_snapshot(call: Call) -> Answer:
    return call.stored(call.get(KIND))


def list_snapshots(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_snapshots(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def delete_snapshot(call: Call) -> Answer:
    known = call.find(KIND)
    if known is None:
        return Answer(204)
    call.check_precondition(known)
    call.ports.blobs.delete(Blob(**known.private["blob"]))
    with call.ports.store.transaction():
        call.ports.store.delete(KIND, known.id)
        return compute_operations.accepted(call, compute_operations.done(call, known.json()["location"]))


def _source(call: Call, creation: CreationRequest) -> Document:
    if not creation.create_option:
        raise missing("snapshot.creationData.createOption")
    if creation.create_option.lower() != "copy":
        raise errors.operation_not_simulated(f"a snapshot by the create option {creation.create_option}")
    if not creation.source_resource_id:
        raise missing("snapshot.creationData.sourceResourceId")
    try:
        source = ResourceId.parse(creation.source_resource_id)
    except ValueError:
        raise invalid("snapshot.creationData.sourceResourceId", "it is not the id of a disk") from None
    if not source.is_a(managed_disk.TYPE):
        raise errors.operation_not_simulated(f"a snapshot of {source.type}")
    return call.get(managed_disk.KIND, str(source))


def _body(call: Call, request: SnapshotRequest, place: str, disk: Json) -> Json:
    source = disk["properties"]
    properties: Json = {
        **({"osType": source["osType"]} if "osType" in source else {}),
        "creationData": {
            "createOption": "Copy",
            "sourceResourceId": disk["id"],
            "sourceUniqueId": source["uniqueId"],
        },
        "diskSizeGB": source["diskSizeGB"],
        "diskSizeBytes": source["diskSizeBytes"],
        "timeCreated": instant_with_offset(call.ports.clock.now()),
        "provisioningState": "Succeeded",
        "diskState": "Unattached",
        "incremental": request.properties.incremental,
        "uniqueId": call.new_guid(),
    }
    return {
        "name": call.names["snapshot"],
        "id": call.id,
        "type": TYPE,
        "location": place,
        **({"tags": request.tags} if request.tags else {}),
        "sku": managed_disk.shown_sku(request.sku.name),
        "properties": properties,
    }


ROUTES = (
    Route("PUT", SNAPSHOT, put_snapshot, body=SnapshotRequest),
    reading(SNAPSHOT, get_snapshot),
    Route("PATCH", SNAPSHOT, patching(KIND), body=TagsRequest),
    Route("DELETE", SNAPSHOT, delete_snapshot, codes=(200, 204)),
    reading(SNAPSHOTS, list_snapshots),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_snapshots),
)
