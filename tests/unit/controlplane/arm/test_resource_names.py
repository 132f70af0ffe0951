"""Names that no resource has in Azure are refused wherever a resource is made: by PUT, in a template, in a body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.arm.app import all_routes
from controlplane.arm.edge.routing import split, type_of
from controlplane.domain.resources.resource_names import RULES, is_name
from tests.unit.controlplane.arm.arm_world import GROUP, ArmWorld, arm_world

HOSTILE = ("..", ".", "a;b", "\N{PILE OF POO}", "", "a\nb", "a/b", "a\x00", "x" * 261, ".a", "a.")
GOOD = ("abc", "Ab1")
OWN_ERRORS = {
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachines/extensions",
    "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
    "Microsoft.RecoveryServices/vaults/backupPolicies",
    "Microsoft.Resources/deployments",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
}
"""Types whose names are checked where their own errors are made; each has tests of its own."""
ONE_NAME = {
    "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies",
    "Microsoft.RecoveryServices/vaults/replicationVaultSettings",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/fileServices",
}
"""Types of which there is one each, whose name the route demands."""
COMPUTE, NETWORK = f"{GROUP}/providers/Microsoft.Compute", f"{GROUP}/providers/Microsoft.Network"


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def test_every_type_that_can_be_made_has_a_rule() -> None:
    made = {
        type_of(route.path)
        for route in all_routes()
        if route.method == "PUT"
        and not route.is_refused
        and split(route.path)[-1].startswith("{")
        and "/providers/" in route.path
    }
    assert made - set(RULES) - OWN_ERRORS - ONE_NAME == set()


@pytest.mark.parametrize("full_type", RULES)
def test_a_rule_takes_names_and_nothing_else(full_type: str) -> None:
    assert all(is_name(full_type, name) for name in GOOD)
    free = {"Microsoft.Insights/diagnosticSettings": {"a b", ".a", "\N{PILE OF POO}"}}.get(full_type, set())
    free |= {".a"} if full_type == "Microsoft.Authorization/locks" else set()
    assert [name for name in HOSTILE if is_name(full_type, name) and name not in free] == []


BODIES: dict[str, Any] = {
    f"{COMPUTE}/disks": {
        "location": "westus",
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1},
    },
    f"{COMPUTE}/snapshots": {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}}},
    f"{COMPUTE}/availabilitySets": {"location": "westus"},
    f"{NETWORK}/virtualNetworks": {
        "location": "westus",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
    },
    f"{NETWORK}/networkSecurityGroups": {"location": "westus", "properties": {}},
    f"{GROUP}/providers/Microsoft.Authorization/locks": {"properties": {"level": "CanNotDelete"}},
    f"{GROUP}/providers/Microsoft.RecoveryServices/vaults": {"location": "westus", "sku": {"name": "Standard"}},
}


@pytest.mark.parametrize("collection", BODIES)
@pytest.mark.parametrize("name", ["%2E%2E", "a;b", "%F0%9F%92%A9", "a."])
def test_a_put_of_an_impossible_name_is_refused(world: ArmWorld, collection: str, name: str) -> None:
    code = "InvalidParameter" if collection.endswith(("/disks", "/snapshots")) else "InvalidResourceName"
    assert world.error("PUT", f"{collection}/{name}", BODIES[collection]) == (400, code)


def test_parts_of_a_body_that_become_resources_obey_the_same_rules(world: ArmWorld) -> None:
    subnet = {"name": "a;b", "properties": {"addressPrefix": "10.0.0.0/24"}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    body = {"location": "westus", "properties": space}
    assert world.error("PUT", f"{NETWORK}/virtualNetworks/net", body) == (400, "InvalidResourceName")
    body = {"location": "westus", "properties": {"securityRules": [{"name": "..", "properties": {}}]}}
    assert world.error("PUT", f"{NETWORK}/networkSecurityGroups/nsg", body) == (400, "InvalidResourceName")


def test_a_template_makes_no_such_name_either(world: ArmWorld) -> None:
    disk = {"type": "Microsoft.Compute/disks", "apiVersion": "2024-03-02", "name": "a;b", **BODIES[f"{COMPUTE}/disks"]}
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [disk],
    }
    body = {"properties": {"mode": "Incremental", "template": template}}
    response = world.request("PUT", f"{GROUP}/providers/Microsoft.Resources/deployments/names", body)
    assert response.status_code == 400
    assert "disk.name" in response.text
