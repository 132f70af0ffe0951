"""A world on a real file system of 64 MiB that gets full: what it answers, and that it goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.client import Client, RequestFailed
from simulator.scenario import RESTORE_ACCOUNT, Scenario
from tests.e2e.conftest import backupsim
from tests.e2e.running import Up, eventually, good_backup, scenario_of, up, wait_until_ended

pytestmark = pytest.mark.slow

FULL = ("InsufficientStorage", 507)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("to mount a file system of 64 MiB takes Linux and root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def arguments(disk: Path) -> tuple[str, ...]:
    """Programs that write little: what they write between the steps of a test must not fill the disk by itself."""
    return ("up", "--port", "0", "--state", str(disk / "world"), "--workload-rate", "0.1")


def fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return


def make_room(disk: Path) -> None:
    (disk / "filler").unlink()


def until_saved(disk: Path) -> None:
    ended, saved = time.time(), disk / "world" / "azurite" / "__azurite_db_blob__.json"
    eventually(lambda: saved.stat().st_mtime > ended, "Azurite has saved the backup")


def protected(client: Client) -> Scenario:
    """A small machine with one disk that is protected."""
    scenario = scenario_of(client)
    machine = scenario.create_machine(data_disk_gib=())
    scenario.create_account(RESTORE_ACCOUNT)
    scenario.protect(machine)
    return scenario


def refused(scenario: Scenario, path: str) -> tuple[str, int]:
    with pytest.raises(RequestFailed) as failed:
        scenario.client.put(path, {"location": "westus"})
    return failed.value.code, failed.value.status


def check_points(scenario: Scenario, most: int) -> None:
    """All that were made are there and whole."""
    points = scenario.recovery_points(scenario.item_id())
    assert len(points) == most
    assert all(scenario.verify(point).verified for point in points)


def errors_told(world: Up) -> str:
    told = world.stderr()
    assert "Traceback" not in told
    assert "Logging error" not in told
    return told


def test_requests_are_refused_while_a_disk_is_full_and_nothing_is_lost(disk: Path) -> None:
    with up(disk / "world", arguments(disk)) as world:
        scenario = protected(world.client)
        good_backup(scenario)
        fill(disk)
        group = f"{scenario.group_id}2"
        assert refused(scenario, group) == FULL
        assert scenario.client.get(scenario.group_id)["name"] == "demo", "reads go on"
        make_room(disk)
        eventually(lambda: world.client.put(group, {"location": "westus"})["name"] == "demo2", "it goes on")
        good_backup(scenario)
        check_points(scenario, 2)
    errors_told(world)


def test_a_backup_that_meets_a_full_disk_ends_once_there_is_room(disk: Path) -> None:
    with up(disk / "world", arguments(disk)) as world:
        scenario = protected(world.client)
        good_backup(scenario)
        scenario.start_backup(scenario.item_id())
        fill(disk)
        eventually(lambda: is_refused(scenario), "the disk is full for the world too")
        make_room(disk)
        ended = wait_until_ended(scenario)
        assert ended["properties"]["status"] in {"Completed", "CompletedWithWarnings", "Failed"}
        if ended["properties"]["status"] == "Failed":
            assert ended["properties"]["errorDetails"], "it failed by name"
        made = len(scenario.recovery_points(scenario.item_id()))
        good_backup(scenario)
        check_points(scenario, made + 1)
    errors_told(world)


def is_refused(scenario: Scenario) -> bool:
    try:
        scenario.client.put(f"{scenario.group_id}2", {"location": "westus"})
    except RequestFailed as failed:
        return failed.code == "InsufficientStorage"
    return False


def test_an_end_on_a_full_disk_is_told_in_a_sentence(disk: Path) -> None:
    world = Up(disk / "world", arguments(disk))
    scenario = protected(world.client)
    good_backup(scenario)
    until_saved(disk)
    fill(disk)
    eventually(lambda: is_refused(scenario), "the disk is full for the world too")
    fill(disk)
    children = world.children()
    world.close()
    assert "backupsim: the disk of the store is full; free some space there" in errors_told(world)
    eventually(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), "all ended")
    make_room(disk)
    with up(disk / "world", arguments(disk)) as again:
        check_points(scenario_of(again.client), 1)
    errors_told(again)


def test_a_start_on_a_full_disk_is_refused_and_one_after_it_has_everything(disk: Path) -> None:
    """Azurite cannot save at its end either, so all recovery points are looked at."""
    world = Up(disk / "world", arguments(disk))
    scenario = protected(world.client)
    good_backup(scenario)
    until_saved(disk)
    fill(disk)
    children = world.children()
    world.process.kill()
    world.process.wait()
    eventually(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), "all ended")
    fill(disk)
    done = backupsim("up", "--port", "0", "--state", str(disk / "world"))
    assert done.returncode == 3, done.stderr
    assert "No space left on device; free some space there, and start again" in done.stderr
    assert "Traceback" not in done.stderr
    make_room(disk)
    with up(disk / "world", arguments(disk)) as again:
        scenario = scenario_of(again.client)
        check_points(scenario, 1)
        good_backup(scenario)
    errors_told(again)
