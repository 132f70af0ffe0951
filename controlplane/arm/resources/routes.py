"""Every operation of Microsoft.Resources, and those that are read off the operations of all other types."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.arm.edge.routing import Route
from controlplane.arm.resources import (
    deployments,
    group_deletion,
    providers,
    resource_groups,
    resources,
    subscriptions,
)

ROUTES: tuple[Route, ...] = (
    *deployments.ROUTES,
    *resource_groups.ROUTES,
    *group_deletion.ROUTES,
    *subscriptions.ROUTES,
)


def over_all(resource_routes: Sequence[Route], described: Sequence[Route]) -> tuple[Route, ...]:
    """What lists or describes resources whatever their type.

    `resource_routes`: of each resource type. `described`: these, and what stands below any scope.
    """
    return (
        *resources.routes(resource_routes),
        *providers.routes(described),
    )
