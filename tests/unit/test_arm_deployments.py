"""Deployments of templates, by requests: what they write, in which order, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.arm_world import ACCOUNT, GROUP, IMAGE, SUBSCRIPTION, VAULT, VERSION, VM, ArmWorld, arm_world

Json = dict[str, Any]

DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/first"
PASSWORD = "Pa$$w0rd-of-sql01"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def request(*resources: Json, values: Json | None = None, **sections: Any) -> Json:
    template = {"$schema": "https://x#", "contentVersion": "1.0.0.0", "resources": list(resources), **sections}
    return {"properties": {"mode": "Incremental", "template": template, "parameters": values or {}}}


def resource(kind: str, name: str, *after: str, **more: Any) -> Json:
    return {"type": kind, "name": name, "apiVersion": "2024-11-01", "location": "westus", "dependsOn": after, **more}


def account(*after: str) -> Json:
    return resource("Microsoft.Storage/storageAccounts", "sql01disks", *after, sku={"name": "Standard_LRS"})


def machine(*after: str) -> Json:
    profile = {"imageReference": dict(IMAGE), "osDisk": {"createOption": "fromImage", "name": None}}
    system = {"adminUsername": "me", "adminPassword": "[parameters('password')]"}
    properties = {"storageProfile": profile, "osProfile": system}
    return resource("Microsoft.Compute/virtualMachines", "Sql01", *after, properties=properties)


def extension() -> Json:
    properties = {
        "publisher": "Contoso",
        "type": "Agent",
        "typeHandlerVersion": "1.0",
        "protectedSettings": {"secret": "[parameters('password')]"},
    }
    name, after = "Sql01/Custom", "[resourceId('Microsoft.Compute/virtualMachines', 'Sql01')]"
    return resource("Microsoft.Compute/virtualMachines/extensions", name, after, properties=properties)


SECURE = {"password": {"type": "secureString"}}
GIVEN = {"password": {"value": PASSWORD}}


def everything_stored(world: ArmWorld) -> str:
    kinds = ("microsoft.resources/deployments", "microsoft.compute/virtualmachines", "fabric.vm", "operation")
    found = [document for kind in kinds for document in world.ports.store.find(kind)]
    events = [str(event.data) for event in world.ports.store.events()]
    return "".join([str(document.body) + str(document.private) for document in found] + events)


# ---------------------------------------------------------------------------------------------------------- it succeeds


def test_resources_are_written_by_their_own_puts_in_order(world: ArmWorld) -> None:
    vault = resource("Microsoft.RecoveryServices/vaults", "Vault01", "sql01disks", sku={"name": "Standard"})
    response = world.put(DEPLOYMENT, request(vault, account(), outputs={"n": {"type": "string", "value": "x"}}))
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Accepted"
    assert world.follow(response) == {"status": "Succeeded"}
    shown = world.get(DEPLOYMENT)
    properties = shown["properties"]
    assert (shown["id"], shown["name"], properties["provisioningState"]) == (DEPLOYMENT, "first", "Succeeded")
    assert properties["outputs"] == {"n": {"type": "String", "value": "x"}}
    assert properties["outputResources"] == [{"id": ACCOUNT}, {"id": VAULT}]
    (dependency,) = properties["dependencies"]
    assert (dependency["id"], dependency["dependsOn"][0]["id"]) == (VAULT, ACCOUNT)
    assert world.get(VAULT)["name"] == "Vault01"
    operations = world.get(f"{GROUP}/deployments/first/operations")["value"]
    assert operations == world.get(f"{DEPLOYMENT}/operations")["value"]
    assert [each["properties"]["targetResource"]["resourceName"] for each in operations] == ["sql01disks", "Vault01"]
    assert {each["properties"]["provisioningState"] for each in operations} == {"Succeeded"}
    assert world.get(operations[0]["id"]) == operations[0]


def test_it_waits_for_a_machine_before_what_goes_into_it(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(DEPLOYMENT, request(extension(), machine(), parameters=SECURE, values=GIVEN))
    address = response.headers["Azure-AsyncOperation"]
    waiting = world.request("GET", address)
    assert waiting.json() == {"status": "Running"}
    assert int(waiting.headers["Retry-After"]) > 0
    assert world.get(DEPLOYMENT)["properties"]["provisioningState"] == "Running"
    assert len(world.get(f"{DEPLOYMENT}/operations")["value"]) == 1
    assert world.error("PUT", DEPLOYMENT, request()) == (409, "DeploymentActive")
    assert world.error("DELETE", DEPLOYMENT) == (409, "DeploymentActive")
    assert world.fabric.delivered == []
    world.ports.fabric.power(VM, "running")
    assert world.get(address) == {"status": "Succeeded"}
    assert world.get(f"{VM}/extensions/Custom")["properties"]["provisioningState"] == "Succeeded"
    assert world.fabric.delivered[0].protected == {"secret": PASSWORD}
    assert PASSWORD not in everything_stored(world)


def test_a_secret_that_was_sent_is_not_kept(world: ArmWorld) -> None:
    world.fabric.unready = True
    world.put(DEPLOYMENT, request(machine(), parameters=SECURE, values=GIVEN))
    assert PASSWORD not in everything_stored(world)
    assert world.get(DEPLOYMENT)["properties"]["parameters"] == {"password": {"type": "SecureString"}}


def test_deployed_again_it_changes_nothing(world: ArmWorld) -> None:
    body = request(account(), machine(), parameters=SECURE, values=GIVEN)
    world.follow(world.put(DEPLOYMENT, body))
    before = (world.get(ACCOUNT), world.get(VM))
    again = world.put(DEPLOYMENT, body)
    assert again.status_code == 200
    assert world.follow(again) == {"status": "Succeeded"}
    assert (world.get(ACCOUNT), world.get(VM)) == before


def test_the_body_that_az_sends_is_read_though_it_is_no_json(world: ArmWorld) -> None:
    template = """{ // storage
      "$schema": "https://x#", "contentVersion": "1.0.0.0",
      "resources": [ACCOUNT], /* that is
      all */
    }""".replace("ACCOUNT", json.dumps(account()))
    content = '{"properties": {"parameters": {}, "mode": "Incremental", template:TEMPLATE}}'.replace(
        "TEMPLATE", template
    )
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
    validated = world.send("POST", f"{DEPLOYMENT}/validate", params=VERSION, content=content, headers=headers)
    assert validated.status_code == 200
    assert validated.json()["properties"]["validatedResources"] == [{"id": ACCOUNT}]
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")
    response = world.send("PUT", DEPLOYMENT, params=VERSION, content=content, headers=headers)
    assert world.follow(response) == {"status": "Succeeded"}
    assert world.get(ACCOUNT)["name"] == "sql01disks"


# ------------------------------------------------------------------------------------------------------------- it fails


def test_one_that_fails_leaves_the_others(world: ArmWorld) -> None:
    bad = resource("Microsoft.RecoveryServices/vaults", "v")
    behind = resource("Microsoft.RecoveryServices/vaults", "Vault01", "v")
    ended = world.follow(world.put(DEPLOYMENT, request(bad, behind, account())))
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "DeploymentFailed")
    assert [each["code"] for each in ended["error"]["details"]] == ["InvalidResourceName"]
    assert world.get(DEPLOYMENT)["properties"]["error"] == ended["error"]
    states = {
        each["properties"]["targetResource"]["resourceName"]: each["properties"]["provisioningState"]
        for each in world.get(f"{DEPLOYMENT}/operations")["value"]
    }
    assert states == {"v": "Failed", "sql01disks": "Succeeded"}
    assert world.error("GET", VAULT) == (404, "ResourceNotFound")
    failed = next(
        each for each in world.get(f"{DEPLOYMENT}/operations")["value"] if "statusMessage" in each["properties"]
    )
    assert (failed["properties"]["statusCode"], failed["properties"]["statusMessage"]["error"]["code"]) == (
        "BadRequest",
        "InvalidResourceName",
    )


UNKNOWN = resource("Contoso.Things/things", "x")
BAD: list[tuple[str, Any, tuple[int, str]]] = [
    ("no properties", {}, (400, "InvalidRequestContent")),
    ("no template", {"properties": {"mode": "Incremental"}}, (400, "InvalidRequestContent")),
    ("complete", {"properties": {"mode": "Complete", "template": {}}}, (501, "OperationNotSimulated")),
    (
        "link",
        {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://x"}}},
        (501, "OperationNotSimulated"),
    ),
    ("empty", {"properties": {"mode": "Incremental", "template": {}}}, (400, "InvalidTemplate")),
    ("parameter", request(account(), parameters=SECURE), (400, "InvalidTemplate")),
    ("circle", request(account("sql01disks")), (400, "InvalidTemplate")),
    ("loop", request(account() | {"copy": {"name": "c", "count": 2}}), (501, "OperationNotSimulated")),
    ("type", request(account(), UNKNOWN), (501, "OperationNotSimulated")),
]


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_deployment_writes_nothing(world: ArmWorld, body: Any, expected: tuple[int, str]) -> None:
    assert world.error("POST", f"{DEPLOYMENT}/validate", body) == expected
    assert world.error("PUT", DEPLOYMENT, body) == expected
    assert world.error("GET", DEPLOYMENT) == (404, "DeploymentNotFound")
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")


# -------------------------------------------------------------------------------------------------------------- history


def test_deployments_are_listed_asked_for_and_forgotten(world: ArmWorld) -> None:
    assert world.request("HEAD", DEPLOYMENT).status_code == 404
    assert world.request("DELETE", DEPLOYMENT).status_code == 204
    world.put(DEPLOYMENT, request(account()))
    assert world.request("HEAD", DEPLOYMENT).status_code == 204
    assert world.get(f"{DEPLOYMENTS}/")["value"] == [world.get(DEPLOYMENT)]
    assert world.get(DEPLOYMENTS, **{"$filter": "provisioningState eq 'Failed'"}) == {"value": []}
    assert [each["id"] for each in world.get(f"{GROUP}/resources")["value"]] == [ACCOUNT]
    assert world.request("DELETE", DEPLOYMENT).status_code == 204
    assert world.error("GET", DEPLOYMENT) == (404, "DeploymentNotFound")
    assert world.get(ACCOUNT)["name"] == "sql01disks"


def test_deployments_go_with_their_group(world: ArmWorld) -> None:
    world.put(DEPLOYMENT, request(account()))
    world.request("DELETE", GROUP)
    assert world.error("GET", DEPLOYMENT) == (404, "ResourceGroupNotFound")
    world.add_group()
    assert world.get(DEPLOYMENTS) == {"value": []}


def test_what_deployments_have_more_is_refused_by_name(world: ArmWorld) -> None:
    for path in (f"{DEPLOYMENT}/cancel", f"{DEPLOYMENT}/whatIf", f"{DEPLOYMENT}/exportTemplate"):
        assert world.error("POST", path, {}) == (501, "OperationNotSimulated")
    in_subscription = f"{SUBSCRIPTION}/providers/Microsoft.Resources/deployments/first"
    assert world.error("PUT", in_subscription, request()) == (501, "OperationNotSimulated")
    assert world.error("PUT", f"{DEPLOYMENTS}/{'x' * 65}", request()) == (400, "InvalidResourceName")
