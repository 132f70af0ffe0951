"""What Terraform's azurerm sends for its backup resources: create, read, plan, update, delete.

The requests, their api-versions, the statuses they accept and their way of polling are those of the provider; the code
is not. A plan after an apply must find nothing to change, so whatever a resource reads is compared with what was read
before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from controlplane.ports import Json
from tests.unit.controlplane.arm.arm_world import BASE_URL, GROUP, VAULT, VM, ArmWorld, arm_world

OF_VAULTS, OF_BACKUP, OF_REPLICATION, OF_GROUPS = "2024-01-01", "2025-02-01", "2024-04-01", "2023-07-01"
CONTAINER = "iaasvmcontainer;iaasvmcontainerv2;Demo;Sql01"
ITEM = f"{VAULT}/backupFabrics/Azure/protectionContainers/{CONTAINER}/protectedItems/VM;iaasvmcontainerv2;Demo;Sql01"
POLICY = f"{VAULT}/backupPolicies/tf-daily"
ACCEPTED = {
    "GET": {200},
    "PUT": {200, 201, 202},
    "PATCH": {200, 202},
    "DELETE": {200, 202, 204},
}


class Terraform:
    """The provider's client: it sends no query key it does not need, and follows the headers that it is given."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world

    def send(self, method: str, id: str, version: str, body: Json | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._world.token}", "Accept": "application/json; charset=utf-8; IEEE754"}
        return self._world.send(method, f"{id}?api-version={version}", json=body, headers=headers)

    def exists(self, id: str, version: str) -> bool:
        """Every create begins with it: what is there is to be imported."""
        response = self.send("GET", id, version)
        assert response.status_code in {200, 404}, response.text
        return response.status_code == 200

    def read(self, id: str, version: str) -> Json:
        response = self.send("GET", id, version)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    def change(
        self, method: str, id: str, version: str, body: Json | None = None, accepted: set[int] | None = None
    ) -> None:
        """Send it, and poll until it is done."""
        response = self.send(method, id, version, body)
        assert response.status_code in (accepted or ACCEPTED[method]), f"{response.status_code} {response.text}"
        self._world.settle()
        if "Azure-AsyncOperation" in response.headers:
            self._poll_status(response.headers["Azure-AsyncOperation"])
        elif "Location" in response.headers:
            self._poll_result(response.headers["Location"])
        elif method == "PUT":
            assert self._state(id, version) in {"Succeeded", None}

    def _poll_status(self, url: str) -> None:
        ended = self._follow(url).json()
        assert ended["status"] == "Succeeded", ended

    def _poll_result(self, url: str) -> None:
        assert self._follow(url).status_code in {200, 201, 204}

    def _follow(self, url: str) -> httpx.Response:
        assert url.startswith(BASE_URL)
        return self._world.send("GET", url, headers={"Authorization": f"Bearer {self._world.token}"})

    def _state(self, id: str, version: str) -> str | None:
        state: str | None = (self.read(id, version).get("properties") or {}).get("provisioningState")
        return state


class Vault:
    """azurerm_recovery_services_vault."""

    def __init__(self, terraform: Terraform, **wanted: Any) -> None:
        self._terraform = terraform
        self.wanted = wanted

    def create(self) -> None:
        assert not self._terraform.exists(VAULT, OF_VAULTS)
        body = {
            "location": "westus",
            "tags": {"made": "by terraform"},
            "identity": {"type": "None"},
            "sku": {"name": "Standard"},
            "properties": {"publicNetworkAccess": "Enabled", "redundancySettings": self._redundancy()},
        }
        self._terraform.change("PUT", VAULT, OF_VAULTS, body)
        # Where soft delete cannot be turned off any more, nothing is written to this configuration.
        state = self._terraform.read(f"{VAULT}/backupconfig/vaultconfig", OF_BACKUP)["properties"]
        assert state["softDeleteFeatureState"] in {"AlwaysON", "Enabled"}

    def update(self, properties: Json, tags: Json | None = None) -> None:
        assert self._terraform.exists(VAULT, OF_VAULTS)
        body = {"properties": properties, **({"tags": tags} if tags else {})}
        self._terraform.change("PATCH", VAULT, OF_VAULTS, body)

    def read(self) -> Json:
        """Its attributes, as the provider keeps them."""
        shown = self._terraform.read(VAULT, OF_VAULTS)
        config = self._terraform.read(f"{VAULT}/backupconfig/vaultconfig", OF_BACKUP)
        setting = self._terraform.read(f"{VAULT}/replicationVaultSettings/default", OF_REPLICATION)
        properties = shown["properties"]
        redundancy = properties["redundancySettings"]
        identity = (shown.get("identity") or {}).get("type")
        immutability = (properties.get("securitySettings") or {}).get("immutabilitySettings") or {}
        return {
            "id": shown["id"],
            "location": shown["location"],
            "sku": shown["sku"]["name"],
            "tags": shown.get("tags"),
            "identity": None if identity == "None" else identity,
            "public_network_access_enabled": properties["publicNetworkAccess"] == "Enabled",
            "storage_mode_type": redundancy["standardTierStorageRedundancy"],
            "cross_region_restore_enabled": redundancy["crossRegionRestore"] == "Enabled",
            "immutability": immutability.get("state", "Disabled"),
            "soft_delete_enabled": config["properties"]["softDeleteFeatureState"] in {"AlwaysON", "Enabled"},
            "classic_vmware_replication_enabled": setting["properties"]["vmwareToAzureProviderType"] == "Vmware",
        }

    def delete(self) -> None:
        self._terraform.change("DELETE", VAULT, OF_VAULTS, accepted={200})
        # The newer provider trusts no single answer.
        assert [self._terraform.exists(VAULT, "2025-08-01") for _ in range(5)] == [False] * 5

    def _redundancy(self) -> Json:
        return {
            "standardTierStorageRedundancy": self.wanted.get("storage_mode_type", "GeoRedundant"),
            "crossRegionRestore": "Enabled" if self.wanted.get("cross_region_restore_enabled") else "Disabled",
        }


class VmPolicy:
    """azurerm_backup_policy_vm."""

    def __init__(self, terraform: Terraform) -> None:
        self._terraform = terraform

    def create(self) -> None:
        assert not self._terraform.exists(POLICY, OF_BACKUP)
        self.write(10)

    def write(self, days: int) -> None:
        times = ["2026-11-28T23:00:00Z"]
        daily = {"retentionTimes": times, "retentionDuration": {"count": days, "durationType": "Days"}}
        weekly = {
            "daysOfTheWeek": ["Sunday"],
            "retentionTimes": times,
            "retentionDuration": {"count": 42, "durationType": "Weeks"},
        }
        body = {
            "properties": {
                "backupManagementType": "AzureIaasVM",
                "policyType": "V1",
                "timeZone": "UTC",
                "schedulePolicy": {
                    "schedulePolicyType": "SimpleSchedulePolicy",
                    "scheduleRunFrequency": "Daily",
                    "scheduleRunTimes": times,
                },
                "instantRPDetails": {},
                "retentionPolicy": {
                    "retentionPolicyType": "LongTermRetentionPolicy",
                    "dailySchedule": daily,
                    "weeklySchedule": weekly,
                },
                "tieringPolicy": {"ArchivedRP": {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}},
            }
        }
        response = self._terraform.send("PUT", POLICY, OF_BACKUP, body)
        assert response.status_code in {200, 202}, response.text
        # It waits by asking for the policy until that is there.
        assert self._terraform.exists(POLICY, OF_BACKUP)

    def read(self) -> Json:
        shown = self._terraform.read(POLICY, OF_BACKUP)
        properties = shown["properties"]
        schedule, retention = properties["schedulePolicy"], properties["retentionPolicy"]
        return {
            "id": shown["id"],
            "timezone": properties["timeZone"],
            "policy_type": properties["policyType"],
            "instant_restore_retention_days": properties["instantRpRetentionRangeInDays"],
            "backup.frequency": schedule["scheduleRunFrequency"],
            "backup.time": schedule["scheduleRunTimes"][0][11:16],
            "retention_daily.count": retention["dailySchedule"]["retentionDuration"]["count"],
            "retention_weekly.count": retention["weeklySchedule"]["retentionDuration"]["count"],
            "retention_weekly.weekdays": retention["weeklySchedule"]["daysOfTheWeek"],
        }

    def delete(self) -> None:
        self._terraform.change("DELETE", POLICY, OF_BACKUP)
        assert not self._terraform.exists(POLICY, OF_BACKUP)


class ProtectedVm:
    """azurerm_backup_protected_vm."""

    KIND = "Microsoft.Compute/virtualMachines"

    def __init__(self, terraform: Terraform) -> None:
        self._terraform = terraform

    def create(self, exclude: list[int] | None = None) -> None:
        if self._terraform.exists(ITEM, OF_BACKUP):
            existing = self._terraform.read(ITEM, OF_BACKUP)["properties"]
            assert existing["isScheduledForDeferredDelete"], "what is there is imported"
            self._change({"isRehydrate": True})
        exclusion = {"diskExclusionProperties": {"diskLunList": exclude, "isInclusionList": False}} if exclude else None
        self._change(
            {
                "policyId": POLICY,
                "workloadType": "VM",
                "sourceResourceId": VM,
                "friendlyName": "Sql01",
                "virtualMachineId": VM,
                **({"extendedProperties": exclusion} if exclusion else {}),
            }
        )

    def update(self, **changes: Any) -> None:
        """The whole of what is there goes back, with the change in it."""
        self._change({**self._terraform.read(ITEM, OF_BACKUP)["properties"], **changes})

    def read(self) -> Json | None:
        shown = self._terraform.read(ITEM, OF_BACKUP)
        properties = shown["properties"]
        if properties.get("isScheduledForDeferredDelete"):
            return None
        exclusion = (properties.get("extendedProperties") or {}).get("diskExclusionProperties") or {}
        return {
            "id": shown["id"],
            "source_vm_id": properties["sourceResourceId"].lower(),
            "protection_state": properties["protectionState"],
            "backup_policy_id": properties["policyId"].lower(),
            "exclude_disk_luns": exclusion.get("diskLunList"),
        }

    def delete(self) -> None:
        self._terraform.change("DELETE", ITEM, OF_BACKUP)

    def _change(self, properties: Json) -> None:
        body = {"properties": {"protectedItemType": self.KIND, **properties}}
        self._terraform.change("PUT", ITEM, OF_BACKUP, body)


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        yield world


@pytest.fixture
def terraform(world: ArmWorld) -> Terraform:
    return Terraform(world)


def plan_is_empty(resource: Vault | VmPolicy | ProtectedVm) -> bool:
    """Refreshing twice shows the same."""
    return resource.read() == resource.read()


def test_a_group_is_created_read_and_deleted_with_what_is_in_it(terraform: Terraform) -> None:
    assert terraform.exists(GROUP, OF_GROUPS)
    terraform.change("PUT", GROUP, OF_GROUPS, {"location": "westus", "tags": {"a": "b"}})
    assert terraform.read(GROUP, OF_GROUPS)["tags"] == {"a": "b"}
    assert terraform.read(f"{GROUP}/resources", OF_GROUPS)["value"], "the provider refuses to delete what is not empty"
    terraform.change("DELETE", GROUP, OF_GROUPS)
    assert not terraform.exists(GROUP, OF_GROUPS)


def test_a_vault_is_created_as_it_was_wanted_and_a_plan_finds_nothing(terraform: Terraform) -> None:
    vault = Vault(terraform, storage_mode_type="LocallyRedundant")
    vault.create()
    assert vault.read() == {
        "id": VAULT,
        "location": "westus",
        "sku": "Standard",
        "tags": {"made": "by terraform"},
        "identity": None,
        "public_network_access_enabled": True,
        "storage_mode_type": "LocallyRedundant",
        "cross_region_restore_enabled": False,
        "immutability": "Disabled",
        "soft_delete_enabled": True,
        "classic_vmware_replication_enabled": False,
    }
    assert plan_is_empty(vault)
    vault.delete()


def test_a_vault_is_updated_in_place(terraform: Terraform) -> None:
    vault = Vault(terraform)
    vault.create()
    before = vault.read()
    vault.update({"publicNetworkAccess": "Disabled"})
    assert vault.read() == before | {"public_network_access_enabled": False}
    vault.update({"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}}, tags={"made": "anew"})
    assert vault.read()["immutability"] == "Unlocked"
    assert vault.read()["tags"] == {"made": "anew"}
    assert plan_is_empty(vault)


def test_a_policy_is_created_changed_and_deleted(terraform: Terraform) -> None:
    Vault(terraform).create()
    policy = VmPolicy(terraform)
    policy.create()
    created = policy.read()
    assert created["retention_daily.count"] == 10
    assert created["backup.time"] == "23:00"
    assert created["instant_restore_retention_days"] == 2, "computed, so whatever is filled in must stay"
    assert plan_is_empty(policy)
    policy.write(20)
    assert policy.read() == created | {"retention_daily.count": 20}
    policy.delete()


def test_a_machine_is_protected_stopped_resumed_and_deleted(terraform: Terraform) -> None:
    Vault(terraform).create()
    VmPolicy(terraform).create()
    item = ProtectedVm(terraform)
    item.create(exclude=[0])
    created = item.read()
    assert created
    assert created["id"].lower() == ITEM.lower().replace("/iaasvmcontainer;", "/iaasvmcontainer;")
    assert created["source_vm_id"] == VM.lower()
    assert created["backup_policy_id"] == POLICY.lower()
    assert created["exclude_disk_luns"] == [0]
    assert plan_is_empty(item)
    item.update(protectionState="ProtectionStopped")
    stopped = item.read()
    assert stopped
    assert stopped["protection_state"] == "ProtectionStopped"
    item.update(protectionState="Protected", policyId=POLICY)
    assert item.read() == created
    item.delete()
    assert item.read() is None, "soft-deleted is gone to Terraform"


def test_what_was_soft_deleted_is_recovered_by_the_next_create(terraform: Terraform) -> None:
    Vault(terraform).create()
    VmPolicy(terraform).create()
    item = ProtectedVm(terraform)
    item.create()
    before = item.read()
    item.delete()
    item.create()
    assert item.read() == before


def test_deletion_in_terraform_s_order_leaves_nothing(world: ArmWorld, terraform: Terraform) -> None:
    vault, policy, item = Vault(terraform), VmPolicy(terraform), ProtectedVm(terraform)
    vault.create()
    policy.create()
    item.create()
    item.delete()
    policy.delete()
    # purge_protected_items_from_vault_on_destroy lists what is left before it deletes the vault.
    assert terraform.read(f"{VAULT}/backupProtectedItems", OF_BACKUP)["value"]
    vault.delete()
    terraform.change("DELETE", VM, "2024-03-01")
    terraform.change("DELETE", GROUP, OF_GROUPS)
    assert not terraform.exists(GROUP, OF_GROUPS)


def test_a_storage_account_is_no_container_here(terraform: Terraform) -> None:
    """azurerm_backup_container_storage_account registers file shares, which this service has nothing to do with."""
    Vault(terraform).create()
    container = f"{VAULT}/backupFabrics/Azure/protectionContainers/StorageContainer;storage;demo;sql01disks"
    body = {"properties": {"containerType": "StorageContainer", "backupManagementType": "AzureStorage"}}
    response = terraform.send("PUT", container, OF_BACKUP, body)
    assert (response.status_code, response.json()["error"]["code"]) == (501, "OperationNotSimulated")
