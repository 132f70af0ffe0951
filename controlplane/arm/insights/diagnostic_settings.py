"""Microsoft.Insights/diagnosticSettings: kept and shown on every resource, and without effect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route, group_resources, reading
from controlplane.arm.edge.scopes import existing_scope
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.errors.arm import DATA_SINK_MISSING
from controlplane.json_object import Json

TYPE = "Microsoft.Insights/diagnosticSettings"
KIND = TYPE.lower()


class PropertiesRequest(RequestBody):
    storage_account_id: str | None = None
    service_bus_rule_id: str | None = None
    workspace_id: str | None = None
    event_hub_authorization_rule_id: str | None = None
    event_hub_name: str | None = None
    marketplace_partner_id: str | None = None
    log_analytics_destination_type: str | None = None
    logs: list[dict[str, Any]] = Field(default_factory=list)
    metrics: list[dict[str, Any]] = Field(default_factory=list)


class SettingRequest(RequestBody):
    properties: PropertiesRequest = PropertiesRequest()


def put_setting(call: Call) -> Answer:
    properties = call.read(SettingRequest).properties
    sinks = (
        properties.storage_account_id,
        properties.service_bus_rule_id,
        properties.workspace_id,
        properties.event_hub_authorization_rule_id,
        properties.marketplace_partner_id,
    )
    if not any(sinks):
        raise DATA_SINK_MISSING.error()
    scope = existing_scope(call, TYPE)
    with call.ports.store.transaction():
        existing = call.find(KIND)
        id = existing.json()["id"] if existing else call.id
        body: Json = {
            "id": id,
            "type": TYPE,
            "name": id.rpartition("/")[2],
            "location": None,
            "kind": None,
            "tags": None,
            "properties": properties.model_dump(by_alias=True),
            "identity": None,
        }
        return call.stored(call.ports.store.put(KIND, id, body, parent=scope))


def get_setting(call: Call) -> Answer:
    document = call.find(KIND)
    if document is None:
        owner = ResourceId.parse(existing_scope(call, TYPE))
        raise errors.resource_not_found(TYPE, call.names["setting"], owner.group)
    return call.stored(document)


def delete_setting(call: Call) -> Answer:
    return Answer(200 if call.ports.store.delete(KIND, call.id) else 204)


def list_settings(call: Call) -> Answer:
    settings = call.ports.store.find(KIND, existing_scope(call, TYPE))
    return as_json({"value": [each.json() for each in settings]})


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    return tuple(route for scope in group_resources(described) for route in _routes(f"{scope}/providers/{TYPE}"))


def _routes(path: str) -> tuple[Route, ...]:
    setting = f"{path}/{{setting}}"
    return (
        Route("PUT", setting, put_setting, body=SettingRequest, codes=(200,)),
        reading(setting, get_setting),
        Route("DELETE", setting, delete_setting, codes=(200, 204)),
        reading(path, list_settings),
    )
