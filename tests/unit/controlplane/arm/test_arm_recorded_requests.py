"""What clients were recorded to ask is accepted: the same keys, kinds of values and words, with values of our own."""

from __future__ import annotations

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_shapes import FOLDER, differences, shape
from tests.unit.controlplane.arm.arm_world import ITEM, POLICY, TARGET, VAULT, VM, arm_world

STOP = {"policyId": "", "protectionState": "ProtectionStopped"}


def requests(point: str) -> dict[str, tuple[str, str, Json, int]]:
    """Verb, path, body in our own words, and the status that says that it was accepted."""
    item = {"protectedItemType": "Microsoft.Compute/virtualMachines", "sourceResourceId": VM}
    return {
        "vault": ("PUT", f"{VAULT}2", _vault_body(), 201),
        # Since the newest api-versions soft delete is always on: the older request is understood, and refused for that.
        "soft_delete": ("PATCH", f"{VAULT}/backupconfig/vaultconfig", _soft_delete_body(), 400),
        "policy": ("PUT", f"{VAULT}/backupPolicies/daily", _policy_body(), 200),
        "protect": ("PUT", ITEM, {"properties": item | {"policyId": POLICY}}, 202),
        "backup": ("POST", f"{ITEM}/backup", _backup_body(), 202),
        "restore": ("POST", f"{point}/restore", _restore_body(point), 202),
        "stop": ("PUT", ITEM, {"properties": item | STOP}, 202),
        "undelete": ("PUT", ITEM, {"properties": item | STOP | {"isRehydrate": True}}, 202),
    }


def _vault_body() -> Json:
    days = {"enhancedSecurityState": "AlwaysOn", "softDeleteState": "AlwaysOn", "softDeleteRetentionPeriodInDays": 14}
    alerts = ("alertsForAllJobFailures", "alertsForAllReplicationIssues", "alertsForAllFailoverIssues")
    monitoring = {
        "azureMonitorAlertSettings": dict.fromkeys(alerts, "Enabled"),
        "classicAlertSettings": dict.fromkeys(
            ("alertsForCriticalOperations", "emailNotificationsForSiteRecovery"), "Enabled"
        ),
    }
    properties = {
        "securitySettings": {"softDeleteSettings": days},
        "publicNetworkAccess": "Enabled",
        "monitoringSettings": monitoring,
        "costManagementSettings": {"granularityLevel": "VaultLevel"},
    }
    return {"location": "westus", "sku": {"name": "Standard"}, "properties": properties}


def _policy_body() -> Json:
    at = ["2026-11-22T03:30:00Z"]
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": at,
        "scheduleWeeklyFrequency": 0,
    }
    daily = {"retentionTimes": at, "retentionDuration": {"count": 21, "durationType": "Days"}}
    properties = {
        "protectedItemsCount": 0,
        "backupManagementType": "AzureIaasVM",
        "instantRPDetails": {},
        "schedulePolicy": schedule,
        "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy", "dailySchedule": daily},
        "instantRpRetentionRangeInDays": 2,
        "timeZone": "UTC",
    }
    return {"properties": properties}


def _soft_delete_body() -> Json:
    return {"properties": {"enhancedSecurityState": "Enabled", "softDeleteFeatureState": "Disabled"}}


def _backup_body() -> Json:
    return {"properties": {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": "2026-12-24T00:00:00Z"}}


def test_what_was_asked_is_accepted_in_its_order() -> None:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        world.add_account(TARGET)
        world.add_machine()
        point = ""
        for name, (verb, path, body, status) in requests(point).items():
            if name == "restore":
                (found,) = world.get(f"{ITEM}/recoveryPoints")["value"]
                verb, path, body, status = requests(found["id"])[name]
            if name == "undelete":
                world.follow(world.request("DELETE", ITEM))
            assert list(differences(shape(f"requests/{name}"), body)) == [], name
            response = world.request(verb, path, body)
            assert response.status_code == status, (name, response.text)
            if status == 400:
                assert response.json()["error"]["code"] == "BMSUserErrorDisablingSoftDeleteStateNotAllowed"
            if status == 202:
                assert world.follow(response)["status"] == "Succeeded", name


def _restore_body(point: str) -> Json:
    properties = {
        "objectType": "IaasVMRestoreRequest",
        "recoveryPointId": point.rpartition("/")[2],
        "recoveryType": "RestoreDisks",
        "sourceResourceId": VM,
        "storageAccountId": TARGET,
        "region": "westus",
        "createNewCloudService": False,
        "originalStorageAccountOption": False,
    }
    return {"properties": properties}


def test_every_recorded_request_is_asked() -> None:
    assert {path.stem for path in (FOLDER / "requests").glob("*.json")} == set(requests("point"))
