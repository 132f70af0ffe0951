"""The commands of the handler: install, enable, disable, update, uninstall, reset; and the worker behind enable.

`enable` has to return soon, so it only says that the task has begun and leaves the rest to a worker that outlives it.
Every command ends with 0 where it could do its part: what became of a task is said by the reports, not by exit codes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from extension.contract.codes import Code
from extension.contract.messages import Sentence
from extension.contract.protocol import MANIFEST_FILE, HandlerManifest, ProtocolError
from extension.contract.settings import ReportSettings
from extension.files import SEQUENCE_VARIABLE, HandlerFolder
from extension.guest import GuestError, GuestGone
from extension.guest_provider import find_guest
from extension.log import Log
from extension.outcome import Outcome, same_task
from extension.reporter import IN_PROGRESS, Reporter
from extension.task import Task

NOT_INSTALLED = 1
"""Exit code of a command that needs the files of an agent and finds none."""
WRONG_USE = 2
WORKER = "worker"
"""Not a command of the manifest: how enable starts its worker where it can't fork."""


class Package:
    """The unpacked package, the folder its agent made for it, and the environment it was started in."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.environ = environ
        self.folder = HandlerFolder.open(root)
        self.version = HandlerManifest.parse((root / MANIFEST_FILE).read_bytes()).version


# ----------------------------------------------------------------------------------------------------------- the worker


def work(package: Package, number: int) -> None:
    task = Task(package.root, package.environ, package.folder, number, package.version, end_here)
    try:
        task.carry_out()
    except GuestGone:
        end_here()


def end_here() -> None:
    """End this process at once, from any thread, when the guest is gone."""
    os._exit(0)


def start_worker(package: Package, number: int) -> None:
    if hasattr(os, "fork"):
        fork_worker(package, number)
    else:
        spawn_worker(package, number)


def fork_worker(package: Package, number: int) -> None:
    """Saves the worker an interpreter's start. Its parent, this process, ends right after."""
    if os.fork():
        return
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        work(package, number)
    finally:
        os._exit(0)


def spawn_worker(package: Package, number: int) -> None:
    import subprocess

    detached = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    subprocess.Popen(
        [sys.executable, "-I", str(package.root), WORKER],
        env={**package.environ, SEQUENCE_VARIABLE: str(number)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=detached,
        start_new_session=True,
    )


# ------------------------------------------------------------------------------------------------------------- commands


def nothing_to_do(package: Package) -> None:
    """Nothing to do besides the log line that every command writes."""


def reset(package: Package) -> None:
    package.folder.forget()


def enable(package: Package, start: Callable[[Package, int], None] = start_worker) -> None:
    folder, log = package.folder, Log(package.folder.log_folder)
    try:
        number = folder.sequence_number(package.environ)
    except ProtocolError as problem:
        log.error(f"enable: {problem}")
        return
    if number == folder.last_sequence_number() and not is_copy(package):
        log.info(f"enable: sequence number {number} was already started")
        folder.wipe_protected_settings(number)
        return
    folder.begin(number)
    folder.retire_others(number)
    reporter = Reporter(folder, number, package.version, log, lambda: datetime.now(UTC))
    try:
        settings = ReportSettings.parse(folder.settings(number).public, None)
    except ProtocolError as problem:
        reporter.tell_agent(Outcome(Code.error_parameter, Sentence.FAILED, {"reason": str(problem)}))
        return
    reporter.use(settings)
    if settings.task_id and settings.task_id == folder.last_task_id():
        # Its blobs hold the report of the first time, or will: only the agent hears of this one.
        reporter.tell_agent(same_task())
        folder.wipe_protected_settings(number)
        return
    folder.remember_task(settings.task_id)
    reporter.tell_agent(IN_PROGRESS)
    start(package, number)


def is_copy(package: Package) -> bool:
    """True on a machine restored from a backup: what its original did doesn't count for it."""
    try:
        guest = find_guest(package.root, package.environ, end_process=lambda: None)
        return package.folder.adopt_machine(guest.facts().machine_id)
    except GuestError:
        return False


COMMANDS: Mapping[str, Callable[[Package], None]] = {
    "install": nothing_to_do,
    "enable": enable,
    "disable": nothing_to_do,
    "update": nothing_to_do,
    "uninstall": nothing_to_do,
    "reset": reset,
    WORKER: lambda package: work(package, package.folder.sequence_number(package.environ)),
}


def main(arguments: list[str], root: Path, environ: Mapping[str, str]) -> int:
    command = COMMANDS.get(arguments[0]) if len(arguments) == 1 else None
    if command is None:
        sys.stderr.write(f"usage: python -I {root} {'|'.join(sorted(set(COMMANDS) - {WORKER}))}\n")
        return WRONG_USE
    try:
        package = Package(root, environ)
    except ProtocolError as problem:
        sys.stderr.write(f"{problem}\n")
        return 0 if command is nothing_to_do else NOT_INSTALLED
    Log(package.folder.log_folder).info(f"{arguments[0]}, version {package.version}")
    command(package)
    return 0
