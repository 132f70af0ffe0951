"""Subscriptions, their locations, and tenants: what a client reads right after it signed in."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, reading
from controlplane.domain.location import REGIONS
from controlplane.json_object import Json

NAME = "Azure Backup simulator"


def list_subscriptions(call: Call) -> Answer:
    return as_json({"value": [_subscription(call)], "count": {"type": "Total", "value": 1}})


def get_subscription(call: Call) -> Answer:
    return as_json(_subscription(call))


def list_locations(call: Call) -> Answer:
    return as_json({"value": [_location(call, name, people) for name, people in REGIONS.items()]})


def list_tenants(call: Call) -> Answer:
    tenant = call.identity.tenant_id
    names = {"displayName": NAME, "defaultDomain": "backupsim.invalid", "domains": ["backupsim.invalid"]}
    return as_json({"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home", **names}]})


def _subscription(call: Call) -> Json:
    return {
        "id": f"/subscriptions/{call.identity.subscription_id}",
        "subscriptionId": call.identity.subscription_id,
        "tenantId": call.identity.tenant_id,
        "displayName": NAME,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }


def _location(call: Call, name: str, people: str) -> Json:
    return {
        "id": f"/subscriptions/{call.identity.subscription_id}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": people,
        "regionalDisplayName": people,
        "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
    }


ROUTES = (
    reading("/subscriptions", list_subscriptions),
    reading(SUBSCRIPTION, get_subscription),
    reading(f"{SUBSCRIPTION}/locations", list_locations),
    reading("/tenants", list_tenants),
)
