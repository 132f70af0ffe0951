"""Policies with several backups a day: which of them go to the vault, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import policy
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.json_object import Json
from controlplane.ports import Blob, StorageUnavailable
from tests.unit.controlplane.jobs.backup_world import (
    BACKUP_REQUEST,
    ITEM,
    PROTECT_REQUEST,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)
from tests.unit.controlplane.jobs.policy_changes import HOUR, change_policy, keeping, kept
from tests.unit.controlplane.passing_time import service

EIGHT = "2026-11-22T08:00:00Z"
HOURLY = f"{VAULT}/backupPolicies/hourly"


def put_hourly(world: BackupWorld, snapshot_days: int = 2, **rules: Json) -> None:
    """A policy with runs at 8, 12, 16 and 20. The world begins on a Sunday, at seven in the evening."""
    hourly = {"interval": 4, "scheduleWindowStartTime": EIGHT, "scheduleWindowDuration": 12}
    properties = {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": hourly,
        },
        **keeping(**(rules or {"dailySchedule": kept(30, "Days", EIGHT)})),
        "instantRpRetentionRangeInDays": snapshot_days,
        "timeZone": "UTC",
    }
    policy.check(properties)
    world.store.put(policy.KIND, HOURLY, policy.body(HOURLY, properties), parent=VAULT)


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    """A machine that is off, so that its backups take no time, under a policy with four backups a day."""
    with backup_world(protected=False) as world:
        world.fabric.power(VM, "deallocated")
        put_hourly(world)
        protect(world)
        yield world


def protect(world: BackupWorld) -> None:
    request = {"properties": PROTECT_REQUEST["properties"] | {"policyId": HOURLY}}
    world.ended(configure_protection(world.ports, world.engine, ITEM, request))


def pass_hours(world: BackupWorld, hours: int) -> None:
    world.advance(hours * HOUR)


def where(points: list[RecoveryPoint]) -> dict[str, str]:
    """The tiers of points by their day and hour."""
    return {f"{point.time:%d %H}": point.tiers for point in points}


def backups(world: BackupWorld) -> list[Json]:
    """What ARM shows of the backups, oldest first."""
    found = [document.json()["properties"] for document in world.store.find(jobs.KIND, VAULT)]
    return sorted((job for job in found if job["operation"] == "Backup"), key=lambda job: job["startTime"])


def tasks(job: Json) -> list[tuple[str, str]]:
    return [(task["taskId"], task["status"]) for task in job["extendedInfo"]["tasksList"]]


@contextmanager
def refusing(world: BackupWorld, *verbs: str) -> Iterator[None]:
    """The storage answers none of these calls."""

    def refuse(verb: str, blob: Blob) -> None:
        if verb in verbs:
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    yield
    world.blobs.listener = None


# --------------------------------------------------------------------------------------------------- the last of a day


def test_only_the_last_backup_of_a_day_goes_to_the_vault(world: BackupWorld) -> None:
    pass_hours(world, 26)
    assert where(world.points()) == {
        "22 20": "InstantAndVault",
        "23 08": "Instant",
        "23 12": "Instant",
        "23 16": "Instant",
        "23 20": "InstantAndVault",
    }
    assert [job["status"] for job in backups(world)] == ["Completed"] * 5
    assert tasks(backups(world)[0]) == [("Take Snapshot", "Completed"), ("Transfer data to vault", "Completed")]
    assert tasks(backups(world)[1]) == [("Take Snapshot", "Completed"), ("Transfer data to vault", "Skipped")]


def test_the_others_expire_with_the_instant_tier(world: BackupWorld) -> None:
    pass_hours(world, 26)
    instant = [point for point in world.points() if point.tiers == "Instant"]
    assert {point.expires - point.time for point in instant} == {timedelta(days=2)}
    assert sorted(rule["ruleName"] for rule in shown(world)) == ["", "", "", "Daily", "Daily"]
    pass_hours(world, 48)
    left = where(world.points())
    assert left["22 20"] == left["23 20"] == "Vault"
    assert not {"23 08", "23 12", "23 16"} & set(left)
    assert world.events("recovery_point.soft_deleted") == [], "that is their natural end"


def shown(world: BackupWorld) -> list[Json]:
    return [body["recoveryPointProperties"] for body in world.shown_points()]


def test_a_shorter_instant_tier_takes_them_away_like_any_point(world: BackupWorld) -> None:
    pass_hours(world, 26)
    change_policy(world, HOURLY, instantRpRetentionRangeInDays=1)
    pass_hours(world, 22)
    gone = [point for point in world.points() if point.is_soft_deleted]
    assert gone == [], "nothing was older than a day when the policy changed"
    put_hourly(world, snapshot_days=5)
    change_policy(world, HOURLY, instantRpRetentionRangeInDays=5)
    pass_hours(world, 48)
    before = where(world.points())
    change_policy(world, HOURLY, instantRpRetentionRangeInDays=1)
    pass_hours(world, 1)
    gone = [point for point in world.points() if point.is_soft_deleted]
    assert gone
    assert {point.tiers for point in gone} == {"Instant"}, "what is in the vault loses its snapshots alone"
    assert set(before) <= set(where(world.points()))
    assert world.restore(gone[0])["status"] == "Completed"


def test_a_point_may_lose_its_snapshots_and_its_place_at_once(world: BackupWorld) -> None:
    put_hourly(world, snapshot_days=20)
    pass_hours(world, 2)
    pass_hours(world, 9 * 24)
    (oldest, *_) = world.points()
    week = keeping(dailySchedule=kept(7, "Days", EIGHT))
    change_policy(world, HOURLY, **week, instantRpRetentionRangeInDays=2)
    pass_hours(world, 1)
    (found,) = [point for point in world.points() if point.id == oldest.id]
    assert (found.tiers, found.is_soft_deleted) == ("Vault", True)
    assert world.restore(found)["status"] == "Completed"


def test_weekly_and_longer_rules_keep_the_one_in_the_vault(world: BackupWorld) -> None:
    put_hourly(
        world,
        dailySchedule=kept(30, "Days", EIGHT),
        weeklySchedule=kept(12, "Weeks", EIGHT, daysOfTheWeek=["Sunday"]),
    )
    pass_hours(world, 26)
    assert [point.rules for point in world.points()] == [
        ("Daily", "Weekly"),
        ("Snapshot",),
        ("Snapshot",),
        ("Snapshot",),
        ("Daily",),
    ]


def test_a_backup_on_demand_goes_to_the_vault(world: BackupWorld) -> None:
    world.ended(backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST))
    assert [point.tiers for point in world.points()] == ["InstantAndVault"]


# -------------------------------------------------------------------------------------------------------- if it fails


WEEKLY: Json = {
    "dailySchedule": kept(30, "Days", EIGHT),
    "weeklySchedule": kept(12, "Weeks", EIGHT, daysOfTheWeek=["Sunday"]),
}


@pytest.mark.parametrize("verbs", [("snapshot",), ("commit", "put")])
def test_if_the_last_fails_the_first_of_the_next_day_takes_its_place(
    world: BackupWorld, verbs: tuple[str, ...]
) -> None:
    """Whether there is no snapshot, or a snapshot that cannot be transferred."""
    put_hourly(world, **WEEKLY)
    with refusing(world, *verbs):
        pass_hours(world, 2)
    assert {job["status"] for job in backups(world)} == {"Failed" if "snapshot" in verbs else "CompletedWithWarnings"}
    pass_hours(world, 24)
    next_day = [point for point in world.points() if point.time.day == 23]
    assert where(next_day) == {
        "23 08": "InstantAndVault",
        "23 12": "Instant",
        "23 16": "Instant",
        "23 20": "InstantAndVault",
    }
    assert next_day[0].rules == ("Daily", "Weekly"), "it stands for Sunday"
    assert next_day[-1].rules == ("Daily",)


def test_as_long_as_none_gets_there_each_one_tries(world: BackupWorld) -> None:
    with refusing(world, "commit", "put"):
        pass_hours(world, 18)
    pass_hours(world, 8)
    assert where(world.points()) == {
        "22 20": "Instant",
        "23 08": "Instant",
        "23 12": "Instant",
        "23 16": "InstantAndVault",
        "23 20": "InstantAndVault",
    }


def test_a_failure_in_the_middle_of_the_day_owes_nothing(world: BackupWorld) -> None:
    pass_hours(world, 12)
    with refusing(world, "snapshot"):
        pass_hours(world, 2)
    pass_hours(world, 12)
    assert where(world.points()) == {
        "22 20": "InstantAndVault",
        "23 12": "Instant",
        "23 16": "Instant",
        "23 20": "InstantAndVault",
    }


def test_a_last_one_that_passed_while_no_service_ran_is_owed(world: BackupWorld) -> None:
    """The run at eight is made up for, and goes to the vault in the place of that of the evening before."""
    world.clock.jump(14 * HOUR)
    world.new_engine()
    pass_hours(world, 5)
    assert where(world.points()) == {"23 09": "InstantAndVault", "23 12": "Instant"}
    assert world.points()[0].rules == ("Daily",)


def test_an_item_that_comes_under_an_hourly_policy_follows_its_times() -> None:
    """From DefaultPolicy, whose run at nine in the evening no longer comes."""
    with backup_world() as world, service(world.ports, world.engine) as timetable:
        put_hourly(world)
        nine, eight = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((22, 21), (23, 8)))
        assert [(due.kind, due.time) for due in timetable.until(nine)] == [("backup", nine)]
        pass_hours(world, 1)
        protect(world)
        assert timetable.next_due() == eight, "the run at eight in the evening has passed"
        assert [due.time.hour for due in timetable.until(eight + timedelta(hours=12))] == [8, 12, 16, 20]
