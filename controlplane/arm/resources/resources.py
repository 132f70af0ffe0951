"""Microsoft.Resources/resources: what lies in a group or subscription, whatever its type."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping

from controlplane.arm.edge import azure_namespaces, azure_operations
from controlplane.arm.edge.call import Answer, Call, encode
from controlplane.arm.edge.filters import check_keys, check_value, holds, terms
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, group_resources, reading, type_of
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.location import REGIONS
from controlplane.json_object import Json
from controlplane.ports import Document

ENTRY_KEYS = ("id", "name", "type", "kind", "managedBy", "location", "sku", "identity", "tags")
FILTER_KEYS = {"resourcegroup", "resourcetype", "name", "location", "tagname", "tagvalue"}

GLOBAL = "global"
"""The location of what Azure has in no region."""


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    kinds = [type_of(path).lower() for path in group_resources(described)]

    def list_in_group(call: Call) -> Answer:
        call.get_group()
        filters = _filters(call, kinds)
        return _page(call, resources_of_kinds(call, kinds, call.group_id), filters)

    def list_all(call: Call) -> Answer:
        filters = _filters(call, kinds)
        return _page(call, resources_of_kinds(call, kinds, None), filters)

    return (
        reading(f"{GROUP}/resources", list_in_group),
        reading(f"{SUBSCRIPTION}/resources", list_all),
    )


def resources_of_kinds(call: Call, kinds: Iterable[str], parent: str | None) -> Iterator[Document]:
    """The resources of these kinds in the order of their ids, which is the same in every list."""
    return heapq.merge(*(call.by_id(kind, parent) for kind in kinds), key=lambda document: document.id)


def _filters(call: Call, kinds: Collection[str]) -> dict[str, str]:
    """The terms of the request's $filter."""
    filters = terms(call.query.get("$filter", ""))
    check_keys(filters, FILTER_KEYS)
    if "resourcetype" in filters:
        _check_type(filters["resourcetype"], kinds)
    if "location" in filters:
        filters["location"] = filters["location"].replace(" ", "").lower()
        check_value(filters, "location", {*REGIONS, GLOBAL})
    return filters


def _check_type(type: str, kinds: Collection[str]) -> None:
    """Refuse a type of Azure that is not simulated by its name, and one that Azure has not as a wrong value."""
    if type.lower() in kinds:
        return
    namespace, _, name = type.partition("/")
    path = ["providers", namespace, *name.replace("/", "/*/").split("/")]
    if name and azure_namespaces.exists(namespace) and not azure_operations.lacks_type(path):
        raise errors.operation_not_simulated(f"the list of resources of type {type}")
    raise errors.invalid_query("$filter", f"'{type}' is not a type of resource")


def _page(call: Call, documents: Iterable[Document], filters: Mapping[str, str]) -> Answer:
    show_state = "provisioningstate" in call.query.get("$expand", "").lower()
    bodies = ((document.id, document.json()) for document in documents)
    return call.page((id, encode(_entry(body, show_state))) for id, body in bodies if _matches(body, filters))


def _matches(body: Json, filters: Mapping[str, str]) -> bool:
    facts = {
        "resourcegroup": ResourceId.parse(body["id"]).group,
        "resourcetype": body["type"],
        "name": body["name"],
        "location": body["location"],
    }
    return holds(filters, facts) and _has_tag(body.get("tags") or {}, filters)


def _has_tag(tags: Mapping[str, str], filters: Mapping[str, str]) -> bool:
    """Names of tags mean the same in any case, their values do not."""
    if "tagname" not in filters:
        return "tagvalue" not in filters or filters["tagvalue"] in tags.values()
    named = [value for name, value in tags.items() if name.lower() == filters["tagname"].lower()]
    return bool(named) and filters.get("tagvalue", named[0]) == named[0]


def _entry(body: Json, show_state: bool) -> Json:
    entry = {key: body[key] for key in ENTRY_KEYS if key in body}
    state = (body.get("properties") or {}).get("provisioningState")
    return entry | ({"provisioningState": state} if show_state and state else {})
