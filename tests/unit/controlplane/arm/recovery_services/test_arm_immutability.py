"""Immutable vaults by requests: what they forbid, what they go on allowing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.unit.controlplane.arm.arm_world import ITEM, VAULT, ArmWorld, arm_world
from tests.unit.controlplane.arm.data_protection.test_arm_resource_guards import LONG, stopping, with_days
from tests.virtual_clock import VirtualClock

BACKUP = {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": "2026-12-22T00:00:00Z"}
DENIED = "UserErrorDeleteBackupItemOnImmutableItem"
CHANGE = (400, "UserErrorUnsupportedVaultImmutabilityStateChange")
LESS = (400, "BMSUserErrorRetentionReductionOnImmutableVault")


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    """A world with an immutable vault, and in it a machine that was backed up."""
    with arm_world() as world:
        add_protected_machine(world)
        back_up(world)
        set_immutability(world, "Unlocked")
        yield world


def add_protected_machine(world: ArmWorld) -> None:
    world.add_group()
    world.add_machine()
    world.add_vault()
    world.put(LONG, with_days(60))
    world.protect(LONG)


def set_immutability(world: ArmWorld, state: str, **configuration: object) -> None:
    settings = {"state": state} | ({"configuration": configuration} if configuration else {})
    body = {"properties": {"securitySettings": {"immutabilitySettings": settings}}}
    response = world.request("PATCH", VAULT, body)
    assert response.status_code == 202, response.text


def back_up(world: ArmWorld) -> None:
    world.follow(world.post(f"{ITEM}/backup", {"properties": BACKUP}))
    world.settle()


def refused_deletion(world: ArmWorld) -> str:
    """The code with which a deletion that was accepted fails; its job fails too, and the item stays as it was."""
    before = world.get(ITEM)
    response = world.request("DELETE", ITEM)
    assert response.status_code == 202
    ended = world.follow(response)
    assert ended["status"] == "Failed"
    deletions = "operation eq 'DeleteBackupData'"
    jobs = world.get(f"{VAULT}/backupJobs", **{"$filter": deletions})["value"]
    assert jobs[0]["properties"]["status"] == "Failed"
    assert world.get(ITEM) == before
    return str(ended["error"]["code"])


def pass_days(world: ArmWorld, days: float) -> None:
    assert isinstance(world.ports.clock, VirtualClock)
    world.ports.clock.jump(timedelta(days=days).total_seconds())


def test_recovery_points_are_not_deleted_before_they_expire(world: ArmWorld) -> None:
    assert refused_deletion(world) == DENIED
    world.follow(world.put(ITEM, stopping()))
    assert refused_deletion(world) == DENIED
    pass_days(world, 29)
    assert refused_deletion(world) == DENIED
    pass_days(world, 1)
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


def test_an_item_without_recovery_points_may_go() -> None:
    with arm_world() as world:
        add_protected_machine(world)
        set_immutability(world, "Unlocked")
        assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


def test_no_policy_keeps_less_than_before(world: ArmWorld) -> None:
    assert world.error("PUT", LONG, with_days(59)) == LESS
    world.put(LONG, with_days(61))
    assert world.error("PUT", LONG, with_days(60)) == LESS
    assert world.get(LONG)["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] == 61


def test_no_item_gets_a_policy_that_keeps_less(world: ArmWorld) -> None:
    for name, days in (("short", 59), ("longer", 61)):
        world.put(f"{VAULT}/backupPolicies/{name}", with_days(days))
    assert world.error("PUT", ITEM, world.protection(f"{VAULT}/backupPolicies/short")) == LESS
    world.protect(f"{VAULT}/backupPolicies/longer")


def test_backups_stopping_and_suspending_go_on(world: ArmWorld) -> None:
    back_up(world)
    world.follow(world.put(ITEM, stopping(protectionState="BackupsSuspended")))
    world.follow(world.put(ITEM, stopping()))
    world.protect(LONG)
    assert len(world.get(f"{ITEM}/recoveryPoints")["value"]) == 2


def test_immutability_that_is_disabled_forbids_nothing(world: ArmWorld) -> None:
    set_immutability(world, "Disabled")
    world.follow(world.put(LONG, with_days(30)))
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


def test_a_locked_vault_stays_immutable(world: ArmWorld) -> None:
    set_immutability(world, "Locked")
    body = {"properties": {"securitySettings": {"immutabilitySettings": {"state": "Disabled"}}}}
    for method, request in (("PATCH", body), ("PUT", body | {"location": "westus"})):
        assert world.error(method, VAULT, request) == CHANGE
    assert refused_deletion(world) == DENIED


def test_immutability_by_time_holds_each_point_for_so_many_days(world: ArmWorld) -> None:
    set_immutability(world, "Unlocked", type="TimeBased", durationInDays=7)
    pass_days(world, 6)
    assert refused_deletion(world) == DENIED
    pass_days(world, 1)
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"
