"""Starts `up` as a process of its own, waits until its world is ready, and ends it again."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from simulator.failures import BAD, LACKS, Failure, WrongUse
from simulator.state.folder import UP_LOG, Endpoints, forget_endpoints, running_endpoints, usable_folder

POLL_SECONDS = 0.1
STOP_SECONDS = 60.0
"""Longer than an orderly end takes, handlers included."""
ROOT = Path(__file__).parents[2]
FAILURE = "backupsim: "
"""How the sentence begins with which a command ends that failed."""


class NotStarted(Failure):
    """The world did not start; the exit code is that of the command which tried."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.exit_code = code


class NotReady(Failure):
    """No world was ready in time."""

    exit_code = BAD


def start(arguments: Sequence[str], state: Path, tell: Callable[[str], None]) -> Endpoints:
    """Run `up` with these arguments in the background; returns when its world is ready.

    What it says until then is passed on to `tell`, line by line, and lies in the state folder. Raises NotStarted.
    """
    folder = usable_folder(state)
    if (running := running_endpoints(folder)) is not None:
        named = shlex.quote(str(folder))
        raise WrongUse(f"{named} is in use by process {running.pid}; stop it with backupsim stop --state {named}")
    forget_endpoints(folder)
    log = folder / UP_LOG
    with log.open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator.command.cli", *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
        )
    try:
        return _until_ready(process, folder, _Lines(log, begin, tell))
    except BaseException:
        process.terminate()
        raise


def wait(state: Path, timeout_seconds: float) -> Endpoints:
    """The endpoints of the folder's world as soon as it is ready. Raises NotReady."""
    deadline = time.monotonic() + timeout_seconds
    while (running := running_endpoints(state)) is None:
        if time.monotonic() >= deadline:
            raise NotReady(
                f"no world was ready in {shlex.quote(str(state))} within {timeout_seconds:g} s; "
                "see what backupsim up says there"
            )
        time.sleep(POLL_SECONDS)
    return running


def stop(state: Path) -> bool:
    """End the folder's world and wait until it has ended; False when none runs."""
    running = running_endpoints(state)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while running_endpoints(state) is not None or (state / "running").exists():
        if time.monotonic() >= deadline:
            raise NotReady(f"process {running.pid} did not end within {STOP_SECONDS:g} s; look at its log, or kill it")
        time.sleep(POLL_SECONDS)
    return True


class _Lines:
    """What a growing file says from a place on, line by line."""

    def __init__(self, file: Path, begin: int, tell: Callable[[str], None]) -> None:
        self.file = file
        self.failure: str | None = None
        self._at = begin
        self._tell = tell

    def pass_on(self) -> None:
        with self.file.open("rb") as log:
            log.seek(self._at)
            text = log.read()
        whole, newline, _ = text.rpartition(b"\n")
        self._at += len(whole) + len(newline)
        for line in whole.decode(errors="replace").splitlines():
            if line.startswith(FAILURE):
                self.failure = line.removeprefix(FAILURE)
            else:
                self._tell(line)


def _until_ready(process: subprocess.Popen[bytes], folder: Path, said: _Lines) -> Endpoints:
    while True:
        ended = process.poll()
        said.pass_on()
        if (running := running_endpoints(folder)) is not None and ended is None:
            return running
        if ended is not None:
            sentence = said.failure or "the world ended while it started"
            raise NotStarted(f"{sentence} (its log is {shlex.quote(str(said.file))})", ended or LACKS)
        time.sleep(POLL_SECONDS)


def _environment() -> dict[str, str]:
    """Ours; in a checkout the child finds the same code as we do, wherever it is started."""
    if not (ROOT / "pyproject.toml").is_file():
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
