"""The query by which the command line lists what a deleted vault holds: its language, and the operation."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.resources.resource_query import run
from tests.unit.controlplane.arm.arm_world import ITEM, SUBSCRIPTION, VAULT, ArmWorld, arm_world

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
ROWS: list[dict[str, Any]] = [
    {"id": "/a/Vault1/x", "type": "t1", "properties": {"kind": "VM", "size": 3}},
    {"id": "/a/Vault2/y", "type": "t2", "properties": {"kind": "File"}},
]
OF_COMMAND_LINE = """recoveryservicesresources
| where type == "microsoft.recoveryservices/locations/deletedvaults/backupfabrics/protectioncontainers/protecteditems"
| extend dataSourceType = strcat(properties.backupManagementType, '/', properties.workloadType)
| where tostring(id) contains "{name}"
| where tostring(id) contains "westus"
| project id, type, name, location, resourceGroup, subscriptionId, dataSourceType, properties, tags"""


@pytest.mark.parametrize(
    ("operators", "ids"),
    [
        ("", ["/a/Vault1/x", "/a/Vault2/y"]),
        ("| where type == 't2'", ["/a/Vault2/y"]),
        ("| where type == 'T2'", []),
        ("| where type =~ 'T2'", ["/a/Vault2/y"]),
        ("| where type != 't2'", ["/a/Vault1/x"]),
        ("| where tostring(id) contains 'vault1'", ["/a/Vault1/x"]),
        ("| where id startswith '/A/vault' and properties.kind == 'File'", ["/a/Vault2/y"]),
        ("| where properties.size == '3'", ["/a/Vault1/x"]),
        ("| where missing.deeply == ''", ["/a/Vault1/x", "/a/Vault2/y"]),
        ("| where id contains '|'", []),
        ("| take 1", ["/a/Vault1/x"]),
        ("| limit 1 | where type == 't2'", []),
    ],
)
def test_operators_follow_each_other(operators: str, ids: list[str]) -> None:
    assert [row["id"] for row in run(f"RecoveryServicesResources {operators}", ROWS)] == ids


def test_columns_are_added_and_chosen() -> None:
    query = "recoveryservicesresources | extend source = strcat('of ', properties.kind) | project source, tags"
    assert run(query, ROWS) == [{"source": "of VM", "tags": None}, {"source": "of File", "tags": None}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "BadRequest"),
        ("| where a == 'b'", "BadRequest"),
        ("recoveryservicesresources | where a", "BadRequest"),
        ("recoveryservicesresources | take many", "BadRequest"),
        ("resources | take 1", "OperationNotSimulated"),
        ("recoveryservicesresources | summarize count()", "OperationNotSimulated"),
        ("recoveryservicesresources | extend a = toupper(b)", "OperationNotSimulated"),
        ("recoveryservicesresources | project a = b", "OperationNotSimulated"),
    ],
)
def test_what_is_wrong_or_not_simulated_is_said(query: str, code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        run(query, ROWS)
    assert refused.value.code == code


def test_the_command_line_sees_what_a_deleted_vault_holds() -> None:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        assert _asked(world, "vault01") == []
        world.follow(world.request("DELETE", ITEM))
        world.follow(world.request("DELETE", VAULT))
        (deleted,) = world.get(f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/deletedVaults")[
            "value"
        ]
        assert _asked(world, "another") == []
        (row,) = _asked(world, deleted["name"])
        assert (row["dataSourceType"], row["properties"]["friendlyName"]) == ("AzureIaasVM/VM", "Sql01")
        assert row["id"].startswith(f"{deleted['id']}/backupFabrics/Azure/")
        as_table = {"query": "recoveryservicesresources", "options": {"resultFormat": "table"}}
        assert world.post(GRAPH, as_table).json()["error"]["code"] == "OperationNotSimulated"
        assert world.post(GRAPH, {"query": "x" * 4001}).status_code == 400


def _asked(world: ArmWorld, name: str) -> list[dict[str, Any]]:
    body = {"query": OF_COMMAND_LINE.replace("{name}", name), "options": {"subscriptions": ["any"]}}
    answer = world.post(GRAPH, body).json()
    assert answer["count"] == len(answer["data"])
    data: list[dict[str, Any]] = answer["data"]
    return data


def test_jobs_and_policies_of_vaults_are_rows_too() -> None:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        for kind, path in (("backupjobs", "backupJobs"), ("backuppolicies", "backupPolicies")):
            query = f"RecoveryServicesResources | where type == 'microsoft.recoveryservices/vaults/{kind}'"
            found = world.post(GRAPH, {"query": query}).json()["data"]
            assert {row["id"] for row in found} == {each["id"] for each in world.get(f"{VAULT}/{path}")["value"]}
            assert {(row["resourceGroup"], row["location"]) for row in found} == {("demo", "westus")}
