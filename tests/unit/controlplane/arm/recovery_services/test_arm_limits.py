"""How much a vault may have and do: what counts by default, what is counted only where it is switched on, by requests.

Numbers are small where a world sets them, so that no test fills a vault to Azure's own ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

from controlplane.domain.recovery_services import policy, protected_item
from controlplane.domain.recovery_services.policy import BUILT_IN
from controlplane.json_object import Json
from controlplane.ports import Limits, ServiceSettings
from tests.unit.controlplane.arm.arm_world import ITEM, POLICY, TARGET, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import back_up, listed, pass_time, restore_body

QUOTA = (400, "UserErrorProtectionQuotaExceeded")
POLICY_IS_FULL = (400, "BMSUserErrorPolicyProtectedItemLimitReached")
TOO_MANY_POLICIES = (400, "BMSUserErrorVaultPolicyLimitReached")
BLOCKED = (400, "CloudDosAbsoluteLimitReached")
OTHER_POLICY = f"{VAULT}/backupPolicies/EnhancedPolicy"
HOUR = 3600


@contextmanager
def limited(**limits: int) -> Iterator[ArmWorld]:
    """A machine, a vault beside it and an account, with these limits and Azure's for the rest."""
    with arm_world(settings=ServiceSettings(limits=Limits(**limits))) as world:
        world.add_group()
        world.add_machine()
        world.add_account(TARGET)
        world.add_vault()
        yield world


def crowd(world: ArmWorld, count: int, policy_id: str = "") -> None:
    """So many other machines in the vault."""
    properties = {"sourceResourceId": "/x", "protectionState": "Protected", "policyId": policy_id}
    with world.ports.store.transaction():
        for number in range(count):
            id = f"{VAULT}/items/{number:05}"
            world.ports.store.put(protected_item.KIND, id, {"id": id, "properties": properties}, parent=VAULT.lower())


def limit_of(world: ArmWorld, name: str) -> int:
    usages = world.get(f"{VAULT}/usages")["value"]
    return next(int(each["limit"]) for each in usages if each["name"]["value"] == name)


# ------------------------------------------------------------------------------------------------ what a vault may have


def test_by_default_a_vault_protects_a_thousand_machines() -> None:
    with limited() as world:
        assert limit_of(world, "ProtectedItemCount") == 1000
        crowd(world, 1000)
        assert world.error("PUT", ITEM, world.protection()) == QUOTA
        world.ports.store.delete(protected_item.KIND, f"{VAULT}/items/00000")
        world.protect()


def test_another_number_of_machines_or_none() -> None:
    with limited(machines=2) as world:
        crowd(world, 2)
        assert world.error("PUT", ITEM, world.protection()) == QUOTA
    with limited(machines=0, items=2) as world:
        crowd(world, 2)
        assert world.error("PUT", ITEM, world.protection()) == QUOTA, "the limit of items counts machines too"
    with limited(machines=0, items=0, machines_per_policy=0) as world:
        assert limit_of(world, "ProtectedItemCount") == -1
        crowd(world, 1001, POLICY)
        world.protect()


def test_a_policy_that_is_full_leaves_room_under_another_one() -> None:
    with limited(machines_per_policy=2) as world:
        crowd(world, 2, POLICY)
        assert world.error("PUT", ITEM, world.protection()) == POLICY_IS_FULL
        world.protect(OTHER_POLICY)


def test_a_vault_has_two_hundred_policies_by_default_and_any_number_without_a_limit() -> None:
    with limited() as world, limited(policies=0) as other:
        assert (limit_of(world, "BackupPolicyCount"), limit_of(other, "BackupPolicyCount")) == (200, -1)
        mine = f"{VAULT}/backupPolicies/mine"
        for each in (world, other):
            for index in range(200 - len(BUILT_IN)):
                id = f"{VAULT}/backupPolicies/p{index:03}"
                each.ports.store.put(policy.KIND, id, policy.body(id, {}), parent=VAULT)
        body = world.get(POLICY)
        assert world.error("PUT", mine, body) == TOO_MANY_POLICIES
        world.put(POLICY, body)
        world.ports.store.delete(policy.KIND, f"{VAULT}/backupPolicies/p000")
        assert world.put(mine, body).status_code == 200
        assert other.put(mine, body).status_code == 200


def test_snapshots_of_an_item_without_a_limit_stay_for_as_long_as_its_policy_says() -> None:
    for most, kept in ((2, 2), (0, 4)):
        with limited(snapshots=most) as world:
            world.protect()
            for _ in range(4):
                back_up(world)
                pass_time(world, 60)
            tiers = [
                [tier["type"] for tier in point["properties"]["recoveryPointTierDetails"] if tier["status"] == "Valid"]
                for point in listed(world, f"{ITEM}/recoveryPoints")
            ]
            assert sum("InstantRP" in each for each in tiers) == kept, most


# what a vault may do


def longer(world: ArmWorld, days: int) -> Json:
    body = deepcopy(world.get(POLICY))
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = days
    return body


def test_edits_of_policies_count_only_where_that_is_switched_on() -> None:
    with limited() as world:
        for number in range(60):
            world.put(f"{VAULT}/backupPolicies/p{number:03}", world.get(POLICY))
        assert world.ports.store.find("vault.operations") == []


def test_so_many_edits_of_policies_within_a_day() -> None:
    with limited(policy_edits=3) as world:
        world.put(f"{VAULT}/backupPolicies/one", world.get(POLICY))
        pass_time(world, HOUR)
        world.put(POLICY, longer(world, 40))
        assert world.error("PUT", POLICY, {"properties": {}})[0] == 400, "it is refused, and does not count"
        world.put(POLICY, longer(world, 41))
        assert world.error("PUT", POLICY, longer(world, 42)) == BLOCKED
        assert world.error("PUT", f"{VAULT}/backupPolicies/two", world.get(POLICY)) == BLOCKED
        assert world.request("DELETE", f"{VAULT}/backupPolicies/one").status_code in {200, 204}, "no edit"
        pass_time(world, 23 * HOUR)
        world.put(POLICY, longer(world, 42))
        assert world.error("PUT", POLICY, longer(world, 43)) == BLOCKED


def test_so_many_restores_of_a_vault_within_a_day() -> None:
    with limited(restores=2) as world:
        world.protect()
        back_up(world)
        (point,) = listed(world, f"{ITEM}/recoveryPoints")
        restore = f"{point['id']}/restore"
        wrong = deepcopy(restore_body(point))
        wrong["properties"]["sourceResourceId"] = f"{VM}x"
        for _ in range(2):
            assert world.error("POST", restore, wrong)[0] == 400, "it is refused, and does not count"
            world.follow(world.post(restore, restore_body(point)))
            world.settle()
        assert world.error("POST", restore, restore_body(point)) == BLOCKED
        pass_time(world, 24 * HOUR + 1)
        world.follow(world.post(restore, restore_body(point)))


def test_what_was_counted_goes_with_its_vault() -> None:
    with limited(policy_edits=1) as world:
        world.put(POLICY, longer(world, 40))
        assert world.request("DELETE", VAULT).status_code in {200, 202}
        world.add_vault()
        assert world.put(POLICY, longer(world, 40)).status_code == 200
