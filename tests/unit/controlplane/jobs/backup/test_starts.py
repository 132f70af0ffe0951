"""When scheduled backups start: at their due time, or spread over a while after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.schedule import Run
from controlplane.jobs.backup.starts import start_of
from controlplane.ports import ServiceSettings
from tests.unit.controlplane.jobs.backup_world import ITEM, VAULT, VM, BackupWorld, backup_world
from tests.unit.controlplane.jobs.policy_changes import DAY, HOUR, change_policy
from tests.unit.controlplane.passing_time import service

DUE = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
"""DefaultPolicy's time on the day on which the world begins, two hours before it."""
TWO_HOURS = timedelta(hours=2)
SPREAD = ServiceSettings(start_spread_seconds=TWO_HOURS.total_seconds(), start_spread_seed=7)


def run(days: int = 0) -> Run:
    return Run(DUE + timedelta(days=days), date(2026, 11, 22) + timedelta(days=days), first=True, last=True)


START = start_of(SPREAD, ITEM, run())
"""Of the first run in these worlds."""


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world(settings=SPREAD) as world:
        world.fabric.power(VM, "deallocated")
        yield world


def backups(world: BackupWorld) -> list[datetime]:
    found = [document.private["job"] for document in world.store.find(jobs.KIND, VAULT)]
    return sorted(datetime.fromisoformat(job["started"]) for job in found if job["operation"] == "Backup")


def test_without_a_spread_a_backup_starts_at_its_due_time() -> None:
    assert start_of(ServiceSettings(), ITEM, run()) == DUE


def test_the_starts_of_many_items_are_spread_over_the_whole_time() -> None:
    starts = [start_of(SPREAD, f"/item{number}", run()) for number in range(400)]
    assert all(DUE <= start < DUE + TWO_HOURS for start in starts)
    quarters = {(start - DUE) // timedelta(minutes=30) for start in starts}
    assert quarters == {0, 1, 2, 3}
    assert len(set(starts)) > 300


def test_a_start_follows_from_the_seed_the_item_and_the_run() -> None:
    assert start_of(SPREAD, ITEM.upper(), run()) == START
    assert start_of(SPREAD, ITEM, run(1)) - timedelta(days=1) != START
    other = ServiceSettings(start_spread_seconds=TWO_HOURS.total_seconds(), start_spread_seed=8)
    assert start_of(other, ITEM, run()) != START


def test_the_job_starts_then(world: BackupWorld) -> None:
    (began,) = world.advance(4 * HOUR)
    assert (began.kind, began.what) == ("backup", ITEM)
    assert backups(world) == [START]
    assert DUE < START < DUE + TWO_HOURS, "the seed of these tests draws neither end"
    assert [event["due"] for event in world.events("schedule.due")] == [DUE.isoformat()]


def test_what_lies_ahead_shows_the_starts(world: BackupWorld) -> None:
    with service(world.ports, world.engine) as timetable:
        assert timetable.next_due() == START
        ahead = [due.time for due in timetable.until(DUE + timedelta(days=9))]
        assert ahead == [start_of(SPREAD, ITEM, run(days)) for days in range(9)]
        assert list(timetable.until(START - timedelta(seconds=1))) == []


def test_a_change_of_the_policy_between_due_time_and_start_loses_nothing(world: BackupWorld) -> None:
    world.advance((START - timedelta(seconds=1) - world.clock.now()).total_seconds())
    change_policy(world, instantRpRetentionRangeInDays=3)
    world.advance(HOUR)
    assert backups(world) == [START]


def test_a_new_time_of_the_day_whose_start_has_passed_is_not_made_up_for(world: BackupWorld) -> None:
    world.advance(5 * HOUR)
    times = {"scheduleRunTimes": ["2026-11-22T20:00:00Z"]}
    schedule = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": "Daily", **times}
    daily = {"retentionTimes": ["2026-11-22T20:00:00Z"], "retentionDuration": {"count": 30, "durationType": "Days"}}
    kept = {"retentionPolicyType": "LongTermRetentionPolicy", "dailySchedule": daily}
    change_policy(world, schedulePolicy=schedule, retentionPolicy=kept)
    world.advance(HOUR)
    assert len(backups(world)) == 1
    world.advance(DAY)
    assert len(backups(world)) == 2


def test_a_start_that_passed_while_no_service_ran_is_made_up_for_once(world: BackupWorld) -> None:
    world.clock.jump((START + timedelta(minutes=5) - world.clock.now()).total_seconds())
    world.new_engine()
    world.advance(0)
    assert backups(world) == [START + timedelta(minutes=5)]
    world.advance(2 * HOUR)
    assert len(backups(world)) == 1


def test_what_is_due_and_has_not_started_is_not_made_up_for_early(world: BackupWorld) -> None:
    world.clock.jump((START - timedelta(minutes=5) - world.clock.now()).total_seconds())
    world.new_engine()
    world.advance(0)
    assert backups(world) == []
    world.advance(HOUR)
    assert backups(world) == [START]
