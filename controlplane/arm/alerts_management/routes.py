"""Every operation of Microsoft.AlertsManagement."""

from __future__ import annotations

from controlplane.arm.alerts_management import alerts
from controlplane.arm.edge.routing import Route

ROUTES: tuple[Route, ...] = alerts.ROUTES
