"""A handler that knows no time but its machine's keeps working, whatever world time is and however it passes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.client import Client
from simulator.clock.kept_clock import ClockSettings, Mode
from simulator.scenario import Scenario
from simulator.scenario_values import ProtectedItem
from simulator.world import Config, World, build
from tests import real_time_handler

LATER, EARLIER = datetime(2036, 2, 28, 22, 0, tzinfo=UTC), datetime(2019, 5, 6, 7, 0, tzinfo=UTC)
CLOCKS = {
    "real": ClockSettings(),
    "virtual, ten years ahead": ClockSettings(Mode.VIRTUAL, start=LATER),
    "virtual, years behind": ClockSettings(Mode.VIRTUAL, start=EARLIER),
    "scaled": ClockSettings(Mode.SCALED, rate=3600, start=LATER),
}


def seen(world: World) -> list[dict[str, Any]]:
    """What the handler's program wrote of each task."""
    (file,) = world.state.guests.rglob(real_time_handler.SEEN)
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(clock, id=name, marks=[] if clock.mode is Mode.REAL else pytest.mark.slow)
        for name, clock in CLOCKS.items()
    ],
)
def test_a_handler_without_a_bridge_backs_up_under_every_clock(tmp_path: Path, clock: ClockSettings) -> None:
    package = tmp_path / "handler.zip"
    package.write_bytes(real_time_handler.package())
    config = Config(tmp_path / "world", packages=(package,), clock=clock, workload_rate=0)
    began = datetime.now(UTC)
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine(data_disk_gib=(1,)))
        for _ in range(2):
            job = scenario.back_up(item)
            assert (job.status, job.errors) == ("Completed", ())
        points = scenario.recovery_points(item)
        assert [point.consistency for point in points] == ["CrashConsistent", "CrashConsistent"]
        verdict = scenario.verify(points[-1])
        assert verdict.outcome == "unknown", "no guest was asked, so none has noted what was on its disks"
        assert verdict.database is not None
        assert verdict.database["sum_of_balances_ok"]
        told = client.sim("GET", "/events", limit="10000")["events"]
        tasks = seen(world)
    assert not [event for event in told if event["name"] in ("clock.hold_lapsed", "bridge.session_opened")]
    assert len({task["process"] for task in tasks}) == 2
    for task in tasks:
        assert began < datetime.fromisoformat(task["now"]) < datetime.now(UTC)
        assert all(abs(age) < 600 for age in task["ages"]), "task, host and machine are of one time"
    if clock.start is not None:
        assert all(timedelta(0) <= point.time - clock.start < timedelta(days=1) for point in points)


def test_a_handler_that_hangs_is_given_up_at_its_limit_without_anybody_waiting_for_it(tmp_path: Path) -> None:
    package = tmp_path / "handler.zip"
    package.write_bytes(real_time_handler.package(program=real_time_handler.HANGS))
    clock = ClockSettings(Mode.VIRTUAL, start=LATER)
    config = Config(tmp_path / "world", packages=(package,), clock=clock, workload_rate=0, hold_lapse_seconds=10)
    began = time.monotonic()
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine(data_disk_gib=()))
        job = client.get(f"{scenario.vault_id}/backupJobs/{ended(scenario, item)}")["properties"]
        told = client.sim("GET", "/events", limit="10000")["events"]
        now = world.clock.now()
    limit = timedelta(seconds=config.settings.snapshot_timeout_seconds)
    assert job["status"] == "Failed"
    assert datetime.fromisoformat(job["endTime"]) - datetime.fromisoformat(job["startTime"]) >= limit
    assert now - LATER < limit + timedelta(minutes=1), "time stands again"
    assert time.monotonic() - began < limit.total_seconds() / 4
    lapsed = [event["data"]["who"] for event in told if event["name"] == "clock.hold_lapsed"]
    assert lapsed[-1] == "sql01: VMSnapshot is at work"


def ended(scenario: Scenario, item: ProtectedItem) -> str:
    """The name of a backup's job, whatever became of it."""
    name = scenario.start_backup(item)
    scenario.client.wait_for(
        f"{scenario.vault_id}/backupJobs/{name}", lambda job: job["properties"]["status"] != "InProgress"
    )
    return name
