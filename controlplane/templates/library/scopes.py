"""Functions that tell where the template is deployed to."""

from __future__ import annotations

from controlplane.templates.language.context import Context
from controlplane.templates.language.signature import Unfit, define
from controlplane.templates.language.values import Value


def _resource_group(context: Context) -> Value:
    group = context.deployment.scope.group
    if group is None:
        raise Unfit("the template is not deployed to a resource group")
    return dict(group)


def _subscription(context: Context) -> Value:
    scope = context.deployment.scope
    return {
        "id": f"/subscriptions/{scope.subscription_id}",
        "subscriptionId": scope.subscription_id,
        "tenantId": scope.tenant_id,
        "displayName": scope.subscription_name,
    }


def _tenant(context: Context) -> Value:
    id = context.deployment.scope.tenant_id
    return {"id": f"/tenants/{id}", "tenantId": id}


FUNCTIONS = (
    define("resourceGroup", _resource_group, in_context=True),
    define("subscription", _subscription, in_context=True),
    define("tenant", _tenant, in_context=True),
)
