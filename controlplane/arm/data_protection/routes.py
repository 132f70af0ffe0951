"""Every operation of Microsoft.DataProtection."""

from __future__ import annotations

from controlplane.arm.data_protection import resource_guards
from controlplane.arm.edge.routing import Route

ROUTES: tuple[Route, ...] = (*resource_guards.ROUTES,)
