"""Whatever process is killed, whenever: no frozen guest, no child left behind, and the next start works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from simulator.client import Client, RequestFailed
from simulator.demo import Demo, DemoOptions, agent_is_ready
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
    """`backupsim up` as a process."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.file = state.with_name(f"{state.name}.endpoints.json")
        self.file.unlink(missing_ok=True)
        arguments = ["up", "--port", "0", "--state", str(state), "--endpoints", str(self.file)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator.cli", *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        eventually(lambda: self.file.exists() or self.process.poll() is not None, "up tells its endpoints")
        assert self.process.poll() is None, self.stderr()
        self.client = Client(json.loads(self.file.read_text(encoding="utf-8")))

    def stderr(self) -> str:
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


def handlers(state: Path) -> list[psutil.Process]:
    """Handler processes whose package lies in this world."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(state / "guests") in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@contextmanager
def up(state: Path) -> Iterator[Up]:
    world = Up(state)
    try:
        yield world
    finally:
        world.close()


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


def writers_are_stable(demo: Demo) -> bool:
    if not runs(demo):
        return False
    text = demo.client.sim_text("/vms/writers", vm=demo.vm)
    states = [line for line in text.splitlines() if "State:" in line]
    return bool(states) and all("[1] Stable" in line for line in states)


def good_backup(demo: Demo) -> None:
    """One more backup, verified to the last block."""
    eventually(lambda: is_ready(demo), "the machine runs and its agent is ready")
    start_backup(demo)
    job = wait_until_ended(demo)["properties"]
    assert job["status"] == "Completed", job.get("errorDetails")
    points = sorted(demo.client.list(f"{demo.item}/recoveryPoints"), key=lambda p: p["properties"]["recoveryPointTime"])
    verdict = demo.client.sim("POST", "/verify", {"recovery_point": points[-1]["id"]})
    assert verdict["verified"], verdict["checks"]


@pytest.mark.parametrize("moment", [0.05, 0.3, 0.8])
def test_the_simulator_is_killed_in_a_backup(tmp_path: Path, moment: float) -> None:
    state = tmp_path / "world"
    world = Up(state)
    demo = protected(world.client)
    start_backup(demo)
    time.sleep(moment)  # the moment is the test's draw, not a wait for anything
    children = world.children()
    assert children, "Azurite at least"
    world.process.kill()
    world.process.wait()
    eventually(lambda: gone([*children, *handlers(state)]), "every child has ended")
    with up(state) as again:
        demo = demo_of(again.client)
        wait_until_ended(demo)
        eventually(lambda: writers_are_stable(demo), "all writers are stable")
        good_backup(demo)


def test_azurite_is_killed_and_what_it_lost_is_named(tmp_path: Path) -> None:
    state = tmp_path / "world"
    world = Up(state)
    demo = protected(world.client)
    good_backup(demo)
    start_backup(demo)
    azurite = next(each for each in world.children() if "node" in each.name().lower())
    azurite.kill()
    assert world.process.wait(PATIENCE_SECONDS) == 1
    told = world.stderr()
    assert "Azurite ended by itself" in told
    assert "Traceback" not in told
    eventually(lambda: gone(handlers(state)), "no handler is left")
    with up(state) as again:
        demo = demo_of(again.client)
        wait_until_ended(demo)
        for point in list(demo.client.list(f"{demo.item}/recoveryPoints")):
            told_tiers = [tier["status"] for tier in point["properties"]["recoveryPointTierDetails"]]
            if "Valid" in told_tiers:
                verdict = demo.client.sim("POST", "/verify", {"recovery_point": point["id"]})
                assert verdict["verified"], "what is listed as valid is whole"
        good_backup(demo)


def test_the_handler_is_killed_inside_the_freeze(tmp_path: Path) -> None:
    with up(tmp_path / "world") as world:
        demo = protected(world.client)
        start_backup(demo)
        killed: list[int] = []

        def kill_one() -> bool:
            for handler in handlers(world.state):
                with_pid = handler.pid
                os.kill(with_pid, signal.SIGKILL)
                killed.append(with_pid)
            return bool(killed)

        eventually(kill_one, "a handler runs")
        eventually(lambda: not handlers(world.state), "no handler is left")
        eventually(lambda: writers_are_stable(demo), "the guest thawed by itself")
        before = demo.client.sim("POST", "/workload", {"vm": demo.vm, "transactions": 5})
        assert before["last_transaction"] > 0, "and its workload writes again"


def test_random_kills_leave_a_world_that_starts(tmp_path: Path) -> None:
    state, chance = tmp_path / "world", Random(7)
    with up(state) as world:
        protected(world.client)
    for _ in range(3):
        world = Up(state)
        demo = demo_of(world.client)
        start_backup_unless_one_runs(demo)
        victims = [psutil.Process(world.process.pid), *world.children()]
        time.sleep(chance.random())  # a drawn moment
        victim = chance.choice(victims)
        if victim.is_running():
            victim.kill()
        world.process.kill()
        world.process.wait()
        wait_until_gone(victims, state)
    with up(state) as world:
        demo = demo_of(world.client)
        wait_until_ended(demo)
        good_backup(demo)


def start_backup_unless_one_runs(demo: Demo) -> None:
    """A backup may still be running from before the kill."""
    try:
        start_backup(demo)
    except RequestFailed as error:
        if error.code != "UserErrorBackupOperationInProgress":
            raise


def wait_until_gone(processes: list[psutil.Process], state: Path) -> None:
    eventually(lambda: gone([*processes, *handlers(state)]), "everything has ended")
