"""Decides whether a task may touch its machine, and how: from settings, facts and the time; no I/O."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from extension.contract import fallback
from extension.contract.bridge import Facts
from extension.contract.codes import (
    COM_ERROR,
    DOT_NET_ERROR,
    TLS_ERROR,
    TRANSACTION_COORDINATOR_ERROR,
    VC_RUNTIME_ERROR,
    VSS_SERVICE_ERROR,
)
from extension.contract.settings import SnapshotMethod, SnapshotSettings
from extension.outcome import Outcome, no_disks, no_vss, only_the_host, runtime_missing, too_late

PERSISTENT_KEYS = r"HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys"
NEEDED_SERVICES = {
    "VSS": VSS_SERVICE_ERROR,
    "COMSysApp": COM_ERROR,
    "MSDTC": TRANSACTION_COORDINATOR_ERROR,
}
"""Windows services without which VSS takes no snapshot, and what the service calls the failure of each."""
NEEDED_VALUES = (
    (r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full\Release", 378675, DOT_NET_ERROR, ".NET Framework 4.5.1"),
    (r"HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319\SchUseStrongCrypto", 1, TLS_ERROR, "strong TLS of .NET"),
    (
        r"HKLM\SOFTWARE\Microsoft\VisualStudio\11.0\VC\Runtimes\x64\Installed",
        1,
        VC_RUNTIME_ERROR,
        "Visual C++ 2012 Redistributable",
    ),
)
"""Numbers in the registry that are at least so large where the extension can work, what the service calls the failure,
and what is missing. A value that is not there says nothing."""


class OwnerSettings(NamedTuple):
    """What the owner of a machine has set for its backups."""

    method: str | None = None
    """Who is to take the snapshots, in place of what the service says."""
    one_by_one: bool = False
    workload: str = ""
    """The database that is to be brought to rest by the workload framework; empty: none."""
    without_effect: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def objection(
    settings: SnapshotSettings,
    facts: Facts,
    time: datetime,
    *,
    host_usable: bool = False,
    method: str | None = None,
) -> Outcome | None:
    """Why the task must not be carried out; None when it may be. May raise SettingsError.

    `time`: by the clock that counts, which `host_time_counts` says.
    `method`: who is to take the snapshots by the will of the machine's owner, if he has one."""
    if settings.method(method) is SnapshotMethod.ONLY_HOST:
        if not (host_usable and may_ask_the_host(settings)):
            return only_the_host()
    elif not settings.disks:
        return no_disks()
    if settings.too_late(time):
        return too_late()
    for path, least, error_name, what in NEEDED_VALUES:
        value = _value(facts, path)
        if value is not None and value.isdecimal() and int(value) < least:
            return runtime_missing(error_name, what)
    missing = missing_service(facts)
    if missing is None:
        return None
    then = fallback.then(fallback.BEFORE_FREEZE, vss_usable=False, crash_allowed=crash_allowed(settings))
    return no_vss(missing) if then == fallback.REPORT else None


def may_ask_the_host(settings: SnapshotSettings) -> bool:
    """Whether the service has prepared the host for this task: without its token and the numbers of the disks no host
    takes a snapshot."""
    return bool(settings.snapshot_token and settings.included.luns)


def host_time_counts(facts: Facts) -> bool:
    """Whether the host's clock, where the host tells it, says how old a task is, and not the guest's own.

    The published Linux handler has it so. On Windows the owner may ask for it: CalculateSnapshotTimeFromHost is what
    the troubleshooting guide of Azure Backup names where a snapshot is found to come too late."""
    return not facts.has_vss or _is_true(_persistent(facts, "CalculateSnapshotTimeFromHost"))


def owners_method(facts: Facts) -> str | None:
    """Who is to take the snapshots by the registry of a Windows machine."""
    return _persistent(facts, "SnapshotMethod")


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
    return _is_true(_persistent(facts, "SnapshotWithoutThreads"))


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() == "true"


def _persistent(facts: Facts, name: str) -> str | None:
    return _value(facts, rf"{PERSISTENT_KEYS}\{name}")


def _value(facts: Facts, path: str) -> str | None:
    return next((value for key, value in facts.registry.items() if key.lower() == path.lower()), None)
