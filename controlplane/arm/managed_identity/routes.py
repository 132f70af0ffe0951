"""Every operation of Microsoft.ManagedIdentity."""

from __future__ import annotations

from controlplane.arm.edge.routing import Route
from controlplane.arm.managed_identity import user_assigned_identities

ROUTES: tuple[Route, ...] = (*user_assigned_identities.ROUTES,)
