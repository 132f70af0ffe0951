"""Usages of a vault, names that are free, and the provider's operations, by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.arm.app import all_routes
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, VAULT, VM, ArmWorld, arm_world

NAME_CHECK = f"{GROUP}/providers/Microsoft.RecoveryServices/locations/westus/checkNameAvailability"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        yield world


def values(world: ArmWorld, path: str, **query: str) -> dict[str, int]:
    return {each["name"]["value"]: each["currentValue"] for each in world.get(f"{VAULT}/{path}", **query)["value"]}


def test_usages_count_what_is_in_the_vault(world: ArmWorld) -> None:
    assert values(world, "usages") == {
        "ProtectedItemCount": 0,
        "BackupPolicyCount": 3,
        "RecoveryPointCount": 0,
        "VaultStorageUsed": 0,
    }
    world.add_machine()
    world.ports.blobs.write(world.fabric.disks(VM)[0].blob, 0, b"data" * 16384)
    world.protect()
    world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
    world.settle()
    counted = values(world, "usages")
    assert (counted["ProtectedItemCount"], counted["RecoveryPointCount"]) == (1, 1)
    assert counted["VaultStorageUsed"] == 65536


def test_summaries_count_items_or_containers_by_management_type(world: ArmWorld) -> None:
    world.add_machine()
    world.protect()
    for kind in ("BackupProtectedItemCountSummary", "BackupProtectionContainerCountSummary"):
        counted = values(world, "backupUsageSummaries", **{"$filter": f"type eq '{kind}'"})
        assert {name: count for name, count in counted.items() if count} == {"AzureIaasVM": 1}
    assert values(world, "backupUsageSummaries")["AzureIaasVM"] == 1
    wrong = {"$filter": "type eq 'Everything'"}
    assert world.error("GET", f"{VAULT}/backupUsageSummaries", **wrong) == (400, "InvalidQueryParameter")


def test_nothing_is_replicated_or_registered(world: ArmWorld) -> None:
    assert world.get(f"{VAULT}/replicationUsages") == {"value": []}
    assert world.request("DELETE", f"{VAULT}/registeredIdentities/server").status_code == 204
    for path in ("usages", "backupUsageSummaries", "replicationUsages"):
        assert world.error("GET", f"{VAULT}x/{path}") == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "certificates/c"),
        ("GET", "extendedInformation/vaultExtendedInfo"),
        ("GET", "privateLinkResources"),
        ("GET", "privateEndpointConnections/c"),
        ("POST", "backupSecurityPIN"),
    ],
)
def test_what_serves_other_machines_or_networks_is_refused_by_name(world: ArmWorld, method: str, path: str) -> None:
    assert world.error(method, f"{VAULT}/{path}", {}) == (501, "OperationNotSimulated")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"name": "Vault02", "type": "Microsoft.RecoveryServices/Vaults"}, (True, None)),
        ({"name": "vault01"}, (False, "AlreadyExists")),
        ({"name": "1"}, (False, "Invalid")),
        ({}, (False, "Invalid")),
    ],
)
def test_whether_a_name_is_free(world: ArmWorld, asked: Json, expected: tuple[bool, str | None]) -> None:
    answer = world.post(NAME_CHECK, asked).json()
    assert (answer["nameAvailable"], answer.get("reason")) == expected


def test_the_name_of_a_deleted_vault_is_free(world: ArmWorld) -> None:
    world.follow(world.request("DELETE", VAULT))
    assert world.post(NAME_CHECK, {"name": "Vault01"}).json() == {"nameAvailable": True}
    assert world.error("POST", NAME_CHECK, {"name": "a1", "type": "Microsoft.Compute/disks"})[0] == 400


def test_the_provider_lists_its_operations(world: ArmWorld) -> None:
    listed = {each["name"]: each for each in world.get("/providers/Microsoft.RecoveryServices/operations")["value"]}
    assert "Microsoft.RecoveryServices/vaults/read" in listed
    assert "Microsoft.RecoveryServices/vaults/write" in listed
    restore = "backupFabrics/protectionContainers/protectedItems/recoveryPoints/restore/action"
    assert f"Microsoft.RecoveryServices/vaults/{restore}" in listed
    assert all(each["display"]["provider"] == "Microsoft.RecoveryServices" for each in listed.values())


def test_there_is_a_route_for_the_list_of_operations() -> None:
    assert any(route.path == "/providers/Microsoft.RecoveryServices/operations" for route in all_routes())
