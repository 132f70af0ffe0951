"""The public tutorials for backing up a machine by REST, request by request, as a program of no SDK sends them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulator.scenario import RESTORE_ACCOUNT
from tests.e2e.running import eventually, scenario_of, up

MACHINE = "/providers/Microsoft.Compute/virtualMachines/sql01"
POLICY = {
    "properties": {
        "backupManagementType": "AzureIaasVM",
        "timeZone": "Pacific Standard Time",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Weekly",
            "scheduleRunTimes": ["2018-01-24T10:00:00Z"],
            "scheduleRunDays": ["Monday", "Thursday"],
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "weeklySchedule": {
                "daysOfTheWeek": ["Monday", "Thursday"],
                "retentionTimes": ["2018-01-24T10:00:00Z"],
                "retentionDuration": {"count": 4, "durationType": "Weeks"},
            },
            "monthlySchedule": {
                "retentionScheduleFormatType": "Weekly",
                "retentionScheduleWeekly": {"daysOfTheWeek": ["Thursday"], "weeksOfTheMonth": ["First"]},
                "retentionTimes": ["2018-01-24T10:00:00Z"],
                "retentionDuration": {"count": 10, "durationType": "Months"},
            },
        },
    }
}


class Rest:
    """ARM by its paths below the machine's resource group, over TLS, with a token of the tutorials' kind."""

    def __init__(self, endpoints: dict[str, Any]) -> None:
        trust = ssl.create_default_context(cafile=endpoints["ca_file"])
        self._http = httpx.Client(verify=trust, trust_env=False, timeout=60)
        form = {
            "grant_type": "client_credentials",
            "client_id": endpoints["client_id"],
            "client_secret": endpoints["client_secret"],
            "resource": "https://management.azure.com/",
        }
        token = self._http.post(f"{endpoints['login']}/{endpoints['tenant_id']}/oauth2/token", data=form).json()
        self._http.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.group = f"/subscriptions/{endpoints['subscription_id']}/resourceGroups/demo"
        self.arm = endpoints["arm"]

    def close(self) -> None:
        self._http.close()

    def __call__(
        self, method: str, path: str, version: str, body: dict[str, Any] | None = None, where: str = ""
    ) -> httpx.Response:
        parameters = {"api-version": version, **({"$filter": where} if where else {})}
        return self._http.request(method, f"{self.arm}{self.group}{path}", params=parameters, json=body)

    def follow(self, answer: httpx.Response, header: str) -> httpx.Response:
        """Where the header leads, once it is no longer 202 there or in progress."""
        assert answer.status_code == 202
        assert int(answer.headers["Retry-After"]) <= 1
        last = answer

        def done() -> bool:
            nonlocal last
            last = self._http.get(answer.headers[header])
            return last.status_code != 202 and (not last.content or last.json().get("status") != "InProgress")

        eventually(done, f"{header} leads to an end")
        return last

    def job_of(self, answer: httpx.Response) -> dict[str, Any]:
        """The job that a request began, named by the status of its operation, when it has ended."""
        status = self.follow(answer, "Azure-AsyncOperation").json()
        assert (status["status"], status["properties"]["objectType"]) == ("Succeeded", "OperationStatusJobExtendedInfo")
        path = f"{VAULT}/backupJobs/{status['properties']['jobId']}"
        eventually(
            lambda: self("GET", path, "2019-05-13").json()["properties"]["status"] != "InProgress", "the job ends"
        )
        job: dict[str, Any] = self("GET", path, "2019-05-13").json()["properties"]
        assert job["status"] == "Completed", job.get("errorDetails")
        return job


VAULT = "/providers/Microsoft.RecoveryServices/vaults/testVault"
FABRIC = f"{VAULT}/backupFabrics/Azure"
ITEM = (  # in the tutorials' spelling, which is not the service's own
    f"{FABRIC}/protectionContainers/iaasvmcontainer;iaasvmcontainerv2;demo;sql01"
    "/protectedItems/vm;iaasvmcontainerv2;demo;sql01"
)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with up(tmp_path_factory.mktemp("rest") / "world") as world:
        scenario = scenario_of(world.client)
        scenario.create_machine()
        scenario.create_account(RESTORE_ACCOUNT)
        rest = Rest(dict(world.client.endpoints))
        yield rest
        rest.close()


def test_a_machine_is_protected_backed_up_and_restored_as_the_tutorials_do(rest: Rest) -> None:
    _create_vault_and_policy(rest)
    _protect(rest)
    point = _back_up(rest)
    _restore(rest, point)
    _stop_delete_and_undelete(rest)


def _create_vault_and_policy(rest: Rest) -> None:
    body = {"properties": {}, "sku": {"name": "Standard"}, "location": "West US"}
    created = rest("PUT", VAULT, "2016-06-01", body)
    assert (created.status_code, created.json()["name"]) == (201, "testVault")
    vault = rest("GET", VAULT, "2016-06-01")
    assert (vault.status_code, vault.json()["properties"]["provisioningState"]) == (200, "Succeeded")
    assert rest("PUT", VAULT, "2016-06-01", body).status_code == 200
    made = rest("PUT", f"{VAULT}/backupPolicies/testPolicy1", "2019-05-13", POLICY)
    assert made.status_code in {200, 202}
    policy = rest("GET", f"{VAULT}/backupPolicies/testPolicy1", "2019-05-13")
    assert policy.json()["properties"]["schedulePolicy"]["scheduleRunDays"] == ["Monday", "Thursday"]
    assert policy.json()["properties"]["instantRpRetentionRangeInDays"] == 5


def _protect(rest: Rest) -> None:
    found = rest.follow(rest("POST", f"{FABRIC}/refreshContainers", "2016-12-01"), "Location")
    assert (found.status_code, found.content) == (204, b"")
    machines = "backupManagementType eq 'AzureIaasVM'"
    (protectable,) = rest("GET", f"{VAULT}/backupProtectableItems", "2016-12-01", where=machines).json()["value"]
    assert protectable["properties"]["friendlyName"] == "sql01"
    assert protectable["properties"]["protectionState"] == "NotProtected"
    answer = rest("PUT", ITEM, "2019-05-13", _protection(rest, policy="testPolicy1"))
    item = rest.follow(answer, "Location")
    assert (item.status_code, item.json()["properties"]["protectionState"]) == (200, "IRPending")
    assert rest("GET", f"{VAULT}/backupProtectableItems", "2016-12-01", where=machines).json()["value"] == []


def _back_up(rest: Rest) -> dict[str, Any]:
    body = {
        "properties": {
            "objectType": "IaasVMBackupRequest",
            "recoveryPointExpiryTimeInUTC": "2099-12-01T02:16:20.3156909Z",
        }
    }
    job = rest.job_of(rest("POST", f"{ITEM}/backup", "2016-12-01", body))
    assert (job["jobType"], job["operation"], job["entityFriendlyName"]) == ("AzureIaaSVMJob", "Backup", "sql01")
    jobs = rest("GET", f"{VAULT}/backupJobs", "2019-05-13", where="operation eq 'Backup'").json()["value"]
    assert [listed["properties"]["status"] for listed in jobs] == ["Completed"]
    (point,) = rest("GET", f"{ITEM}/recoveryPoints", "2019-05-13").json()["value"]
    assert point["properties"]["recoveryPointType"] == "AppConsistent"
    return dict(point)


def _restore(rest: Rest, point: dict[str, Any]) -> None:
    account = f"{rest.group}/providers/Microsoft.Storage/storageAccounts/restored01"
    body = {
        "properties": {
            "objectType": "IaasVMRestoreRequest",
            "recoveryPointId": point["name"],
            "recoveryType": "RestoreDisks",
            "sourceResourceId": f"{rest.group}{MACHINE}",
            "storageAccountId": account,
            "region": "westus",
            "createNewCloudService": False,
            "originalStorageAccountOption": False,
            "encryptionDetails": {"encryptionEnabled": False},
        }
    }
    path = f"{ITEM}/recoveryPoints/{point['name']}/restore"
    job = rest.job_of(rest("POST", path, "2019-05-13", body))
    bag = job["extendedInfo"]["propertyBag"]
    assert (bag["Job Type"], bag["Target Storage Account Name"]) == ("Recover disks", "restored01")
    unknown = rest("POST", f"{ITEM}/recoveryPoints/1/restore", "2019-05-13", body)
    assert (unknown.status_code, "code" in unknown.json()["error"]) == (404, True)


def _stop_delete_and_undelete(rest: Rest) -> None:
    stopped = rest.job_of(rest("PUT", ITEM, "2019-05-13", _protection(rest, protectionState="ProtectionStopped")))
    assert stopped["operation"] == "DisableBackup"
    deleted = rest.follow(rest("DELETE", ITEM, "2019-05-13"), "Location")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert rest("GET", ITEM, "2019-05-13").json()["properties"]["isScheduledForDeferredDelete"] is True
    undelete = _protection(rest, protectionState="ProtectionStopped", isRehydrate=True)
    assert rest.job_of(rest("PUT", ITEM, "2019-05-13", undelete))["operation"] == "Undelete"
    resumed = rest.job_of(rest("PUT", ITEM, "2019-05-13", _protection(rest, policy="DefaultPolicy")))
    assert resumed["operation"] == "ConfigureBackup"
    item = rest("GET", ITEM, "2019-05-13").json()["properties"]
    assert (item["protectionState"] == "ProtectionStopped", item["policyName"]) == (False, "DefaultPolicy")


def _protection(rest: Rest, policy: str = "", **more: object) -> dict[str, Any]:
    named = {"policyId": f"{rest.group}{VAULT}/backupPolicies/{policy}"} if policy else {}
    return {
        "properties": {
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "sourceResourceId": f"{rest.group}{MACHINE}",
            **named,
            **more,
        }
    }
