"""Whatever process is killed, whenever: no frozen guest, no child left behind, and the next start works."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from random import Random

import psutil
import pytest

from simulator.client import RequestFailed
from simulator.command.demo import Demo
from tests.e2e.running import (
    PATIENCE_SECONDS,
    Up,
    demo_of,
    eventually,
    good_backup,
    handlers,
    is_ready,
    protected,
    runs,
    start_backup,
    up,
    wait_until_ended,
)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def writers_are_stable(demo: Demo) -> bool:
    if not runs(demo):
        return False
    text = demo.client.sim_text("/vms/writers", vm=demo.vm)
    states = [line for line in text.splitlines() if "State:" in line]
    return bool(states) and all("[1] Stable" in line for line in states)


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
    with up(state) as world:
        # Ended in order, so that the disks are older than what a killed Azurite forgets.
        good_backup(protected(world.client))
    world = Up(state)
    demo = demo_of(world.client)
    eventually(lambda: is_ready(demo), "the machine runs and its agent is ready")
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
