"""Days that pass in a moment have data that change: each backup finds its own day's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.client import Client
from simulator.clock.kept_clock import ClockSettings, Mode
from simulator.daily_work import MIB, DailyWork
from simulator.scenario import Scenario
from simulator.world import Config, build

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAYS = 4


@pytest.mark.slow
def test_every_scheduled_backup_finds_the_work_of_its_day(tmp_path: Path) -> None:
    config = Config(
        tmp_path,
        clock=ClockSettings(Mode.VIRTUAL, start=START),
        workload_rate=0,
        workload_per_day=DailyWork.parse("2MiB,50tx"),
    )
    transactions: list[int] = []
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine(data_disk_gib=(1,)))
        advanced = client.advance(by=f"{DAYS}d")
        assert advanced["outcomes"] == {"Completed": DAYS}
        points = scenario.recovery_points(item)
        told = client.sim("GET", "/events", limit="10000")["events"]
        assert len(points) == DAYS
        for point in points:
            verdict = scenario.verify(point)
            assert verdict.verified
            assert verdict.database is not None
            transactions.append(verdict.database["last_transaction"])
    first, *later = [event for event in told if event["name"] == "workload.caught_up"]
    assert [(each["data"]["file_bytes"], each["data"]["transactions"]) for each in later] == [(2 * MIB, 50)] * (
        DAYS - 1
    )
    at = [datetime.fromisoformat(each["time"]) for each in (first, *later)]
    assert [after - before for before, after in pairwise(at)] == [timedelta(days=1)] * (DAYS - 1)
    assert [after - before for before, after in pairwise(transactions)] == [50] * (DAYS - 1)
    changed = [sum(disk.changed_bytes for disk in point.disks) for point in points[1:]]
    assert all(2 * MIB <= each < 4 * MIB for each in changed), "the files, and pages of the database and its journal"
