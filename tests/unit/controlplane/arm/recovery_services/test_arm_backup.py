"""Protection, backup, recovery points and restore, by requests: the whole way on fakes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from uuid import uuid4

import httpx
import pytest

from controlplane.arm.edge.filters import terms
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services.recovery_point import as_listed
from controlplane.json_object import Json
from extension.contract.settings import SnapshotSettings
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric, snapshots
from tests.unit.controlplane.arm.arm_world import (
    BASE_URL,
    CONTAINER,
    ITEM,
    POLICY,
    START,
    TARGET,
    VAULT,
    VM,
    ArmWorld,
    furnished_world,
)
from tests.virtual_clock import VirtualClock

BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}
KIND = "Microsoft.Compute/virtualMachines"
IAAS = "backupManagementType eq 'AzureIaasVM'"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as world:
        yield world


def back_up(world: ArmWorld) -> Json:
    """A backup that ended; its job."""
    response = world.post(f"{ITEM}/backup", BACKUP)
    assert response.status_code == 202, response.text
    world.settle()
    return world.get(f"{VAULT}/backupJobs/{world.follow(response)['properties']['jobId']}")


def pass_time(world: ArmWorld, seconds: float) -> None:
    clock = world.ports.clock
    assert isinstance(clock, VirtualClock)
    clock.jump(seconds)


def restore_body(point: Json) -> Json:
    return {
        "properties": {
            "objectType": "IaasVMRestoreRequest",
            "recoveryPointId": point["name"],
            "recoveryType": "RestoreDisks",
            "sourceResourceId": VM,
            "storageAccountId": TARGET,
            "region": "westus",
            "createNewCloudService": False,
            "originalStorageAccountOption": False,
        }
    }


def listed(world: ArmWorld, path: str, filter: str = "") -> list[Json]:
    found: list[Json] = world.get(path, **({"$filter": filter} if filter else {}))["value"]
    return found


# ----------------------------------------------------------------------------------------------------------- protection


def test_an_item_is_configured_as_clients_expect_it(world: ArmWorld) -> None:
    written = ITEM.replace("VM;iaas", "vm;iaas")
    response = world.put(written, world.protection())
    assert (response.status_code, response.content) == (202, b"")
    operation = response.headers["Azure-AsyncOperation"]
    assert operation.startswith(f"{BASE_URL}{written}/operationsStatus/")
    assert response.headers["Location"].startswith(f"{BASE_URL}{written}/operationResults/")
    world.settle()
    ended = world.get(operation)
    guid = operation.partition("?")[0].rpartition("/")[2]
    assert (ended["id"], ended["status"]) == (guid, "Succeeded")
    assert world.get(f"{VAULT}/backupOperations/{guid}") == ended
    job = world.get(f"{VAULT}/backupJobs/{ended['properties']['jobId']}")
    assert (job["properties"]["operation"], job["properties"]["status"]) == ("ConfigureBackup", "Completed")
    item = world.get(ITEM)
    assert item["id"] == ITEM
    assert item["properties"]["protectionState"] == "IRPending"
    result = world.request("GET", response.headers["Location"])
    assert (result.status_code, result.json()) == (200, item)
    assert world.request("GET", f"{VAULT}/backupOperationResults/{guid}").status_code == 204
    assert world.get(f"{VM}/extensions") == {"value": []}


def test_an_item_is_found_by_every_spelling_of_its_name(world: ArmWorld) -> None:
    world.protect()
    item = world.get(ITEM)
    for written in (
        ITEM.lower(),
        ITEM.replace("VM;iaas", "vm;iaas"),
        ITEM.replace("/VM;iaas", "/iaasvmcontainer;iaas"),
        ITEM.replace("demo;sql01", "DEMO;SQL01"),
    ):
        assert world.get(written) == item
    wrong = ITEM.replace("/VM;iaasvmcontainerv2;demo;sql01", "/VM;iaasvmcontainerv2;demo;sql02")
    assert world.error("GET", wrong) == (400, "BMSUserErrorContainerNameIncorrectFormat")
    assert world.error("GET", ITEM.replace("/IaasVMContainer;", "/Windows;")) == (
        400,
        "BMSUserErrorContainerNameIncorrectFormat",
    )


def test_items_containers_and_what_is_left_to_protect_are_listed(world: ArmWorld) -> None:
    assert [each["properties"]["friendlyName"] for each in listed(world, f"{VAULT}/backupProtectableItems", IAAS)] == [
        "Sql01"
    ]
    assert listed(world, f"{VAULT}/backupProtectedItems") == []
    world.protect()
    assert listed(world, f"{VAULT}/backupProtectableItems", IAAS) == []
    item = world.get(ITEM)
    for wanted in ("", IAAS, f"{IAAS} and itemType eq 'VM'", "policyName eq 'defaultpolicy'"):
        assert listed(world, f"{VAULT}/backupProtectedItems", wanted) == [item]
    for wanted in ("healthState eq 'Passed'", "fabricName eq 'azure'"):
        assert listed(world, f"{VAULT}/backupProtectedItems", wanted) == [item]
    for unwanted in ("policyName eq 'EnhancedPolicy'", f"{IAAS} and healthState eq 'ActionRequired'"):
        assert listed(world, f"{VAULT}/backupProtectedItems", unwanted) == []
    registered = f"{IAAS} and friendlyName eq 'sql01' and status eq 'Registered'"
    (container,) = listed(world, f"{VAULT}/backupProtectionContainers", registered)
    assert container["id"] == CONTAINER
    assert listed(world, f"{VAULT}/backupProtectionContainers", f"{IAAS} and friendlyName eq 'other'") == []


def test_a_refresh_has_nothing_to_do(world: ArmWorld) -> None:
    response = world.post(f"{VAULT}/backupFabrics/Azure/refreshContainers")
    assert response.status_code == 202
    assert world.request("GET", response.headers["Location"]).status_code == 204


def test_a_bad_request_for_protection_gets_its_code_and_leaves_nothing(world: ArmWorld) -> None:
    wrong: list[tuple[Json, tuple[int, str]]] = [
        ({}, (400, "BMSUserErrorInvalidConfigureProtectionRequest")),
        (world.protection() | {"properties": []}, (400, "InvalidRequestContent")),
        (world.protection(f"{VAULT}/backupPolicies/none"), (404, "BMSUserErrorPolicyNotFound")),
        (
            world.protection(f"{VAULT}/backupPolicies/HourlyLogBackup"),
            (400, "BMSUserErrorInvalidPolicyForGivenProvider"),
        ),
    ]
    for body, expected in wrong:
        assert world.error("PUT", ITEM, body) == expected
    assert world.error("GET", ITEM) == (404, "BMSUserErrorDataSourceObjectNotFound")
    assert listed(world, f"{VAULT}/backupJobs") == []


def put_item(world: ArmWorld, **changes: object) -> Json:
    """The job of a PUT, ended."""
    body = {"properties": world.protection()["properties"] | changes}
    ended = world.follow(world.put(ITEM, body))
    return world.get(f"{VAULT}/backupJobs/{ended['properties']['jobId']}")["properties"]  # type: ignore[no-any-return]


def delete_item(world: ArmWorld) -> Json:
    """The job of the DELETE, ended."""
    response = world.request("DELETE", ITEM)
    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["Azure-AsyncOperation"].startswith(f"{BASE_URL}{VAULT}/backupOperations/")
    assert response.headers["Location"].startswith(f"{BASE_URL}{VAULT}/backupOperationResults/")
    ended = world.follow(response)
    assert world.request("GET", response.headers["Location"]).status_code == 204
    return world.get(f"{VAULT}/backupJobs/{ended['properties']['jobId']}")["properties"]  # type: ignore[no-any-return]


def make_immutable(world: ArmWorld) -> None:
    security = {"immutabilitySettings": {"state": "Unlocked"}}
    assert world.request("PATCH", VAULT, {"properties": {"securitySettings": security}}).status_code == 202


def test_backups_are_suspended_in_an_immutable_vault_only(world: ArmWorld) -> None:
    world.protect()
    suspended = {"protectedItemType": KIND, "sourceResourceId": VM, "protectionState": "BackupsSuspended"}
    assert world.error("PUT", ITEM, {"properties": suspended}) == (400, "UserErrorOperationDeniedOnImmutableItem")
    assert world.get(ITEM)["properties"]["protectionState"] == "IRPending"
    make_immutable(world)
    world.follow(world.put(ITEM, {"properties": suspended}))
    assert world.get(ITEM)["properties"]["protectionState"] == "BackupsSuspended"


def test_protection_is_stopped_suspended_and_resumed(world: ArmWorld) -> None:
    world.protect()
    assert listed(world, f"{VAULT}/backupResourceGuardProxies") == []
    make_immutable(world)
    suspended = put_item(world, policyId="", protectionState="BackupsSuspended")
    assert (suspended["operation"], world.get(ITEM)["properties"]["protectionState"]) == (
        "DisableBackup",
        "BackupsSuspended",
    )
    stopped = put_item(world, policyId="", protectionState="ProtectionStopped")
    assert (stopped["operation"], stopped["status"]) == ("DisableBackup", "Completed")
    assert world.get(POLICY)["properties"]["protectedItemsCount"] == 0
    # What the command line asks before it resumes: the policy of an item that has none.
    assert world.request("GET", f"{VAULT}/backupPolicies/").status_code == 200
    assert put_item(world)["operation"] == "ConfigureBackup"
    assert world.get(ITEM)["properties"]["policyName"] == "DefaultPolicy"


def test_a_deleted_item_stays_listed_and_comes_back(world: ArmWorld) -> None:
    world.protect()
    deleted = f"{VAULT}/backupDeletedProtectionContainers"
    assert listed(world, deleted, IAAS) == []
    assert delete_item(world)["operation"] == "DeleteBackupData"
    pass_time(world, 3600)
    item = world.get(ITEM)
    assert item["properties"]["deferredDeleteTimeRemaining"] == "13.23:00:00"
    assert listed(world, f"{VAULT}/backupProtectedItems", IAAS) == [item]
    assert listed(world, deleted, IAAS) == listed(world, f"{VAULT}/backupProtectionContainers", IAAS)
    assert listed(world, deleted, IAAS)[0]["id"] == CONTAINER
    assert listed(world, f"{VAULT}/backupProtectableItems", IAAS) == []
    for method, path, body in (
        ("PUT", ITEM, world.protection()),
        ("DELETE", ITEM, None),
        ("POST", f"{ITEM}/backup", BACKUP),
    ):
        assert world.error(method, path, body) == (400, "BMSUserErrorItemIsSoftDeleted")
    job = put_item(world, policyId="", protectionState="ProtectionStopped", isRehydrate=True)
    assert (job["operation"], job["status"]) == ("Undelete", "Completed")
    assert "deferredDeleteTimeRemaining" not in world.get(ITEM)["properties"]
    assert listed(world, deleted) == []


def test_what_is_not_there_is_deleted_already(world: ArmWorld) -> None:
    assert world.request("DELETE", ITEM).status_code == 204


def test_luns_to_leave_out_may_come_as_texts(world: ArmWorld) -> None:
    body = world.protection()
    exclusion = {"diskLunList": ["0"], "isInclusionList": False}
    body["properties"]["extendedProperties"] = {"diskExclusionProperties": exclusion}
    world.follow(world.put(ITEM, body))
    chosen = world.get(ITEM)["properties"]["extendedProperties"]["diskExclusionProperties"]
    assert chosen == {"diskLunList": [0], "isInclusionList": False}


# --------------------------------------------------------------------------------------------------------------- backup


def test_a_backup_makes_a_recovery_point_and_installs_the_extension(world: ArmWorld) -> None:
    world.protect()
    response = world.post(f"{ITEM}/backup", BACKUP)
    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["Azure-AsyncOperation"].startswith(f"{BASE_URL}{ITEM}/operationsStatus/")
    operation = world.follow(response)
    job = world.get(f"{VAULT}/backupJobs/{operation['properties']['jobId']}")["properties"]
    assert (job["operation"], job["status"]) == ("Backup", "Completed")
    assert [(task["taskId"], task["status"]) for task in job["extendedInfo"]["tasksList"]] == [
        ("Take Snapshot", "Completed"),
        ("Transfer data to vault", "Completed"),
    ]
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    assert as_listed(world.get(f"{ITEM}/recoveryPoints/{point['name']}")) == point
    assert point["properties"]["recoveryPointType"] == "AppConsistent"
    assert [tier["type"] for tier in point["properties"]["recoveryPointTierDetails"]] == ["InstantRP", "HardenedRP"]
    assert world.get(ITEM)["properties"]["protectionState"] == "Protected"
    (extension,) = listed(world, f"{VM}/extensions")
    assert extension["properties"]["type"] == "VMSnapshot"
    assert "sig=" not in world.request("GET", f"{VM}/extensions").text


@pytest.mark.parametrize("key", ["recoveryPointExpiryTimeInUTC", "recoverypointexpirytimeinutc"])
def test_a_recovery_point_is_kept_until_the_time_that_the_request_names(world: ArmWorld, key: str) -> None:
    world.protect()
    world.follow(world.post(f"{ITEM}/backup", {"properties": BACKUP["properties"] | {key: "2031-02-01T00:00:00.000Z"}}))
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    assert point["properties"]["recoveryPointProperties"]["expiryTime"] == "2031-02-01T00:00:00Z"


def test_a_backup_of_nothing_is_refused(world: ArmWorld) -> None:
    assert world.error("POST", f"{ITEM}/backup", BACKUP) == (404, "BMSUserErrorDataSourceObjectNotFound")
    world.protect()
    assert world.error("POST", f"{ITEM}/backup", {}) == (400, "BMSUserErrorInvalidInput")


def test_jobs_are_listed_newest_first_and_filtered(world: ArmWorld) -> None:
    world.protect()
    pass_time(world, 3600)
    back_up(world)
    pass_time(world, 3600)
    back_up(world)
    path = f"{VAULT}/backupJobs"
    jobs = listed(world, path)
    assert [job["properties"]["operation"] for job in jobs] == ["Backup", "Backup", "ConfigureBackup"]
    assert jobs[0]["properties"]["startTime"] > jobs[1]["properties"]["startTime"]
    assert all("extendedInfo" not in job["properties"] for job in jobs)
    assert listed(world, path, "operation eq 'Backup' and status eq 'Completed'") == jobs[:2]
    assert listed(world, path, "status eq 'Failed'") == []
    assert listed(world, path, f"jobId eq '{jobs[1]['name']}'") == [jobs[1]]
    assert listed(world, path, "startTime eq '2026-11-22 09:00:00 AM' and endTime eq '2026-11-22 10:00:00 AM'") == [
        jobs[1]
    ]
    assert listed(world, path, "startTime eq '2026-11-22 11:00:00 PM'") == []
    assert world.error("GET", f"{path}/{uuid4()}") == (404, "BMSUserErrorJobNotFound")


def put_back_to_running(world: ArmWorld, id: str) -> None:
    job = world.ports.store.get("microsoft.recoveryservices/vaults/backupjobs", id.lower())
    assert job
    body = job.json()
    body["properties"]["status"] = "InProgress"
    running = job.private | {"job": job.private["job"] | {"status": "InProgress", "ended": None}}
    world.ports.store.put(job.kind, job.id, body, private=running)


def test_a_running_job_s_duration_grows(world: ArmWorld) -> None:
    world.protect()
    (job,) = listed(world, f"{VAULT}/backupJobs")
    put_back_to_running(world, job["id"])
    pass_time(world, 90)
    shown = world.get(job["id"])["properties"]
    assert (shown["duration"], "endTime" in shown) == ("PT1M30S", False)
    assert listed(world, f"{VAULT}/backupJobs")[0]["properties"]["duration"] == "PT1M30S"


@pytest.mark.parametrize(("version", "shown"), [("2022-03-01", 1), ("2023-04-01", "Cancellable")])
def test_what_can_be_done_to_a_job_is_a_name_since_2023(world: ArmWorld, version: str, shown: object) -> None:
    """The Go SDKs read names alone: numbers make them fail, here as in Azure."""
    world.protect()
    ended = back_up(world)
    path, asked = f"{VAULT}/backupJobs", {"api-version": version}
    assert world.get(ended["id"], **asked)["properties"]["actionsInfo"] == [shown]
    rows = {row["properties"]["operation"]: row["properties"] for row in world.get(path, **asked)["value"]}
    assert rows["Backup"]["actionsInfo"] == [shown]
    assert "actionsInfo" not in rows["ConfigureBackup"]
    put_back_to_running(world, ended["id"])
    assert world.get(ended["id"], **asked)["properties"]["actionsInfo"] == [shown]


def test_a_job_is_cancelled_as_clients_expect_it(world: ArmWorld) -> None:
    world.protect()
    job = back_up(world)["id"]
    assert world.error("POST", f"{job}/cancel", {}) == (409, "BMSUserErrorJobHasEnded")
    assert world.error("POST", f"{VAULT}/backupJobs/x/cancel", {}) == (404, "BMSUserErrorJobNotFound")
    began, cancelled = Event(), Event()

    def wait(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        began.set()
        assert cancelled.wait(30)
        snapshots()(guest, settings)

    world.fabric.script.append(wait)
    world.post(f"{ITEM}/backup", BACKUP)
    assert began.wait(30)
    (running,) = listed(world, f"{VAULT}/backupJobs", "status eq 'InProgress'")
    answer = world.post(f"{running['id']}/cancel")
    assert world.get(running["id"])["properties"]["status"] == "Cancelling"
    cancelled.set()
    world.settle()
    ended = world.get(running["id"])
    assert ended["properties"]["status"] == "Cancelled"
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["Azure-AsyncOperation"].startswith(f"{BASE_URL}{ended['id']}/operationsStatus/")
    assert world.get(answer.headers["Azure-AsyncOperation"])["properties"]["jobId"] == ended["name"]
    assert answer.headers["Location"].startswith(f"{BASE_URL}{ended['id']}/operationResults/")
    assert world.request("GET", answer.headers["Location"]).status_code == 204


def test_recovery_points_are_listed_newest_first_within_dates(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    pass_time(world, 24 * 3600)
    back_up(world)
    path = f"{ITEM}/recoveryPoints"
    newest, oldest = listed(world, path)
    assert newest["properties"]["recoveryPointTime"] > oldest["properties"]["recoveryPointTime"]
    day = f"{START + timedelta(days=1):%Y-%m-%d}"
    assert listed(world, path, f"endDate eq '{day} 11:59:00 PM' and startDate eq '{day} 12:00:00 AM'") == [newest]
    assert listed(world, path, f"endDate eq '{day} 12:00:00 AM'") == [oldest]
    assert world.error("GET", f"{path}/1") == (404, "BMSUserErrorRecoveryPointNotFound")


# -------------------------------------------------------------------------------------------------------------- restore


def test_disks_are_restored_into_another_account(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    response = world.post(f"{point['id']}/restore", restore_body(point))
    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["Azure-AsyncOperation"].startswith(f"{BASE_URL}{ITEM}/operationsStatus/")
    assert response.headers["Location"].startswith(f"{BASE_URL}{ITEM}/operationResults/")
    job = world.get(f"{VAULT}/backupJobs/{world.follow(response)['properties']['jobId']}")["properties"]
    assert (job["operation"], job["status"]) == ("Restore", "Completed")
    bag = job["extendedInfo"]["propertyBag"]
    assert bag["Target Storage Account Name"] == "restored01"
    disks = world.ports.blobs.find("restored01", bag["Config Blob Container Name"])
    assert sum(blob.name.endswith(".vhd") for blob in disks) == 3


def test_a_bad_restore_gets_its_code(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    body = restore_body(point)["properties"]
    for changes, expected in (
        ({"recoveryType": "Magic"}, (400, "BMSUserErrorInvalidInput")),
        ({"storageAccountId": f"{TARGET}x"}, (400, "UserErrorBcmRestoreStorageAccountNotFound")),
        ({"restoreDiskLunList": "all"}, (400, "InvalidRequestContent")),
    ):
        assert world.error("POST", f"{point['id']}/restore", {"properties": body | changes}) == expected
    assert world.error("POST", f"{ITEM}/recoveryPoints/1/restore", {}) == (404, "BMSUserErrorRecoveryPointNotFound")


# ----------------------------------------------------------------------------------------------------------- operations


def test_an_operation_in_progress_is_polled_and_waited_for(world: ArmWorld) -> None:
    guid = str(uuid4())
    body = {"id": guid, "name": guid, "status": "InProgress", "startTime": "x", "endTime": "y"}
    world.ports.store.put("operation", guid, body, parent=ITEM)
    status = world.request("GET", f"{VAULT}/backupOperations/{guid}")
    assert (status.json(), status.headers["Retry-After"]) == (body, "1")
    result = world.request("GET", f"{ITEM}/operationResults/{guid}")
    assert result.status_code == 202
    assert result.headers["Location"].startswith(f"{BASE_URL}{ITEM}/operationResults/{guid}?")
    failed = body | {"status": "Failed", "error": {"code": "UserErrorX", "message": "why"}}
    world.ports.store.put("operation", guid, failed)
    assert world.get(f"{ITEM}/operationsStatus/{guid}") == failed
    assert world.error("GET", f"{ITEM}/operationResults/{guid}") == (400, "UserErrorX")


def test_an_operation_belongs_to_its_vault(world: ArmWorld) -> None:
    other = VAULT.replace("Vault01", "Vault012")
    world.put(other, {"location": "westus", "properties": {}})
    operation = world.put(ITEM, world.protection()).headers["Azure-AsyncOperation"]
    guid = operation.partition("?")[0].rpartition("/")[2]
    assert world.error("GET", f"{other}/backupOperations/{guid}") == (404, "OperationNotFound")
    assert world.error("GET", f"{VAULT}/backupOperations/{uuid4()}") == (404, "OperationNotFound")


def test_a_restore_to_no_zone_is_one_without_a_zone(world: ArmWorld) -> None:
    zonal = {"redundancySettings": {"standardTierStorageRedundancy": "ZoneRedundant"}}
    assert world.request("PATCH", VAULT, {"properties": zonal}).status_code == 202
    world.protect()
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    body = restore_body(point)
    body["properties"]["zones"] = ["NoZone"]
    ended = world.follow(world.post(f"{ITEM}/recoveryPoints/{point['name']}/restore", body))
    assert ended["status"] == "Succeeded"
    body["properties"]["zones"] = ["4"]
    assert world.error("POST", f"{ITEM}/recoveryPoints/{point['name']}/restore", body)[0] == 400


# -------------------------------------------------------------------------------------------------------------- filters


def test_filters_are_read() -> None:
    assert terms("") == {}
    assert terms("a eq 'x'") == {"a": "x"}
    assert terms(" Key  EQ  'it''s' AND b eq '' ") == {"key": "it's", "b": ""}
    for bad in ("a", "a eq x", "a eq 'x' or b eq 'y'", "a eq 'x' and", "a eq 'x'b eq 'y'", "a ne 'x'"):
        with pytest.raises(ServiceError, match="InvalidQueryParameter"):
            terms(bad)


@pytest.mark.parametrize(
    ("path", "filter"),
    [
        (f"{VAULT}/backupJobs", "colour eq 'red'"),
        (f"{VAULT}/backupJobs", "startTime eq 'tomorrow'"),
        (f"{VAULT}/backupProtectedItems", "itemType is 'VM'"),
        (f"{VAULT}/backupPolicies", "policyName eq 'x'"),
    ],
)
def test_a_filter_that_cannot_be_followed_is_refused(world: ArmWorld, path: str, filter: str) -> None:
    world.protect()
    assert world.error("GET", path, **{"$filter": filter}) == (400, "InvalidQueryParameter")


# -------------------------------------------------------------------------------------------------------------- secrets


def test_no_answer_shows_a_key_a_signature_or_a_protected_setting(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    key = world.ports.blobs.account_key("sql01disks")
    service_key = world.ports.blobs.account_key(world.ports.settings.service_account)
    answers: list[httpx.Response] = [
        world.request("GET", path, **{"$expand": "instanceView"})
        for path in (VM, f"{VM}/extensions", ITEM, POLICY, f"{ITEM}/recoveryPoints", f"{VAULT}/backupJobs")
    ]
    for response in answers:
        assert response.status_code == 200
        for secret in ("sig=", key, service_key, "blobSASUri", "protectedSettings"):
            assert secret not in response.text
