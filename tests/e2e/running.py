"""`backupsim up` as a process of its own, and the demo's machine in it, step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from simulator.client import Client
from simulator.command.demo import Demo, DemoOptions, agent_is_ready
from tests.e2e.conftest import ROOT

PATIENCE_SECONDS = 60.0
"""Real time that a process may take for what it does at once on an idle machine."""


def eventually(true: Callable[[], bool], what: str) -> None:
    """Other processes' deaths and starts have no clock of ours: poll for them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what}"
        time.sleep(0.02)


class Up:
    """A world in `state` that is up. `arguments` are those of the command, in place of the usual ones."""

    def __init__(self, state: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] = os.environ) -> None:
        self.state = state
        told = state / "endpoints.json"
        told.unlink(missing_ok=True)  # a killed world leaves its own
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "simulator.command.cli",
                *(arguments or ("up", "--port", "0", "--state", str(state))),
            ],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        eventually(lambda: told.exists() or self.process.poll() is not None, "up tells its endpoints")
        assert self.process.poll() is None, self.stderr()
        self.client = Client(json.loads(told.read_text(encoding="utf-8")))

    def stderr(self) -> str:
        """All that it said, once it has ended."""
        return self.process.communicate(timeout=PATIENCE_SECONDS)[1]

    def children(self) -> list[psutil.Process]:
        """Everything that runs for this world: children, and handlers that detached themselves."""
        found = set(psutil.Process(self.process.pid).children(recursive=True))
        return [*found, *[each for each in handlers(self.state) if each not in found]]

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE_SECONDS)


@contextmanager
def up(state: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] = os.environ) -> Iterator[Up]:
    world = Up(state, arguments, environment)
    try:
        yield world
    finally:
        world.close()


def handlers(state: Path) -> list[psutil.Process]:
    """Handler processes whose package lies in this world."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(state / "guests") in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


def demo_of(client: Client) -> Demo:
    return Demo(client, DemoOptions(), say=lambda step, values: None)


def protected(client: Client) -> Demo:
    """The demo's machine, protected, with something written."""
    demo = demo_of(client)
    demo._create_machine()
    demo._create_vault()
    demo._work(20)
    demo._protect()
    return demo


def start_backup(demo: Demo) -> None:
    demo.client.post(f"{demo.item}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}})


def newest_job(demo: Demo) -> dict[str, Any]:
    return next(iter(demo.client.list(f"{demo.vault}/backupJobs")))


def wait_until_ended(demo: Demo) -> dict[str, Any]:
    path = f"{demo.vault}/backupJobs/{newest_job(demo)['name']}"
    eventually(
        lambda: demo.client.get(path)["properties"]["status"] not in {"InProgress", "Cancelling"}, "the job ends"
    )
    return demo.client.get(path)


def runs(demo: Demo) -> bool:
    return any(machine["running"] for machine in demo.client.sim("GET", "/vms")["vms"])


def is_ready(demo: Demo) -> bool:
    return runs(demo) and agent_is_ready(demo.client.get(f"{demo.vm}/instanceView"))


def good_backup(demo: Demo) -> None:
    """One more backup, verified to the last block."""
    eventually(lambda: is_ready(demo), "the machine runs and its agent is ready")
    start_backup(demo)
    job = wait_until_ended(demo)["properties"]
    assert job["status"] == "Completed", job.get("errorDetails")
    points = sorted(demo.client.list(f"{demo.item}/recoveryPoints"), key=lambda p: p["properties"]["recoveryPointTime"])
    verdict = demo.client.sim("POST", "/verify", {"recovery_point": points[-1]["id"]})
    assert verdict["verified"], verdict["checks"]
