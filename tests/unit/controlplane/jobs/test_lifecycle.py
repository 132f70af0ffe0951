"""Configure protection: the item it makes, the policy it changes, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.domain.arm_id import item_id
from controlplane.domain.compute import virtual_machine
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import policy, protected_item
from controlplane.domain.resources import operation
from controlplane.jobs.engine import records
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.json_object import Json
from tests.unit.controlplane.jobs.backup_world import (
    GROUP,
    ITEM,
    POLICY,
    PROTECT_REQUEST,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world(protected=False) as world:
        yield world


def asked(**changes: Any) -> Json:
    return {"properties": PROTECT_REQUEST["properties"] | changes}


def refusal(world: BackupWorld, request: Json, item: str = ITEM) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        configure_protection(world.ports, world.engine, item, request)
    assert world.store.find("run", "running") == []
    return refused.value


def test_the_job(world: BackupWorld) -> None:
    job = world.protect()
    assert (job["operation"], job["status"]) == ("ConfigureBackup", "Completed")
    assert job["extendedInfo"] == {
        "tasksList": [],
        "propertyBag": {"VM Name": "SQL01", "Policy Name": "DefaultPolicy"},
    }
    assert "actionsInfo" not in job


def test_the_item_waits_for_its_first_backup_and_nothing_is_installed(world: BackupWorld) -> None:
    world.protect()
    item = world.item()
    assert (item["protectionState"], item["lastBackupStatus"], item["lastRecoveryPoint"]) == ("IRPending", "", None)
    assert (item["policyId"], item["virtualMachineId"]) == (POLICY, VM)
    assert world.fabric.delivered == []
    view = world.fabric.instance_view(VM)
    assert view is not None
    assert view.extensions == ()


def test_the_operation_waits_for_the_job(world: BackupWorld) -> None:
    ticket = configure_protection(world.ports, world.engine, ITEM.upper(), PROTECT_REQUEST)
    world.ended(ticket)
    found = world.store.get(operation.KIND, ticket.operation_id)
    assert found is not None
    assert found.parent == ITEM.lower()
    assert found.json()["status"] == "Succeeded"
    assert found.json()["properties"] == {"objectType": "OperationStatusJobExtendedInfo", "jobId": ticket.job_id}


def test_it_may_be_repeated(world: BackupWorld) -> None:
    world.protect()
    number = world.item()["protectedItemDataId"]
    assert world.protect()["status"] == "Completed"
    assert world.item()["protectedItemDataId"] == number
    assert len(world.store.find(protected_item.KIND)) == 1


def test_a_protected_machine_may_get_another_policy(world: BackupWorld) -> None:
    world.protect()
    world.back_up()
    request = asked(policyId=f"{VAULT}/backupPolicies/EnhancedPolicy")
    world.ended(configure_protection(world.ports, world.engine, ITEM, request))
    item = world.item()
    assert (item["policyName"], item["policyType"], item["protectionState"]) == ("EnhancedPolicy", "V2", "Protected")
    assert refusal(world, asked()).code == "BMSUserErrorInvalidInput"


def test_two_at_once_are_refused(world: BackupWorld) -> None:
    world.store.put(records.LOCK, f"{ITEM.lower()}|configure", {})
    assert refusal(world, asked()).code == "BMSUserErrorConflictingProtectionOperation"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"protectedItemType": "AzureFileShareProtectedItem"}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"protectedItemType": None}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"sourceResourceId": None}, "BMSUserErrorInvalidSourceResourceId"),
        ({"sourceResourceId": POLICY}, "BMSUserErrorInvalidSourceResourceId"),
        ({"sourceResourceId": f"{VM}x"}, "UserErrorVmNotFoundV2"),
        ({"policyId": None}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"policyId": f"{VAULT}/backupPolicies/None"}, "BMSUserErrorPolicyNotFound"),
        ({"policyId": f"{VAULT}/backupPolicies/HourlyLogBackup"}, "BMSUserErrorInvalidPolicyForGivenProvider"),
        ({"protectionState": "ProtectionStopped", "policyId": ""}, "BMSUserErrorDataSourceObjectNotFound"),
        ({"protectionState": "BackupsSuspended"}, "BMSUserErrorDataSourceObjectNotFound"),
        ({"isRehydrate": True}, "BMSUserErrorDataSourceObjectNotFound"),
        ({"protectionState": "SoftDeleted"}, "BMSUserErrorInvalidConfigureProtectionRequest"),
    ],
)
def test_what_cannot_be_configured_is_refused_by_name(world: BackupWorld, changes: Json, code: str) -> None:
    assert refusal(world, asked(**changes)).code == code
    assert world.store.find(protected_item.KIND) == []


def test_the_item_must_bear_the_names_of_its_machine(world: BackupWorld) -> None:
    other = item_id(VAULT, "Demo", "other")
    assert refusal(world, asked(), other).code == "BMSUserErrorInvalidConfigureProtectionRequest"


def test_there_must_be_a_vault(world: BackupWorld) -> None:
    refused = refusal(world, asked(), ITEM.replace("vault01", "vault02"))
    assert (refused.status, refused.code) == (404, "ResourceNotFound")


def test_a_machine_of_another_region_is_refused(world: BackupWorld) -> None:
    found = world.store.get(virtual_machine.KIND, VM)
    assert found is not None
    world.store.put(virtual_machine.KIND, VM, found.json() | {"location": "eastus"})
    assert refusal(world, asked()).code == "UserErrorVmVaultLocationMismatch"


def test_a_machine_of_another_vault_is_refused(world: BackupWorld) -> None:
    world.protect()
    second = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault02"
    world.store.put(
        "microsoft.recoveryservices/vaults", second, {"id": second, "name": "vault02", "location": "westus"}
    )
    own = f"{second}/backupPolicies/DefaultPolicy"
    world.store.put(policy.KIND, own, {"id": own, "properties": {"backupManagementType": "AzureIaasVM"}}, parent=second)
    refused = refusal(world, asked(policyId=own), item_id(second, "Demo", "SQL01"))
    assert refused.code == "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault"


def test_a_policy_of_another_vault_is_refused(world: BackupWorld) -> None:
    own = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault02/backupPolicies/DefaultPolicy"
    world.store.put(policy.KIND, own, {"id": own, "properties": {}}, parent=own.partition("/backupPolicies")[0])
    assert refusal(world, asked(policyId=own)).code == "BMSUserErrorPolicyNotFound"


def test_extended_properties_without_disks_take_all_disks_again(world: BackupWorld) -> None:
    def configure(extended: Json | None) -> Json:
        request = asked() if extended is None else asked(extendedProperties=extended)
        world.ended(configure_protection(world.ports, world.engine, ITEM, request))
        return world.item()["extendedProperties"]  # type: ignore[no-any-return]

    chosen = {"diskExclusionProperties": {"diskLunList": [1], "isInclusionList": False}}
    assert configure(chosen) == chosen
    assert configure(None) == chosen
    assert configure({}) == {}
    world.back_up()
    assert len(world.points()[0].disks) == 3
