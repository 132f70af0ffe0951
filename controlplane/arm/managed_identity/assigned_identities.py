"""Managed identities of a machine or a storage account: how a request changes them, and how they are shown."""

from __future__ import annotations

from typing import Any

from controlplane.arm.edge.call import Call, RequestBody
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute.virtual_machine import invalid
from controlplane.domain.errors.compute import MACHINE_IDENTITY_NOT_FOUND
from controlplane.json_object import Json

SYSTEM, USER = "SystemAssigned", "UserAssigned"
TYPES = {
    "none": frozenset[str](),
    "systemassigned": frozenset({SYSTEM}),
    "userassigned": frozenset({USER}),
    "systemassigned,userassigned": frozenset({SYSTEM, USER}),
}
USER_KIND = "microsoft.managedidentity/userassignedidentities"


class IdentityRequest(RequestBody):
    type: str = "None"
    user_assigned_identities: dict[str, Any] | None = None
    """Ids as keys; where one stands with null, it is to be taken away."""


def merged(call: Call, existing: Json | None, request: IdentityRequest | None, *, replaces: bool) -> Json | None:
    """The identity that a resource shall show; None: it has none. A PUT that names identities replaces those it has, a
    PATCH adds to them."""
    if request is None:
        return existing
    kinds = TYPES.get(request.type.replace(" ", "").lower())
    if kinds is None:
        raise invalid("identity.type", f"it must be None, {SYSTEM}, {USER} or '{SYSTEM}, {USER}'")
    if not kinds:
        return None
    body: Json = {"type": ", ".join(sorted(kinds))}
    if SYSTEM in kinds:
        has_one = existing is not None and "principalId" in existing
        principal = existing["principalId"] if existing and has_one else call.new_guid()
        body |= {"principalId": principal, "tenantId": call.identity.tenant_id}
    if USER in kinds:
        before = {} if existing is None or replaces else existing.get("userAssignedIdentities", {})
        assigned = _assigned(call, before, request.user_assigned_identities or {})
        if not assigned:
            raise invalid("identity.userAssignedIdentities", f"the type {USER} needs at least one")
        body["userAssignedIdentities"] = assigned
    elif any(value is not None for value in (request.user_assigned_identities or {}).values()):
        raise invalid("identity.userAssignedIdentities", f"the type {request.type} cannot have any")
    return body


def _assigned(call: Call, before: Json, requested: Json) -> Json:
    """Id -> what others know the identity by."""
    result = {id: value for id, value in before.items() if id.lower() not in {key.lower() for key in requested}}
    for id, value in requested.items():
        if value is not None:
            result[id] = _known_by(call, id)
    return result


def _known_by(call: Call, id: str) -> Json:
    try:
        document = call.find(USER_KIND, str(ResourceId.parse(id)))
    except ValueError:
        document = None
    if document is None:
        raise MACHINE_IDENTITY_NOT_FOUND.error(resource=call.id, identity=id)
    properties = document.json()["properties"]
    return {"principalId": properties["principalId"], "clientId": properties["clientId"]}
