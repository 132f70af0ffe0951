"""Restarts a service of a Windows guest: the writers in it begin anew."""

from __future__ import annotations

from simulator.guest.os_profile import OsProfile
from simulator.guest.vss.snapshot_set import VssService


class CannotRestart(RuntimeError):
    """The service did not restart; says why."""


def restart(name: str, profile: OsProfile, vss: VssService) -> str:
    """Restart a service by its name, which is returned as the system spells it."""
    services = dict(profile.services)
    for writer in vss.writers.listed():
        if writer.writer_class.service:
            services.setdefault(writer.writer_class.service, "Running")
    service = next((each for each in services if each.lower() == name.lower()), None)
    if service is None:
        raise CannotRestart(f"Cannot find any service with service name '{name}'.")
    if services[service] == "Disabled":
        raise CannotRestart(f"Service '{service}' cannot be started, because it is disabled.")
    if services[service] == "Stopped":
        raise CannotRestart(f"Service '{service}' did not start; it is stopped as soon as it runs.")
    if not vss.restart_service(service):
        raise CannotRestart(f"Service '{service}' cannot be stopped while a snapshot set is being made.")
    return service
