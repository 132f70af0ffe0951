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
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from simulator.client import Client
from simulator.command.demo import Demo, DemoOptions
from simulator.scenario import RESTORE_ACCOUNT, Scenario, agent_is_ready
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


@dataclass(frozen=True)
class Listeners:
    """Ports on which the process of a world listens."""

    arm: int
    secure: int
    wire: int


def listeners(world: Up) -> Listeners:
    arm, secure = (urlsplit(world.client.endpoints[key]).port or 0 for key in ("arm_http", "arm"))
    connections = psutil.Process(world.process.pid).net_connections("tcp")
    ports = {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
    (wire,) = ports - {arm, secure}
    return Listeners(arm, secure, int(wire))


def handlers(state: Path) -> list[psutil.Process]:
    """Handler processes whose package lies in this world."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(state / "guests") in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


def scenario_of(client: Client) -> Scenario:
    return Scenario(client)


def demo_result(client: Client) -> dict[str, Any]:
    """What a whole demo in this world ends with."""
    return Demo(Scenario(client), DemoOptions(), say=lambda step, values: None).run()


def protected(client: Client) -> Scenario:
    """A machine that is protected, with something written, and an account to restore to."""
    scenario = scenario_of(client)
    machine = scenario.create_machine()
    scenario.create_account(RESTORE_ACCOUNT)
    scenario.work(machine)
    scenario.protect(machine)
    return scenario


def newest_job(scenario: Scenario) -> dict[str, Any]:
    return next(iter(scenario.client.list(f"{scenario.vault_id}/backupJobs")))


def wait_until_ended(scenario: Scenario) -> dict[str, Any]:
    path = f"{scenario.vault_id}/backupJobs/{newest_job(scenario)['name']}"
    eventually(
        lambda: scenario.client.get(path)["properties"]["status"] not in {"InProgress", "Cancelling"}, "the job ends"
    )
    return scenario.client.get(path)


def runs(scenario: Scenario) -> bool:
    return any(machine["running"] for machine in scenario.client.sim("GET", "/vms")["vms"])


def is_ready(scenario: Scenario) -> bool:
    return runs(scenario) and agent_is_ready(scenario.client.get(f"{scenario.machine_id()}/instanceView"))


def good_backup(scenario: Scenario) -> None:
    """One more backup, verified to the last block."""
    eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
    job = scenario.back_up(scenario.item_id())
    assert job.status == "Completed", job.errors
    verdict = scenario.verify(scenario.recovery_points(scenario.item_id())[-1])
    assert verdict.verified, verdict.checks
