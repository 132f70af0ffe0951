"""Policies, items and containers as clients ask for them: what changes what, and which request gets which code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy

import pytest

from controlplane.domain.recovery_services import job as jobs
from controlplane.jobs.engine.records import LOCK
from controlplane.jobs.protection import stopping
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import CONTAINER, GROUP, ITEM, POLICY, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import (
    IAAS,
    back_up,
    delete_item,
    listed,
    make_immutable,
    put_item,
)

OTHER_VAULT = VAULT.replace("Vault01", "Vault02")
OTHER_ITEM = ITEM.replace("Vault01", "Vault02")


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        yield world


# ------------------------------------------------------------------------------------------------------------- policies


def longer(world: ArmWorld, days: int = 40) -> Json:
    """The default policy as it is shown, kept for so many days."""
    body = deepcopy(world.get(POLICY))
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = days
    return body


def test_a_policy_that_protects_nothing_changes_at_once(world: ArmWorld) -> None:
    answer = world.put(POLICY, longer(world))
    assert answer.status_code == 200
    assert answer.json()["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] == 40


def test_a_changed_policy_configures_its_items_anew(world: ArmWorld) -> None:
    world.protect()
    assert world.put(POLICY, world.get(POLICY)).status_code == 200, "nothing was changed"
    answer = world.put(POLICY, longer(world))
    assert (answer.status_code, answer.content) == (202, b"")
    ended = world.follow(answer)
    assert ended["properties"]["objectType"] == "OperationStatusJobsExtendedInfo"
    (job,) = ended["properties"]["jobIds"]
    shown = world.get(f"{VAULT}/backupJobs/{job}")["properties"]
    assert (shown["operation"], shown["status"]) == ("ConfigureBackup", "Completed")
    assert shown["extendedInfo"]["propertyBag"]["Policy Name"] == "DefaultPolicy"
    result = world.get(answer.headers["Location"])
    assert result["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] == 40
    assert not world.get(ITEM, **{"$expand": "extendedInfo"})["properties"]["extendedInfo"]["policyInconsistent"]


def test_an_item_that_is_busy_keeps_its_old_settings_and_is_named(world: ArmWorld) -> None:
    world.protect()
    world.ports.store.put(LOCK, stopping.lock_of(ITEM), {})
    answer = world.put(POLICY, longer(world))
    ended = world.follow(answer)
    name = ITEM.rpartition("/")[2]
    assert ended["properties"]["failedJobsError"] == {name: "BMSUserErrorConflictingProtectionOperation"}
    assert world.get(ITEM, **{"$filter": "expand eq 'extendedInfo'"})["properties"]["extendedInfo"][
        "policyInconsistent"
    ]


def test_a_suspended_item_stays_so_when_its_policy_changes(world: ArmWorld) -> None:
    world.protect()
    make_immutable(world)
    put_item(world, policyId="", protectionState="BackupsSuspended")
    assert world.put(POLICY, longer(world)).status_code == 200
    assert world.get(ITEM)["properties"]["protectionState"] == "BackupsSuspended"


def test_an_enhanced_policy_does_not_become_a_standard_one(world: ArmWorld) -> None:
    enhanced = f"{VAULT}/backupPolicies/EnhancedPolicy"
    assert world.error("PUT", enhanced, world.get(POLICY)) == (400, "BMSUserErrorInvalidPolicyInput")
    world.protect(enhanced)
    assert world.error("PUT", ITEM, world.protection()) == (400, "BMSUserErrorInvalidInput")


# --------------------------------------------------------------------------------------------------------------- limits


# ---------------------------------------------------------------------------------------------------------------- items


def test_an_item_expands_to_what_is_counted(world: ArmWorld) -> None:
    world.protect()
    assert "extendedInfo" not in world.get(ITEM)["properties"]
    fresh = world.get(ITEM, **{"$expand": "extendedInfo"})["properties"]["extendedInfo"]
    assert fresh == {"recoveryPointCount": 0, "policyInconsistent": False}
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    taken = point["properties"]["recoveryPointTime"]
    (item,) = listed(world, f"{VAULT}/backupProtectedItems", f"{IAAS} and expand eq 'extendedInfo'")
    assert item["properties"]["extendedInfo"] == {
        "recoveryPointCount": 1,
        "policyInconsistent": False,
        "oldestRecoveryPoint": taken,
        "oldestRecoveryPointInVault": taken,
    }


def test_disks_are_left_out_and_taken_again(world: ArmWorld) -> None:
    world.protect()
    some = {"diskExclusionProperties": {"diskLunList": [1], "isInclusionList": True}}
    put_item(world, extendedProperties=some)
    assert world.get(ITEM)["properties"]["extendedProperties"] == some
    put_item(world)
    assert world.get(ITEM)["properties"]["extendedProperties"] == some, "who does not mention it leaves it"
    put_item(world, extendedProperties={"diskExclusionProperties": None})
    assert world.get(ITEM)["properties"]["extendedProperties"] == {}


NO_DATA_DISKS = {"diskExclusionProperties": {"diskLunList": [], "isInclusionList": True}}


@pytest.mark.parametrize("policy_id", [None, "", POLICY])
@pytest.mark.parametrize("state", ["ProtectionStopped", "BackupsSuspended"])
def test_the_request_that_ends_backups_may_choose_the_disks(world: ArmWorld, state: str, policy_id: str | None) -> None:
    world.protect()
    make_immutable(world)
    body = world.get(ITEM) if policy_id == POLICY else world.protection(policy_id or "")
    body["properties"] |= {"protectionState": state, "extendedProperties": NO_DATA_DISKS}
    if policy_id is None:
        del body["properties"]["policyId"]
    world.follow(world.put(ITEM, body))
    shown = world.get(ITEM)["properties"]
    assert (shown["protectionState"], shown["extendedProperties"]) == (state, NO_DATA_DISKS)
    assert shown["policyId"] == ("" if state == "ProtectionStopped" else POLICY)
    put_item(world, extendedProperties=shown["extendedProperties"])
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    disks = point["properties"]["recoveryPointDiskConfiguration"]
    assert (disks["numberOfDisksIncludedInBackup"], disks["numberOfDisksAttachedToVm"]) == (1, 3)


def test_who_resumes_a_stopped_item_chooses_its_disks_again(world: ArmWorld) -> None:
    world.protect()
    put_item(world, extendedProperties=NO_DATA_DISKS)
    put_item(world, protectionState="ProtectionStopped")
    assert world.get(ITEM)["properties"]["extendedProperties"] == NO_DATA_DISKS
    put_item(world)
    assert world.get(ITEM)["properties"]["extendedProperties"] == {}


def test_the_request_that_ends_backups_may_take_back_the_choice_of_disks(world: ArmWorld) -> None:
    world.follow(
        world.put(ITEM, {"properties": world.protection()["properties"] | {"extendedProperties": NO_DATA_DISKS}})
    )
    put_item(world, protectionState="ProtectionStopped")
    assert world.get(ITEM)["properties"]["extendedProperties"] == NO_DATA_DISKS, "who does not mention it leaves it"
    put_item(world, protectionState="ProtectionStopped", extendedProperties={"diskExclusionProperties": None})
    assert world.get(ITEM)["properties"]["extendedProperties"] == {}


def test_an_item_is_undeleted_with_a_choice_of_disks(world: ArmWorld) -> None:
    world.protect()
    delete_item(world)
    put_item(world, isRehydrate=True, extendedProperties=NO_DATA_DISKS)
    assert world.get(ITEM)["properties"]["extendedProperties"] == NO_DATA_DISKS


def test_an_item_is_suspended_under_another_policy(world: ArmWorld) -> None:
    world.protect()
    make_immutable(world)
    enhanced = f"{VAULT}/backupPolicies/EnhancedPolicy"
    job = put_item(world, policyId=enhanced, protectionState="BackupsSuspended")
    assert job["extendedInfo"]["propertyBag"]["Policy Name"] == "EnhancedPolicy"
    shown = world.get(ITEM, **{"$expand": "extendedInfo"})["properties"]
    assert (shown["policyId"], shown["policyName"], shown["policyType"]) == (enhanced, "EnhancedPolicy", "V2")
    assert not shown["extendedInfo"]["policyInconsistent"]
    body = {"properties": world.protection()["properties"] | {"protectionState": "BackupsSuspended"}}
    assert world.error("PUT", ITEM, body) == (400, "BMSUserErrorInvalidInput"), "from enhanced back to standard"


def test_a_machine_belongs_to_one_vault_until_that_one_takes_no_more_backups(world: ArmWorld) -> None:
    world.put(OTHER_VAULT, {"location": "westus", "sku": {"name": "Standard"}, "properties": {}})
    elsewhere = world.protection(POLICY.replace("Vault01", "Vault02"))
    world.protect()
    assert listed(world, f"{OTHER_VAULT}/backupProtectableItems", IAAS) == []
    taken = (400, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    assert world.error("PUT", OTHER_ITEM, elsewhere) == taken
    put_item(world, policyId="", protectionState="ProtectionStopped")
    assert listed(world, f"{VAULT}/backupProtectableItems", IAAS) == []
    assert len(listed(world, f"{OTHER_VAULT}/backupProtectableItems", IAAS)) == 1
    world.follow(world.put(OTHER_ITEM, elsewhere))
    assert world.error("PUT", ITEM, world.protection()) == taken, "it cannot be resumed here meanwhile"


def test_a_soft_deleted_item_leaves_its_machine_to_another_vault(world: ArmWorld) -> None:
    """What was deleted stays in the first vault. It comes back with protection stopped and is not resumed meanwhile."""
    world.put(OTHER_VAULT, {"location": "westus", "sku": {"name": "Standard"}, "properties": {}})
    world.protect()
    delete_item(world)
    assert listed(world, f"{VAULT}/backupProtectableItems", IAAS) == []
    assert len(listed(world, f"{OTHER_VAULT}/backupProtectableItems", IAAS)) == 1
    world.follow(world.put(OTHER_ITEM, world.protection(POLICY.replace("Vault01", "Vault02"))))
    assert world.get(OTHER_ITEM)["properties"]["protectionState"] == "IRPending"
    assert world.get(ITEM)["properties"]["isScheduledForDeferredDelete"]
    assert world.error("PUT", ITEM, world.protection())[0] == 400, "not in its own vault"
    put_item(world, policyId="", protectionState="ProtectionStopped", isRehydrate=True)
    taken = (400, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    assert world.error("PUT", ITEM, world.protection()) == taken


def test_one_change_of_an_item_at_a_time(world: ArmWorld) -> None:
    world.protect()
    world.ports.store.put(LOCK, stopping.lock_of(ITEM), {})
    busy = (409, "BMSUserErrorConflictingProtectionOperation")
    stop = {"properties": world.protection()["properties"] | {"protectionState": "ProtectionStopped"}}
    assert world.error("PUT", ITEM, world.protection()) == busy
    assert world.error("PUT", ITEM, stop) == busy
    assert world.error("DELETE", ITEM) == busy
    assert len(world.ports.store.find(jobs.KIND)) == 1


def test_an_item_that_is_backed_up_is_not_deleted_meanwhile(world: ArmWorld) -> None:
    world.protect()
    world.ports.store.put(LOCK, f"{ITEM.lower()}|backup", {})
    assert world.error("DELETE", ITEM) == (409, "BMSUserErrorObjectLocked")


def test_a_machine_elsewhere_is_refused(world: ArmWorld) -> None:
    far = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/Far01"
    world.put(far, {"location": "eastus", "sku": {"name": "Standard"}, "properties": {}})
    body = world.protection(f"{far}/backupPolicies/DefaultPolicy")
    assert world.error("PUT", ITEM.replace(VAULT, far), body) == (400, "UserErrorVmVaultLocationMismatch")
    gone = {"properties": world.protection()["properties"] | {"sourceResourceId": VM.replace("Sql01", "none")}}
    assert world.error("PUT", ITEM.replace("sql01", "none"), gone) == (400, "UserErrorVmNotFoundV2")
    assert world.error("PUT", ITEM, {"properties": {}}) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert world.error("PUT", ITEM, world.protection("")) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")


def test_names_are_read_one_by_one(world: ArmWorld) -> None:
    item = ITEM.rpartition("/")[2]
    wrong = (
        (f"{VAULT}/backupFabrics/Azure/protectionContainers/c/protectedItems/{item}", "ContainerNameIncorrectFormat"),
        (f"{CONTAINER}/protectedItems/sql01", "ProtectedItemNameIncorrectFormat"),
        (f"{CONTAINER}/protectedItems/{item}x", "ContainerNameIncorrectFormat"),
    )
    for path, code in wrong:
        for method, body in (("GET", None), ("PUT", world.protection()), ("DELETE", None)):
            assert world.error(method, path, body) == (400, f"BMSUserError{code}")


def test_source_scan_is_switched(world: ArmWorld) -> None:
    scan = f"{ITEM}/configureSourceScan"
    assert world.error("POST", scan, {"sourceScanAction": "Enable"}) == (404, "BMSUserErrorDataSourceObjectNotFound")
    world.protect()
    assert world.error("POST", scan, {"sourceScanAction": "Look"}) == (400, "BMSUserErrorInvalidInput")
    already = (400, "UserErrorSourceScanStatusAlreadyInRequestedState")
    assert world.error("POST", scan, {"sourceScanAction": "Disable"}) == already
    answer = world.post(scan, {"sourceScanAction": "Enable"})
    assert answer.status_code == 202
    assert world.follow(answer)["status"] == "Succeeded"
    shown = world.get(ITEM)["properties"]["sourceSideScanInfo"]
    assert shown == {"sourceSideScanStatus": "Configured", "sourceSideScanSummary": "Unknown"}
    delete_item(world)
    assert world.error("POST", scan, {"sourceScanAction": "Disable"}) == (400, "BMSUserErrorItemIsSoftDeleted")


# ----------------------------------------------------------------------------------------------------------------- jobs


def test_jobs_are_exported_to_a_blob(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    answer = world.request("POST", f"{VAULT}/backupJobsExport", None, **{"$filter": "operation eq 'Backup'"})
    assert (answer.status_code, answer.content) == (202, b"")
    jobs = listed(world, f"{VAULT}/backupJobs", "operation eq 'Backup'")
    status = world.follow(answer)["properties"]
    assert (status["objectType"], status["jobIds"]) == ("OperationStatusJobsExtendedInfo", [jobs[0]["name"]])
    result = world.get(answer.headers["Location"])["operation"]
    assert result["objectType"] == "ExportJobsOperationResultInfo"
    exported = world.ports.blobs.read(world.ports.blobs.parse(result["blobUrl"]))
    assert json.loads(exported) == {"value": jobs}
    assert "sig=" in result["blobSasKey"]
    assert "sig=" not in result["blobUrl"]


def test_an_export_belongs_to_its_vault_and_takes_filters_of_jobs(world: ArmWorld) -> None:
    path = f"{VAULT}/backupJobsExport"
    assert world.error("POST", path, **{"$filter": "colour eq 'red'"}) == (400, "InvalidQueryParameter")
    operation = world.put(ITEM, world.protection()).headers["Azure-AsyncOperation"]
    guid = operation.partition("?")[0].rpartition("/")[2]
    for id in (guid, "none"):
        assert world.error("GET", f"{VAULT}/backupJobs/operationResults/{id}") == (404, "OperationNotFound")
    assert world.error("POST", path.replace("Vault01", "none")) == (404, "ResourceNotFound")


# ----------------------------------------------------------------------------------------------------------- containers


def test_a_container_is_there_as_long_as_its_item(world: ArmWorld) -> None:
    assert world.error("GET", CONTAINER) == (404, "BMSUserErrorContainerNotFound")
    assert world.request("DELETE", CONTAINER).status_code == 204
    world.protect()
    assert listed(world, f"{VAULT}/backupProtectionContainers", IAAS) == [world.get(CONTAINER)]
    assert world.error("DELETE", CONTAINER) == (400, "BMSUserErrorContainerHasDatasources")
    delete_item(world)
    assert world.error("DELETE", CONTAINER) == (400, "BMSUserErrorContainerHasDatasources")
    bad = CONTAINER.rpartition("/")[0] + "/Container;storage;demo;x"
    assert world.error("GET", bad) == (400, "BMSUserErrorContainerNameIncorrectFormat")
    assert world.error("PUT", CONTAINER, {}) == (501, "OperationNotSimulated")
