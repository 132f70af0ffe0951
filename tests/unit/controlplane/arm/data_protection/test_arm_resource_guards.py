"""Resource guards and multi-user authorization by requests: what a guarded vault refuses, and what opens it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.recovery_services.resource_guard import (
    DELETE_ITEM,
    DELETE_PROXY,
    MODIFY_ENCRYPTION,
    OPERATIONS,
    REDUCE_IMMUTABILITY,
    RESTORE,
    STOP_PROTECTION,
    UNLOCKED_FOR,
    UPDATE_ITEM,
    UPDATE_POLICY,
    Operation,
)
from controlplane.domain.times import parse_instant
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.recovery_services.test_arm_vaults import policy_body
from tests.virtual_clock import VirtualClock

GUARD = f"{GROUP}/providers/Microsoft.DataProtection/resourceGuards/Guard01"
PROXY = f"{VAULT}/backupResourceGuardProxies/VaultProxy"
PROXIES = f"{VAULT}/backupResourceGuardProxies"
LONG = f"{VAULT}/backupPolicies/long"
MISSING = (403, "BMSUserErrorResourceGuardOperationRequestMissing")
INVALID = (403, "BMSUserErrorResourceGuardOperationRequestInvalid")
LOCKED = (403, "BMSUserErrorResourceGuardUnlockMissing")


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        yield world


def add_guard(world: ArmWorld, *exclusions: Operation, id: str = GUARD) -> Json:
    body = {
        "location": "westus",
        "properties": {"vaultCriticalOperationExclusionList": [each.name for each in exclusions]},
    }
    world.put(id, body)
    return world.get(id)


def map_vault(world: ArmWorld, *exclusions: Operation) -> Json:
    add_guard(world, *exclusions)
    response = world.put(PROXY, {"properties": {"resourceGuardResourceId": GUARD}})
    assert response.status_code == 200
    found: Json = response.json()
    return found


def consent(operation: Operation) -> Json:
    """What a request says that names the guard's object for an operation."""
    return {"resourceGuardOperationRequests": [f"{GUARD}/{operation.request}/default"]}


def protect_with(world: ArmWorld, policy: Json) -> None:
    world.add_machine()
    world.put(LONG, policy)
    world.protect(LONG)


def with_days(days: int) -> Json:
    """A policy that keeps its points for so many days."""
    body = policy_body()
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = days
    return body


def stopping(**more: object) -> Json:
    properties = {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "sourceResourceId": VM,
        "policyId": "",
        "protectionState": "ProtectionStopped",
    }
    return {"properties": properties | more}


# --------------------------------------------------------------------------------------------------------------- guards


def test_a_guard_watches_what_it_does_not_leave_out(world: ArmWorld) -> None:
    properties = add_guard(world, RESTORE)["properties"]
    watched = [each["vaultCriticalOperation"] for each in properties["resourceGuardOperations"]]
    assert watched == [each.name for each in OPERATIONS if each != RESTORE]
    assert properties["vaultCriticalOperationExclusionList"] == [RESTORE.name]
    request = world.get(f"{GUARD}/{DELETE_ITEM.request}/default")
    assert request["id"] == f"{GUARD}/{DELETE_ITEM.request}/default"
    assert world.get(f"{GUARD}/{DELETE_ITEM.request}")["value"] == [request]
    assert world.get(f"{GUARD}/{RESTORE.request}")["value"] == []
    assert world.error("GET", f"{GUARD}/{RESTORE.request}/default") == (404, "ResourceNotFound")
    assert world.error("GET", f"{GUARD}x/{RESTORE.request}/default") == (404, "ResourceNotFound")


@pytest.mark.parametrize("name", [DELETE_PROXY.name, "Microsoft.RecoveryServices/vaults/open/write"])
def test_some_operations_cannot_be_left_out(world: ArmWorld, name: str) -> None:
    body = {"location": "westus", "properties": {"vaultCriticalOperationExclusionList": [name]}}
    assert world.error("PUT", GUARD, body) == (400, "BMSUserErrorInvalidCriticalOperationExclusionList")


# -------------------------------------------------------------------------------------------------------------- mapping


def test_a_mapping_shows_what_its_guard_watches_now(world: ArmWorld) -> None:
    assert world.get(PROXIES)["value"] == []
    assert world.error("GET", PROXY) == (404, "ResourceNotFound")
    mapped = map_vault(world, RESTORE)
    assert mapped["properties"]["resourceGuardResourceId"] == GUARD
    requests = {
        each["vaultCriticalOperation"]: each["defaultResourceRequest"]
        for each in mapped["properties"]["resourceGuardOperationDetails"]
    }
    assert requests[DELETE_PROXY.name] == f"{GUARD}/{DELETE_PROXY.request}/default"
    assert RESTORE.name not in requests
    assert world.get(PROXY) == mapped
    assert world.get(PROXIES)["value"] == [mapped]
    assert world.put(PROXY, {"properties": {"resourceGuardResourceId": GUARD}}).json() == mapped
    add_guard(world, RESTORE, UPDATE_ITEM)
    assert len(world.get(PROXY)["properties"]["resourceGuardOperationDetails"]) == len(requests) - 1


def test_a_mapping_shows_in_the_vault(world: ArmWorld) -> None:
    map_vault(world)
    properties = world.get(VAULT)["properties"]
    assert properties["securitySettings"]["multiUserAuthorization"] == "Enabled"
    assert (properties["secureScore"], properties["bcdrSecurityLevel"]) == ("Maximum", "Excellent")
    assert world.post(f"{PROXY}/unlockDelete", consent(DELETE_PROXY)).status_code == 200
    assert world.request("DELETE", PROXY).status_code == 200
    assert world.get(VAULT)["properties"]["securitySettings"]["multiUserAuthorization"] == "Disabled"
    assert world.request("DELETE", PROXY).status_code == 204


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("", (400, "BMSUserErrorInvalidInput")),
        (VAULT, (400, "BMSUserErrorInvalidInput")),
        (f"{GUARD}x", (404, "ResourceNotFound")),
        (f"{GUARD}-east", (400, "BMSUserErrorInvalidInput")),
    ],
)
def test_a_vault_is_mapped_to_a_guard_that_is_there(world: ArmWorld, guard: str, expected: tuple[int, str]) -> None:
    world.put(f"{GUARD}-east", {"location": "eastus"})
    assert world.error("PUT", PROXY, {"properties": {"resourceGuardResourceId": guard}}) == expected
    assert world.get(PROXIES)["value"] == []


def test_a_mapping_ends_only_with_the_guard_s_consent(world: ArmWorld) -> None:
    map_vault(world)
    other = add_guard(world, id=f"{GUARD}2")["id"]
    assert world.error("DELETE", PROXY) == LOCKED
    assert world.error("PUT", PROXY, {"properties": {"resourceGuardResourceId": other}}) == LOCKED
    assert world.error("POST", f"{PROXY}/unlockDelete", {}) == MISSING
    assert world.error("POST", f"{PROXY}/unlockDelete", consent(DELETE_ITEM)) == INVALID
    assert world.error("DELETE", GUARD) == (409, "ResourceGuardInUse")
    world.post(f"{PROXY}/unlockDelete", consent(DELETE_PROXY))
    world.put(PROXY, {"properties": {"resourceGuardResourceId": other}})
    assert world.error("DELETE", PROXY) == LOCKED
    assert world.request("DELETE", GUARD).status_code == 200


def test_what_was_unlocked_is_locked_again_after_a_while(world: ArmWorld) -> None:
    map_vault(world)
    until = world.post(f"{PROXY}/unlockDelete", consent(DELETE_PROXY)).json()["unlockDeleteExpiryTime"]
    assert parse_instant(until) == world.ports.clock.now() + UNLOCKED_FOR
    assert isinstance(world.ports.clock, VirtualClock)
    world.ports.clock.jump(UNLOCKED_FOR.total_seconds())
    assert world.error("DELETE", PROXY) == LOCKED


# --------------------------------------------------------------------------------------------------- guarded operations


def test_deleting_an_item_has_to_be_unlocked(world: ArmWorld) -> None:
    protect_with(world, policy_body())
    map_vault(world)
    assert world.error("DELETE", ITEM) == LOCKED
    world.post(f"{PROXY}/unlockDelete", consent(DELETE_PROXY))
    assert world.error("DELETE", ITEM) == LOCKED
    unlock = consent(DELETE_ITEM) | {"resourceToBeDeleted": ITEM}
    assert world.post(f"{PROXY}/unlockDelete", unlock).status_code == 200
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


def test_stopping_protection_needs_consent(world: ArmWorld) -> None:
    protect_with(world, policy_body())
    map_vault(world)
    assert world.error("PUT", ITEM, stopping()) == MISSING
    assert world.error("PUT", ITEM, stopping(**consent(UPDATE_ITEM))) == INVALID
    world.follow(world.put(ITEM, stopping(**consent(STOP_PROTECTION))))
    assert world.get(ITEM)["properties"]["protectionState"] == "ProtectionStopped"


def test_a_policy_that_keeps_less_needs_consent(world: ArmWorld) -> None:
    world.put(LONG, with_days(30))
    map_vault(world)
    world.put(LONG, with_days(60))
    less = with_days(59)
    assert world.error("PUT", LONG, less) == MISSING
    assert world.error("PUT", LONG, with_snapshots(world.get(LONG), 2)) == MISSING
    less["properties"] |= consent(UPDATE_POLICY)
    world.put(LONG, less)
    assert "resourceGuardOperationRequests" not in world.get(LONG)["properties"]


def with_snapshots(policy: Json, days: int) -> Json:
    return policy | {"properties": policy["properties"] | {"instantRpRetentionRangeInDays": days}}


def test_giving_an_item_a_policy_that_keeps_less_needs_consent(world: ArmWorld) -> None:
    protect_with(world, with_days(60))
    short = f"{VAULT}/backupPolicies/short"
    world.put(short, with_days(30))
    map_vault(world)
    asked = world.protection(short)
    assert world.error("PUT", ITEM, asked) == MISSING
    world.follow(world.put(ITEM, {"properties": asked["properties"] | consent(UPDATE_ITEM)}))
    world.protect(LONG)


def test_a_restore_needs_consent(world: ArmWorld) -> None:
    protect_with(world, policy_body())
    world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
    world.settle()
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    map_vault(world)
    assert world.error("POST", f"{point['id']}/restore", {"properties": {}}) == MISSING
    allowed = world.error("POST", f"{point['id']}/restore", {"properties": consent(RESTORE)})
    assert allowed[0] == 400


def test_immutability_is_weakened_and_encryption_changed_only_with_consent(world: ArmWorld) -> None:
    world.request("PATCH", VAULT, {"identity": {"type": "SystemAssigned"}})
    map_vault(world)

    def patch(properties: Json) -> Json:
        return {"properties": properties}

    def immutable(state: str) -> Json:
        return {"securitySettings": {"immutabilitySettings": {"state": state}}}

    assert world.request("PATCH", VAULT, patch(immutable("Unlocked"))).status_code == 202
    assert world.error("PATCH", VAULT, patch(immutable("Disabled"))) == MISSING
    allowed = immutable("Disabled") | consent(REDUCE_IMMUTABILITY)
    assert world.request("PATCH", VAULT, patch(allowed)).status_code == 202
    key = {"keyVaultProperties": {"keyUri": "https://keys.vault.azure.net/keys/backup"}}
    encryption = {"encryption": key | {"kekIdentity": {"useSystemAssignedIdentity": True}}}
    assert world.error("PATCH", VAULT, patch(encryption)) == MISSING
    assert world.request("PATCH", VAULT, patch(encryption | consent(MODIFY_ENCRYPTION))).status_code == 202


def test_what_a_guard_leaves_out_needs_no_consent(world: ArmWorld) -> None:
    protect_with(world, policy_body())
    map_vault(world, DELETE_ITEM, STOP_PROTECTION)
    world.follow(world.put(ITEM, stopping()))
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


def test_a_mapping_is_kept_with_a_deleted_vault(world: ArmWorld) -> None:
    mapped = map_vault(world)
    world.follow(world.request("DELETE", VAULT))
    undelete(world)
    assert world.get(PROXY) == mapped
    assert world.error("DELETE", GUARD) == (409, "ResourceGuardInUse")


def test_a_deleted_vault_lets_its_guard_go(world: ArmWorld) -> None:
    map_vault(world)
    result = world.request("DELETE", GROUP).headers["Location"]
    world.settle()
    assert world.request("GET", result).status_code == 200
    world.add_group()
    undelete(world)
    assert world.get(PROXIES)["value"] == []
    assert world.get(VAULT)["properties"]["securitySettings"]["multiUserAuthorization"] == "Disabled"


def undelete(world: ArmWorld) -> None:
    (kept,) = world.get(f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/deletedVaults")["value"]
    world.follow(world.post(f"{kept['id']}/undelete", {"properties": {"recoveryResourceGroupId": GROUP}}))
