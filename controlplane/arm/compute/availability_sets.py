"""Microsoft.Compute/availabilitySets: machines name them, and they place nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.arm.edge.routing import SUBSCRIPTION, Route, reading
from controlplane.arm.edge.tags import TagsRequest
from controlplane.domain.compute import virtual_machine
from controlplane.domain.errors.compute import (
    AVAILABILITY_SET_IN_USE,
    DOMAIN_COUNT_OUT_OF_RANGE,
    PROPERTY_CHANGE_NOT_ALLOWED,
)
from controlplane.json_object import Json
from controlplane.ports import Document

TYPE = "Microsoft.Compute/availabilitySets"
MOST_FAULT_DOMAINS, MOST_UPDATE_DOMAINS = 3, 20


class PropertiesRequest(RequestBody):
    platform_fault_domain_count: int = 2
    platform_update_domain_count: int = 5
    proximity_placement_group: dict[str, str] | None = None


class SkuRequest(RequestBody):
    name: str = "Classic"
    tier: str | None = None
    capacity: int | None = None


class SetRequest(ResourceRequest):
    decided = ("properties.virtualMachines",)

    sku: SkuRequest = SkuRequest()
    properties: PropertiesRequest = PropertiesRequest()


class SetPatch(TagsRequest):
    refused: ClassVar[Mapping[str, str]] = {
        "properties.platformFaultDomainCount": "changing the fault domains of an availability set by PATCH",
        "properties.platformUpdateDomainCount": "changing the update domains of an availability set by PATCH",
    }
    decided = ("properties.virtualMachines",)


def _body(call: Call, request: SetRequest, existing: Json | None) -> Json:
    properties = request.properties
    new_properties: Json = {
        "platformUpdateDomainCount": _count("update", properties.platform_update_domain_count, MOST_UPDATE_DOMAINS),
        "platformFaultDomainCount": _count("fault", properties.platform_fault_domain_count, MOST_FAULT_DOMAINS),
        **({"proximityPlacementGroup": group} if (group := properties.proximity_placement_group) else {}),
    }
    for key in ("platformUpdateDomainCount", "platformFaultDomainCount"):
        if existing and existing["properties"][key] != new_properties[key]:
            raise PROPERTY_CHANGE_NOT_ALLOWED.error(key=key)
    return {"sku": request.sku.model_dump(exclude_none=True), "properties": new_properties}


def _count(which: str, count: int, most: int) -> int:
    if not 1 <= count <= most:
        parameter = f"platform{which.title()}DomainCount"
        raise DOMAIN_COUNT_OUT_OF_RANGE.error(which=which, count=count, most=most, parameter=parameter)
    return count


def _before_deletion(call: Call, existing: Document) -> None:
    if _machines(call).get(existing.id):
        raise AVAILABILITY_SET_IN_USE.error(name=existing.json()["name"])


def _machines(call: Call) -> dict[str, list[Json]]:
    """Set -> the machines in it. Machines say where they are; a set is asked too seldom to keep note of it twice."""
    machines_by_set: dict[str, list[Json]] = defaultdict(list)
    for document in call.ports.store.find(virtual_machine.TYPE.lower()):
        machine = document.json()
        around = machine["properties"].get("availabilitySet") or {}
        machines_by_set[str(around.get("id", "")).lower()].append({"id": machine["id"]})
    return machines_by_set


def _with_machines(document: Document, machines: dict[str, list[Json]]) -> Json:
    body: Json = document.json()
    return body | {"properties": body["properties"] | {"virtualMachines": machines.get(document.id, [])}}


def get_set(call: Call) -> Answer:
    return as_json(_with_machines(call.get(SETS.kind), _machines(call)))


def list_sets(call: Call) -> Answer:
    call.get_group()
    return _page(call, call.group_id)


def list_all_sets(call: Call) -> Answer:
    return _page(call, None)


def _page(call: Call, parent: str | None) -> Answer:
    machines = _machines(call)
    return call.page((each.id, encode(_with_machines(each, machines))) for each in call.by_id(SETS.kind, parent))


SETS = PlainType(
    full_type=TYPE,
    request=SetRequest,
    patch=SetPatch,
    body=_body,
    before_deletion=_before_deletion,
    created_status=200,
)

READS = (
    reading(SETS.path, get_set),
    reading(SETS.collection_path, list_sets),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_sets),
)
ROUTES: tuple[Route, ...] = (*(route for route in SETS.routes() if route.method != "GET"), *READS)
