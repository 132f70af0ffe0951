"""Every operation of Microsoft.Compute."""

from __future__ import annotations

from controlplane.arm.compute import (
    availability_sets,
    compute_operations,
    disks,
    restore_point_collections,
    snapshots,
    virtual_machine_commands,
    virtual_machine_extension_images,
    virtual_machine_extensions,
    virtual_machine_images,
    virtual_machine_sizes,
    virtual_machines,
)
from controlplane.arm.edge.routing import Route

ROUTES: tuple[Route, ...] = (
    *virtual_machines.ROUTES,
    *virtual_machine_commands.ROUTES,
    *virtual_machine_extensions.ROUTES,
    *virtual_machine_extension_images.ROUTES,
    *compute_operations.ROUTES,
    *virtual_machine_images.ROUTES,
    *virtual_machine_sizes.ROUTES,
    *disks.ROUTES,
    *snapshots.ROUTES,
    *availability_sets.ROUTES,
    *restore_point_collections.ROUTES,
)
