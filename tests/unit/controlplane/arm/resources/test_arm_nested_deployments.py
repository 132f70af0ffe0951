"""Deployments in deployments, and what a template reads of resources while it is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.templates import template_world

OTHER = f"{SUBSCRIPTION}/resourceGroups/Other"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/outer"
INNER = "providers/Microsoft.Resources/deployments/inner"
SECRET = "s3cret-of-the-template"
SCHEMA = {"$schema": template_world.SCHEMA, "contentVersion": "1.0.0.0"}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.put(OTHER, {"location": "westus"})
        yield world


def deploy(world: ArmWorld, *resources: Json, values: Json | None = None, **sections: Any) -> Json:
    """The properties of the deployment, once it has ended."""
    template = SCHEMA | {"resources": list(resources), **sections}
    body = {"properties": {"mode": "Incremental", "template": template, "parameters": values or {}}}
    world.follow(world.put(DEPLOYMENT, body))
    found: Json = world.get(DEPLOYMENT)["properties"]
    return found


def resource(kind: str, name: str, *after: str, **more: Any) -> Json:
    return {"type": kind, "name": name, "apiVersion": "2024-01-01", "dependsOn": list(after), **more}


def account(name: str = "sql01disks", *after: str) -> Json:
    kind = "Microsoft.Storage/storageAccounts"
    return resource(kind, name, *after, location="[resourceGroup().location]", sku={"name": "Standard_LRS"})


def nested(template: Json, *after: str, **more: Any) -> Json:
    properties = {"mode": "Incremental", "template": SCHEMA | template, **more.pop("properties", {})}
    return resource("Microsoft.Resources/deployments", "inner", *after, properties=properties, **more)


INNER_SCOPE = {"expressionEvaluationOptions": {"scope": "inner"}}


# --------------------------------------------------------------------------------------------------------------- nested


def test_a_nested_deployment_writes_into_another_group(world: ArmWorld) -> None:
    inner = nested({"resources": [account("inother")]}, resourceGroup="Other")
    shown = deploy(world, inner, account())
    assert shown["provisioningState"] == "Succeeded"
    written = f"{OTHER}/providers/Microsoft.Storage/storageAccounts/inother"
    assert world.get(written)["name"] == "inother"
    assert world.get(f"{OTHER}/{INNER}")["properties"]["outputResources"] == [{"id": written}]
    assert shown["outputResources"] == [{"id": written}, {"id": ACCOUNT}]


def test_an_inner_template_knows_its_own_parameters_alone(world: ArmWorld) -> None:
    template = {
        "parameters": {"name": {"type": "string"}, "key": {"type": "secureString"}},
        "resources": [account("[parameters('name')]")],
        "outputs": {"id": {"type": "string", "value": "[resourceId('A.B/c', parameters('name'))]"}},
    }
    given = {"name": {"value": "[parameters('account')]"}, "key": {"value": "[parameters('key')]"}}
    inner = nested(template, properties=INNER_SCOPE | {"parameters": given})
    shown = deploy(
        world,
        inner,
        parameters={"account": {"type": "string"}, "key": {"type": "secureString"}},
        values={"account": {"value": "sql01disks"}, "key": {"value": SECRET}},
        outputs={"id": {"type": "string", "value": "[reference('inner').outputs.id.value]"}},
    )
    assert shown["outputs"]["id"]["value"] == f"{GROUP}/providers/A.B/c/sql01disks"
    inside = world.get(f"{GROUP}/{INNER}")["properties"]
    assert inside["parameters"] == {"name": {"type": "String", "value": "sql01disks"}, "key": {"type": "SecureString"}}
    exported = world.post(f"{GROUP}/{INNER}/exportTemplate").json()["template"]
    assert exported["resources"][0]["name"] == "[parameters('name')]"
    assert SECRET not in stored(world)


def test_an_outer_template_is_filled_by_the_one_around_it(world: ArmWorld) -> None:
    outputs = {"said": {"type": "string", "value": "[variables('word')]"}}
    tags = {"key": "[parameters('key')]"}
    inner = nested({"resources": [account() | {"tags": tags}], "outputs": outputs})
    deploy(
        world,
        inner,
        variables={"word": "outer"},
        parameters={"key": {"type": "string"}},
        values={"key": {"value": "k"}},
    )
    assert world.get(f"{GROUP}/{INNER}")["properties"]["outputs"]["said"]["value"] == "outer"
    assert world.get(ACCOUNT)["tags"] == {"key": "k"}
    assert world.error("POST", f"{GROUP}/{INNER}/exportTemplate", {}) == (501, "OperationNotSimulated")


LATE = "[reference(resourceId('Microsoft.Storage/storageAccounts', 'sql01disks'), '2024-01-01')[parameters('key')]]"
KEY = {"key": {"type": "secureString"}}


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("place", ["body", "output"])
def test_no_error_of_a_nested_deployment_tells_a_secret_of_the_one_around_it(
    world: ArmWorld, depth: int, place: str
) -> None:
    late = account("late", "sql01disks") | {"tags": {"t": LATE}}
    template: Json = {"resources": [account(), late]}
    if place == "output":
        template = {"resources": [account()], "outputs": {"late": {"type": "string", "value": LATE}}}
    around = nested(template)
    for level in range(1, depth):
        around = nested({"resources": [around | {"name": f"inner{level}"}]})
    shown = deploy(world, around, parameters=KEY, values={"key": {"value": SECRET}})
    assert shown["provisioningState"] == "Failed"
    deployments = world.get(DEPLOYMENT.rpartition("/")[0])["value"]
    assert len(deployments) == depth + 1
    for deployment in deployments:
        told = str(deployment) + str(world.get(f"{deployment['id']}/operations"))
        assert "***" in told
        assert SECRET not in told
    assert SECRET not in stored(world)


def test_what_a_nested_template_holds_for_secure_parameters_is_not_exported(world: ArmWorld) -> None:
    key = {"key": {"type": "secureString", "defaultValue": SECRET}}
    inner = nested({"resources": [], "parameters": key}, properties=INNER_SCOPE)
    assert deploy(world, inner)["provisioningState"] == "Succeeded"
    for exported in (DEPLOYMENT, f"{GROUP}/{INNER}"):
        assert "secureString" in world.post(f"{exported}/exportTemplate").text
        assert SECRET not in world.post(f"{exported}/exportTemplate").text
    assert SECRET not in stored(world)


def test_a_nested_deployment_that_fails_fails_the_one_around_it(world: ArmWorld) -> None:
    body = {"location": "westus", "sku": {"name": "Standard"}, "properties": {}}
    held = resource("Microsoft.RecoveryServices/vaults", "Vault01", **body)
    world.put(f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/Vault02", body)
    inner = nested({"resources": [held | {"name": "Vault02", "location": "eastus"}]})
    inner["properties"]["validationLevel"] = "Template"
    behind = account("later", "inner")
    template = SCHEMA | {"resources": [inner, behind, held]}
    properties = {"mode": "Incremental", "template": template, "validationLevel": "Template"}
    ended = world.follow(world.put(DEPLOYMENT, {"properties": properties}))
    (inside,) = ended["error"]["details"]
    assert (inside["code"], inside["target"]) == ("DeploymentFailed", f"{GROUP}/{INNER}")
    assert [each["code"] for each in inside["details"]] == ["InvalidResourceLocation"]
    assert world.get(VAULT)["name"] == "Vault01"
    assert world.error("GET", ACCOUNT.replace("sql01disks", "later")) == (404, "ResourceNotFound")


def test_what_is_wrong_in_a_nested_template_is_told_before_anything_is_written(world: ArmWorld) -> None:
    inner = nested({"resources": [resource("Microsoft.RecoveryServices/vaults", "v", location="westus")]})
    body = {"properties": {"mode": "Incremental", "template": SCHEMA | {"resources": [account(), inner]}}}
    assert world.error("PUT", DEPLOYMENT, body) == (400, "InvalidTemplateDeployment")
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")
    assert world.error("GET", f"{GROUP}/{INNER}") == (404, "DeploymentNotFound")


# ---------------------------------------------------------------------------------------------------------------- types


def test_what_goes_with_a_vault_is_deployed_with_it(world: ArmWorld) -> None:
    vaults = "Microsoft.RecoveryServices/vaults"
    name, guid = "Vault01", "11111111-2222-4333-8444-555555555555"
    role = "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '5e467623-bb1f-42f4-a55d-6e525e11384b')]"
    assignment = {"roleDefinitionId": role, "principalId": guid, "principalType": "ServicePrincipal"}
    sink = {"storageAccountId": "[resourceId('Microsoft.Storage/storageAccounts', 'sql01disks')]"}
    logs = [{"categoryGroup": "allLogs", "enabled": True}]
    shown = deploy(
        world,
        account(),
        resource(vaults, name, location="westus", sku={"name": "RS0", "tier": "Standard"}, properties={}),
        resource(
            "Microsoft.Authorization/roleAssignments",
            guid,
            name,
            scope=f"[resourceId('{vaults}', '{name}')]",
            properties=assignment,
        ),
        resource(
            f"{vaults}/providers/diagnosticSettings",
            f"{name}/Microsoft.Insights/all",
            name,
            "sql01disks",
            properties=sink | {"logs": logs},
        ),
        resource(
            f"{vaults}/backupstorageconfig",
            f"{name}/vaultstorageconfig",
            name,
            properties={"storageModelType": "LocallyRedundant"},
        ),
        resource("Microsoft.Authorization/locks", "kept", name, properties={"level": "CanNotDelete"}),
    )
    assert shown["provisioningState"] == "Succeeded", shown
    assigned = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{guid}"
    assert world.get(assigned)["properties"]["principalId"] == guid
    setting = f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings/all"
    assert world.get(setting)["properties"]["storageAccountId"] == ACCOUNT
    stored_as = world.get(f"{VAULT}/backupstorageconfig/vaultstorageconfig")["properties"]
    assert stored_as["storageModelType"] == "LocallyRedundant"
    assert world.error("DELETE", VAULT) == (409, "ScopeLocked")


# -------------------------------------------------------------------------------------------------------------- reading


def test_it_reads_resources_through_their_own_operations(world: ArmWorld) -> None:
    world.add_account()
    tags = {
        "endpoint": "[reference(resourceId('Microsoft.Storage/storageAccounts', 'sql01disks')).primaryEndpoints.blob]",
        "kind": "[reference('sql01disks', '2024-01-01', 'Full').kind]",
    }
    vault = resource("Microsoft.RecoveryServices/vaults", "Vault01", location="westus", properties={})
    keys = "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'sql01disks'), '2024-01-01').keys[0].keyName]"
    shown = deploy(world, vault | {"tags": tags}, account(), outputs={"key": {"type": "string", "value": keys}})
    read = world.get(ACCOUNT)
    assert world.get(VAULT)["tags"] == {
        "endpoint": read["properties"]["primaryEndpoints"]["blob"],
        "kind": read["kind"],
    }
    assert shown["outputs"]["key"]["value"] == "key1"
    assert [each["id"] for each in shown["dependencies"]] == [VAULT]


def test_an_output_that_cannot_be_evaluated_fails_the_deployment(world: ArmWorld) -> None:
    missing = f"[reference('{VM}', '2024-11-01').vmId]"
    shown = deploy(world, account(), outputs={"id": {"type": "string", "value": missing}})
    assert (shown["provisioningState"], shown["outputResources"]) == ("Failed", [{"id": ACCOUNT}])
    last = world.get(f"{DEPLOYMENT}/operations")["value"][-1]["properties"]
    assert (last["provisioningOperation"], last["provisioningState"]) == ("EvaluateDeploymentOutput", "Failed")
    assert last["statusMessage"]["error"]["code"] == shown["error"]["code"]


def stored(world: ArmWorld) -> str:
    kinds = ("microsoft.resources/deployments", "operation", "run")
    found = [document for kind in kinds for document in world.ports.store.find(kind)]
    events = [str(event.data) for event in world.ports.store.events()]
    return "".join([str(document.body) + str(document.private) for document in found] + events)
