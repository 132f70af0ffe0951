"""Every operation of Microsoft.Storage."""

from __future__ import annotations

from controlplane.arm.edge.routing import Route
from controlplane.arm.storage import storage_accounts

ROUTES: tuple[Route, ...] = (*storage_accounts.ROUTES,)
