"""Recovery points go to the archive, by hand and by their policy, and come back for a restore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import as_listed
from controlplane.jobs.documents import points
from controlplane.jobs.engine.records import LOCK
from controlplane.json_object import Json
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from tests.unit.controlplane.arm.arm_world import ITEM, TARGET, VAULT, ArmWorld, furnished_world
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import back_up, listed, pass_time, restore_body

AT = "2026-11-22T21:00:00Z"
POLICY = f"{VAULT}/backupPolicies/Yearly"
DAY = 24 * 3600.0
MOVE = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}
TOO_YOUNG = (400, "MinLifeSpanInStandardRequiredForArchive")
ARCHIVED = (400, "UserErrorRecoveryPointAlreadyInArchiveTier")


def kept(count: int, unit: str) -> Json:
    return {"retentionTimes": [AT], "retentionDuration": {"count": count, "durationType": unit}}


def policy_body(tiering: str = "DoNotTier") -> Json:
    month = {"retentionScheduleFormatType": "Daily", "retentionScheduleDaily": {"daysOfTheMonth": [{"date": 22}]}}
    return {
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": [AT],
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": kept(30, "Days"),
                "monthlySchedule": kept(24, "Months") | month,
            },
            "tieringPolicy": {"ArchivedRP": {"tieringMode": tiering, "duration": 4, "durationType": "Months"}},
        }
    }


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as world:
        world.put(POLICY, policy_body())
        world.protect(POLICY)
        yield world


def monthly_point(world: ArmWorld) -> str:
    """The id of a point that the monthly rule keeps; a newer one keeps it from being the last."""
    back_up(world)
    pass_time(world, DAY)
    back_up(world)
    point = points.of_item(world.ports.store, ITEM.lower())[0]
    expires = point.time + timedelta(days=730)
    kept_long = replace(point, rules=("Daily", "Monthly"), expires=expires)
    points.put(world.ports.store, kept_long)
    return f"{ITEM}/recoveryPoints/{point.id}"


def grow_old(world: ArmWorld, days: int) -> None:
    world.advance(days * DAY)


def tiers(world: ArmWorld, point: str) -> list[tuple[str, str]]:
    details = world.get(point)["properties"]["recoveryPointTierDetails"]
    return [(tier["type"], tier["status"]) for tier in details]


def test_a_point_is_ready_for_the_archive_after_three_months(world: ArmWorld) -> None:
    point = monthly_point(world)
    readiness = "recoveryPointMoveReadinessInfo"
    assert not world.get(point)["properties"][readiness]["ArchivedRP"]["isReadyForMove"]
    assert world.error("POST", f"{point}/move", MOVE) == TOO_YOUNG
    grow_old(world, 91)
    assert world.get(point)["properties"][readiness] == {"ArchivedRP": {"isReadyForMove": True, "additionalInfo": ""}}
    asked = world.post(f"{ITEM}/recoveryPointsRecommendedForMove", {"objectType": "x", "excludedRPList": []})
    assert asked.json()["value"] == [world.get(point)]
    assert listed(world, f"{ITEM}/recoveryPoints", "moveReadyRPOnly eq 'true'") == [as_listed(world.get(point))]
    name = point.rpartition("/")[2]
    assert world.post(f"{ITEM}/recoveryPointsRecommendedForMove", {"excludedRPList": [name]}).json() == {"value": []}


def archived(world: ArmWorld) -> str:
    point = monthly_point(world)
    grow_old(world, 91)
    answer = world.post(f"{point}/move", MOVE)
    assert (answer.status_code, answer.content) == (202, b"")
    job = world.get(f"{VAULT}/backupJobs/{world.follow(answer)['properties']['jobId']}")["properties"]
    assert (job["operation"], job["status"]) == ("MoveRecoveryPoint", "Completed")
    return point


def test_a_point_of_the_archive_has_packs_of_its_own(world: ArmWorld) -> None:
    point = archived(world)
    assert tiers(world, point) == [("ArchivedRP", "Valid")]
    (moved, newest) = points.of_item(world.ports.store, ITEM.lower())
    store = VaultStore(world.ports.blobs, world.ports.settings.vault_account)
    assert all(copy["name"].startswith("archive/") and copy["previous"] is None for copy in copies(moved))
    world.advance(0)
    assert [store.check(VaultPoint.from_json(copy)) for copy in (*copies(moved), *copies(newest))] == [[]] * 6
    left = {blob.name for blob in world.ports.blobs.find(world.ports.settings.vault_account, "vault", "manifests/")}
    assert left == {f"manifests/{copy['name']}" for copy in (*copies(moved), *copies(newest))}
    assert list(world.ports.blobs.find(world.ports.settings.service_account, "archiving")) == []
    info = world.get(ITEM, **{"$expand": "extendedInfo"})["properties"]["extendedInfo"]
    assert info["oldestRecoveryPointInArchive"] == info["newestRecoveryPointInArchive"] == info["oldestRecoveryPoint"]
    assert world.error("POST", f"{point}/move", MOVE) == ARCHIVED


def test_what_is_archived_goes_when_its_time_is_over(world: ArmWorld) -> None:
    point = archived(world)
    grow_old(world, 700)
    assert world.error("GET", point) == (404, "BMSUserErrorRecoveryPointNotFound")
    account = world.ports.settings.vault_account
    assert list(world.ports.blobs.find(account, "vault", "manifests/archive/")) == []
    (newest,) = points.of_item(world.ports.store, ITEM.lower())
    store = VaultStore(world.ports.blobs, account)
    assert [store.check(VaultPoint.from_json(copy)) for copy in copies(newest)] == [[], [], []]


def copies(point: recovery_point.RecoveryPoint) -> list[Json]:
    return [disk.vault for disk in point.disks if disk.vault]


def test_the_archive_is_restored_from_after_rehydration(world: ArmWorld) -> None:
    point = archived(world)
    body = restore_body(world.get(point))
    assert world.error("POST", f"{point}/restore", body) == (400, "UserErrorRecoveryPointNotRehydrated")
    rehydrating = body["properties"] | {"objectType": "IaasVMRestoreWithRehydrationRequest"}
    soon = {"rehydrationRetentionDuration": "P5D", "rehydrationPriority": "Standard"}
    short = {"properties": rehydrating | {"recoveryPointRehydrationInfo": soon}}
    assert world.error("POST", f"{point}/restore", short) == (400, "BMSUserErrorInvalidInput")
    nowhere = {"storageAccountId": f"{TARGET}x", "recoveryPointRehydrationInfo": soon | P13D}
    refused = world.error("POST", f"{point}/restore", {"properties": rehydrating | nowhere})
    assert refused == (400, "UserErrorBcmRestoreStorageAccountNotFound")
    assert tiers(world, point) == [("ArchivedRP", "Valid")], "a restore that is refused rehydrates nothing"
    long = {"properties": rehydrating | {"recoveryPointRehydrationInfo": soon | P13D}}
    ended = world.follow(world.post(f"{point}/restore", long))
    job = world.get(f"{VAULT}/backupJobs/{ended['properties']['jobId']}")["properties"]
    assert (job["operation"], job["status"]) == ("Restore", "Completed")
    assert tiers(world, point) == [("HardenedRP", "Valid"), ("ArchivedRP", "Rehydrated")]
    assert world.error("POST", f"{point}/restore", long) == (400, "UserErrorRecoveryPointAlreadyRehydrated")
    world.follow(world.post(f"{point}/restore", body))
    grow_old(world, 14)
    assert tiers(world, point) == [("ArchivedRP", "Valid")]


P13D = {"rehydrationRetentionDuration": "P13D"}


def test_a_backup_is_never_compared_with_the_archive(world: ArmWorld) -> None:
    archived(world)
    back_up(world)
    newest = points.of_item(world.ports.store, ITEM.lower())[-1]
    assert all(not (copy["previous"] or "").startswith("archive/") for copy in copies(newest))


def test_a_policy_moves_what_is_old_enough(world: ArmWorld) -> None:
    world.follow(world.put(POLICY, policy_body("TierAfter")))
    point = monthly_point(world)
    grow_old(world, 100)
    assert tiers(world, point) == [("HardenedRP", "Valid")], "four months are not over"
    grow_old(world, 21)
    assert tiers(world, point) == [("ArchivedRP", "Valid")]


def test_a_move_is_refused_where_something_works_on_the_item(world: ArmWorld) -> None:
    point = monthly_point(world)
    grow_old(world, 91)
    for busy in ("backup", "restore"):
        world.ports.store.put(LOCK, f"{ITEM.lower()}|{busy}", {})
        assert world.error("POST", f"{point}/move", MOVE) == (409, "BMSUserErrorObjectLocked")
        world.ports.store.delete(LOCK, f"{ITEM.lower()}|{busy}")
    back = {"sourceTierType": "ArchivedRP", "targetTierType": "HardenedRP"}
    assert world.error("POST", f"{point}/move", back) == (400, "BMSUserErrorInvalidInput")
    none = f"{ITEM}/recoveryPoints/1/move"
    assert world.error("POST", none, MOVE) == (404, "BMSUserErrorRecoveryPointNotFound")
