"""The operations of Microsoft.Insights: metrics of vaults, and diagnostic settings below every resource."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.arm.edge.routing import Route
from controlplane.arm.insights import diagnostic_settings, metrics

ROUTES: tuple[Route, ...] = metrics.ROUTES


def below(resource_routes: Sequence[Route]) -> tuple[Route, ...]:
    """Diagnostic settings of each resource type."""
    return diagnostic_settings.routes(resource_routes)
