"""Microsoft.Compute/snapshots: of a managed disk, each a snapshot of the disk's blob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlplane.arm.compute import compute_operations, disk_access, disks
from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.edge.tags import TagsRequest, patching
from controlplane.domain import errors, location
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute import managed_disk
from controlplane.domain.compute.virtual_machine import invalid, missing
from controlplane.domain.errors.compute import DISK_NOT_CREATED_YET, SNAPSHOT_NOT_READY
from controlplane.domain.times import instant_with_offset
from controlplane.jobs.documents import managed_disks
from controlplane.jobs.provisioning import disks as jobs
from controlplane.json_object import Json
from controlplane.ports import Blob, Document

TYPE = disks.SNAPSHOT_TYPE
KIND = TYPE.lower()

SNAPSHOTS = f"{GROUP}/providers/{TYPE}"
SNAPSHOT = f"{SNAPSHOTS}/{{snapshot}}"


class SkuRequest(RequestBody):
    name: str = "Standard_LRS"


class CreationRequest(RequestBody):
    create_option: str | None = None
    source_resource_id: str | None = None
    source_uri: str | None = None
    """A disk's id too, from older clients and from azurerm."""


class PropertiesRequest(RequestBody):
    creation_data: CreationRequest = CreationRequest()
    incremental: bool = False


class SnapshotRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = disks.ENCRYPTED
    decided = ("properties.completionPercent", "properties.copyCompletionError", "properties.diskSizeGB")

    location: str | None = None
    tags: dict[str, str] | None = None
    sku: SkuRequest = SkuRequest()
    properties: PropertiesRequest = PropertiesRequest()


class SnapshotPatch(TagsRequest):
    refused: ClassVar[Mapping[str, str]] = disks.ENCRYPTED | {
        "properties.diskSizeGB": "changing the size of a snapshot"
    }


def put_snapshot(call: Call) -> Answer:
    request = call.read(SnapshotRequest)
    call.get_group()
    place = location.normalised(request.location, TYPE)
    if _existing_snapshot(call, place) is not None:
        return _change(call, request)
    creation = request.properties.creation_data
    # Outside the transaction: whether the host has made the disk already is seen in the storage.
    if call.ports.blobs.properties(managed_disks.blob_of(_source(call, creation))) is None:
        raise DISK_NOT_CREATED_YET.error()
    with call.ports.store.transaction():
        call.get_group()
        if _existing_snapshot(call, place) is not None:
            return _change(call, request)
        disk = _source(call, creation)
        body = call.with_kept(SnapshotRequest, _body(call, request, place, disk.json()))
        document = call.ports.store.put(KIND, call.id, body, parent=call.group_id, if_none_match=True)
        begun, path = compute_operations.begin_job(call, place, KIND)
        state: jobs.SnapshotState = {**begun, "source": jobs.place_of(managed_disks.blob_of(disk))}
        call.engine.start(jobs.SNAPSHOT.name, state["job"], dict(state))
    return call.accepted(path, status=202, body=document.json())


def _existing_snapshot(call: Call, place: str) -> Document | None:
    """The snapshot of this name, if there is one; it does not move to another place."""
    existing = call.find(KIND)
    call.check_precondition(existing)
    if existing is not None and existing.json()["location"] != place:
        raise errors.location_conflict(existing.json()["name"], existing.json()["location"], call.group, place)
    return existing


def _change(call: Call, request: SnapshotRequest) -> Answer:
    """Tags, kind of storage and what is kept without effect; what was copied stays."""
    with call.ports.store.transaction():
        document = call.get(KIND)
        creation = request.properties.creation_data.model_dump(by_alias=True)
        managed_disk.check_fixed(document.json(), {**creation, "incremental": request.properties.incremental})
        changed = call.with_kept(SnapshotRequest, document.json() | {"sku": managed_disk.shown_sku(request.sku.name)})
        if request.tags is not None:
            changed["tags"] = request.tags
        if changed != document.json():
            document = call.ports.store.put(KIND, document.id, changed)
        return disk_access.answer(call, document)


def get_snapshot(call: Call) -> Answer:
    return disk_access.answer(call, call.get(KIND))


def list_snapshots(call: Call) -> Answer:
    call.get_group()
    return call.page(disk_access.rows(call, call.by_id(KIND, call.group_id)))


def list_all_snapshots(call: Call) -> Answer:
    return call.page(disk_access.rows(call, call.by_id(KIND, None)))


def delete_snapshot(call: Call) -> Answer:
    with call.ports.store.transaction():
        document = call.find(KIND)
        if document is None:
            return Answer(204)
        call.check_precondition(document)
        snapshot = document.json()
        disk_access.check_no_access(document, "deleting")
        if (state := snapshot["properties"]["provisioningState"]) == "Creating":
            raise SNAPSHOT_NOT_READY.error(name=snapshot["name"], state=state)
        call.ports.store.delete(KIND, document.id)
        taken = document.private.get("blob")  # none where it could not be taken
        if taken is None:
            path = compute_operations.done(call, snapshot["location"])
        else:
            path = disks.begin_deletion(call, snapshot["location"], Blob(**taken))
        return compute_operations.accepted(call, path)


def _source(call: Call, creation: CreationRequest) -> Document:
    if not creation.create_option:
        raise missing("snapshot.creationData.createOption")
    if creation.create_option.lower() != "copy":
        raise errors.operation_not_simulated(f"a snapshot by the create option {creation.create_option}")
    id = creation.source_resource_id or creation.source_uri
    if not id:
        raise missing("snapshot.creationData.sourceResourceId")
    try:
        source = ResourceId.parse(id)
    except ValueError:
        raise invalid("snapshot.creationData.sourceResourceId", "it is not the id of a disk") from None
    if not source.is_a(managed_disk.TYPE):
        raise errors.operation_not_simulated(f"a snapshot of {source.type}")
    disk = call.get(managed_disk.KIND, str(source))
    managed_disk.check_ready(disk.json())
    return disk


def _body(call: Call, request: SnapshotRequest, place: str, disk: Json) -> Json:
    source = disk["properties"]
    uri = request.properties.creation_data.source_uri
    properties: Json = {
        **({"osType": source["osType"]} if "osType" in source else {}),
        "creationData": {
            "createOption": "Copy",
            "sourceResourceId": disk["id"],
            "sourceUniqueId": source["uniqueId"],
            **({"sourceUri": uri} if uri else {}),
        },
        "diskSizeGB": source["diskSizeGB"],
        "diskSizeBytes": source["diskSizeBytes"],
        "timeCreated": instant_with_offset(call.ports.clock.now()),
        "provisioningState": "Creating",
        "diskState": managed_disk.UNATTACHED,
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
    Route("PUT", SNAPSHOT, put_snapshot, body=SnapshotRequest, codes=(200, 202)),
    reading(SNAPSHOT, get_snapshot),
    Route("PATCH", SNAPSHOT, patching(KIND, SnapshotPatch), body=SnapshotPatch),
    Route("DELETE", SNAPSHOT, delete_snapshot, codes=(200, 204)),
    *disk_access.routes(SNAPSHOT, KIND),
    reading(SNAPSHOTS, list_snapshots),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_snapshots),
)
