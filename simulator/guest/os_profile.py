"""What the operating system of a guest is, as one description that its host, its agent and its programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """The guest agent of an operating system. Its folders are relative to the system disk."""

    name: str
    """What it calls itself at the wire server."""
    version: str
    certificates: Path
    """Where handlers find the certificates of the machine."""
    state: Path
    handlers: Path
    """Where handlers are unpacked: below it a folder for each, and in that one for each version."""
    handler_logs: Path
    """Where they write their logs, in folders of the same names."""


@dataclass(frozen=True, slots=True)
class OsProfile:
    name: str
    version: str
    file_system: str
    services: Mapping[str, str]
    """Service -> its state, as far as a backup leans on it."""
    registry: Mapping[str, str]
    """Empty where there is none."""
    system_files: tuple[str, ...]
    """What an installation puts on the OS disk."""
    mount_point: Callable[[int, int], str]
    """(LUN, index among the volumes by LUN) -> where the volume is found."""
    agent: AgentProfile
    has_vss: bool = True
    """False: a freeze is one of the file systems, and there is nobody to prepare programs for it."""
    has_sql_server: bool = False
