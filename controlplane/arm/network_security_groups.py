"""Microsoft.Network/networkSecurityGroups: rules that are kept and shown; no packet is ever filtered by them."""

from __future__ import annotations

from typing import Any

from controlplane.arm.call import Call, RequestBody
from controlplane.arm.plain_resources import PlainType, ResourceRequest
from controlplane.domain import network
from controlplane.domain.network import SECURITY_GROUP
from controlplane.ports import Document, Json

DEFAULT_RULES = (
    ("AllowVnetInBound", "Inbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Inbound", 65500, "Deny", "*", "*"),
    ("AllowVnetOutBound", "Outbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", 65001, "Allow", "*", "Internet"),
    ("DenyAllOutBound", "Outbound", 65500, "Deny", "*", "*"),
)
"""Name, direction, priority, access, source, destination."""


class RuleRequest(RequestBody):
    name: str
    properties: dict[str, Any]


class PropertiesRequest(RequestBody):
    security_rules: list[RuleRequest] | None = None


class GroupRequest(ResourceRequest):
    properties: PropertiesRequest = PropertiesRequest()


def _body(call: Call, request: GroupRequest, known: Json | None) -> Json:
    id, etag = known["id"] if known else call.id, f'W/"{call.new_guid()}"'
    rules = [(rule.name, rule.properties) for rule in request.properties.security_rules or []]
    defaults = [(row[0], _default_rule(*row[1:])) for row in DEFAULT_RULES]
    properties = {
        "provisioningState": "Succeeded",
        "resourceGuid": known["properties"]["resourceGuid"] if known else call.new_guid(),
        "securityRules": [_rule(f"{id}/securityRules/{name}", shown, etag) for name, shown in rules],
        "defaultSecurityRules": [_rule(f"{id}/defaultSecurityRules/{name}", shown, etag) for name, shown in defaults],
    }
    return {"etag": etag, "properties": properties}


def _rule(id: str, properties: Json, etag: str) -> Json:
    kind, name = id.split("/")[-2:]
    shown = {"provisioningState": "Succeeded", **properties}
    return {"name": name, "id": id, "etag": etag, "type": f"{SECURITY_GROUP}/{kind}", "properties": shown}


def _default_rule(direction: str, priority: int, access: str, source: str, destination: str) -> Json:
    return {
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
        "direction": direction,
    }


def _before_deletion(call: Call, known: Document) -> None:
    for interface in call.ports.store.find(network.INTERFACE.lower()):
        shown = interface.json()
        used = shown["properties"].get("networkSecurityGroup", {}).get("id", "")
        if used.lower() == known.id:
            raise network.in_use("InUseNetworkSecurityGroupCannotBeDeleted", used, shown["id"])


GROUPS = PlainType(
    full_type=SECURITY_GROUP,
    name=network.NAME,
    name_rule=network.NAME_RULE,
    request=GroupRequest,
    body=_body,
    before_deletion=_before_deletion,
)

ROUTES = GROUPS.routes()
