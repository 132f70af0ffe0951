"""Runs a handler's command as a process that is asked, never waited for, and ends whatever a machine still runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from controlplane.writer_held import about_to_wait
from extension.contract.protocol import MANIFEST_FILE, HandlerManifest, ProtocolError

HEAD_BYTES = TAIL_BYTES = 1536
"""How much of a command's output is kept: its beginning and its end."""
MARKER = "AZURE_GUEST_AGENT_EXTENSION_PATH"
"""The variable by which a machine's processes are told from others; its value lies below the machine's folder."""
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What a guest sees of the environment of the simulator. The rest may hold credentials that are no guest's business."""
PASSED_ON_PREFIX = "VMSNAPSHOT_"


class Output(NamedTuple):
    """What a command wrote to its two streams, the middle of each left out when it is long."""

    stdout: str
    stderr: str = ""

    @property
    def text(self) -> str:
        """Both, for whoever wants one text; in which order they were written is not known."""
        return "\n".join(filter(None, self))


class CommandMissing(Exception):
    """The manifest names a command that is not in the package."""


class RunningCommand(Protocol):
    """A command of a handler that was started."""

    def poll(self) -> int | None:
        """The exit code once it has ended."""

    def kill(self) -> None:
        """End it and everything it started; nothing if it has ended."""

    def written_bytes(self) -> int:
        """How much it has written so far; not to be asked after `output`."""

    def output(self) -> Output:
        """What it wrote, after its end. Can be asked for once."""


CommandRunner = Callable[[list[str], Path, Mapping[str, str]], RunningCommand]
"""(arguments, folder, environment) -> the command. Raises OSError when it can't be started."""


class Command:
    """A started command. It leads a process group of its own, which is what kill() ends."""

    def __init__(self, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._streams = Streams()
        self._process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._streams.stdout,
            stderr=self._streams.stderr,
            start_new_session=True,
        )

    @property
    def process_id(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code once it has ended."""
        return self._process.poll()

    def kill(self) -> None:
        """End it and everything in its group."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
            about_to_wait("the end of a process")
            self._process.wait()

    def written_bytes(self) -> int:
        return self._streams.written_bytes()

    def output(self) -> Output:
        """Can be asked for once."""
        return self._streams.output()


class Streams:
    """Where a command writes. Files, not pipes: whoever inherits them may outlive the command, and a full pipe would
    stop it."""

    def __init__(self) -> None:
        self.stdout, self.stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - output() closes

    def written_bytes(self) -> int:
        return sum(os.fstat(stream.fileno()).st_size for stream in (self.stdout, self.stderr))

    def output(self) -> Output:
        """What was written. Closes both."""
        return Output(_text_of(self.stdout), _text_of(self.stderr))

    def close(self) -> None:
        self.stdout.close()
        self.stderr.close()


def _text_of(written: IO[bytes]) -> str:
    """What is in the file, its middle left out when it is long. Closes it."""
    with written as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if size <= HEAD_BYTES + TAIL_BYTES:
            return file.read().decode(errors="replace").strip()
        head = file.read(HEAD_BYTES)
        file.seek(size - TAIL_BYTES)
        return f"{head.decode(errors='replace')}\n...\n{file.read().decode(errors='replace')}".strip()


def command_line(root: Path, command: str) -> list[str]:
    """What to start for a command of the manifest, such as `bin\\enable.cmd` or `main/handle.sh enable`.

    Packages for Windows name a batch file; elsewhere its neighbour without the extension, a shell script, is run.
    """
    if sys.platform == "win32":
        return ["cmd", "/C", str(root / command)]
    path, *arguments = command.replace("\\", "/").split()
    program = root / path
    if program.suffix.lower() == ".cmd":
        program = program.with_suffix("")
        start = [shutil.which("sh") or "/bin/sh", str(program)]
    else:
        start = [str(program)]
    if not program.is_file():
        raise CommandMissing(f"the package has no {program.relative_to(root)}")
    return [*start, *arguments]


def guest_environment(own: Mapping[str, str]) -> dict[str, str]:
    """What of the simulator's environment the programs in a guest get; they run in the simulator's interpreter."""
    passed = {
        name: value
        for name, value in own.items()
        if name.upper() in PASSED_ON or name.upper().startswith(PASSED_ON_PREFIX)
    }
    passed.setdefault("VMSNAPSHOT_PYTHON", sys.executable)
    return passed


def end_processes_below(folder: Path) -> int:
    """Kill every process that was started for a machine whose disk is this folder, also those that detached; returns
    how many. Where there is no /proc they end by themselves when their guest is gone."""
    ended = 0
    mark = f"{MARKER}={folder}{os.sep}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # The descriptor is opened first: it stays with this process even if the number is given to another.
            descriptor = os.pidfd_open(int(entry.name))
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                if any(variable.startswith(mark) for variable in variables):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    ended += 1
            finally:
                os.close(descriptor)
    return ended


def named_command(arguments: list[str], folder: Path) -> str:
    """`install Publisher.Type`, by the manifest of the handler whose command it is."""
    handler = folder.name.rpartition("-")[0] or folder.parent.name
    with suppress(OSError, ProtocolError, CommandMissing):
        manifest = HandlerManifest.parse((folder / MANIFEST_FILE).read_bytes())
        for verb, text in manifest.commands.items():
            with suppress(CommandMissing):
                if command_line(folder, text) == arguments:
                    return f"{verb} {handler}"
    return f"unknown {handler}"
