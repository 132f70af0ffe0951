"""Microsoft.DataProtection/resourceGuards: the guards of vaults, and the request objects that stand for consent.

Who may read a guard's request object has the guard's consent. Everybody who is signed in has every right here.
"""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.arm.edge.routing import Route, reading
from controlplane.domain import errors
from controlplane.domain.errors.vaults import RESOURCE_GUARD_IN_USE
from controlplane.domain.recovery_services.deleted_vault import is_below
from controlplane.domain.recovery_services.resource_guard import (
    KIND,
    OPERATIONS,
    PROXY_KIND,
    TYPE,
    Operation,
    guard_properties,
    guarded,
)
from controlplane.jobs.retention import deleted_vaults
from controlplane.json_object import Json
from controlplane.ports import Document


class PropertiesRequest(RequestBody):
    vault_critical_operation_exclusion_list: tuple[str, ...] = ()


class GuardRequest(ResourceRequest):
    properties: PropertiesRequest = PropertiesRequest()


def _body(call: Call, request: GuardRequest, existing: Json | None) -> Json:
    return {"properties": guard_properties(request.properties.vault_critical_operation_exclusion_list)}


def _end_mappings(call: Call, existing: Document) -> None:
    """Vaults hold the guard that they are mapped to; deleted ones let it go."""
    store = call.ports.store
    mappings = [mapping for mapping in store.find(PROXY_KIND) if mapping.private["guard"].lower() == existing.id]
    if not all(is_below(mapping.id) for mapping in mappings):
        raise RESOURCE_GUARD_IN_USE.error()
    for mapping in mappings:
        deleted_vaults.end_mapping(store, mapping)


GUARDS = PlainType(
    full_type=TYPE,
    request=GuardRequest,
    body=_body,
    before_deletion=_end_mappings,
)


def _requests(operation: Operation) -> tuple[Route, ...]:
    """The guard's request objects for an operation: there is one, `default`, as long as the guard watches it."""
    path = f"{GUARDS.path}/{operation.request}"

    def shown(call: Call, id: str) -> Json | None:
        guard = call.get(KIND, id.partition(f"/{operation.request}")[0]).json()
        watched = guarded(guard["properties"]["vaultCriticalOperationExclusionList"])
        object_id = f"{guard['id']}/{operation.request}/default"
        return (
            {"id": object_id, "name": "default", "type": f"{TYPE}/{operation.request}"}
            if operation in watched
            else None
        )

    def list_requests(call: Call) -> Answer:
        guard = shown(call, call.id)
        return as_json({"value": [guard] if guard else []})

    def get_request(call: Call) -> Answer:
        guard = shown(call, call.id)
        if guard is None or call.names["request"].lower() != "default":
            raise errors.resource_not_found(f"{TYPE}/{operation.request}", call.names["request"], call.group)
        return as_json(guard)

    return (reading(path, list_requests), reading(f"{path}/{{request}}", get_request))


ROUTES = (*GUARDS.routes(), *(route for operation in OPERATIONS for route in _requests(operation)))
