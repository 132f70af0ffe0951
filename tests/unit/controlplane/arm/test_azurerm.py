"""What Terraform's provider azurerm needs of answers, by requests as the real one sends them.

The provider itself runs in `tests/e2e/terraform`; here each fault that it once found has its right value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, VAULT, ArmWorld, arm_world

COMPUTE, NETWORK = f"{GROUP}/providers/Microsoft.Compute", f"{GROUP}/providers/Microsoft.Network"
SET, DISK, NET = f"{COMPUTE}/availabilitySets/set", f"{COMPUTE}/disks/data", f"{NETWORK}/virtualNetworks/net"
POLICY = f"{VAULT}/backupPolicies/tf-policy"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def daily(at: str = "23:00:00Z", days: int = 10) -> Json:
    return {
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "policyType": "V1",
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {
                    "retentionDuration": {"count": days, "durationType": "Days"},
                    "retentionTimes": [at],
                },
            },
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunDays": [],
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": [at],
            },
            "snapshotConsistencyType": "",
            "tieringPolicy": {"ArchivedRP": {"duration": 0, "durationType": "Invalid", "tieringMode": "DoNotTier"}},
            "timeZone": "UTC",
        }
    }


def hourly(at: str = "08:00:00Z") -> Json:
    body = daily(at)
    hours = {"interval": 4, "scheduleWindowDuration": 12, "scheduleWindowStartTime": at}
    body["properties"] |= {
        "policyType": "V2",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": hours,
        },
    }
    return body


# ------------------------------------------------------------------------------------------------------------- policies


def test_times_without_a_date_get_one(world: ArmWorld) -> None:
    world.add_vault()
    world.put(POLICY, daily())
    shown = world.get(POLICY)["properties"]
    assert shown["schedulePolicy"]["scheduleRunTimes"] == ["2026-11-22T23:00:00Z"]
    assert shown["retentionPolicy"]["dailySchedule"]["retentionTimes"] == ["2026-11-22T23:00:00Z"]
    world.put(POLICY, hourly())
    shown = world.get(POLICY)["properties"]
    assert shown["schedulePolicy"]["hourlySchedule"]["scheduleWindowStartTime"] == "2026-11-22T08:00:00Z"


@pytest.mark.parametrize("at", ["23:00", "23:00:00", "23:00:00.000Z", "23:00:00+00:00"])
def test_a_time_of_day_may_be_written_in_several_ways(world: ArmWorld, at: str) -> None:
    world.add_vault()
    world.put(POLICY, daily(at))
    assert world.get(POLICY)["properties"]["schedulePolicy"]["scheduleRunTimes"] == [f"2026-11-22T{at}"]


def test_the_same_policy_on_another_day_changes_nothing(world: ArmWorld) -> None:
    world.add_vault()
    world.put(POLICY, daily("2026-11-20T23:00:00Z"))
    world.put(POLICY, daily())
    assert world.get(POLICY)["properties"]["schedulePolicy"]["scheduleRunTimes"] == ["2026-11-20T23:00:00Z"]


def test_three_days_of_daily_points_are_too_few(world: ArmWorld) -> None:
    world.add_vault()
    assert world.error("PUT", POLICY, daily(days=3)) == (400, "BMSUserErrorInvalidPolicyInput")
    world.put(POLICY, daily(days=7))


def test_what_is_no_time_is_refused_as_before(world: ArmWorld) -> None:
    world.add_vault()
    for wrong in ("25:00:00Z", "at eleven", "23"):
        assert world.error("PUT", POLICY, daily(wrong))[0] == 400


def test_a_choice_that_is_an_empty_text_is_none(world: ArmWorld) -> None:
    world.add_vault()
    body = daily()
    body["properties"] |= {"policyType": "", "timeZone": ""}
    world.put(POLICY, body)
    shown = world.get(POLICY)["properties"]
    assert (shown["policyType"], shown["timeZone"]) == ("V1", "UTC")
    assert "snapshotConsistencyType" not in shown
    account = {"location": "westus", "sku": {"name": "Standard_LRS"}, "properties": {"accessTier": ""}}
    world.put(ACCOUNT, account | {"kind": "StorageV2"})
    assert world.get(ACCOUNT)["properties"]["accessTier"] == "Hot"
    world.put(f"{ACCOUNT}2", account | {"kind": "BlockBlobStorage"})
    assert "accessTier" not in world.get(f"{ACCOUNT}2")["properties"]
    world.put(VAULT, {"location": "westus", "properties": {"publicNetworkAccess": ""}})
    assert world.get(VAULT)["properties"]["publicNetworkAccess"] == "Enabled"


# ---------------------------------------------------------------------------------------------------------------- vault


def test_a_vault_tells_of_alerts_once_somebody_sets_them(world: ArmWorld) -> None:
    body: dict[str, Any] = {"location": "westus", "properties": {"publicNetworkAccess": "Enabled"}}
    world.put(VAULT, body)
    assert "monitoringSettings" not in world.get(VAULT)["properties"]
    alerts = {"classicAlertSettings": {"alertsForCriticalOperations": "Disabled"}}
    world.follow(world.request("PATCH", VAULT, {"properties": {"monitoringSettings": alerts}}))
    shown = world.get(VAULT)["properties"]["monitoringSettings"]
    assert shown["classicAlertSettings"] == {
        "alertsForCriticalOperations": "Disabled",
        "emailNotificationsForSiteRecovery": "Enabled",
    }
    assert set(shown["azureMonitorAlertSettings"].values()) == {"Enabled"}
    world.put(VAULT, body)
    assert world.get(VAULT)["properties"]["monitoringSettings"] == shown, "not spoken of, and so not changed"


# -------------------------------------------------------------------------------------------------- network and compute


def test_a_network_says_how_private_endpoints_are_treated(world: ArmWorld) -> None:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    world.put(NET, {"location": "westus", "properties": space})
    assert world.get(NET)["properties"]["privateEndpointVNetPolicies"] == "Disabled"
    world.put(NET, {"location": "westus", "properties": {**space, "privateEndpointVNetPolicies": "Basic"}})
    assert world.get(NET)["properties"]["privateEndpointVNetPolicies"] == "Basic"


def test_a_subnet_shows_the_service_that_it_is_delegated_to(world: ArmWorld) -> None:
    service = {"serviceName": "Microsoft.ContainerInstance/containerGroups", "actions": ["Microsoft.Network/x/action"]}
    properties = {"addressPrefix": "10.0.0.0/24", "delegations": [{"name": "one", "properties": service}]}
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/delegating"
    body = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "in", "properties": properties}]}
    world.put(network, {"location": "westus", "properties": body})
    (shown,) = world.get(f"{network}/subnets/in")["properties"]["delegations"]
    assert shown["properties"] == service | {"provisioningState": "Succeeded"}
    assert shown["id"] == f"{network}/subnets/in/delegations/one"
    world.put(f"{network}/subnets/in", {"properties": {"addressPrefix": "10.0.0.0/24"}})
    assert world.get(f"{network}/subnets/in")["properties"]["delegations"] == []


def test_an_availability_set_is_created_with_200(world: ArmWorld) -> None:
    assert world.put(SET, {"location": "westus", "sku": {"name": "Aligned"}}).status_code == 200
    assert world.put(SET, {"location": "westus", "sku": {"name": "Aligned"}}).status_code == 200


def test_every_disk_says_who_may_reach_it(world: ArmWorld) -> None:
    body = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}}
    world.follow(world.put(DISK, body))
    shown = world.get(DISK)["properties"]
    assert shown["publicNetworkAccess"] == "Enabled"
    assert shown["networkAccessPolicy"] == "AllowAll"
    assert shown["encryption"] == {"type": "EncryptionAtRestWithPlatformKey"}
    change = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled", "maxShares": 2}
    assert world.request("PATCH", DISK, {"properties": change}).status_code == 200
    assert world.get(DISK)["properties"].items() >= change.items()


def test_what_a_disk_is_created_with_is_shown(world: ArmWorld) -> None:
    kept = {"optimizedForFrequentAttach": True, "maxShares": 3, "tier": "P10", "hyperVGeneration": "V2"}
    origin = {"createOption": "Empty", "performancePlus": False, "logicalSectorSize": 512}
    properties = {"creationData": origin, "diskSizeGB": 8, **kept}
    world.follow(world.put(DISK, {"location": "westus", "properties": properties}))
    shown = world.get(DISK)["properties"]
    assert shown.items() >= kept.items()
    assert shown["creationData"] == origin


def test_the_disks_of_a_machine_say_it_too(world: ArmWorld) -> None:
    world.add_machine()
    system = {
        "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
        "osDisk": {"createOption": "FromImage", "name": "linux-os"},
    }
    world.put(f"{COMPUTE}/virtualMachines/linux", {"location": "westus", "properties": {"storageProfile": system}})
    assert world.get(f"{COMPUTE}/disks/linux-os")["properties"]["networkAccessPolicy"] == "AllowAll"
