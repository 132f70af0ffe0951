"""Every operation of Microsoft.Storage."""

from __future__ import annotations

from controlplane.arm.edge.routing import Route
from controlplane.arm.storage import blob_containers, storage_accounts, storage_operations, storage_services

ROUTES: tuple[Route, ...] = (
    *storage_accounts.ROUTES,
    *storage_operations.ROUTES,
    *storage_services.ROUTES,
    *blob_containers.ROUTES,
)
