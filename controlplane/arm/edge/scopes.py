"""Resources that stand below any scope: a subscription, a resource group, or a resource in one."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.edge.call import Call
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, group_resources


def every_scope(described: Iterable[Route]) -> tuple[str, ...]:
    """The paths of all scopes, from the widest down."""
    return (SUBSCRIPTION, GROUP, *group_resources(described))


def existing_scope(call: Call, full_type: str) -> str:
    """The id of the scope below which the path names a resource of this type; it must be there."""
    scope = call.id.partition(f"/providers/{full_type}")[0]
    if scope != call.subscription_id:
        call.ask("GET", scope)
    return scope
