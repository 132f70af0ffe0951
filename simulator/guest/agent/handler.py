"""One version of a handler on a machine's disk: its package, folders, settings and what the agent remembers of it.

In which folders it lies says the profile of the machine's agent. What the agent of Windows remembers stands in the
registry; here it lies beside the settings, where the published Linux agent keeps it: HandlerState and HandlerStatus.
"""

from __future__ import annotations

import io
import json
import shutil
import stat
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from extension.contract.protocol import ENVIRONMENT_FILE, MANIFEST_FILE, HandlerEnvironment, HandlerManifest
from extension.contract.redaction import redact
from simulator.guest.files import write_private, write_whole
from simulator.guest.os_profile import AgentProfile

NOT_INSTALLED, INSTALLED, ENABLED, FAILED_UPGRADE = "NotInstalled", "Installed", "Enabled", "FailedUpgrade"

COMMAND_LOG = "CommandExecution.log"
LARGEST_COMMAND_LOG_BYTES = 10 * 1024 * 1024
SEQUENCE_FILE = "mrseq"


class PackageUnusable(Exception):
    """The downloaded package can't be unpacked."""


@dataclass(frozen=True, slots=True)
class HandlerStatus:
    """What the agent itself says of a handler, apart from the handler's own status file."""

    status: str
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Handler:
    disk: Path
    """The folder that is the machine's system disk."""
    agent: AgentProfile
    name: str
    """Publisher.Type."""
    version: str

    @property
    def root(self) -> Path:
        return self.disk / self.agent.handler_folder(self.name, self.version)

    @property
    def log_folder(self) -> Path:
        return self.disk / self.agent.log_folder(self.name, self.version)

    @property
    def settings_folder(self) -> Path:
        return self.root / self.agent.settings

    @property
    def status_folder(self) -> Path:
        return self.root / self.agent.status

    def status_file(self, sequence_number: int) -> Path:
        return self.status_folder / f"{sequence_number}.status"

    def others(self) -> list[Handler]:
        """Other versions of it that are installed, newest first."""
        versions = [each for each in self.agent.versions_in(self.disk, self.name) if each != self.version]
        handlers = [replace(self, version=version) for version in sorted(versions, key=numbers, reverse=True)]
        return [handler for handler in handlers if handler.state in (INSTALLED, ENABLED)]

    # --------------------------------------------------------------------------------------------------------- package

    def unpack(self, content: bytes) -> None:
        """Every file may be executed, as packages made on Windows don't say which."""
        shutil.rmtree(self.root, ignore_errors=True)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for entry in archive.infolist():
                    _refuse_to_leave(entry.filename)
                archive.extractall(self.root)
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as problem:
            raise PackageUnusable(f"the package cannot be unpacked: {problem}") from None
        for path in self.root.rglob("*"):
            if path.is_file():
                path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def manifest(self) -> HandlerManifest:
        """FileNotFoundError without one, ProtocolError for one that is malformed."""
        return HandlerManifest.parse((self.root / MANIFEST_FILE).read_bytes())

    def initialize(self, deployment: str, role: str) -> None:
        """Its folders, and what it is told of them. Done again before each command: the machine's disk may lie in
        another folder than when the handler was installed."""
        events = self.disk / self.agent.handler_logs / self.name / self.agent.events
        for folder in (self.settings_folder, self.status_folder, self.log_folder, events):
            folder.mkdir(parents=True, exist_ok=True)
        names = {"deploymentid": deployment, "rolename": role, "instance": role, "hostResolverAddress": ""}
        environment = HandlerEnvironment(
            name=self.name,
            log_folder=str(self.log_folder),
            config_folder=str(self.settings_folder),
            status_folder=str(self.status_folder),
            heartbeat_file=str(self.root / self.agent.heartbeat),
            events_folder=str(events),
            extra=names if self.agent.tells_deployment else {},
        )
        file, text = self.root / ENVIRONMENT_FILE, environment.render()
        if not file.is_file() or file.read_bytes() != text.encode():
            write_whole(file, text)

    def write_settings(self, sequence_number: int, text: str) -> None:
        write_private(self.settings_folder / f"{sequence_number}.settings", text)

    def take_over(self, old: Handler) -> None:
        """What an update carries from version to version."""
        for file in (old.root / SEQUENCE_FILE, *old.status_folder.glob("*.status")):
            if file.is_file():
                target = self.root / file.relative_to(old.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)

    def remove(self) -> None:
        """The logs stay."""
        shutil.rmtree(self.root, ignore_errors=True)
        parent = self.root.parent
        if parent != self.disk / self.agent.handlers and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()

    # ---------------------------------------------------------------------------------------- what the agent remembers

    @property
    def state(self) -> str:
        """One that cannot be read is none: the handler is then unpacked and installed anew."""
        try:
            return (self.settings_folder / "HandlerState").read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return NOT_INSTALLED

    def become(self, state: str) -> None:
        write_whole(self.settings_folder / "HandlerState", state)

    @property
    def status(self) -> HandlerStatus | None:
        """None: the agent has nothing to say of it, so it is not there, or what it said cannot be read."""
        try:
            return HandlerStatus(**json.loads((self.settings_folder / "HandlerStatus").read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def say(self, status: str, code: int, message: str) -> None:
        said = HandlerStatus(status, code, redact(message))
        write_whole(self.settings_folder / "HandlerStatus", json.dumps(asdict(said)))

    def log_command(self, text: str) -> None:
        """Append to the log of commands; when it gets long its older half goes."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        file = self.log_folder / COMMAND_LOG
        with file.open("a", encoding="utf-8") as log:
            log.write(redact(text) + "\n")
        if file.stat().st_size > LARGEST_COMMAND_LOG_BYTES:
            write_whole(file, file.read_bytes()[-LARGEST_COMMAND_LOG_BYTES // 2 :])


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def _refuse_to_leave(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name:
        raise PackageUnusable(f"the package would write outside of its folder: {name}")
