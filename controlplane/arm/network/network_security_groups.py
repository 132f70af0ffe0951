"""Microsoft.Network/networkSecurityGroups: rules that are kept and shown.

Of all traffic they are asked about one kind: that of a machine which takes its snapshots itself, to the storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.arm.edge.request_body import find
from controlplane.arm.edge.routing import Route, reading
from controlplane.domain import errors
from controlplane.domain.errors.network import SECURITY_RULE_CONFLICT, SECURITY_RULE_INVALID_PRIORITY
from controlplane.domain.network import network
from controlplane.domain.network.network import SECURITY_GROUP
from controlplane.domain.resources import resource_names
from controlplane.json_object import Json
from controlplane.ports import Document

PRIORITIES = range(100, 4097)
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


class OneRuleRequest(RequestBody):
    properties: dict[str, Any]


class PropertiesRequest(RequestBody):
    security_rules: list[RuleRequest] | None = None


class GroupRequest(ResourceRequest):
    decided = ("properties.securityRules.[].id",)

    properties: PropertiesRequest = PropertiesRequest()


def _body(call: Call, request: GroupRequest, existing: Json | None) -> Json:
    id, etag = existing["id"] if existing else call.id, f'W/"{call.new_guid()}"'
    rules = [(rule.name, rule.properties) for rule in request.properties.security_rules or []]
    for name, _ in rules:
        resource_names.check(f"{SECURITY_GROUP}/securityRules", name)
    _check_priorities(rules)
    defaults = [(row[0], _default_rule(*row[1:])) for row in DEFAULT_RULES]
    properties = {
        "provisioningState": "Succeeded",
        "resourceGuid": existing["properties"]["resourceGuid"] if existing else call.new_guid(),
        "securityRules": [_rule(f"{id}/securityRules/{name}", rule_body, etag) for name, rule_body in rules],
        "defaultSecurityRules": [
            _rule(f"{id}/defaultSecurityRules/{name}", rule_body, etag) for name, rule_body in defaults
        ],
    }
    return {"etag": etag, "properties": properties}


def _check_priorities(rules: Sequence[tuple[str, Json]]) -> None:
    """Of the rules of a group, by name: each has a priority of its own among those of its direction."""
    present: dict[tuple[str, str], str] = {}
    for name, properties in rules:
        priority, direction = str(find(properties, "priority") or ""), str(find(properties, "direction")).lower()
        if priority and not (priority.isdecimal() and int(priority) in PRIORITIES):
            raise SECURITY_RULE_INVALID_PRIORITY.error(priority=priority)
        other = present.setdefault((direction, priority), name)
        if priority and other != name:
            raise SECURITY_RULE_CONFLICT.error(name=name, other=other)


def _rule(id: str, properties: Json, etag: str) -> Json:
    kind, name = id.split("/")[-2:]
    rule_properties = {"provisioningState": "Succeeded", **properties}
    return {"name": name, "id": id, "etag": etag, "type": f"{SECURITY_GROUP}/{kind}", "properties": rule_properties}


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


def put_rule(call: Call) -> Answer:
    """One rule by its own path, as `az vm open-port` writes it; it stands in its group and nowhere else."""
    properties = call.read(OneRuleRequest).properties
    with call.ports.store.transaction():
        group, name = _group_of(call)
        existing = _named(group, name)
        others = [(each["name"], each["properties"]) for each in _others(group, name)]
        _check_priorities([*others, (name, properties)])
        rule = _rule(existing["id"] if existing else f"{group['id']}/securityRules/{name}", properties, group["etag"])
        _write(call, group, [*_others(group, name), rule])
    return as_json(rule, 200 if existing else 201)


def get_rule(call: Call) -> Answer:
    group, name = _group_of(call)
    rule = _named(group, name)
    if rule is None:
        raise errors.resource_not_found(f"{SECURITY_GROUP}/securityRules", name, call.group)
    return as_json(rule)


def delete_rule(call: Call) -> Answer:
    with call.ports.store.transaction():
        group, name = _group_of(call)
        if _named(group, name) is None:
            return Answer(204)
        _write(call, group, _others(group, name))
    return Answer(200)


def list_rules(call: Call) -> Answer:
    return as_json({"value": _group_of(call)[0]["properties"]["securityRules"]})


def _group_of(call: Call) -> tuple[Json, str]:
    """The body of the path's group, and the name of its rule."""
    group = call.get(SECURITY_GROUP.lower(), call.id.partition("/securityRules")[0])
    return group.json(), call.names.get("rule", "")


def _named(group: Json, name: str) -> Json | None:
    return next((rule for rule in group["properties"]["securityRules"] if rule["name"].lower() == name.lower()), None)


def _others(group: Json, name: str) -> list[Json]:
    return [rule for rule in group["properties"]["securityRules"] if rule["name"].lower() != name.lower()]


def _write(call: Call, group: Json, rules: list[Json]) -> None:
    changed = {**group, "properties": {**group["properties"], "securityRules": rules}}
    call.ports.store.put(SECURITY_GROUP.lower(), group["id"].lower(), changed)


def _before_deletion(call: Call, existing: Document) -> None:
    for interface in call.ports.store.find(network.INTERFACE.lower()):
        body = interface.json()
        used = body["properties"].get("networkSecurityGroup", {}).get("id", "")
        if used.lower() == existing.id:
            raise network.group_in_use(used, body["id"])


GROUPS = PlainType(
    full_type=SECURITY_GROUP,
    request=GroupRequest,
    body=_body,
    before_deletion=_before_deletion,
)

RULES = f"{GROUPS.path}/securityRules"

ROUTES = (
    *GROUPS.routes(),
    Route("PUT", f"{RULES}/{{rule}}", put_rule, body=OneRuleRequest),
    reading(f"{RULES}/{{rule}}", get_rule),
    Route("DELETE", f"{RULES}/{{rule}}", delete_rule, codes=(200, 204)),
    reading(RULES, list_rules),
)
