"""Whatever process is killed, whenever: no frozen guest, no child left behind, and the next start works."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from simulator.client import Client, RequestFailed
from simulator.scenario import Scenario
from simulator.scenario_values import JobFailed
from simulator.world import Config, build
from tests.e2e.running import (
    PATIENCE_SECONDS,
    Up,
    eventually,
    good_backup,
    handlers,
    is_ready,
    protected,
    runs,
    scenario_of,
    up,
    wait_until_ended,
)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def azurite_of(world: Up) -> psutil.Process:
    """Others of its children may end meanwhile."""
    for each in world.children():
        with suppress(psutil.NoSuchProcess):
            if "node" in each.name().lower():
                return each
    raise AssertionError("no Azurite runs")


def writers_are_stable(scenario: Scenario) -> bool:
    if not runs(scenario):
        return False
    text = scenario.client.sim_text("/vms/writers", vm=scenario.machine_id())
    states = [line for line in text.splitlines() if "State:" in line]
    return bool(states) and all("[1] Stable" in line for line in states)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.05, 0.3, 0.8])
def test_the_simulator_is_killed_in_a_backup(tmp_path: Path, moment: float) -> None:
    state = tmp_path / "world"
    world = Up(state)
    scenario = protected(world.client)
    scenario.start_backup(scenario.item_id())
    time.sleep(moment)  # the moment is the test's draw, not a wait for anything
    children = world.children()
    assert children, "Azurite at least"
    world.process.kill()
    world.process.wait()
    eventually(lambda: gone([*children, *handlers(state)]), "every child has ended")
    with up(state) as again:
        scenario = scenario_of(again.client)
        wait_until_ended(scenario)
        eventually(lambda: writers_are_stable(scenario), "all writers are stable")
        good_backup(scenario)


@pytest.mark.slow
def test_a_backup_may_be_asked_for_right_after_a_kill(tmp_path: Path) -> None:
    """The machine boots anew with its world; the job waits for the agent's first report."""
    state = tmp_path / "world"
    world = Up(state)
    protected(world.client)
    world.process.kill()
    world.process.wait()
    with up(state) as again:
        scenario = scenario_of(again.client)
        job = scenario.back_up(scenario.item_id())
        assert job.status == "Completed", job.errors


@pytest.mark.slow
def test_a_start_after_a_kill_asks_of_what_the_storage_may_have_lost(tmp_path: Path) -> None:
    """Azurite saves all it has when its simulator is killed; killed itself, it forgets what is of its last seconds."""
    state = tmp_path / "world"
    world = Up(state)
    good_backup(protected(world.client))
    children = world.children()
    world.process.kill()
    world.process.wait()
    eventually(lambda: gone(children), "Azurite has ended")
    world = Up(state)
    assert named(world, "world.restarted") == []
    azurite = azurite_of(world)
    azurite.kill()
    world.process.kill()
    world.process.wait()
    with up(state) as again:
        assert len(named(again, "world.restarted")) == 1
        assert named(again, "world.examining") == [{"done": 1, "total": 1}], "its machine was started just before"
        again.process.send_signal(signal.SIGINT)
        assert "checking   1 of 1 recovery points that the storage may have lost" in again.stderr()


def named(world: Up, name: str) -> list[Any]:
    """The data of the events of this name."""
    return [
        event["data"] for event in world.client.sim("GET", "/events", limit="10000")["events"] if event["name"] == name
    ]


@pytest.mark.slow
def test_the_simulator_is_killed_while_a_step_is_held(tmp_path: Path) -> None:
    state = tmp_path / "world"
    world = Up(state, ["up", "--port", "0", "--state", str(state), "--pace", "600"])
    scenario = protected_by(world, pace_seconds=0)
    world.client.sim("POST", "/pace", {"hold": ["Take Snapshot"]})
    job = scenario.start_backup(scenario.item_id())
    eventually(lambda: waiting(scenario) == [(job, None)], "the backup waits")
    world.process.kill()
    world.process.wait()
    with up(state) as again:
        scenario = scenario_of(again.client)
        eventually(lambda: waiting(scenario) == [(job, None)], "the backup waits again")
        assert again.client.sim("GET", "/pace")["seconds"] == 0, "a least duration is that of its start"
        assert scenario.job(job).status == "InProgress"
        eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
        again.client.sim("POST", "/pace", {"release": ["Take Snapshot"]})
        assert scenario.wait_for_job(job).status == "Completed"
        again.process.send_signal(signal.SIGINT)
        assert "pace       Take Snapshot is held; backupsim pace --release 'Take Snapshot'" in again.stderr()


def protected_by(world: Up, pace_seconds: float) -> Scenario:
    world.client.sim("POST", "/pace", {"seconds": pace_seconds})
    return protected(world.client)


def waiting(scenario: Scenario) -> list[tuple[str, str | None]]:
    """The jobs that wait, and until when."""
    return [(each["job"], each["until"]) for each in scenario.client.sim("GET", "/pace")["waiting"]]


@pytest.mark.slow
def test_azurite_is_killed_and_what_it_lost_is_named(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state) as world:
        # Ended in order, so that the disks are older than what a killed Azurite forgets.
        good_backup(protected(world.client))
    world = Up(state)
    scenario = scenario_of(world.client)
    eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
    scenario.start_backup(scenario.item_id())
    azurite = azurite_of(world)
    azurite.kill()
    assert world.process.wait(PATIENCE_SECONDS) == 1
    told = world.stderr()
    assert "Azurite ended unexpectedly" in told
    assert "Traceback" not in told
    eventually(lambda: gone(handlers(state)), "no handler is left")
    with up(state) as again:
        scenario = scenario_of(again.client)
        wait_until_ended(scenario)
        for point in list(scenario.client.list(f"{scenario.item_id()}/recoveryPoints")):
            told_tiers = [tier["status"] for tier in point["properties"]["recoveryPointTierDetails"]]
            if "Invalid" not in told_tiers:
                verdict = scenario.client.sim("POST", "/verify", {"recovery_point": point["id"]})
                assert verdict["verified"], "what is listed as valid is whole"
        good_backup(scenario)


def forget_snapshots(state: Path) -> None:
    """As if Azurite had saved last before it took them."""
    file = state / "azurite" / "__azurite_db_blob__.json"
    database = json.loads(file.read_text(encoding="utf-8"))
    (blobs,) = (each for each in database["collections"] if each["name"] == "$BLOBS_COLLECTION$")
    blobs["data"] = [blob for blob in blobs["data"] if not blob["snapshot"]]
    file.write_text(json.dumps(database), encoding="utf-8")


class LookKilled(Exception):
    """Whoever looks for losses comes no further than to the first recovery point."""


def end_look(done: int, total: int) -> None:
    raise LookKilled


@pytest.mark.slow
@pytest.mark.parametrize("ends_in_look", [False, True])
def test_what_azurite_lost_is_named_although_the_next_start_is_ended_too(tmp_path: Path, ends_in_look: bool) -> None:
    """The Azurite of the start that was ended has lost nothing; the one before it has."""
    config = Config(state=tmp_path / "world", scheduled=False)
    with build(config) as world, Client(world.endpoints) as client:
        scenario = protected(client)
        for _ in range(2):
            good_backup(scenario)
        lost = {point.id for point in scenario.recovery_points(scenario.item_id())}
        notes = config.state / "azurite" / "deletions"
        eventually(lambda: notes.stat().st_size == 0, "Azurite saves, and forgets no deletion")
        os.kill(world.azurite.pid, signal.SIGKILL)
        eventually(lambda: world.failure is not None, "its world misses it")
    forget_snapshots(config.state)
    if ends_in_look:
        with pytest.raises(LookKilled):
            build(replace(config, on_examined=end_look))
    with build(config) as world:
        events = [event.data for event in world.store.events(limit=100_000) if event.name == "recovery_point.lost"]
        told = [data["point"] for data in events if data["tier"] == "InstantRP"]
        assert (set(told), len(told)) == (lost, len(lost)), "each once"
    with build(config) as world:
        assert not world.losses


@pytest.mark.slow
def test_what_a_killed_azurite_had_deleted_stays_deleted(tmp_path: Path) -> None:
    """Its last save has a recovery point, with its snapshots and packs, whose item is then purged."""
    state = tmp_path / "world"
    with up(state) as world:
        good_backup(protected(world.client))
    world = Up(state)
    client = world.client
    client.finish(client.arm("DELETE", scenario_of(client).item_id()))
    client.sim("POST", "/purge")
    assert unnamed(world) == []
    azurite_of(world).kill()
    world.process.wait(PATIENCE_SECONDS)
    with up(state) as again:
        (told,) = named(again, "world.deletions_repeated")
        assert told["repeated"] > 0
        assert unnamed(again) == []


def unnamed(world: Up) -> list[Any]:
    """What lies in the storage and belongs to no recovery point."""
    id = world.client.sim("POST", "/vaultcheck", {})["id"]

    def ended() -> bool:
        return bool(world.client.sim("GET", "/vaultcheck", id=id)["status"] != "InProgress")

    eventually(ended, "the check ends")
    found: list[Any] = world.client.sim("GET", "/vaultcheck", id=id)["report"]["unnamed"]
    return found


def test_the_handler_is_killed_inside_the_freeze(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state, ["up", "--port", "0", "--state", str(state), "--snapshot-timeout", "5"]) as world:
        scenario = protected(world.client)
        job = backup_whose_handler_was_killed(world, scenario)
        eventually(lambda: not handlers(world.state), "no handler is left")
        eventually(lambda: writers_are_stable(scenario), "the guest thawed by itself")
        before = scenario.client.sim("POST", "/workload", {"vm": scenario.machine_id(), "transactions": 5})
        assert before["last_transaction"] > 0, "and its workload writes again"
        with pytest.raises(JobFailed) as failed:
            scenario.wait_for_job(job)
        assert [error.code for error in failed.value.job.errors] == ["GuestAgentSnapshotTaskStatusError"]


def backup_whose_handler_was_killed(world: Up, scenario: Scenario) -> str:
    """Its job. A handler works for some 80 ms: where the machine is busy the first ones may end unseen."""
    job = scenario.start_backup(scenario.item_id())
    killed = False

    def kill_one() -> bool:
        nonlocal job, killed
        for handler in handlers(world.state):
            if "enable" not in handler.info["cmdline"]:
                continue  # it is being installed
            with suppress(ProcessLookupError):
                os.kill(handler.pid, signal.SIGKILL)
                killed = True
        if not killed and scenario.job(job).status == "Completed":
            job = scenario.start_backup(scenario.item_id())
        return killed

    eventually(kill_one, "a handler runs")
    return job


@pytest.mark.slow
def test_random_kills_leave_a_world_that_starts(tmp_path: Path) -> None:
    state, chance = tmp_path / "world", Random(7)
    with up(state) as world:
        protected(world.client)
    for _ in range(3):
        world = Up(state)
        scenario = scenario_of(world.client)
        start_backup_unless_one_runs(scenario)
        victims = [psutil.Process(world.process.pid), *world.children()]
        time.sleep(chance.random())  # a drawn moment
        victim = chance.choice(victims)
        if victim.is_running():
            victim.kill()
        world.process.kill()
        world.process.wait()
        wait_until_gone(victims, state)
    with up(state) as world:
        scenario = scenario_of(world.client)
        wait_until_ended(scenario)
        good_backup(scenario)


def start_backup_unless_one_runs(scenario: Scenario) -> None:
    """A backup may still be running from before the kill."""
    try:
        scenario.start_backup(scenario.item_id())
    except RequestFailed as error:
        if error.code != "UserErrorBackupOperationInProgress":
            raise


def wait_until_gone(processes: list[psutil.Process], state: Path) -> None:
    eventually(lambda: gone([*processes, *handlers(state)]), "everything has ended")
