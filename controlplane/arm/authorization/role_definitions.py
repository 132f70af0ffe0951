"""Microsoft.Authorization/roleDefinitions: the built-in roles, for clients that know them by their names."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.filters import check_keys, holds, terms
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.edge.scopes import every_scope, existing_scope
from controlplane.domain.resources.role import BUILT_IN, DEFINITIONS, definition_body, definition_not_found


def list_definitions(call: Call) -> Answer:
    existing_scope(call, DEFINITIONS)
    filters = terms(call.query.get("$filter", ""))
    check_keys(filters, {"rolename", "type"})
    named = {id: {"rolename": name, "type": "BuiltInRole"} for id, name in BUILT_IN.items()}
    ids = [id for id, facts in named.items() if holds(filters, facts)]
    return as_json({"value": [definition_body(call.subscription_id, id) for id in ids]})


def get_definition(call: Call) -> Answer:
    existing_scope(call, DEFINITIONS)
    id = call.names["role"].lower()
    if id not in BUILT_IN:
        raise definition_not_found(call.names["role"])
    return as_json(definition_body(call.subscription_id, id))


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    return tuple(
        route
        for scope in every_scope(described)
        for route in (
            reading(f"{scope}/providers/{DEFINITIONS}", list_definitions),
            reading(f"{scope}/providers/{DEFINITIONS}/{{role}}", get_definition),
        )
    )
