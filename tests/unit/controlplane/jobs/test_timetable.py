"""What the service does by itself: due backups, expiry, purge; in a world whose time passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import policy, protected_item, recovery_point
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.engine import records
from controlplane.jobs.protection import stopping
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.jobs.retention import expiry
from controlplane.json_object import Json
from controlplane.port_wrappers import FabricWrapper
from controlplane.ports import Blob, Disk, StorageUnavailable
from tests.unit.controlplane.jobs.backup_world import (
    BACKUP_REQUEST,
    DISKS,
    ITEM,
    POLICY,
    PROTECT_REQUEST,
    VAULT,
    VM,
    VM_ID,
    BackupWorld,
    backup_world,
)
from tests.unit.controlplane.jobs.policy_changes import change_policy, keeping, kept
from tests.unit.controlplane.passing_time import service, stop_schedules

HOUR = 3600.0
DAY = 24 * HOUR
DUE = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
"""DefaultPolicy's time on the day on which the world begins, two hours before it."""


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


def put(world: BackupWorld, **changes: Any) -> None:
    request = {"properties": PROTECT_REQUEST["properties"] | changes}
    world.ended(configure_protection(world.ports, world.engine, ITEM, request))


def delete(world: BackupWorld) -> None:
    ticket = stopping.delete(world.ports, world.engine, ITEM)
    assert ticket is not None
    world.ended(ticket)


def backups(world: BackupWorld) -> list[datetime]:
    """When the backups began."""
    found = [document.private["job"] for document in world.store.find(jobs.KIND, VAULT)]
    return sorted(datetime.fromisoformat(job["started"]) for job in found if job["operation"] == "Backup")


def put_policy(world: BackupWorld, **retention_rules: Json) -> None:
    """DefaultPolicy with these rules."""
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    body = found.json()
    body["properties"]["retentionPolicy"] = {"retentionPolicyType": "LongTermRetentionPolicy", **retention_rules}
    policy.check(body["properties"])
    world.store.put(policy.KIND, POLICY, body, private=policy.with_change({}, world.clock.now()))


# ------------------------------------------------------------------------------------------------------- what is due


def test_the_first_backup_is_that_of_the_next_due_time(world: BackupWorld) -> None:
    world.advance(HOUR)
    assert backups(world) == []
    world.advance(HOUR)
    (began,) = backups(world)
    assert began >= DUE
    world.advance(HOUR)
    assert backups(world) == [began]
    (point,) = world.points()
    assert (point.rules, point.expires - point.time) == (("Daily",), timedelta(days=30))
    assert world.shown_points()[0]["recoveryPointProperties"]["ruleName"] == "Daily"
    assert world.item()["protectionState"] == "Protected"


def test_each_due_time_has_one_backup_whoever_looks(world: BackupWorld) -> None:
    with service(world.ports, world.engine) as another:
        for _ in range(60):
            world.advance(HOUR)
            assert another.run() == []
    assert len(backups(world)) == 3
    assert [event["reason"] for event in world.events("backup.skipped")] == []


def test_a_due_time_that_passed_while_no_service_ran_is_made_up_for_once() -> None:
    with backup_world() as world:
        world.advance(2 * HOUR)
        world.clock.jump(3 * DAY)
        world.new_engine()
        made_up, *more = world.advance(60)
        assert (made_up.kind, made_up.time, more) == ("backup", DUE + timedelta(days=3), [])
        assert len(backups(world)) == 2
        assert world.advance(60) == []
        (told,) = [event["due"] for event in world.events("schedule.due")][1:]
        assert told == (DUE + timedelta(days=3)).isoformat(), "the last of them is the one that is made up for"


def test_a_policy_that_moves_its_time_back_starts_nothing(world: BackupWorld) -> None:
    world.advance(2 * HOUR)
    world.advance(12 * HOUR)
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    body = found.json()
    body["properties"]["schedulePolicy"]["scheduleRunTimes"] = ["2026-11-22T08:00:00Z"]
    world.store.put(policy.KIND, POLICY, body, private=policy.with_change({}, world.clock.now()))
    world.advance(HOUR)
    assert len(backups(world)) == 1
    world.advance(DAY)
    assert len(backups(world)) == 2


@pytest.mark.parametrize("state", ["ProtectionStopped", "BackupsSuspended"])
def test_nothing_is_due_once_protection_ends_and_resuming_waits_for_the_next(world: BackupWorld, state: str) -> None:
    put(world, policyId="", protectionState=state)
    world.advance(3 * HOUR)
    assert backups(world) == []
    put(world)
    world.advance(HOUR)
    assert backups(world) == []
    world.advance(DAY)
    assert len(backups(world)) == 1


class NoDisks(FabricWrapper):
    """A fabric that cannot say which disks a machine has."""

    def disks(self, vm: str) -> tuple[Disk, ...]:
        raise StorageUnavailable("no answer")


def test_a_backup_that_cannot_be_begun_is_skipped_and_told(world: BackupWorld) -> None:
    world.ports = replace(world.ports, fabric=NoDisks(world.fabric))
    world.advance(3 * HOUR)
    assert backups(world) == []
    (told,) = world.events("backup.skipped")
    assert told == {"item": ITEM, "due": DUE.isoformat(), "reason": "no answer"}
    assert [due["item"] for due in world.events("schedule.due")] == [ITEM]


def test_a_closed_timetable_does_nothing() -> None:
    with backup_world() as world:
        with service(world.ports, world.engine) as timetable:
            assert timetable.next_due() == DUE
        world.clock.jump(DAY)
        assert (timetable.next_due(), timetable.run()) == (None, [])
        assert backups(world) == []


# ------------------------------------------------------------------------------------------------------- what is over


def test_a_point_expires_with_its_snapshots_and_its_copy(world: BackupWorld) -> None:
    stop_schedules(world.store)
    soon = (world.clock.now() + timedelta(hours=5)).isoformat()
    request = {"properties": BACKUP_REQUEST["properties"] | {"recoveryPointExpiryTimeInUTC": soon}}
    world.ended(backup_now(world.ports, world.engine, ITEM, request))
    (point,) = world.points()
    world.advance(6 * HOUR)
    assert [left.id for left in world.points()] == [point.id], "the only point stays"
    world.write(0, 1, 9)
    world.back_up()
    (expired,) = world.advance(0)
    assert (expired.kind, expired.time, expired.what) == ("expiry", point.expires, f"{ITEM}/recoveryPoints/{point.id}")
    assert point.id not in [left.id for left in world.points()]
    assert len(world.snapshots()) == 3 * len(world.points())
    assert not any(f"/{point.id}/" in name and name.endswith(".manifest") for name in world.vault_blobs())
    assert world.restore(world.points()[-1])["status"] == "Completed"


def test_snapshots_expire_although_no_backup_comes(world: BackupWorld) -> None:
    world.back_up()
    world.advance(60)
    world.back_up()
    put(world, policyId="", protectionState="BackupsSuspended")
    world.advance(3 * DAY)
    assert [point.tiers for point in world.points()] == ["Vault", "InstantAndVault"]
    assert len(world.snapshots()) == 3


def test_a_longer_retention_counts_for_what_is_there(world: BackupWorld) -> None:
    world.advance(2 * HOUR)
    (point,) = world.points()
    change_policy(world, **keeping(dailySchedule=kept(90, "Days")))
    (longer,) = world.points()
    assert longer.expires == point.time + timedelta(days=90)
    assert world.shown_points()[0]["recoveryPointProperties"]["expiryTime"].startswith("2027-02-20T21:00")


def test_a_stopped_item_keeps_everything(world: BackupWorld) -> None:
    world.advance(2 * HOUR)
    world.advance(DAY)
    put(world, policyId="", protectionState="ProtectionStopped")
    world.advance(400 * DAY)
    assert len(world.points()) == 2


def test_what_is_in_use_stays_until_it_is_free(world: BackupWorld) -> None:
    world.back_up()
    world.advance(60)
    world.back_up()
    put(world, policyId="", protectionState="BackupsSuspended")
    world.store.put(records.LOCK, f"{ITEM.lower()}|restore", {})
    world.advance(40 * DAY)
    assert len(world.points()) == 2
    world.store.delete(records.LOCK, f"{ITEM.lower()}|restore")
    world.advance(0)
    assert len(world.points()) == 1


def test_a_storage_that_fails_while_erasing_is_tried_again(world: BackupWorld) -> None:
    """At any of its calls: in the end the storage holds what the points name, and the newest can be restored."""
    world.back_up()
    world.advance(60)
    world.write(1, 1, 5)
    world.back_up()
    put(world, policyId="", protectionState="BackupsSuspended")
    refused = 0

    def refuse_every_other_deletion(verb: str, blob: Blob) -> None:
        nonlocal refused
        if verb == "delete":
            refused += 1
            if refused % 2:
                raise StorageUnavailable("no answer")

    world.blobs.listener = refuse_every_other_deletion
    for _ in range(30):
        world.advance(2 * DAY)
    world.blobs.listener = None
    world.advance(HOUR)
    (point,) = world.points()
    assert refused > 2
    assert world.store.find(expiry.EXPIRED) == []
    assert world.restore(point)["status"] == "Completed"


# -------------------------------------------------------------------------------------------------------------- purge


def everything(world: BackupWorld) -> list[str]:
    """All that the service keeps in the storage, snapshots on the machine's disks included."""
    settings = world.ports.settings
    reports = world.blobs.find(settings.service_account, f"bcdrextensionlogs-{VM_ID}")
    kept_blobs = [*world.blobs.find(settings.vault_account, "vault"), *reports]
    return [f"{blob.container}/{blob.name}" for blob in kept_blobs] + [str(blob) for blob in world.snapshots()]


def test_a_deleted_item_is_purged_when_its_days_are_over(world: BackupWorld) -> None:
    for number in range(3):
        world.write(1, number, 50 + number)
        world.back_up()
        world.advance(60)
    stray = world.blobs.snapshot(DISKS[0].blob, {"jobid": world.job_private()["job"]["id"], "taskid": "x"})
    foreign = world.blobs.snapshot(DISKS[0].blob, {"madeby": "somebody else"})
    delete(world)
    world.advance(14 * DAY - HOUR)
    assert len(world.points()) == 3
    assert DISKS[0].blob.at(stray) in world.snapshots()
    world.advance(2 * HOUR)
    assert world.store.get(protected_item.KIND, ITEM) is None
    assert world.store.find(recovery_point.KIND) == []
    assert everything(world) == [str(DISKS[0].blob.at(foreign))]
    assert [world.store.find(kind) for kind in (expiry.EXPIRED, expiry.PURGED)] == [[], []]
    assert world.events("item.state")[-1] == {"item": ITEM, "to": "NotProtected"}
    assert {told["item"] for told in world.events("item.state")} == {ITEM}, "every event spells it the same way"
    world.protect()
    assert world.back_up()["status"] == "Completed"


def test_what_was_undeleted_is_not_purged(world: BackupWorld) -> None:
    world.back_up()
    delete(world)
    world.advance(13 * DAY)
    put(world, policyId="", protectionState="ProtectionStopped", isRehydrate=True)
    world.advance(30 * DAY)
    assert len(world.points()) == 1


def test_a_purge_that_was_interrupted_is_ended_by_the_next_service() -> None:
    with backup_world() as world:
        world.back_up()
        delete(world)

        def refuse(verb: str, blob: Blob) -> None:
            if verb == "delete":
                raise StorageUnavailable("no answer")

        world.blobs.listener = refuse
        world.advance(15 * DAY)
        assert world.store.get(protected_item.KIND, ITEM) is None
        assert world.store.find(recovery_point.KIND) == []
        assert world.events("expiry.left_behind")
        world.blobs.listener = None
        world.advance(0)
        assert everything(world) == []


# --------------------------------------------------------------------------------------------------------------- a year


@pytest.mark.slow
def test_a_year_passes(world: BackupWorld) -> None:
    """Grandfather, father, son: after a year of days there is what the four rules keep, and all of it can be read."""
    first_of_month = {"daysOfTheMonth": [{"date": 1, "isLast": False}]}
    put_policy(
        world,
        dailySchedule=kept(7, "Days"),
        weeklySchedule=kept(4, "Weeks", daysOfTheWeek=["Sunday"]),
        monthlySchedule=kept(12, "Months", retentionScheduleFormatType="Daily", retentionScheduleDaily=first_of_month),
        yearlySchedule=kept(
            3,
            "Years",
            retentionScheduleFormatType="Daily",
            retentionScheduleDaily=first_of_month,
            monthsOfYear=["January"],
        ),
    )
    exclude = {"diskExclusionProperties": {"diskLunList": [0], "isInclusionList": True}}
    put(world, extendedProperties=exclude)
    # A machine that is off needs no extension, and so no sealing of its settings: the year takes seconds.
    world.fabric.power(VM, "deallocated")
    world.advance(2 * HOUR)
    for day in range(364):
        world.write(1, day % 4, day % 251 + 1)
        world.advance(DAY)
    assert len(backups(world)) == 365
    found = world.points()
    assert Counter(point.rules[-1] for point in found) == {"Daily": 6, "Weekly": 4, "Monthly": 11, "Yearly": 1}
    assert all(point.expires > world.clock.now() for point in found)
    assert len(world.snapshots()) == 2 * sum(point.has_snapshots for point in found)
    oldest, newest = found[0], found[-1]
    assert (oldest.tiers, oldest.time.date().isoformat()) == ("Vault", "2026-12-01")
    assert {world.restore(point)["status"] for point in (oldest, newest)} == {"Completed"}
