"""The processes of a world, and how they are killed: the simulator, Azurite, or a handler by its process group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from simulator.client import Client

ROOT = Path(__file__).parents[2]
LOOK_SECONDS = 0.02
WORKLOAD_RATE = 0.25
"""Of the machines' programs: a hundred machines at the usual rate would keep the storage from what is to be killed."""


class Broken(Exception):
    """Something that must come did not come within the patience."""


class Processes:
    """One world in `folder`, which is started again and again. `patience_seconds` bounds each wait, in real time, and
    `silence_seconds` is how long a handler may stay silent before its backup gives it up."""

    def __init__(self, folder: Path, seed: int, patience_seconds: float, silence_seconds: int) -> None:
        self.state, self._seed, self.patience_seconds = folder / "world", seed, patience_seconds
        self._options = ["--on-demand-backups", "0", "--snapshot-timeout", str(silence_seconds)]
        self._options += ["--workload-rate", str(WORKLOAD_RATE)]
        self._began = time.time()
        self._log = folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    # ---------------------------------------------------------------------------------------------------- start and end

    def begin(self) -> None:
        """Start the simulator; `ready` waits for it."""
        self._told.unlink(missing_ok=True)  # a killed world leaves its own
        options = ["--port", "0", "--state", str(self.state), "--seed", str(self._seed), *self._options]
        command = [sys.executable, "-m", "simulator.command.cli", "up", *options]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def ready(self) -> Client:
        self.until(lambda: self._told.exists() or not self.runs, "the world is up")
        if not self.runs:
            raise Broken(f"the world did not start:\n{self.log_tail()}")
        return Client(json.loads(self._told.read_bytes()), limit_seconds=self.patience_seconds)

    def close(self) -> None:
        if self._process is not None and self.runs:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(self.patience_seconds)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def _told(self) -> Path:
        return self.state / "endpoints.json"

    def until_saved(self) -> None:
        """Wait until Azurite has saved all that it has now: a save that has begun already may lack some of it."""
        database = self.state / "azurite" / "__azurite_db_blob__.json"
        for _ in range(2):
            before = database.stat().st_mtime_ns
            self.until(lambda before=before: database.stat().st_mtime_ns > before, "Azurite saves")  # type: ignore[misc]

    def log_tail(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def logged_error(self) -> str:
        """The last exception in the world's log."""
        log = self.state / "logs" / "backupsim.jsonl"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return next((line[-2000:] for line in reversed(lines) if '"exception"' in line), "no exception was logged")

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Other processes' deaths and starts have no clock of ours: poll for them."""
        deadline = time.monotonic() + self.patience_seconds
        while not true():
            if time.monotonic() > deadline:
                raise Broken(f"not within {self.patience_seconds:.0f} s: {what}")
            time.sleep(LOOK_SECONDS)

    # ----------------------------------------------------------------------------------------------------- who there is

    def azurites(self) -> list[psutil.Process]:
        return self._of_world(str(self.state / "azurite"))

    def handlers(self) -> list[psutil.Process]:
        return self._of_world(str(self.state / "guests"))

    def machine_of(self, handler: psutil.Process) -> str:
        """The folder of the machine in which it runs; empty where it has ended."""
        guests = f"{self.state / 'guests'}/"
        words = _words(handler)
        return next((word.removeprefix(guests).partition("/")[0] for word in words if word.startswith(guests)), "")

    def others(self) -> list[str]:
        """What runs of this world beside the simulator, one Azurite and handlers."""
        assert self._process is not None
        known = {self._process.pid, *(each.pid for each in (*self.azurites()[:1], *self.handlers()))}
        return [_told(each) for each in self._of_world(str(self.state)) if each.pid not in known]

    def left(self) -> list[str]:
        """Everything that still runs of this world, once the simulator is gone."""
        return [_told(each) for each in self._of_world(str(self.state))]

    def _of_world(self, folder: str) -> list[psutil.Process]:
        """What was there before this world is none of it, and is not looked at: that would cost more than the world."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess):
                if process.create_time() < self._began - 1 or process.pid == os.getpid():
                    continue
                mine = any(word == folder or word.startswith(f"{folder}/") for word in _words(process))
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    # ------------------------------------------------------------------------------------------------------------ kills

    def kill_simulator(self) -> None:
        """`ended` waits for the rest."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def kill_azurite(self) -> None:
        """The simulator ends with it; `ended` waits for that."""
        for each in self.azurites():
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def ended(self) -> str:
        """Wait until nothing of a killed world runs; what is wrong with how the simulator ended."""
        assert self._process is not None
        self.until(lambda: not self.runs, "the simulator ends without its storage")
        self.until(lambda: not self.left(), "nothing of the killed world runs")
        code, told = self._process.returncode, self.log_tail()
        if code == -signal.SIGKILL or (code == 1 and "Azurite ended unexpectedly" in told and "Traceback" not in told):
            return ""
        return f"without Azurite the simulator ended with exit code {code}: {told[-500:]}"

    @staticmethod
    def kill_group(handler: psutil.Process) -> bool:
        """A handler and what it started; whether it was still there."""
        try:
            group = os.getpgid(handler.pid)
            if group == os.getpgrp():
                return False  # it is between its start and its own session
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _told(process: psutil.Process) -> str:
    return f"{process.pid} {' '.join(_words(process))[:200]}"
