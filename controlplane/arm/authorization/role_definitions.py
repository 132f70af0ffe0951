"""Microsoft.Authorization/roleDefinitions: the built-in roles, for clients that know them by their names."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.filters import check_keys, check_value, holds, terms
from controlplane.arm.edge.routing import Route, reading, refused
from controlplane.arm.edge.scopes import every_scope, existing_scope
from controlplane.domain.resources.role import BUILT_IN, DEFINITIONS, definition_body, definition_not_found

ROLE_TYPES = ("BuiltInRole", "CustomRole")
"""There are no custom roles here, so a list of them is empty."""


def list_definitions(call: Call) -> Answer:
    above = _above(call)
    filters = terms(call.query.get("$filter", ""))
    check_keys(filters, {"rolename", "type"})
    check_value(filters, "type", ROLE_TYPES)
    named = {id: {"rolename": name, "type": "BuiltInRole"} for id, name in BUILT_IN.items()}
    ids = [id for id, facts in named.items() if holds(filters, facts)]
    return as_json({"value": [definition_body(above, id) for id in ids]})


def get_definition(call: Call) -> Answer:
    above = _above(call)
    id = call.names["role"].lower()
    if id not in BUILT_IN:
        raise definition_not_found(call.names["role"])
    return as_json(definition_body(above, id))


def _above(call: Call) -> str:
    """What the ids of roles begin with: the subscription, or nothing where the whole tenant is asked."""
    if call.id.startswith(f"/providers/{DEFINITIONS}"):
        return ""
    existing_scope(call, DEFINITIONS)
    return call.subscription_id


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    return tuple(
        route for scope in ("", *every_scope(described)) for route in _routes(f"{scope}/providers/{DEFINITIONS}")
    )


def _routes(path: str) -> tuple[Route, ...]:
    definition = f"{path}/{{role}}"
    return (
        reading(path, list_definitions),
        reading(definition, get_definition),
        refused("PUT", definition),
        refused("DELETE", definition),
    )
