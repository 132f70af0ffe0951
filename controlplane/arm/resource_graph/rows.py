"""The columns of every table, and the row of a resource."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.json_object import Json
from controlplane.kusto.values import DYNAMIC, STRING

_TEXTS = ("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy")
_BAGS = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation")
COLUMNS = {**dict.fromkeys(_TEXTS, STRING), **dict.fromkeys(_BAGS, DYNAMIC)}
"""Name -> type, in the service's order."""


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom all rows belong."""

    tenant_id: str
    subscription_id: str


def row(owner: Owner, body: Json, **more: str) -> Json:
    """A body with a value for each column; what it lacks is empty. Types stand in lower case."""
    texts = {name: body.get(name) or "" for name in _TEXTS}
    bags = {name: body.get(name) for name in _BAGS}
    ids = {"tenantId": owner.tenant_id, "subscriptionId": owner.subscription_id}
    return texts | bags | {"type": str(body["type"]).lower()} | ids | more


def top_level(owner: Owner, body: Json) -> Json:
    """A resource that lies directly in a group."""
    group = str(body["id"]).partition("/resourceGroups/")[2].partition("/")[0]
    return row(owner, body, resourceGroup=group.lower())
