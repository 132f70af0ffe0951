"""The machine on which a handler is installed: its folders, its commands, and its processes.

It does what the published guest agents do: unzips the package, writes HandlerEnvironment.json, and starts commands with
the variables that they give. Processes of the handler are known by a variable that no other process has; Linux shows it
in /proc.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from time import monotonic, sleep
from uuid import uuid4

from simulator.conformance.recording import CommandRun, FileSeen
from simulator.conformance.stage.observer import Observer

MARK = "BACKUPSIM_CONFORM_RUN"
SCENE = "BACKUPSIM_CONFORM_SCENE"
SERVED = "BACKUPSIM_CONFORM_REQUIREMENTS"
"""Variables of a handler's environment: which run of the suite it is, which scene, and which requirements that serves,
so that its own logs can name them."""
COMMAND_SECONDS = 60.0
LOOK_SECONDS = 0.03
LARGEST_FILE_BYTES = 1024 * 1024
PROC = Path("/proc")
PASSED_ON = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")


class CannotStart(Exception):
    """The package cannot be unpacked, or a command cannot be started; the sentence says why."""


class Machine:
    """`disk` is its system disk."""

    def __init__(
        self, disk: Path, name: str, version: str, profile: str, observer: Observer, scene: str, served: str
    ) -> None:
        self.disk = disk
        self.name, self.version, self.profile = name, version, profile
        self.windows = profile == "windows"
        self.observer = observer
        self.commands: list[CommandRun] = []
        self.files: list[FileSeen] = []
        self.left_running: tuple[str, ...] = ()
        self.environment = {SERVED: served}
        """More variables of every command."""
        self._mark = uuid4().hex
        self._scene = scene
        self._unpacked: set[str] = set()
        self._kept = disk.parent / "kept"
        self.root = self.root_of(version)
        logs = disk / ("WindowsAzure/Logs/Plugins" if self.windows else "var/log/azure") / name
        self.logs = logs / version if self.windows else logs
        self.certificates = disk / ("WindowsAzure/Certificates" if self.windows else "var/lib/waagent")

    def root_of(self, version: str) -> Path:
        if self.windows:
            return self.disk / "Packages" / "Plugins" / self.name / version
        return self.disk / "var" / "lib" / "waagent" / f"{self.name}-{version}"

    @property
    def settings_folder(self) -> Path:
        return self.root / ("RuntimeSettings" if self.windows else "config")

    @property
    def status_folder(self) -> Path:
        return self.root / ("Status" if self.windows else "status")

    @property
    def owner_folder(self) -> Path:
        """Where the owner of a Linux machine has settings and scripts for its backups."""
        return self.disk / "etc" / "azure"

    # ------------------------------------------------------------------------------------------------------- unpacking

    def unpack(self, package: bytes, *, version: str | None = None, as_object: bool = False) -> None:
        """Unpack a package as its version, which is from then on the one whose commands are run."""
        if version is not None:
            self.version, self.root = version, self.root_of(version)
            self.logs = self.logs.parent / version if self.windows else self.logs
        self.root.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for entry in archive.infolist():
                inside = PurePosixPath(entry.filename.replace("\\", "/"))
                if inside.is_absolute() or ".." in inside.parts:
                    raise CannotStart(f"{entry.filename} would lie outside of the package's folder")
            archive.extractall(self.root)
            self._unpacked = {*(entry.filename for entry in archive.infolist()), "HandlerEnvironment.json"}
        for path in self.root.rglob("*"):
            if path.is_file():
                path.chmod(path.stat().st_mode | 0o100)  # as the published agents do
        for folder in (self.settings_folder, self.status_folder, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._write_environment(as_object=as_object)

    def _write_environment(self, *, as_object: bool) -> None:
        places = {
            "logFolder": str(self.logs),
            "configFolder": str(self.settings_folder),
            "statusFolder": str(self.status_folder),
            "heartbeatFile": str(self.status_folder / "HeartBeat.Json"),
            "eventsFolder": str(self.logs.parent / "Events"),
        }
        if self.windows:
            places |= {"deploymentid": "d1", "rolename": "sql01", "instance": "sql01", "hostResolverAddress": ""}
        version: object = "1" if as_object else 1.0
        document: object = {"name": self.name, "version": version, "handlerEnvironment": places}
        text = json.dumps(document if as_object else [document])
        (self.root / "HandlerEnvironment.json").write_text(text, encoding="utf-8")

    # -------------------------------------------------------------------------------------------------------- commands

    def run(self, verb: str, number: int, address: str, more: Mapping[str, str] | None = None) -> CommandRun:
        """Run a command of the manifest to its end; one that takes too long is ended."""
        environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        environment |= {key: value for key, value in os.environ.items() if key.startswith("VMSNAPSHOT_")}
        environment |= {
            "ConfigSequenceNumber": str(number),
            "AZURE_GUEST_AGENT_EXTENSION_PATH": str(self.root),
            "AZURE_GUEST_AGENT_EXTENSION_VERSION": self.version,
            "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS": address,
            "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE": "NOT_RUN",
            "AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES": "[]",
            MARK: self._mark,
            SCENE: self._scene,
        }
        environment |= self.environment | dict(more or {})
        environment = {key: value for key, value in environment.items() if value}
        at, begun, used = self.observer.now(), monotonic(), _processor_seconds()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = subprocess.Popen(
                    self._command_line(verb),
                    cwd=self.root,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except OSError as problem:
                raise CannotStart(f"{verb} cannot be started: {problem.strerror}") from None
            try:
                code: int | None = process.wait(COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
                self.kill()
                process.wait()
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read(LARGEST_FILE_BYTES).decode(errors="replace"))
        if code is not None and code < 0:
            code = None  # ended by a signal
        run = CommandRun(
            at,
            verb,
            number,
            code,
            texts[0],
            texts[1],
            round(monotonic() - begun, 3),
            round(_processor_seconds() - used, 3),
        )
        self.commands.append(run)
        return run

    def _command_line(self, verb: str) -> list[str]:
        """As the simulated machines start it: of a batch file the shell script beside it."""
        try:
            manifest = json.loads((self.root / "HandlerManifest.json").read_text(encoding="utf-8-sig"))
            entry = manifest[0] if isinstance(manifest, list) else manifest
            command = str(entry["handlerManifest"][f"{verb}Command"])
        except (OSError, ValueError, LookupError, TypeError):
            raise CannotStart(f"the manifest names no command to {verb}") from None
        path, *arguments = command.replace("\\", "/").split() or [""]
        program = self.root / path
        if program.suffix.lower() == ".cmd":
            return [shutil.which("sh") or "/bin/sh", str(program.with_suffix("")), *arguments]
        return [str(program), *arguments]

    # ------------------------------------------------------------------------------------------------------- processes

    def processes(self) -> list[int]:
        mark = f"{MARK}={self._mark}".encode()
        found = []
        for name in filter(str.isdecimal, os.listdir(PROC)):
            with suppress(OSError), open(PROC / name / "environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    found.append(int(name))
        return found

    def command_lines(self, processes: list[int]) -> list[str]:
        lines = []
        for process in processes:
            with suppress(OSError):
                told = (PROC / str(process) / "cmdline").read_bytes().replace(b"\0", b" ")
                lines.append(told.decode(errors="replace").strip())
        return lines

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait until no process of the handler is left, or `until` holds. False: neither did in time."""
        deadline = monotonic() + seconds
        while self.processes():
            if until():
                return True
            if monotonic() > deadline:
                return False
            sleep(LOOK_SECONDS)
        self.observer.happened("handler ended")
        return True

    def kill(self) -> None:
        """End all processes of the handler at once, as a machine's out-of-memory killer or an agent's limit does."""
        self.observer.happened("killed")
        for process in self.processes():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)

    def end(self) -> None:
        """Nothing of the handler goes on after its scene."""
        left = self.processes()
        lines = []
        for process in left:
            with suppress(OSError):
                lines.append(
                    (PROC / str(process) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
        self.left_running = tuple(lines)
        while left:
            for process in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            sleep(LOOK_SECONDS)
            left = self.processes()

    # ----------------------------------------------------------------------------------------------------------- files

    def look(self, moment: str) -> None:
        """Keep what the files of the handler are now. A link to each keeps its identity from being given again."""
        self._kept.mkdir(exist_ok=True)
        folders = (
            (self.status_folder, "status"),
            (self.settings_folder, "settings"),
            (self.logs.parent, "log"),
            (self.owner_folder, "owner"),
        )
        for folder, label in folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    self._keep(moment, path, f"{label}/{path.relative_to(folder).as_posix()}")
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            own = path.parent in (self.status_folder, self.settings_folder) or name in self._unpacked
            if path.is_file() and not path.is_symlink() and not own and "__pycache__" not in path.parts:
                self._keep(moment, path, f"package/{name}")

    def block_logs(self) -> None:
        """From now on nothing can be written to the log folder, whoever tries: a file stands in its place."""
        shutil.rmtree(self.logs)
        self.logs.write_bytes(b"")

    def _keep(self, moment: str, path: Path, name: str) -> None:
        with suppress(OSError):
            with suppress(OSError):
                os.link(path, self._kept / uuid4().hex)
            text = path.read_bytes()[:LARGEST_FILE_BYTES].decode(errors="replace")
            self.files.append(FileSeen(self.observer.now(), moment, name, text, path.stat().st_ino))


def _processor_seconds() -> float:
    """Of all processes that this one has started and waited for, and of those that they waited for."""
    import resource  # which Windows does not have; scenes are played on Linux

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
