"""Recovery points of an item: lists, and restore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.filters import within
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services import list_filters
from controlplane.arm.recovery_services.protected_items import ITEM, require_item, started
from controlplane.arm.recovery_services.vault_request import ENVELOPE
from controlplane.arm.recovery_services.vaults import check_region, vault_id
from controlplane.domain import errors
from controlplane.domain.recovery_services import other_workloads, resource_guard
from controlplane.domain.recovery_services.recovery_point import (
    ARCHIVE_AFTER,
    KIND,
    as_listed,
    from_json,
    obstacle_to_archive,
    with_readiness,
)
from controlplane.domain.times import parse_instant
from controlplane.jobs.documents import sessions
from controlplane.jobs.protection import vault_rules
from controlplane.jobs.restore.rehydration import restore
from controlplane.json_object import Json
from controlplane.ports import Document

POINTS = f"{ITEM}/recoveryPoints"
POINT = f"{POINTS}/{{point}}"
READINESS = "recoveryPointMoveReadinessInfo"


class RestorePropertiesRequest(RequestBody):
    object_type: str | None = None
    recovery_point_id: str | None = None
    recovery_type: str | None = None
    source_resource_id: str | None = None
    storage_account_id: str | None = None
    target_resource_group_id: str | None = None
    target_virtual_machine_id: str | None = None
    virtual_network_id: str | None = None
    subnet_id: str | None = None
    region: str | None = None
    create_new_cloud_service: bool | None = None
    original_storage_account_option: bool | None = None
    restore_disk_lun_list: list[int] | None = None
    restore_with_managed_disks: bool | None = None
    zones: list[str] | None = None
    encryption_details: dict[str, Any] | None = None
    disk_encryption_set_id: str | None = None
    affinity_group: str | None = None
    target_domain_name_id: str | None = None
    identity_info: dict[str, Any] | None = None
    identity_based_restore_details: dict[str, Any] | None = None
    extended_location: dict[str, Any] | None = None
    secured_vm_details: dict[str, Any] | None = Field(default=None, alias="securedVMDetails")
    target_disk_network_access_settings: dict[str, Any] | None = None
    recovery_point_rehydration_info: dict[str, Any] | None = None
    resource_guard_operation_requests: list[str] | None = None


class RestoreRequest(RequestBody):
    decided = ENVELOPE
    also_read = ("properties.recoveryPointRehydrationInfo",)

    properties: RestorePropertiesRequest = RestorePropertiesRequest()


def get_point(call: Call) -> Answer:
    point = require_point(call)
    changed = _changed(call, point, sessions.active_points(call.ports.store, point.parent, call.ports.clock.now()))
    return call.stored(point) if changed is None else as_json(changed)


def list_points(call: Call) -> Answer:
    """Soft-deleted points are left out unless the filter includes them."""
    check_region(call)
    item = require_item(call)
    filter_terms = list_filters.read(call, list_filters.POINTS)
    return call.page(call.newest_first(_filtered_points(call, item, filter_terms)))


def post_restore(call: Call) -> Answer:
    request = call.read(RestoreRequest).model_dump(by_alias=True, exclude_none=True)
    other_workloads.check(request["properties"].get("objectType"))
    point = require_point(call).json()["id"]
    requests = request["properties"].get("resourceGuardOperationRequests")
    vault_rules.check_guard(call.ports.store, vault_id(call), resource_guard.RESTORE, requests)
    ticket = restore(call.ports, call.engine, point, request)
    return started(call, ticket, call.id.rpartition("/recoveryPoints/")[0])


def require_point(call: Call) -> Document:
    item = require_item(call)
    point = call.ports.store.get(KIND, f"{item.id}/recoverypoints/{call.names['point']}")
    if point is None:
        raise errors.recovery_point_not_found(call.names["point"])
    return point


def _filtered_points(call: Call, item: Document, filter_terms: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """The points of the filter, under keys that start with their time."""
    only_ready = filter_terms.get("movereadyrponly", "").lower() == "true"
    with_soft_deleted = filter_terms.get("includesoftdeletedrp", "").lower() == "true"
    active = sessions.active_points(call.ports.store, item.id, call.ports.clock.now())
    for point in call.ports.store.find(KIND, item.id):
        properties = point.json()["properties"]
        if properties["recoveryPointProperties"]["isSoftDeleted"] and not with_soft_deleted:
            continue
        time = parse_instant(properties["recoveryPointTime"])
        if not within(filter_terms, "startdate", "enddate", time):
            continue
        changed = _changed(call, point, active)
        if not only_ready or (changed and changed["properties"][READINESS]["ArchivedRP"]["isReadyForMove"]):
            yield f"{time.isoformat()} {point.id}", encode(as_listed(changed or point.json()))


def _changed(call: Call, point: Document, active: set[str]) -> Json | None:
    """The body where it is no longer what was written: by its age, or since its files are being recovered."""
    body, now = point.json(), call.ports.clock.now()
    old = now - parse_instant(body["properties"]["recoveryPointTime"]) >= ARCHIVE_AFTER
    if not old and point.id not in active:
        return None
    if old:
        body = with_readiness(body, obstacle_to_archive(from_json(point.private["point"]), now))
    return body | {"properties": body["properties"] | {"isInstantIlrSessionActive": point.id in active}}


ROUTES = (
    reading(POINT, get_point),
    Route("POST", f"{POINT}/restore", post_restore, body=RestoreRequest, codes=(202,)),
    reading(POINTS, list_points),
)
