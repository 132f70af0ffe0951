"""Scheduled backups that fail, and are tried again where that helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import protected_item
from controlplane.jobs.backup import retries
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.protection import stopping
from controlplane.ports import Blob, ServiceSettings, StorageUnavailable
from tests.unit.controlplane.jobs.backup_world import BACKUP_REQUEST, ITEM, VAULT, VM, BackupWorld, backup_world
from tests.unit.controlplane.jobs.policy_changes import DAY, HOUR
from tests.unit.controlplane.passing_time import service

DUE = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
"""DefaultPolicy's time on the day on which the world begins, two hours before it."""
MINUTE = 60.0


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        # A machine that is off needs no extension; the service itself takes the snapshots.
        world.fabric.power(VM, "deallocated")
        yield world


@contextmanager
def refusing(world: BackupWorld) -> Iterator[None]:
    """The storage takes no snapshots: an error of the service, whose remedy is to retry in a few minutes."""

    def refuse(verb: str, blob: Blob) -> None:
        if verb == "snapshot":
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    yield
    world.blobs.listener = None


def backups(world: BackupWorld) -> list[tuple[datetime, str]]:
    """When they began, and how they ended."""
    found = [jobs.from_json(document.private["job"]) for document in world.store.find(jobs.KIND, VAULT)]
    return sorted((job.started, job.status) for job in found if job.operation == "Backup")


def attempts(world: BackupWorld) -> list[tuple[str, int]]:
    return [(event["due"], event["attempt"]) for event in world.events("schedule.due")]


def waits(world: BackupWorld) -> bool:
    item = world.store.get(protected_item.KIND, ITEM)
    assert item is not None
    return retries.of_item(item.private) is not None


def test_an_error_of_the_service_is_tried_again_after_a_few_minutes(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(2 * HOUR)
    assert backups(world) == [(DUE, "Failed")]
    (again,) = world.advance(HOUR)
    assert (again.kind, again.time, again.what) == ("retry", DUE + retries.AFTER, ITEM)
    assert backups(world) == [(DUE, "Failed"), (DUE + retries.AFTER, "Completed")]
    assert attempts(world) == [(DUE.isoformat(), 1), (DUE.isoformat(), 2)]
    assert [point.rules for point in world.points()] == [("Daily",)]
    assert not waits(world)


def test_the_tries_are_counted_and_the_next_due_run_comes(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(12 * HOUR)
    assert [began for began, _ in backups(world)] == [DUE + number * retries.AFTER for number in range(4)]
    assert {status for _, status in backups(world)} == {"Failed"}
    assert [attempt for _, attempt in attempts(world)] == [1, 2, 3, 4]
    assert not waits(world)
    world.advance(DAY)
    assert backups(world)[-1] == (DUE + timedelta(days=1), "Completed")
    assert attempts(world)[-1] == ((DUE + timedelta(days=1)).isoformat(), 1)


def test_what_the_owner_has_to_mend_is_not_tried_again(world: BackupWorld) -> None:
    world.fabric.agent = "Not Ready"
    world.fabric.power(VM, "running")
    world.advance(12 * HOUR)
    ((_, status),) = backups(world)
    assert status == "Failed"
    assert not waits(world)


def test_a_backup_on_demand_is_not_tried_again(world: BackupWorld) -> None:
    with refusing(world):
        assert world.ended(backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST))["status"] == "Failed"
    assert not waits(world)


def test_nothing_is_tried_again_where_that_is_switched_off() -> None:
    with backup_world(settings=ServiceSettings(scheduled_backup_retries=0)) as world:
        world.fabric.power(VM, "deallocated")
        with refusing(world):
            world.advance(12 * HOUR)
        assert len(backups(world)) == 1


def test_an_item_that_is_stopped_meanwhile_is_left_alone(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(2 * HOUR)
    world.ended(stopping.stop(world.ports, world.engine, ITEM))
    world.advance(12 * HOUR)
    assert len(backups(world)) == 1


def test_a_try_whose_time_passed_while_no_service_ran_comes_at_once(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(2 * HOUR)
    world.clock.jump(3 * HOUR)
    world.new_engine()
    world.advance(0)
    assert [status for _, status in backups(world)] == ["Failed", "Completed"]


def test_a_due_time_that_passed_too_takes_its_place(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(2 * HOUR)
    world.clock.jump(25 * HOUR)
    world.new_engine()
    world.advance(HOUR)
    assert [status for _, status in backups(world)] == ["Failed", "Completed"]
    assert attempts(world)[-1] == ((DUE + timedelta(days=1)).isoformat(), 1)


def test_it_lies_ahead_beside_the_next_run(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(2 * HOUR)
    with service(world.ports, world.engine) as timetable:
        ahead = [(due.kind, due.time) for due in timetable.until(DUE + timedelta(days=1))]
        assert ahead == [("retry", DUE + retries.AFTER), ("backup", DUE + timedelta(days=1))]
        assert timetable.next_due() == DUE + retries.AFTER


def test_what_the_last_of_a_day_owes_is_paid_by_its_retry(world: BackupWorld) -> None:
    with refusing(world):
        world.advance(2 * HOUR)
    item = world.store.get(protected_item.KIND, ITEM)
    assert item is not None
    assert protected_item.owed_day(item.private) == DUE.date()
    world.advance(HOUR)
    item = world.store.get(protected_item.KIND, ITEM)
    assert item is not None
    assert protected_item.owed_day(item.private) is None
