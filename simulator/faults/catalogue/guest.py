"""Faults inside a Windows guest: writers, VSS and its provider, services, registry, certificate."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.agent import GuestCertificateSeam
from simulator.faults.seams.guest import (
    GuestClockSeam,
    GuestRegistrySeam,
    GuestServiceSeam,
    VssServiceSeam,
    VssWriterSeam,
    hresult,
)

_DOT_NET = r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
_DOT_NET_RUN = r"HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319"
_VC_RUNTIME = r"HKLM\SOFTWARE\Microsoft\VisualStudio\11.0\VC\Runtimes\x64"
_PERSISTENT = r"HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys"


def _says(text: str) -> Parameter:
    return Parameter(text, "what it says of itself, in the log of events and in reports")


def _hresult(name: str) -> Parameter:
    return Parameter(name, "HRESULT of VSS by name or number", read=lambda text: hresult(text).name)


def _writer(name: str, event: str, code: str, says: str, what: str, writer: str = "*") -> Definition:
    return Definition(
        name=name,
        seam=VssWriterSeam.NAME,
        what=what,
        parameters={"hresult": _hresult(code), "says": _says(says)},
        where={"operation": f"{event} {writer}"},
    )


_WRITERS = (
    _writer(
        "vss-writer-fails-freeze",
        "Freeze",
        "WRITER_RETRYABLE",
        "the writer could not freeze its files",
        "The System Writer rejects the event Freeze.",
        "System Writer",
    ),
    _writer(
        "vss-writer-times-out",
        "Freeze",
        "WRITER_TIMEOUT",
        "the writer took too long",
        "The writer of SQL Server does not freeze in time.",
        "SqlServerWriter",
    ),
    _writer(
        "vss-writer-fails-prepare",
        "PrepareSnapshot",
        "WRITER_NON_RETRYABLE",
        "the writer cannot prepare its files",
        "The writer of WMI rejects the event PrepareSnapshot.",
        "WMI Writer",
    ),
    _writer(
        "vss-writer-out-of-resources",
        "PrepareBackup",
        "WRITER_OUT_OF_RESOURCES",
        "the writer has no memory left",
        "The Registry Writer has no memory to prepare a backup with.",
        "Registry Writer",
    ),
    _writer(
        "vss-writer-not-responding",
        "Identify",
        "WRITER_NOT_RESPONDING",
        "the writer does not answer",
        "The Task Scheduler Writer does not answer when writers are gathered.",
        "Task Scheduler Writer",
    ),
    _writer(
        "vss-writer-fails-thaw",
        "Thaw",
        "WRITER_RETRYABLE",
        "the writer could not thaw its files",
        "The writer of SQL Server fails once the snapshots are taken.",
        "SqlServerWriter",
    ),
    _writer(
        "vss-writer-fails-post-snapshot",
        "PostSnapshot",
        "WRITER_INCONSISTENT_SNAPSHOT",
        "the snapshot set lacks a volume of the writer",
        "The writer of SQL Server finds a volume missing in the snapshot set.",
        "SqlServerWriter",
    ),
)


def _service_fails(name: str, code: str, says: str, what: str, operation: str = "*") -> Definition:
    return Definition(
        name=name,
        seam=VssServiceSeam.NAME,
        what=what,
        parameters={"hresult": _hresult(code), "says": _says(says)},
        where={"operation": operation} if operation != "*" else {},
    )


_VSS = (
    _service_fails(
        "vss-provider-veto",
        "PROVIDER_VETO",
        "the provider refuses the snapshot set",
        "The snapshot provider vetoes every snapshot set.",
    ),
    _service_fails(
        "vss-provider-not-registered",
        "PROVIDER_NOT_REGISTERED",
        "the provider is not registered",
        "The snapshot provider of the extension is not registered.",
    ),
    _service_fails(
        "vss-writer-infrastructure",
        "WRITER_INFRASTRUCTURE",
        "the writer infrastructure does not work",
        "The event system by which VSS reaches its writers does not work.",
        "freeze with writers",
    ),
    _service_fails(
        "vss-flush-times-out",
        "FLUSH_WRITES_TIMEOUT",
        "a volume could not be flushed in time",
        "The volumes cannot be flushed within the time that VSS has for it.",
    ),
    _service_fails(
        "vss-hold-times-out",
        "HOLD_WRITES_TIMEOUT",
        "writes could not be held",
        "Writes cannot be held for as long as VSS needs.",
    ),
    _service_fails(
        "vss-shadow-storage-full",
        "INSUFFICIENT_STORAGE",
        "the shadow storage cannot grow",
        "The shadow storage of a volume is full.",
    ),
    _service_fails(
        "vss-too-many-shadow-copies",
        "TOO_MANY_SNAPSHOTS",
        "the volume has as many shadow copies as it may have",
        "A volume has as many shadow copies as it may have.",
    ),
    _service_fails(
        "com-plus-fails",
        "SERVER_EXECUTION_FAILED",
        "a COM+ application could not be started",
        "The COM+ application of the snapshot provider does not start.",
    ),
    _service_fails(
        "msdtc-unreachable",
        "TRANSACTION_COORDINATOR_NOT_AVAILABLE",
        "COM+ was unable to talk to the Microsoft Distributed Transaction Coordinator",
        "COM+ does not reach the transaction coordinator.",
    ),
    _service_fails(
        "guest-out-of-memory",
        "OUT_OF_MEMORY",
        "not enough memory is available",
        "The guest has no memory left for a snapshot set.",
    ),
    _service_fails(
        "bitlocker-volume-locked",
        "DRIVE_LOCKED",
        "a drive is locked by BitLocker Drive Encryption",
        "A volume of the guest is locked by BitLocker.",
    ),
)


def _service(name: str, service: str, state: str, what: str) -> Definition:
    return Definition(name, GuestServiceSeam.NAME, what, {"service": service, "state": state})


_SERVICES = (
    _service("vss-service-disabled", "VSS", "Disabled", "The Volume Shadow Copy service is disabled."),
    _service("com-plus-service-disabled", "COMSysApp", "Disabled", "COM+ System Application is disabled."),
    _service("msdtc-service-disabled", "MSDTC", "Disabled", "The Distributed Transaction Coordinator is disabled."),
    Definition(
        "guest-service-state",
        GuestServiceSeam.NAME,
        "A service of the guest has another state.",
        parameters={
            "service": Parameter("EventSystem", "name of the service"),
            "state": Parameter("Stopped", "its state", choices=("Running", "Stopped", "Disabled")),
        },
    ),
)


def _registry(name: str, value: str, data: str, what: str) -> Definition:
    return Definition(name, GuestRegistrySeam.NAME, what, {"value": value, "data": data})


_VALUES = (
    _registry(
        "snapshots-only-by-host",
        rf"{_PERSISTENT}\SnapshotMethod",
        "onlyHost",
        "The registry of the guest allows snapshots by its host alone.",
    ),
    _registry(
        "dot-net-too-old", rf"{_DOT_NET}\Release", "378389", "The .NET Framework of the guest is older than 4.5.1."
    ),
    _registry(
        "weak-tls", rf"{_DOT_NET_RUN}\SchUseStrongCrypto", "0", ".NET in the guest does not negotiate strong TLS."
    ),
    _registry(
        "vc-runtime-missing",
        rf"{_VC_RUNTIME}\Installed",
        "0",
        "The Visual C++ runtime that the provider needs is missing.",
    ),
    Definition(
        "guest-registry-value",
        GuestRegistrySeam.NAME,
        "A value of the guest's registry is another one.",
        parameters={
            "value": Parameter(rf"{_PERSISTENT}\SnapshotWithoutThreads", "path and name of the value"),
            "data": Parameter("true", "its data, as text"),
        },
    ),
)

_CERTIFICATE = (
    Definition(
        "guest-certificate-missing",
        GuestCertificateSeam.NAME,
        "The certificate that a handler's settings are sealed for is gone from the guest.",
    ),
)


def _clock(name: str, minutes: int, least: int, most: int, what: str) -> Definition:
    parameter = Parameter(minutes, "minutes of which it is ahead", least=least, most=most)
    return Definition(name, GuestClockSeam.NAME, what, parameters={"ahead_minutes": parameter})


_CLOCK = (
    _clock(
        "guest-clock-ahead", 150, 1, 100_000, "The clock of the guest is ahead, so that a task looks older than it is."
    ),
    _clock(
        "guest-clock-behind",
        -150,
        -100_000,
        -1,
        "The clock of the guest is behind, so that a task seems to begin in the future.",
    ),
)

FAULTS = (*_WRITERS, *_VSS, *_SERVICES, *_VALUES, *_CLOCK, *_CERTIFICATE)
