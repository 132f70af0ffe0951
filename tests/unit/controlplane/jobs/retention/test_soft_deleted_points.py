"""Recovery points that a changed policy takes away: soft-deleted by the next clean-up, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from controlplane.domain.due import Due
from controlplane.domain.recovery_services import policy, protected_item, recovery_point, vault
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.engine import records
from controlplane.jobs.protection import stopping
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.jobs.retention import expiry
from controlplane.json_object import Json
from tests.unit.controlplane.jobs.backup_world import (
    ITEM,
    POLICY,
    PROTECT_REQUEST,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)
from tests.unit.controlplane.jobs.policy_changes import DAY, HOUR, change_policy, keeping, kept
from tests.unit.controlplane.passing_time import service, stop_schedules

POINTS = 12
"""One a day; the youngest is of the moment at which the policy changes."""
WEEK = keeping(dailySchedule=kept(7, "Days"))


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    """An item under DefaultPolicy, which keeps 30 days, with a point for each of the last days. No more are made."""
    with backup_world() as world:
        # A machine that is off needs no extension, and its backups take no time.
        world.fabric.power(VM, "deallocated")
        world.advance(2 * HOUR)
        for day in range(1, POINTS):
            world.write(1, day % 4, day)
            world.advance(DAY)
        assert len(world.points()) == POINTS
        stop_schedules(world.store)
        yield world


def put(world: BackupWorld, **changes: Any) -> None:
    request = {"properties": PROTECT_REQUEST["properties"] | changes}
    world.ended(configure_protection(world.ports, world.engine, ITEM, request))


def soft_deleted(world: BackupWorld) -> list[str]:
    return [point.id for point in world.points() if point.is_soft_deleted]


def older_than(world: BackupWorld, days: int) -> list[str]:
    now = world.clock.now()
    return [point.id for point in world.points() if now - point.time >= timedelta(days=days)]


def shown(world: BackupWorld) -> dict[str, Json]:
    """What ARM shows of the end of each point."""
    bodies = [document.json() for document in world.store.find(recovery_point.KIND, ITEM)]
    return {body["name"]: body["properties"]["recoveryPointProperties"] for body in bodies}


def has_copy(world: BackupWorld, point: RecoveryPoint) -> bool:
    manifests = [name for name in world.vault_blobs() if name.endswith(".manifest")]
    return any(f"/{point.id}/" in name for name in manifests)


# -------------------------------------------------------------------------------------------------------- taken away


def test_a_shorter_policy_soft_deletes_at_the_next_clean_up(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR / 2)
    assert soft_deleted(world) == [], "not before the clean-up"
    world.advance(HOUR / 2)
    until = world.clock.now() + timedelta(days=14)
    assert soft_deleted(world) == older_than(world, 7)
    assert len(soft_deleted(world)) == POINTS - 7
    assert {point.soft_deleted_until for point in world.points() if point.is_soft_deleted} == {until}
    assert {id for id, ends in shown(world).items() if ends["isSoftDeleted"]} == set(soft_deleted(world))
    assert all(shown(world)[id]["expiryTime"].startswith(f"{until:%Y-%m-%dT%H:%M}") for id in soft_deleted(world))
    told = {event["point"]: event["until"] for event in world.events("recovery_point.soft_deleted")}
    assert told == dict.fromkeys(soft_deleted(world), until.isoformat())


def test_a_soft_deleted_point_can_be_restored(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR)
    oldest = world.points()[0]
    assert oldest.is_soft_deleted
    assert world.restore(oldest)["status"] == "Completed"


def test_it_is_purged_with_its_copy_after_the_days_of_the_vault(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR)
    gone = [point for point in world.points() if point.is_soft_deleted]
    world.advance(14 * DAY - HOUR)
    assert set(soft_deleted(world)) == {point.id for point in gone}
    world.advance(2 * HOUR)
    assert soft_deleted(world) == []
    assert not any(has_copy(world, point) for point in gone)
    assert world.store.find(expiry.EXPIRED) == []
    assert {world.restore(point)["status"] for point in world.points()} == {"Completed"}


def test_the_days_of_the_vault_at_the_clean_up_count(world: BackupWorld) -> None:
    _set_soft_delete(world, softDeleteRetentionPeriodInDays=30)
    change_policy(world, **WEEK)
    world.advance(HOUR)
    _set_soft_delete(world, softDeleteRetentionPeriodInDays=14)
    assert {point.soft_deleted_until for point in world.points() if point.is_soft_deleted} == {
        world.clock.now() + timedelta(days=30)
    }


def test_without_soft_delete_they_are_removed_by_the_clean_up(world: BackupWorld) -> None:
    _set_soft_delete(world, softDeleteState="Disabled")
    change_policy(world, **WEEK)
    world.advance(HOUR / 2)
    assert len(world.points()) == POINTS
    world.advance(HOUR / 2)
    assert len(world.points()) == 7
    assert world.events("recovery_point.soft_deleted") == []


def _set_soft_delete(world: BackupWorld, **settings: Any) -> None:
    found = world.store.get(vault.KIND, VAULT)
    assert found is not None
    properties = {"properties": {"securitySettings": {"softDeleteSettings": settings}}}
    world.store.put(vault.KIND, VAULT, found.json() | properties)


def test_a_natural_end_removes_at_once(world: BackupWorld) -> None:
    first, second = world.points()[:2]
    world.advance((first.expires - world.clock.now()).total_seconds())
    ids = [point.id for point in world.points()]
    assert first.id not in ids
    assert second.id in ids
    assert world.events("recovery_point.soft_deleted") == []


def test_what_ends_by_its_old_promise_before_the_clean_up_is_removed(world: BackupWorld) -> None:
    """The oldest point would have ended half an hour after the change in any case."""
    oldest = world.points()[0]
    world.advance((oldest.expires - world.clock.now()).total_seconds() - HOUR / 2)
    change_policy(world, **WEEK)
    world.advance(HOUR)
    assert oldest.id not in [point.id for point in world.points()]
    assert oldest.id not in [event["point"] for event in world.events("recovery_point.soft_deleted")]
    assert soft_deleted(world), "others were taken away"


def test_the_newest_point_is_soft_deleted_once_there_is_a_newer_one(world: BackupWorld) -> None:
    put(world, policyId="", protectionState="BackupsSuspended")
    world.advance(8 * DAY)
    newest = world.points()[-1]
    change_policy(world, **WEEK)
    world.advance(HOUR)
    assert soft_deleted(world) == [point.id for point in world.points()[:-1]]
    put(world)
    world.advance(DAY)
    assert newest.id in soft_deleted(world)
    assert not world.points()[-1].is_soft_deleted


def test_what_is_in_use_waits(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.store.put(records.LOCK, f"{ITEM.lower()}|restore", {})
    world.advance(2 * HOUR)
    assert soft_deleted(world) == []
    world.store.delete(records.LOCK, f"{ITEM.lower()}|restore")
    world.advance(0)
    assert len(soft_deleted(world)) == POINTS - 7


# --------------------------------------------------------------------------------------------------------- come back


def test_a_longer_policy_brings_back_what_it_keeps(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR)
    change_policy(world, **keeping(dailySchedule=kept(10, "Days")))
    assert soft_deleted(world) == older_than(world, 10)
    back = [event["point"] for event in world.events("recovery_point.undeleted")]
    assert len(back) == 3
    by_id = {point.id: point for point in world.points()}
    assert all(by_id[id].expires == by_id[id].time + timedelta(days=10) for id in back)
    change_policy(world, **keeping(dailySchedule=kept(30, "Days")))
    assert soft_deleted(world) == []
    world.advance(8 * DAY)
    assert set(back) <= {point.id for point in world.points()}, "they last until their own end"


def test_what_came_back_ends_for_good(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR)
    change_policy(world, **keeping(dailySchedule=kept(10, "Days")))
    back = [event["point"] for event in world.events("recovery_point.undeleted")]
    world.advance(4 * DAY)
    assert not set(back) & {point.id for point in world.points()}


def test_a_longer_policy_counts_at_once_for_what_is_there(world: BackupWorld) -> None:
    """The oldest point would end before the next clean-up."""
    oldest = world.points()[0]
    world.advance((oldest.expires - world.clock.now()).total_seconds() - HOUR / 2)
    change_policy(world, **keeping(dailySchedule=kept(90, "Days")))
    world.advance(HOUR)
    assert world.points()[0].id == oldest.id
    assert world.points()[0].expires == oldest.time + timedelta(days=90)


def test_the_points_of_a_suspended_item_come_back_too(world: BackupWorld) -> None:
    put(world, policyId="", protectionState="BackupsSuspended")
    change_policy(world, **WEEK)
    world.advance(HOUR)
    assert soft_deleted(world)
    change_policy(world, **keeping(dailySchedule=kept(30, "Days")))
    assert soft_deleted(world) == []


def test_a_change_of_the_schedule_alone_takes_nothing_away(world: BackupWorld) -> None:
    change_policy(world, instantRpRetentionRangeInDays=3)
    world.advance(2 * HOUR)
    assert soft_deleted(world) == []
    assert len(world.points()) == POINTS


# --------------------------------------------------------------------------------------------- what happens to an item


def test_an_item_that_comes_under_another_policy_loses_what_that_does_not_keep(world: BackupWorld) -> None:
    other = f"{VAULT}/backupPolicies/week"
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    world.store.put(policy.KIND, other, policy.body(other, found.json()["properties"] | WEEK), parent=VAULT)
    put(world, policyId=other)
    assert soft_deleted(world) == []
    world.advance(HOUR)
    assert len(soft_deleted(world)) == POINTS - 7
    put(world)
    assert soft_deleted(world) == [], "back under the first one they are kept again"


def test_an_item_may_be_suspended_under_a_shorter_policy(world: BackupWorld) -> None:
    other = f"{VAULT}/backupPolicies/week"
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    world.store.put(policy.KIND, other, policy.body(other, found.json()["properties"] | WEEK), parent=VAULT)
    put(world, policyId=other, protectionState="BackupsSuspended")
    world.advance(HOUR)
    assert len(soft_deleted(world)) == POINTS - 7


def test_a_stopped_item_keeps_what_it_has_but_soft_deleted_points_end(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR)
    put(world, policyId="", protectionState="ProtectionStopped")
    world.advance(100 * DAY)
    assert len(world.points()) == 7


def test_a_soft_deleted_item_keeps_soft_deleted_points(world: BackupWorld) -> None:
    """Documented: nothing of an item is cleaned up while it is soft-deleted. They are over once it is back."""
    _set_soft_delete(world, softDeleteRetentionPeriodInDays=14)
    change_policy(world, **WEEK)
    world.advance(HOUR)
    _set_soft_delete(world, softDeleteRetentionPeriodInDays=60)
    ticket = stopping.delete(world.ports, world.engine, ITEM)
    assert ticket is not None
    world.ended(ticket)
    world.advance(50 * DAY)
    assert len(world.points()) == POINTS
    world.ended(stopping.undelete(world.ports, world.engine, ITEM))
    world.advance(HOUR)
    assert len(world.points()) == 7


def test_they_can_be_purged_before_their_time(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    world.advance(HOUR)
    assert expiry.purge_at_once(world.ports) == (0, POINTS - 7)
    assert len(world.points()) == 7
    assert world.store.get(protected_item.KIND, ITEM) is not None


# ---------------------------------------------------------------------------------------------------- what lies ahead


def test_the_clean_up_and_the_purges_lie_ahead_at_their_instants(world: BackupWorld) -> None:
    with service(world.ports, world.engine) as timetable:
        change_policy(world, **WEEK)
        clean_up = world.clock.now() + timedelta(hours=1)
        assert timetable.next_due() == clean_up
        assert list(timetable.until(clean_up)) == [Due(clean_up, "rules", ITEM)]
    world.advance(HOUR)
    purge = world.clock.now() + timedelta(days=14)
    with service(world.ports, world.engine) as timetable:
        ahead = [due for due in timetable.until(purge) if due.kind == "purge"]
        assert ahead == sorted(Due(purge, "purge", f"{ITEM}/recoveryPoints/{id}") for id in soft_deleted(world))
        change_policy(world, **keeping(dailySchedule=kept(30, "Days")))
        assert "purge" not in {due.kind for due in timetable.until(purge)}, "what came back is not purged"


def test_what_was_done_is_told_by_its_kind(world: BackupWorld) -> None:
    change_policy(world, **WEEK)
    assert [due.kind for due in world.advance(HOUR)] == ["rules"]
    done = world.advance(14 * DAY)
    assert Counter(due.kind for due in done)["purge"] == POINTS - 7
