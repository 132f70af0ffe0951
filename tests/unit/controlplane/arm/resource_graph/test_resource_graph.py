"""Queries of Azure Resource Graph over ARM: the tables and their rows, pages, forms of an answer, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from controlplane.arm.resource_graph import tables
from tests.unit.controlplane.arm.arm_world import (
    ACCOUNT,
    GROUP,
    ITEM,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    VM,
    ArmWorld,
    arm_world,
    furnished_world,
)

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
OF_COMMAND_LINE = """recoveryservicesresources
| where type == "microsoft.recoveryservices/locations/deletedvaults/backupfabrics/protectioncontainers/protecteditems"
| extend dataSourceType = strcat(properties.backupManagementType, '/', properties.workloadType)
| where tostring(id) contains "{name}"
| where tostring(id) contains "westus"
| project id, type, name, location, resourceGroup, subscriptionId, dataSourceType, properties, tags"""


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as furnished:
        furnished.protect()
        yield furnished


def ask(world: ArmWorld, query: str, **options: Any) -> dict[str, Any]:
    answer = world.post(GRAPH, {"query": query, "options": options})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(world: ArmWorld, query: str) -> dict[str, Any]:
    error: dict[str, Any] = world.post(GRAPH, {"query": query}).json()["error"]
    return error


# -------------------------------------------------------------------------------------------------------------- tables


def test_resources_are_those_that_lie_in_groups(world: ArmWorld) -> None:
    found = ask(world, "Resources | order by id asc")["data"]
    assert {row["id"] for row in found} == {VM, VAULT, ACCOUNT, TARGET}
    (machine,) = (row for row in found if row["id"] == VM)
    shown = world.get(VM)
    assert (machine["type"], machine["resourceGroup"]) == ("microsoft.compute/virtualmachines", "demo")
    assert (machine["location"], machine["name"]) == ("westus", "Sql01")
    assert machine["properties"]["vmId"] == shown["properties"]["vmId"]
    assert (machine["kind"], machine["plan"]) == ("", None)


def test_a_query_without_a_table_is_about_resources(world: ArmWorld) -> None:
    assert ask(world, "where type =~ 'Microsoft.Compute/virtualMachines' | project name")["data"] == [{"name": "Sql01"}]


def test_containers_are_the_subscription_and_the_groups(world: ArmWorld) -> None:
    found = ask(world, "ResourceContainers | project id, type, resourceGroup")["data"]
    assert found == [
        {"id": SUBSCRIPTION, "type": "microsoft.resources/subscriptions", "resourceGroup": ""},
        {"id": GROUP, "type": "microsoft.resources/subscriptions/resourcegroups", "resourceGroup": "demo"},
    ]


def test_items_policies_and_jobs_are_rows(world: ArmWorld) -> None:
    for kind, path in (("backupjobs", "backupJobs"), ("backuppolicies", "backupPolicies")):
        query = f"RecoveryServicesResources | where type == 'microsoft.recoveryservices/vaults/{kind}'"
        found = ask(world, query)["data"]
        assert {row["id"] for row in found} == {each["id"] for each in world.get(f"{VAULT}/{path}")["value"]}
        assert {(row["resourceGroup"], row["location"]) for row in found} == {("demo", "westus")}


def test_the_documented_query_lists_protected_machines(world: ArmWorld) -> None:
    subscription = SUBSCRIPTION.rpartition("/")[2]
    query = f"""
        RecoveryServicesResources
        | where type in~ ('Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems')
        | extend vaultName = case(
            type =~ 'microsoft.dataprotection/backupVaults/backupInstances',
            split(split(id, '/Microsoft.DataProtection/backupVaults/')[1], '/')[0],
            type =~ 'Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems',
            split(split(id, '/Microsoft.RecoveryServices/vaults/')[1], '/')[0],
            '--')
        | extend dsSubscription = split(split(properties.dataSourceInfo.resourceID, '/subscriptions/')[1], '/')[0]
        | extend policyName = properties.policyName, protectionState = properties.currentProtectionState
        | where protectionState in~ ('ConfiguringProtection', 'ProtectionConfigured', 'ProtectionStopped')
        | where (dsSubscription in~ ('{subscription}')) and (properties.backupManagementType in~ ('AzureIaasVM'))
        | project vaultName, policyName, protectionState
    """
    assert ask(world, query)["data"] == [
        {"vaultName": "Vault01", "policyName": "DefaultPolicy", "protectionState": "ProtectionConfigured"}
    ]


def test_the_documented_query_lists_machines_without_a_backup(world: ArmWorld) -> None:
    query = """
        Resources
        | where type in~ ('microsoft.compute/virtualmachines', 'microsoft.classiccompute/virtualmachines')
        | extend resourceId = tolower(id)
        | join kind = leftouter ( RecoveryServicesResources
            | where type == "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems"
            | where properties.backupManagementType == "AzureIaasVM"
            | project resourceId = tolower(tostring(properties.sourceResourceId)), backupItemid = id,
                isBackedUp = isnotempty(id) ) on resourceId
        | extend isProtected = isnotempty(backupItemid)
        | where (isProtected == (0))
        | project id, name, resourceGroup, location, tags
    """
    assert ask(world, query)["data"] == []
    world.put(f"{VM}b", world.get(VM) | {"name": "Sql01b", "properties": _other_machine(world)})
    assert [row["name"] for row in ask(world, query)["data"]] == ["Sql01b"]


def _other_machine(world: ArmWorld) -> dict[str, Any]:
    endpoint = world.get(ACCOUNT)["properties"]["primaryEndpoints"]["blob"]
    disk = {"name": "os2", "osType": "Windows", "createOption": "FromImage", "vhd": {"uri": f"{endpoint}vhds/os2.vhd"}}
    image = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
    return {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "osProfile": {"computerName": "sql02", "adminUsername": "azureuser", "adminPassword": "Pa$$w0rd-of-sql02"},
        "storageProfile": {"osDisk": disk, "imageReference": image},
    }


def test_jobs_tell_who_asked_for_them_and_are_there_for_two_weeks(world: ArmWorld) -> None:
    world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
    query = """
        RecoveryServicesResources
        | where type =~ 'Microsoft.RecoveryServices/vaults/backupJobs' and properties.operation == 'Backup'
        | project tostring(properties.status), tostring(properties.vaultName), tostring(properties.dataSourceId),
            tostring(properties.backupInstanceId), tostring(properties.isUserTriggered)
    """
    (row,) = ask(world, query)["data"]
    assert row == {
        "properties_status": "Completed",
        "properties_vaultName": "Vault01",
        "properties_dataSourceId": VM,
        "properties_backupInstanceId": ITEM,
        "properties_isUserTriggered": "true",
    }
    world.later(timedelta(days=15))
    assert ask(world, query)["data"] == []


def test_alerts_are_rows(world: ArmWorld) -> None:
    world.follow(world.request("DELETE", ITEM))
    query = """
        AlertsManagementResources
        | where properties.essentials.monitorService == 'Azure Backup'
        | project type, resourceGroup, severity = tostring(properties.essentials.severity),
            rule = tostring(properties.essentials.alertRule), source = tostring(properties.context.sourceId)
    """
    assert ask(world, query)["data"] == [
        {
            "type": "microsoft.alertsmanagement/alerts",
            "resourceGroup": "demo",
            "severity": "Sev0",
            "rule": "Delete Backup Data",
            "source": VM,
        }
    ]


def test_the_command_line_sees_what_a_deleted_vault_holds() -> None:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        assert _asked(world, "vault01") == []
        world.follow(world.request("DELETE", ITEM))
        world.follow(world.request("DELETE", VAULT))
        place = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/deletedVaults"
        (deleted,) = world.get(place)["value"]
        assert _asked(world, "another") == []
        (row,) = _asked(world, deleted["name"])
        assert (row["dataSourceType"], row["properties"]["friendlyName"]) == ("AzureIaasVM/VM", "Sql01")
        assert row["id"].startswith(f"{deleted['id']}/backupFabrics/Azure/")
        assert row["resourceGroup"] == "demo"


def _asked(world: ArmWorld, name: str) -> list[dict[str, Any]]:
    answer = ask(world, OF_COMMAND_LINE.replace("{name}", name))
    assert answer["count"] == len(answer["data"])
    data: list[dict[str, Any]] = answer["data"]
    return data


# --------------------------------------------------------------------------------------------------------------- pages


def test_an_answer_comes_in_pages(world: ArmWorld) -> None:
    query = "Resources | project id | order by id asc"
    whole = [row["id"] for row in ask(world, query)["data"]]
    first = ask(world, query, **{"$top": 3})
    assert (first["count"], first["totalRecords"], first["resultTruncated"]) == (3, 4, "false")
    rest = ask(world, query, **{"$top": 3, "$skipToken": first["$skipToken"]})
    assert "$skipToken" not in rest
    assert [row["id"] for row in (*first["data"], *rest["data"])] == whole


def test_rows_without_an_id_are_cut(world: ArmWorld) -> None:
    answer = ask(world, "Resources | project name", **{"$top": 3})
    assert (answer["count"], answer["totalRecords"], answer["resultTruncated"]) == (3, 4, "true")
    assert "$skipToken" not in answer


def test_rows_are_skipped_unless_the_query_limits_them(world: ArmWorld) -> None:
    query = "Resources | project name | order by name asc"
    names = [row["name"] for row in ask(world, query)["data"]]
    assert [row["name"] for row in ask(world, query, **{"$skip": 3})["data"]] == names[3:]
    assert len(ask(world, f"{query} | take 2", **{"$skip": 1})["data"]) == 2


def test_a_token_is_good_for_its_own_query_only(world: ArmWorld) -> None:
    token = ask(world, "Resources | project id", **{"$top": 1})["$skipToken"]
    for other in ("Resources | project id, name", "x" * 3):
        options = {"$skipToken": token if other != "xxx" else other}
        answer = world.post(GRAPH, {"query": "Resources | project id, name", "options": options})
        assert answer.json()["error"]["code"] == "InvalidSkipToken"


def test_rows_may_come_as_a_table(world: ArmWorld) -> None:
    query = "Resources | where name == 'Sql01' | project name, n = 1, properties.vmId"
    data = ask(world, query, resultFormat="Table")["data"]
    assert data["columns"] == [
        {"name": "name", "type": "string"},
        {"name": "n", "type": "integer"},
        {"name": "properties_vmId", "type": "object"},
    ]
    assert data["rows"] == [["Sql01", 1, world.get(VM)["properties"]["vmId"]]]


def test_the_first_api_versions_answer_tables_unless_asked_for_objects(world: ArmWorld) -> None:
    old = world.request("POST", GRAPH, {"query": "Resources | take 1"}, **{"api-version": "2019-04-01"}).json()
    assert len(old["data"]["rows"]) == 1
    body = {"query": "Resources | take 1", "options": {"resultFormat": "objectArray"}}
    assert len(world.request("POST", GRAPH, body, **{"api-version": "2019-04-01"}).json()["data"]) == 1


# ------------------------------------------------------------------------------------------------------------ refusals


def test_what_is_wrong_with_a_query_stands_in_the_details(world: ArmWorld) -> None:
    headers = {"Authorization": f"Bearer {world.token}", "x-ms-correlation-request-id": "a-correlation"}
    answer = world.send("POST", f"{GRAPH}?api-version=2021-03-01", json={"query": "where where"}, headers=headers)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "BadRequest"
    assert error["message"].endswith("correlationId = a-correlation.")
    assert [detail["code"] for detail in error["details"]] == ["InvalidQuery", "ParserFailure"]
    assert error["details"][1] | {"message": ""} == {
        "code": "ParserFailure",
        "message": "",
        "line": 1,
        "characterPositionInLine": 11,
        "token": "<EOF>",
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("NoSuchTable | take 1", "DisallowedLogicalTableName"),
        ("Resources | where nothing == 1", "SemanticFailure"),
        ("Resources | extend a = cout(1)", "UnknownFunction"),
        ("", "ParserFailure"),
    ],
)
def test_each_kind_of_mistake_has_its_code(world: ArmWorld, query: str, code: str) -> None:
    assert refused(world, query)["details"][1]["code"] == code


def test_a_table_that_is_not_here_is_refused_by_its_name() -> None:
    with arm_world() as world:
        for table in sorted(tables.ELSEWHERE):
            error = refused(world, f"{table} | count")
            assert (error["code"], error["target"]) == ("OperationNotSimulated", f"Resource Graph table {table}")


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "InvalidRequestContent"),
    ({"query": "Resources", "facets": [{"expression": "location"}]}, 501, "OperationNotSimulated"),
    ({"query": "Resources", "managementGroups": ["mine"]}, 501, "OperationNotSimulated"),
    ({"query": "Resources", "subscriptions": ["another"]}, 400, "BadRequest"),
    ({"query": "Resources", "options": {"resultFormat": "csv"}}, 400, "InvalidRequestContent"),
    ({"query": "Resources", "options": {"$top": 0}}, 400, "InvalidRequestContent"),
    ({"query": "Resources", "options": {"$top": 1001}}, 400, "InvalidRequestContent"),
    ({"query": "Resources", "options": {"$skip": -1}}, 400, "InvalidRequestContent"),
    ({"query": "Resources", "options": {"authorizationScopeFilter": "Anywhere"}}, 400, "InvalidRequestContent"),
    ({"query": "x" * 64_001}, 400, "InvalidRequestContent"),
]


def test_what_no_request_may_ask() -> None:
    with arm_world() as world:
        for body, status, code in REFUSED:
            assert world.error("POST", GRAPH, body) == (status, code)


def test_the_subscription_may_be_named_in_any_case(world: ArmWorld) -> None:
    named = [SUBSCRIPTION.rpartition("/")[2].upper(), "another"]
    answer = world.post(GRAPH, {"query": "Resources | count", "subscriptions": named}).json()
    assert answer["data"] == [{"Count": 4}]
