"""Vaults and backup policies, by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.recovery_services.policy import BUILT_IN
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import (
    CONTAINER,
    GROUP,
    ITEM,
    POLICY,
    SUBSCRIPTION,
    VAULT,
    VM,
    ArmWorld,
    arm_world,
)

VAULT_BODY: Json = {"location": "westus", "sku": {"name": "RS0", "tier": "Standard"}, "properties": {}}
AT = "2020-04-28T21:00:00.000Z"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def policy_body(snapshot_days: object = 3, days: int = 30) -> Json:
    """What a command line that read DefaultPolicy sends back, with its nulls, its spelling and its numbers as texts."""
    retention = {"count": str(days), "durationType": "Days"}
    return {
        "eTag": None,
        "id": POLICY,
        "properties": {
            "protectedItemsCount": 0,
            "backupManagementType": "AzureIaasVM",
            "instantRpDetails": {"azureBackupRgNamePrefix": None},
            "instantRpRetentionRangeInDays": snapshot_days,
            "policyType": None,
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunDays": None,
                "scheduleRunTimes": [AT],
                "scheduleWeeklyFrequency": 0,
                "hourlySchedule": None,
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {"retentionTimes": [AT], "retentionDuration": retention},
                "weeklySchedule": None,
            },
            "timeZone": "UTC",
        },
    }


def test_a_new_vault_answers_as_it_is_provisioned_and_is_soon_there(world: ArmWorld) -> None:
    response = world.put(VAULT, VAULT_BODY)
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Provisioning"
    status = world.follow(response)
    assert (status["status"], status["id"]) == ("Succeeded", f"{VAULT}/operationStatus/{status['name']}")
    shown = world.get(VAULT)
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert shown["sku"] == {"name": "RS0", "tier": "Standard"}
    assert shown["etag"] == response.json()["etag"]
    assert world.error("GET", f"{VAULT}/operationStatus/nonsense") == (404, "OperationNotFound")


def test_a_vault_that_is_there_is_changed_and_keeps_its_policies(world: ArmWorld) -> None:
    world.add_vault()
    mine = f"{VAULT}/backupPolicies/mine"
    world.put(mine, policy_body())
    changed = VAULT_BODY | {
        "tags": {"a": "b"},
        "properties": {"redundancySettings": {"standardTierStorageRedundancy": "ZoneRedundant"}},
    }
    response = world.put(VAULT, changed)
    assert (response.status_code, response.json()["tags"]) == (200, {"a": "b"})
    assert world.get(f"{VAULT}/backupstorageconfig/vaultstorageconfig")["properties"]["storageType"] == "ZoneRedundant"
    assert world.get(mine)["name"] == "mine"
    assert world.error("PUT", VAULT, VAULT_BODY | {"location": "eastus"}) == (409, "InvalidResourceLocation")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"location": None}, (400, "LocationRequired")),
        ({"properties": None}, (400, "InvalidRestApiParameter")),
        (
            {"properties": {"redundancySettings": {"standardTierStorageRedundancy": "Twice"}}},
            (400, "InvalidRestApiParameter"),
        ),
        (
            {"properties": {"monitoringSettings": {"classicAlertSettings": {"alertsForCriticalOperations": "No"}}}},
            (400, "InvalidRestApiParameter"),
        ),
        ({"sku": {"name": "Gold"}}, (400, "BMSUserErrorInvalidInput")),
        ({"identity": {"type": "Passport"}}, (400, "BMSUserErrorInvalidInput")),
        ({"properties": {"encryption": {"kekIdentity": {}, "x": 1}}}, (400, "BMSUserErrorInvalidInput")),
        (
            {"properties": {"securitySettings": {"immutabilitySettings": {"state": "Locked"}}}},
            (400, "UserErrorUnsupportedVaultImmutabilityStateChange"),
        ),
        (
            {"properties": {"securitySettings": {"softDeleteSettings": {"softDeleteState": "Disabled"}}}},
            (400, "BMSUserErrorSoftDeleteStateNotSetToAlwaysON"),
        ),
        (
            {"properties": {"securitySettings": {"softDeleteSettings": {"softDeleteRetentionPeriodInDays": "two"}}}},
            (400, "InvalidRequestContent"),
        ),
    ],
)
def test_a_bad_vault_gets_its_code(world: ArmWorld, changes: Json, expected: tuple[int, str]) -> None:
    assert world.error("PUT", VAULT, VAULT_BODY | changes) == expected
    assert world.request("GET", VAULT).status_code == 404
    assert world.error("GET", POLICY) == (404, "ResourceNotFound")


def test_an_older_request_may_say_enabled_of_what_is_always_on(world: ArmWorld) -> None:
    enabled = {"softDeleteState": "Enabled", "enhancedSecurityState": "enabled"}
    body = VAULT_BODY | {"properties": {"securitySettings": {"softDeleteSettings": enabled}}}
    refusal = (400, "BMSUserErrorSoftDeleteStateNotSetToAlwaysON")
    assert world.error("PUT", VAULT, body) == refusal
    older = {"api-version": "2025-08-01"}
    assert world.request("PUT", VAULT, body, **older).status_code in (200, 201)
    shown = world.get(VAULT)["properties"]["securitySettings"]["softDeleteSettings"]
    assert (shown["softDeleteState"], shown["enhancedSecurityState"]) == ("AlwaysON", "AlwaysON")
    enabled["softDeleteState"] = "Disabled"
    assert world.request("PUT", VAULT, body, **older).json()["error"]["code"] == refusal[1]


def test_vaults_are_listed_by_group_and_by_subscription(world: ArmWorld) -> None:
    world.add_vault()
    assert world.get(f"{GROUP}/providers/Microsoft.RecoveryServices/vaults") == {"value": [world.get(VAULT)]}
    assert world.get(f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/vaults") == {"value": [world.get(VAULT)]}


def test_an_empty_vault_goes_with_everything_in_it(world: ArmWorld) -> None:
    assert world.request("DELETE", VAULT).status_code == 204
    world.add_vault()
    response = world.request("DELETE", VAULT)
    assert response.status_code == 202
    assert world.follow(response)["status"] == "Succeeded"
    assert world.request("GET", response.headers["Location"]).status_code == 204
    assert world.error("GET", VAULT) == (404, "ResourceNotFound")
    assert world.error("GET", POLICY) == (404, "ResourceNotFound")


@pytest.mark.parametrize("version", ["2016-06-01", "2021-08-01", "2024-01-01"])
def test_clients_before_2024_learn_at_once_that_a_vault_is_gone(world: ArmWorld, version: str) -> None:
    """The Go SDK of 2021-08-01 and azurerm, which asks by 2024-01-01, take 200 and nothing else."""
    world.add_vault()
    response = world.request("DELETE", VAULT, **{"api-version": version})
    assert (response.status_code, response.content) == (200, b"")
    assert "Azure-AsyncOperation" not in response.headers
    assert world.error("GET", VAULT) == (404, "ResourceNotFound")


def test_a_vault_with_an_item_stays(world: ArmWorld) -> None:
    world.add_machine()
    world.add_vault()
    world.protect()
    assert world.error("DELETE", VAULT) == (400, "BMSUserErrorVaultDeletionNotAllowed")
    assert world.get(VAULT)["name"] == "Vault01"
    assert world.get(f"{VAULT}/backupstorageconfig/vaultstorageconfig")["properties"]["storageTypeState"] == "Locked"


# ------------------------------------------------------------------------------------------------------------- policies


def test_a_vault_begins_with_three_policies(world: ArmWorld) -> None:
    world.add_vault()
    listed = world.get(f"{VAULT}/backupPolicies")["value"]
    assert tuple(each["name"] for each in listed) == BUILT_IN
    assert world.get(f"{VAULT}/backupPolicies/")["value"] == listed
    assert world.get(POLICY) == listed[1]
    assert listed[1]["properties"]["protectedItemsCount"] == 0
    machines = world.get(f"{VAULT}/backupPolicies", **{"$filter": "backupManagementType eq 'AzureIaasVM'"})["value"]
    assert tuple(each["name"] for each in machines) == BUILT_IN[1:]


def test_a_policy_is_written_as_tolerantly_as_the_service_reads(world: ArmWorld) -> None:
    world.add_vault()
    path = f"{VAULT}/backupPolicies/mine"
    response = world.put(path, policy_body("3"))
    assert response.status_code == 200
    properties = world.get(path)["properties"]
    assert properties["instantRpRetentionRangeInDays"] == 3
    assert properties["retentionPolicy"]["dailySchedule"]["retentionDuration"] == {"count": 30, "durationType": "Days"}
    assert properties["instantRPDetails"] == {}
    assert properties["policyType"] == "V1"
    assert "weeklySchedule" not in properties["retentionPolicy"]
    assert world.put(path, world.get(path)).json() == world.get(path)
    names = [each["name"] for each in world.get(f"{VAULT}/backupPolicies")["value"]]
    assert names == [*BUILT_IN, "mine"]


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("m", policy_body(), (400, "BMSUserErrorInvalidPolicyInput")),
        ("mine", policy_body(3, days=3), (400, "BMSUserErrorInvalidPolicyInput")),
        ("mine", {}, (400, "BMSUserErrorInvalidPolicyForGivenProvider")),
        ("mine", policy_body(9), (400, "BMSUserErrorInvalidPolicyInput")),
        ("mine", policy_body("soon"), (400, "InvalidRequestContent")),
        ("mine", {"properties": {"backupManagementType": "AzureStorage"}}, (501, "OperationNotSimulated")),
        ("mine", {"properties": []}, (400, "InvalidRequestContent")),
    ],
)
def test_a_bad_policy_is_not_stored(world: ArmWorld, name: str, body: Json, expected: tuple[int, str]) -> None:
    world.add_vault()
    path = f"{VAULT}/backupPolicies/{name}"
    assert world.error("PUT", path, body) == expected
    assert world.error("GET", path) == (404, "BMSUserErrorPolicyNotFound")


def test_a_policy_goes_unless_it_is_used_or_came_with_the_vault(world: ArmWorld) -> None:
    world.add_machine()
    world.add_vault()
    mine = f"{VAULT}/backupPolicies/mine"
    assert world.request("DELETE", mine).status_code == 204
    world.put(mine, policy_body())
    world.protect(mine)
    assert world.get(mine)["properties"]["protectedItemsCount"] == 1
    assert world.error("DELETE", mine) == (400, "BMSUserErrorPolicyObjectInUse")
    assert world.error("DELETE", POLICY) == (400, "BMSUserErrorBuiltInPolicyCannotBeDeleted")
    world.protect()
    assert world.request("DELETE", mine).status_code == 200
    assert world.error("GET", mine) == (404, "BMSUserErrorPolicyNotFound")


def test_everything_in_a_vault_needs_the_vault(world: ArmWorld) -> None:
    for path in ("backupPolicies", "backupPolicies/x", "backupJobs", "backupJobs/x", "backupProtectedItems"):
        assert world.error("GET", f"{VAULT}/{path}") == (404, "ResourceNotFound")
    for path in ("backupProtectableItems", "backupProtectionContainers"):
        assert world.error("GET", f"{VAULT}/{path}") == (404, "ResourceNotFound")
    for path in (ITEM, f"{ITEM}/recoveryPoints", f"{ITEM}/recoveryPoints/1"):
        assert world.error("GET", path) == (404, "ResourceNotFound")
    assert world.error("POST", f"{ITEM}/backup", {}) == (404, "ResourceNotFound")
    assert world.error("PUT", ITEM, {"properties": {"sourceResourceId": VM}}) == (404, "ResourceNotFound")
    assert world.error("POST", f"{CONTAINER.partition('/protectionContainers')[0]}/refreshContainers", {}) == (
        404,
        "ResourceNotFound",
    )
