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
    """Where handlers are unpacked."""
    handler_logs: Path
    """Where they write their logs."""
    before_version: str
    """What stands in the name of a handler's folder between its name and its version."""
    logs_of_version: bool
    """Each version of a handler has a folder of its own for its logs."""
    settings: str
    """In the folder of a handler, where its settings lie."""
    status: str
    heartbeat: str
    events: str
    """In the folder of a handler's logs, where it leaves events."""
    tells_deployment: bool
    """Handlers are told in which deployment and role they run."""

    service: str = "WindowsAzureGuestAgent"
    """As which it runs; stopped, it does nothing."""

    def handler_folder(self, name: str, version: str) -> Path:
        return self.handlers / f"{name}{self.before_version}{version}"

    def log_folder(self, name: str, version: str) -> Path:
        return self.handler_logs / name / version if self.logs_of_version else self.handler_logs / name

    def versions_in(self, disk: Path, name: str) -> list[str]:
        """Of which versions of a handler there are folders on a disk."""
        folders, beginning = disk / self.handlers, f"{name}{self.before_version}"
        found = (folder.relative_to(folders).as_posix() for folder in folders.glob(f"{beginning}*") if folder.is_dir())
        return [path.removeprefix(beginning) for path in found]


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
