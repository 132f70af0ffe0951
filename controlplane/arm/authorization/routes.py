"""The operations of Microsoft.Authorization, which stand below every scope."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.arm.authorization import role_assignments, role_definitions
from controlplane.arm.edge import locks
from controlplane.arm.edge.routing import Route


def below(resource_routes: Sequence[Route]) -> tuple[Route, ...]:
    """Locks and roles of the subscription, of each group and of each resource type."""
    return tuple(
        route for each in (locks, role_assignments, role_definitions) for route in each.routes(resource_routes)
    )
