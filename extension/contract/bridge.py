"""Messages between a handler and a simulated guest: session, facts, volumes, time, freeze, thaw.

A real guest needs none of this: there the handler talks to Windows. On a simulated guest the same verbs travel as HTTP
to the wire server's address, below the path `/bridge`, with the guest's token as bearer:

    GET  /bridge/session?task_id=T   one JSON line {"session": id}, then the connection stays open: whoever loses the
                                     other end knows it at once. The guest thaws when its requester is gone (as VSS does
                                     when a requester's process ends); the handler ends when its guest is gone.
    GET  /bridge/facts               Facts
    GET  /bridge/volumes             {"volumes": [Volume, ...]}
    GET  /bridge/now                 {"now": RFC 3339 UTC, "ahead_seconds": number}: the guest's clock, and by how
                                     much it is ahead of the right time; negative: behind; missing: it is right
    POST /bridge/freeze              FreezeRequest -> FreezeReport, when all writers are frozen and writes are held
    POST /bridge/thaw                {"session": id} -> ThawReport; without a freeze of this session: 409
    POST /bridge/workload            {"workload", "act": freeze | thaw | status, "seconds"} -> {"at_rest": bool}; not
                                     for handlers: scripts of a Linux guest bring its programs to rest by it

Errors are {"error": sentence} with 401 (token), 404 (no such session), 409 (wrong moment).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

TOKEN_FILE = "bridge.token"
"""Name of the file, in the package root or a folder above it, by which a handler knows that its guest is simulated."""

PREFIX = "/bridge"


class Facts(NamedTuple):
    """What a handler may ask about its guest before it touches anything."""

    computer_name: str
    os_name: str
    os_version: str
    agent_version: str
    machine_id: str
    """Identity of this installation, a GUID in lower case; changes when a copy of the machine boots."""
    vss_available: bool
    services: Mapping[str, str] = MappingProxyType({})
    """Service name -> "Running" | "Stopped" | "Disabled"."""
    registry: Mapping[str, str] = MappingProxyType({})
    """`HKLM\\...\\key\\value` -> text, for the keys the handler reads."""
    has_vss: bool = True
    """False: the system is one without VSS and writers, as Linux is. Its file systems alone are frozen."""


class Volume(NamedTuple):
    name: str
    """Mount point, for instance `F:\\` or `/mnt/disk0`."""
    lun: int
    """Disk it lies on; -1 is the OS disk."""
    file_system: str
    size_bytes: int
    used_bytes: int


class WriterReport(NamedTuple):
    """One VSS writer after the event: `state` is the VSS_WRITER_STATE number, `last_error` its HRESULT (0 = none)."""

    name: str
    writer_id: str
    instance_id: str
    state: int
    last_error: int = 0

    @property
    def failed(self) -> bool:
        return self.last_error != 0


class FreezeRequest(NamedTuple):
    session: str
    timeout_seconds: float
    writers: bool = True
    """False: flush and hold the volumes without asking any writer (file-system consistency)."""


class FreezeReport(NamedTuple):
    """`frozen`: writes are held now and the requester owes a thaw. Otherwise nothing is held."""

    frozen: bool
    hresult: int = 0
    """What VSS answered when not frozen, for instance 0x80042313; where there is no VSS, a number of errno.h."""
    message: str = ""
    writers: tuple[WriterReport, ...] = ()
    frozen_at: str = ""
    """RFC 3339 UTC, the guest's clock when the hold began. Empty: not told."""


class ThawReport(NamedTuple):
    """`consistent`: the hold lasted until this thaw. False when the guest had to let go by itself before."""

    consistent: bool
    held_milliseconds: float
    hresult: int = 0
    message: str = ""
    writers: tuple[WriterReport, ...] = ()


def to_json(message: Facts | Volume | FreezeRequest | FreezeReport | ThawReport) -> dict[str, Any]:
    """The message as JSON values; keys are the field names."""
    return {name: _plain(value) for name, value in message._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return [writer._asdict() for writer in value] if isinstance(value, tuple) else value


def freeze_report(data: dict[str, Any]) -> FreezeReport:
    return FreezeReport(**{**data, "writers": tuple(WriterReport(**writer) for writer in data["writers"])})


def thaw_report(data: dict[str, Any]) -> ThawReport:
    return ThawReport(**{**data, "writers": tuple(WriterReport(**writer) for writer in data["writers"])})
