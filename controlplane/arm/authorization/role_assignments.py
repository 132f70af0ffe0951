"""Microsoft.Authorization/roleAssignments: kept and shown at every scope, and without effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from controlplane.arm.edge.call import Answer, Call, RequestBody, rows
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.edge.scopes import every_scope, existing_scope
from controlplane.domain import errors
from controlplane.domain.resources import role
from controlplane.domain.resources.role import KIND, TYPE
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.ports import Document

_FILTER = re.compile(
    r"(?P<at>atScope\(\))?(\s+and\s+)?(assignedTo\('(?P<to>[^']*)'\)|principalId\s+eq\s+'(?P<of>[^']*)')?",
    re.IGNORECASE,
)


class PropertiesRequest(RequestBody):
    role_definition_id: str
    principal_id: str
    principal_type: str | None = None
    description: str | None = None
    condition: str | None = None
    condition_version: str | None = None
    delegated_managed_identity_resource_id: str | None = None


class AssignmentRequest(RequestBody):
    properties: PropertiesRequest


def put_assignment(call: Call) -> Answer:
    name = call.names["assignment"].lower()
    role.check_name(name)
    requested = call.read(AssignmentRequest).properties
    kind = requested.principal_type or "User"
    role.check_principal(requested.principal_id, kind)
    definition = role.definition_id(requested.role_definition_id, call.subscription_id)
    scope = existing_scope(call, TYPE)
    said = {
        "roleDefinitionId": definition,
        "principalId": requested.principal_id,
        "principalType": kind,
        "scope": scope,
    }
    with call.ports.store.transaction():
        existing = call.find(KIND)
        _check_unlike_others(call, said, existing)
        now = instant(call.ports.clock.now())
        begun = existing.json()["properties"] if existing else {"createdOn": now, "createdBy": None}
        properties: Json = {
            **said,
            "condition": requested.condition,
            "conditionVersion": requested.condition_version,
            "createdOn": begun["createdOn"],
            "updatedOn": now,
            "createdBy": begun["createdBy"],
            "updatedBy": None,
            "delegatedManagedIdentityResourceId": requested.delegated_managed_identity_resource_id,
            "description": requested.description,
        }
        body = {"properties": properties, "id": f"{scope}/providers/{TYPE}/{name}", "type": TYPE, "name": name}
        document = call.ports.store.put(KIND, call.id, body, parent=scope)
    # The service answers a repeated PUT, too, with 201.
    return call.stored(document, 201)


def _check_unlike_others(call: Call, said: Json, existing: Document | None) -> None:
    if existing is not None and _facts(existing.json()) != _facts({"properties": said}):
        raise role.update_not_permitted()
    for other in call.ports.store.find(KIND, said["scope"]):
        if other.id != call.id.lower() and _facts(other.json()) == _facts({"properties": said}):
            raise role.assignment_exists(other.json()["name"])


def _facts(body: Json) -> tuple[str, ...]:
    """By what one assignment differs from another."""
    return tuple(str(body["properties"][key]).lower() for key in ("roleDefinitionId", "principalId", "scope"))


def get_assignment(call: Call) -> Answer:
    document = call.find(KIND)
    if document is None:
        raise role.assignment_not_found(call.names["assignment"])
    return call.stored(document)


def delete_assignment(call: Call) -> Answer:
    with call.ports.store.transaction():
        existing = call.find(KIND)
        if existing is None:
            return Answer(204)
        call.ports.store.delete(KIND, existing.id)
    return call.stored(existing)


def list_assignments(call: Call) -> Answer:
    """Those at the scope and above it; without the filter `atScope()` also those below."""
    scope = existing_scope(call, TYPE).lower()
    match = _FILTER.fullmatch(call.query.get("$filter", "").strip())
    if match is None:
        raise errors.invalid_query("$filter", "it must be atScope(), assignedTo('...') or principalId eq '...'")
    return call.page(rows(_found(call, scope, bool(match["at"]), (match["to"] or match["of"] or "").lower())))


def _found(call: Call, scope: str, at_scope: bool, principal: str) -> Iterator[Document]:
    for each in call.by_id(KIND, None):
        place = each.parent.lower()
        above, below = f"{scope}/".startswith(f"{place}/"), place.startswith(f"{scope}/")
        if not (above or (below and not at_scope)):
            continue
        if not principal or each.json()["properties"]["principalId"].lower() == principal:
            yield each


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    return tuple(route for scope in every_scope(described) for route in _routes(f"{scope}/providers/{TYPE}"))


def _routes(path: str) -> tuple[Route, ...]:
    assignment = f"{path}/{{assignment}}"
    return (
        Route("PUT", assignment, put_assignment, body=AssignmentRequest, codes=(200, 201)),
        reading(assignment, get_assignment),
        Route("DELETE", assignment, delete_assignment, codes=(200, 204)),
        reading(path, list_assignments),
    )
