"""Restore point collections: they follow the snapshots of managed disks, and a lock on them ends the backups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from controlplane.domain.compute import restore_point_collection as traces
from controlplane.domain.recovery_services import policy
from controlplane.domain.resources import lock, resource_group
from controlplane.jobs.documents import points
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.json_object import Json
from controlplane.ports import Limits, ServiceSettings
from tests.unit.controlplane.jobs.backup_world import (
    ITEM,
    MANAGED_DISKS,
    POLICY,
    PROTECT_REQUEST,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)
from tests.unit.controlplane.passing_time import stop_schedules

GROUP = "/subscriptions/s/resourceGroups/AzureBackupRG_westus_1"
DAY = timedelta(days=1).total_seconds()


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world(managed=True) as world:
        yield world


def collections(world: BackupWorld) -> list[Json]:
    return [document.json() for document in world.store.find(traces.KIND)]


def restore_points(world: BackupWorld) -> list[Json]:
    return [document.json() for document in world.store.find(traces.POINT_KIND)]


def back_up_daily(world: BackupWorld, days: int) -> list[Json]:
    jobs = []
    for _ in range(days):
        jobs.append(world.back_up())
        world.clock.jump(DAY)
    return jobs


def add_lock(world: BackupWorld, level: str) -> str:
    id = f"{GROUP}/providers/{lock.TYPE}/keep"
    world.store.put(lock.KIND, id, {"id": id}, parent=GROUP, private={"scope": GROUP, "level": level})
    return id


def test_the_first_backup_makes_group_collection_and_restore_point(world: BackupWorld) -> None:
    world.back_up()
    group = world.store.get(resource_group.KIND, GROUP)
    assert group is not None
    assert group.json()["location"] == "westus"
    (collection,) = collections(world)
    assert collection["name"].startswith("AzureBackup_SQL01_")
    assert collection["properties"]["source"] == {"id": VM, "location": "westus"}
    (point,) = restore_points(world)
    assert point["name"] == "AzureBackup_20261122_190100"
    assert point["properties"]["consistencyMode"] == "ApplicationConsistent"
    profile = point["properties"]["sourceMetadata"]["storageProfile"]
    assert profile["osDisk"]["managedDisk"]["id"] == MANAGED_DISKS[0].managed_disk_id
    assert [disk["lun"] for disk in profile["dataDisks"]] == [0, 1]


def test_blobs_leave_no_traces_in_compute() -> None:
    with backup_world() as world:
        world.back_up()
        assert collections(world) == restore_points(world) == []
        assert world.store.get(resource_group.KIND, GROUP) is None


@pytest.mark.parametrize(
    ("names", "group"),
    [
        ({"azureBackupRGNamePrefix": "snaps-"}, "snaps-1"),
        ({"azureBackupRGNamePrefix": "snaps-", "azureBackupRGNameSuffix": "-west"}, "snaps-1-west"),
    ],
)
def test_a_policy_names_the_group(world: BackupWorld, names: Json, group: str) -> None:
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    body = found.json()
    world.store.put(policy.KIND, POLICY, body | {"properties": body["properties"] | {"instantRPDetails": names}})
    world.back_up()
    (collection,) = collections(world)
    assert collection["id"].split("/")[4] == group


def test_a_restore_point_goes_with_its_snapshots(world: BackupWorld) -> None:
    back_up_daily(world, 5)
    alive = [point for point in world.points() if point.has_snapshots]
    assert len(alive) < 5
    assert sorted(point["id"] for point in restore_points(world)) == sorted(point.restore_point for point in alive)


def test_two_backups_in_one_second_have_a_restore_point_each(world: BackupWorld) -> None:
    for _ in range(2):
        world.back_up()
    assert [point["name"] for point in restore_points(world)] == [
        "AzureBackup_20261122_190100",
        "AzureBackup_20261122_190100_2",
    ]


def test_a_lock_keeps_the_snapshots(world: BackupWorld) -> None:
    world.back_up()
    keep = add_lock(world, "CanNotDelete")
    world.clock.jump(DAY)
    back_up_daily(world, 5)
    stop_schedules(world.store)
    world.advance(0)
    assert all(point.has_snapshots for point in world.points())
    assert len(world.snapshots()) == 6 * 3
    world.store.delete(lock.KIND, keep)
    world.advance(0)
    assert len([point for point in world.points() if point.has_snapshots]) < 6
    assert len(restore_points(world)) == len(world.snapshots()) // 3


def test_backups_fail_once_a_locked_collection_is_full() -> None:
    with backup_world(managed=True, settings=ServiceSettings(limits=Limits(snapshots=3))) as world:
        world.back_up()
        keep = add_lock(world, "CanNotDelete")
        world.clock.jump(DAY)
        *_, last = back_up_daily(world, 3)
        assert last["status"] == "Failed"
        assert last["errorDetails"][0]["errorTitle"] == "UserErrorRpCollectionLimitReached"
        assert len(world.points()) == 3
        world.store.delete(lock.KIND, keep)
        assert world.back_up()["status"] == "Completed"


def test_under_an_enhanced_policy_a_locked_collection_holds_as_many_as_compute_keeps() -> None:
    settings = ServiceSettings(limits=Limits(snapshots=1, enhanced_snapshots=3))
    with backup_world(managed=True, settings=settings) as world:
        request = {
            "properties": {**PROTECT_REQUEST["properties"], "policyId": f"{VAULT}/backupPolicies/EnhancedPolicy"}
        }
        world.ended(configure_protection(world.ports, world.engine, ITEM, request))
        add_lock(world, "CanNotDelete")
        statuses = [job["status"] for job in back_up_daily(world, 4)]
        assert statuses == ["Completed", "Completed", "Completed", "Failed"]


def test_a_read_only_lock_lets_no_restore_point_be_made(world: BackupWorld) -> None:
    world.back_up()
    add_lock(world, "ReadOnly")
    job = world.back_up()
    assert job["errorDetails"][0]["errorTitle"] == "UserErrorResourceIsInLockedState"
    assert len(world.snapshots()) == 3


def test_a_point_that_lost_its_snapshots_shows_none(world: BackupWorld) -> None:
    world.back_up()
    points.lose_snapshots(world.store, world.points()[0])
    assert collections(world) == restore_points(world) == []
