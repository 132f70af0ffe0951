"""Every operation of Microsoft.RecoveryServices, and the endpoints outside ARM that file recovery needs."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from controlplane.arm.edge.routing import Route
from controlplane.arm.recovery_services import (
    backup_jobs,
    backup_policies,
    backup_status,
    deleted_vaults,
    item_recovery,
    job_export,
    operations,
    protectable_items,
    protected_items,
    protection_containers,
    provider,
    recovery_point_tiers,
    recovery_points,
    replication_vault_settings,
    resource_guard_proxies,
    source_scan,
    validate_operations,
    vault_configs,
    vault_usages,
    vaults,
)
from controlplane.ports import Ports

ROUTES: tuple[Route, ...] = (
    *protected_items.ROUTES,
    *backup_jobs.ROUTES,
    *job_export.ROUTES,
    *recovery_points.ROUTES,
    *recovery_point_tiers.ROUTES,
    *item_recovery.ROUTES,
    *source_scan.ROUTES,
    *operations.ROUTES,
    *protection_containers.ROUTES,
    *protectable_items.ROUTES,
    *backup_policies.ROUTES,
    *backup_status.ROUTES,
    *validate_operations.ROUTES,
    *vault_configs.ROUTES,
    *vault_usages.ROUTES,
    *resource_guard_proxies.ROUTES,
    *provider.ROUTES,
    *replication_vault_settings.ROUTES,
    *vaults.ROUTES,
    *deleted_vaults.ROUTES,
)


def listing(resource_routes: Sequence[Route]) -> tuple[Route, ...]:
    """The list of the namespace's operations, read off those of all resource types."""
    return provider.routes(resource_routes)


def open_routes(ports: Ports) -> list[BaseRoute]:
    """Routes outside ARM: the script of a file-recovery session and the bytes that it reads. They take no token."""
    return item_recovery.open_routes(ports)
