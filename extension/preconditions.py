"""Decides whether a task may touch its machine, and how: from settings, facts and the time; no I/O."""

from __future__ import annotations

from datetime import datetime

from extension.contract.bridge import Facts
from extension.contract.codes import VSS_SERVICE_ERROR
from extension.contract.settings import SnapshotMethod, SnapshotSettings
from extension.outcome import Outcome, no_disks, no_vss, only_the_host, too_late

PERSISTENT_KEYS = r"HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys"
NEEDED_SERVICES = {
    "VSS": VSS_SERVICE_ERROR,
    "COMSysApp": "ExtensionSnapshotFailedCOM",
    "MSDTC": "ExtensionInstallationFailedMDTC",
}
"""Windows services without which VSS takes no snapshot, and what the service calls the failure of each."""


def objection(settings: SnapshotSettings, facts: Facts, host_time: datetime) -> Outcome | None:
    """Why the task must not be carried out; None when it may be. May raise SettingsError."""
    # Host-side snapshots are not part of this version, so "first host then guest" goes straight to the guest.
    if settings.method(_persistent(facts, "SnapshotMethod")) is SnapshotMethod.ONLY_HOST:
        return only_the_host()
    if not settings.disks:
        return no_disks()
    if settings.too_late(host_time):
        return too_late()
    missing = missing_service(facts)
    return no_vss(missing) if missing and not crash_allowed(settings) else None


def missing_service(facts: Facts) -> str | None:
    """The name of the error when this machine can't freeze; None when it can."""
    if not facts.has_vss:
        return None  # a system like Linux: file systems are frozen, and no service is needed for it
    for service, error_name in NEEDED_SERVICES.items():
        if facts.services.get(service) == "Disabled":
            return error_name
    return None if facts.vss_available else VSS_SERVICE_ERROR


def crash_allowed(settings: SnapshotSettings) -> bool:
    """Only a repeated attempt may do without a freeze, and only when the service says so.

    The published Linux handler asks for a single disk as well, as its freeze is per file system. Here the disks of a
    machine count as one: not frozen together, they are no worse for being several.
    """
    return settings.custom.can_take_crash_consistent_snapshot and settings.custom.backup_retry_count > 0


def one_by_one(facts: Facts) -> bool:
    """The owner of the machine wants its snapshots requested one after another."""
    return (_persistent(facts, "SnapshotWithoutThreads") or "").strip().lower() == "true"


def _persistent(facts: Facts, name: str) -> str | None:
    path = rf"{PERSISTENT_KEYS}\{name}".lower()
    return next((value for key, value in facts.registry.items() if key.lower() == path), None)
