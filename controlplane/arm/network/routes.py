"""Every operation of Microsoft.Network."""

from __future__ import annotations

from controlplane.arm.edge.routing import Route
from controlplane.arm.network import network_interfaces, network_security_groups, public_ip_addresses, virtual_networks

ROUTES: tuple[Route, ...] = (
    *virtual_networks.ROUTES,
    *network_security_groups.ROUTES,
    *public_ip_addresses.ROUTES,
    *network_interfaces.ROUTES,
)
