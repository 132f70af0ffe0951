"""Deployments of templates, by requests: what they write, in which order, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.arm.app import internal_client
from controlplane.arm.resources.deployment_history import ENOUGH, MOST, TOO_MANY
from controlplane.domain.resources.deployment import KIND
from controlplane.fabric_documents import OBSERVED
from controlplane.jobs.catalog import plans
from controlplane.json_object import Json
from tests.patience import comes_true
from tests.unit.controlplane.adapters.scripted_fabric import apply_desired
from tests.unit.controlplane.arm.arm_world import (
    ACCOUNT,
    GROUP,
    IMAGE,
    SUBSCRIPTION,
    VAULT,
    VERSION,
    VM,
    ArmWorld,
    arm_world,
    identity,
)
from tests.unit.controlplane.templates.template_world import SCHEMA
from tests.virtual_clock import VirtualClock

DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/first"
PASSWORD = "Pa$$w0rd-of-sql01"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def request(*resources: Json, values: Json | None = None, **sections: Any) -> Json:
    template = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **sections}
    return {"properties": {"mode": "Incremental", "template": template, "parameters": values or {}}}


def resource(kind: str, name: str, *after: str, **more: Any) -> Json:
    return {
        "type": kind,
        "name": name,
        "apiVersion": "2024-11-01",
        "location": "westus",
        "dependsOn": list(after),
        **more,
    }


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


def waiting(world: ArmWorld, response: httpx.Response) -> Json:
    """The deployment that this answer began, once it can only wait."""
    assert response.status_code in {200, 201}, response.text
    path = response.json()["id"]

    def is_waiting() -> bool:
        states = [each["properties"]["provisioningState"] for each in world.get(f"{path}/operations")["value"]]
        return "Running" in states

    comes_true(is_waiting)
    return world.get(path)


def fail_machine(world: ArmWorld) -> None:
    """The host gives the machine up. The deployment looks on meanwhile, and must see nothing else."""
    with world.ports.store.transaction():
        apply_desired(world.ports.store, VM)
        observed = world.ports.store.get(OBSERVED, VM)
        assert observed is not None
        broken = {"provisioning_state": "Failed", "problem": "The image does not boot."}
        world.ports.store.put(OBSERVED, VM, observed.json() | broken)


def everything_stored(world: ArmWorld) -> str:
    kinds = ("microsoft.resources/deployments", "microsoft.compute/virtualmachines", "fabric.vm", "operation", "run")
    found = [document for kind in kinds for document in world.ports.store.find(kind)]
    events = [str(event.data) for event in world.ports.store.events()]
    return "".join([str(document.body) + str(document.private) for document in found] + events)


# ---------------------------------------------------------------------------------------------------------- it succeeds


def test_resources_are_written_by_their_own_puts_in_order(world: ArmWorld) -> None:
    vault = resource(
        "Microsoft.RecoveryServices/vaults", "Vault01", "sql01disks", sku={"name": "Standard"}, properties={}
    )
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
    assert properties["providers"][1] == {
        "namespace": "Microsoft.RecoveryServices",
        "resourceTypes": [{"resourceType": "vaults", "locations": ["westus"]}],
    }
    assert world.get(VAULT)["name"] == "Vault01"


def test_every_step_of_it_is_listed(world: ArmWorld) -> None:
    vault = resource(
        "Microsoft.RecoveryServices/vaults", "Vault01", "sql01disks", sku={"name": "Standard"}, properties={}
    )
    outputs = {"n": {"type": "string", "value": "x"}}
    world.follow(world.put(DEPLOYMENT, request(vault, account(), outputs=outputs)))
    operations = world.get(f"{GROUP}/deployments/first/operations")["value"]
    assert operations == world.get(f"{DEPLOYMENT}/operations")["value"]
    shown = [each["properties"] for each in operations]
    assert [each["provisioningOperation"] for each in shown] == ["Create", "Create", "EvaluateDeploymentOutput"]
    assert [each["targetResource"]["resourceName"] for each in shown[:2]] == ["sql01disks", "Vault01"]
    assert [each["statusCode"] for each in shown] == ["OK", "Created", "OK"]
    assert {each["provisioningState"] for each in shown} == {"Succeeded"}
    assert [world.get(each["id"]) for each in operations] == operations
    assert world.get(f"{DEPLOYMENT}/operations", **{"$top": "1"})["value"] == operations[:1]
    assert world.error("GET", f"{DEPLOYMENT}/operations/ABC") == (404, "OperationNotFound")


@pytest.mark.parametrize(
    ("publisher", "type", "version", "error"),
    [
        ("Microsoft.Azure.Security", "AzureDiskEncryption", "2.2", (501, "OperationNotSimulated")),
        ("Microsoft.Compute", "CustomScriptExtension", "1.10", (501, "OperationNotSimulated")),
        ("Contoso", "Nothing", "1.0", (400, "InvalidTemplateDeployment")),
        ("Contoso", "Agent", "9.0", (400, "InvalidTemplateDeployment")),
    ],
)
def test_an_extension_that_can_never_be_is_refused_before_its_machine_is_made(
    world: ArmWorld, publisher: str, type: str, version: str, error: tuple[int, str]
) -> None:
    never = extension()
    never["properties"] |= {"publisher": publisher, "type": type, "typeHandlerVersion": version}
    body = request(account(), machine(), never, parameters=SECURE, values=GIVEN)
    assert world.error("POST", f"{DEPLOYMENT}/validate", body) == error
    assert world.error("PUT", DEPLOYMENT, body) == error
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")
    assert world.error("GET", VM) == (404, "ResourceNotFound")


def test_it_waits_for_a_machine_before_what_goes_into_it(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(DEPLOYMENT, request(extension(), machine(), parameters=SECURE, values=GIVEN))
    assert waiting(world, response)["properties"]["provisioningState"] == "Running"
    address = response.headers["Azure-AsyncOperation"]
    polled = world.request("GET", address)
    assert polled.json() == {"status": "Running"}
    assert int(polled.headers["Retry-After"]) > 0
    assert len(world.get(f"{DEPLOYMENT}/operations")["value"]) == 1
    assert world.error("PUT", DEPLOYMENT, request()) == (409, "DeploymentActive")
    assert world.error("DELETE", DEPLOYMENT) == (409, "DeploymentActive")
    assert world.fabric.delivered == []
    world.ports.fabric.power(VM, "running")
    assert world.follow(response) == {"status": "Succeeded"}
    assert world.get(f"{VM}/extensions/Custom")["properties"]["provisioningState"] == "Succeeded"
    assert [each.protected for each in world.fabric.delivered] == [{"secret": PASSWORD}]
    assert PASSWORD not in everything_stored(world)


def test_what_waits_for_nothing_does_not_wait_for_the_machine(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(DEPLOYMENT, request(machine(), account(), parameters=SECURE, values=GIVEN))
    waiting(world, response)
    assert world.get(ACCOUNT)["name"] == "sql01disks"
    world.ports.fabric.power(VM, "running")
    assert world.follow(response) == {"status": "Succeeded"}


def test_a_secret_that_was_sent_is_not_kept(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(DEPLOYMENT, request(machine(), parameters=SECURE, values=GIVEN))
    shown = waiting(world, response)
    (deployment,) = world.ports.store.find(KIND)
    assert PASSWORD not in str(deployment.body) + str(deployment.private["operations"])
    assert shown["properties"]["parameters"] == {"password": {"type": "SecureString"}}
    world.post(f"{DEPLOYMENT}/cancel")


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
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
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


def test_it_goes_on_where_an_ended_process_left_it(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(DEPLOYMENT, request(extension(), machine(), parameters=SECURE, values=GIVEN))
    waiting(world, response)
    world.engine.close()
    assert world.get(DEPLOYMENT)["properties"]["provisioningState"] == "Running"
    world.ports.fabric.power(VM, "running")
    later = InlineEngine(plans(lambda: requests), lambda: world.ports, world.engine.runs)
    requests = internal_client(world.ports, later, identity())
    assert later.recover() == 1
    later.settle()
    assert world.get(DEPLOYMENT)["properties"]["provisioningState"] == "Succeeded"
    assert len(world.fabric.delivered) == 1
    later.close()


# ------------------------------------------------------------------------------------------------------------- it fails


def test_one_that_fails_leaves_the_others(world: ArmWorld) -> None:
    world.fabric.unready = True
    behind = extension()
    response = world.put(DEPLOYMENT, request(machine(), behind, account(), parameters=SECURE, values=GIVEN))
    waiting(world, response)
    fail_machine(world)
    ended = world.follow(response)
    assert (ended["status"], ended["error"]["code"], ended["error"]["target"]) == (
        "Failed",
        "DeploymentFailed",
        DEPLOYMENT,
    )
    (failure,) = ended["error"]["details"]
    assert (failure["code"], failure["target"]) == ("ResourceDeploymentFailure", VM)
    assert [each["code"] for each in failure["details"]] == ["OSProvisioningInternalError"]
    shown = world.get(DEPLOYMENT)["properties"]
    assert (shown["error"], shown["outputResources"]) == (ended["error"], [{"id": ACCOUNT}])
    operations = [each["properties"] for each in world.get(f"{DEPLOYMENT}/operations")["value"]]
    states = {each["targetResource"]["resourceName"]: each["provisioningState"] for each in operations}
    assert states == {"Sql01": "Failed", "sql01disks": "Succeeded"}
    (failed,) = [each for each in operations if "statusMessage" in each]
    assert (failed["statusCode"], failed["statusMessage"]) == ("Conflict", {"status": "Failed", "error": failure})
    assert PASSWORD not in everything_stored(world)


def test_what_a_provider_refuses_is_told_before_anything_is_written(world: ArmWorld) -> None:
    bad = resource("Microsoft.RecoveryServices/vaults", "v", "sql01disks", sku={"name": "Standard"})
    for method, path in (("POST", f"{DEPLOYMENT}/validate"), ("PUT", DEPLOYMENT)):
        refused = world.request(method, path, request(account(), bad))
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, "InvalidTemplateDeployment")
        assert [each["code"] for each in error["details"]] == ["InvalidResourceName"]
    assert world.error("GET", DEPLOYMENT) == (404, "DeploymentNotFound")
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")


def test_without_asking_the_providers_the_same_fails_on_the_way(world: ArmWorld) -> None:
    bad = resource("Microsoft.RecoveryServices/vaults", "v", sku={"name": "Standard"})
    body = request(account(), bad)
    body["properties"]["validationLevel"] = "Template"
    ended = world.follow(world.put(DEPLOYMENT, body))
    assert [each["code"] for each in ended["error"]["details"]] == ["InvalidResourceName"]
    assert world.get(ACCOUNT)["name"] == "sql01disks"
    assert world.get(DEPLOYMENT)["properties"]["validationLevel"] == "Template"


LATE = f"[reference('{ACCOUNT}', '2024-11-01')[parameters('password')]]"
"""Takes a secret for the name of a property, which there is not: an error would say it."""
VAULT_BODY = {"sku": {"name": "Standard"}}
AGENT = {"publisher": "[parameters('password')]", "type": "A", "typeHandlerVersion": "1.0"}
TELLING = [
    (resource("Microsoft.RecoveryServices/vaults", "v-late", "sql01disks", tags={"t": LATE}, **VAULT_BODY), {}),
    (account(), {"late": {"type": "string", "value": LATE}}),
    (resource("Microsoft.Compute/virtualMachines/extensions", "Sql01/Agent", "sql01disks", properties=AGENT), {}),
]


@pytest.mark.parametrize("level", ["Provider", "Template"])
@pytest.mark.parametrize(("telling", "outputs"), TELLING)
def test_no_error_tells_a_secret(world: ArmWorld, telling: Json, outputs: Json, level: str) -> None:
    world.follow(world.put(f"{DEPLOYMENTS}/before", request(account(), machine(), parameters=SECURE, values=GIVEN)))
    resources = [account()] if telling == account() else [account(), telling]
    body = request(*resources, parameters=SECURE, values=GIVEN, outputs=outputs)
    body["properties"]["validationLevel"] = level
    answer = world.request("PUT", DEPLOYMENT, body)
    told = [answer.text, world.request("POST", f"{DEPLOYMENT}/validate", body).text]
    if answer.status_code in {200, 201}:
        ended = world.follow(answer)
        assert ended["status"] == "Failed"
        told += [str(ended), str(world.get(DEPLOYMENT)), str(world.get(f"{DEPLOYMENT}/operations"))]
        told += [str(world.get(DEPLOYMENTS))]
    assert "***" in "".join(told)
    assert PASSWORD not in "".join(told) + everything_stored(world)


def test_one_that_is_cancelled_begins_nothing_more(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(DEPLOYMENT, request(extension(), machine(), parameters=SECURE, values=GIVEN))
    waiting(world, response)
    assert world.request("POST", f"{DEPLOYMENT}/cancel").status_code == 204
    world.settle()
    assert world.get(response.headers["Azure-AsyncOperation"]) == {"status": "Canceled"}
    world.ports.fabric.power(VM, "running")
    (operation,) = world.get(f"{DEPLOYMENT}/operations")["value"]
    assert operation["properties"]["provisioningState"] == "Canceled"
    assert world.fabric.delivered == []
    assert world.error("POST", f"{DEPLOYMENT}/cancel") == (409, "DeploymentCannotBeCancelled")
    assert PASSWORD not in everything_stored(world)


UNKNOWN = resource("Contoso.Things/things", "x")
NOT_HERE = resource("Microsoft.Compute/sshPublicKeys", "x")
TOO_LONG = "x" * 65
WITHOUT_MODE = request(account())
del WITHOUT_MODE["properties"]["mode"]
LINKED = {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://x"}}}
BAD: list[tuple[str, Any, tuple[int, str]]] = [
    ("no properties", {}, (400, "InvalidRequestContent")),
    ("no template", {"properties": {"mode": "Incremental"}}, (400, "InvalidRequestContent")),
    ("no mode", WITHOUT_MODE, (400, "InvalidRequestContent")),
    ("complete", {"properties": {"mode": "Complete", "template": {}}}, (501, "OperationNotSimulated")),
    ("link", LINKED, (501, "OperationNotSimulated")),
    ("empty", {"properties": {"mode": "Incremental", "template": {}}}, (400, "InvalidTemplate")),
    ("parameter", request(account(), parameters=SECURE), (400, "InvalidTemplate")),
    ("null", request(account(), parameters=SECURE, values={"password": {}}), (400, "InvalidDeploymentParameterValue")),
    ("circle", request(account("sql01disks")), (400, "InvalidTemplate")),
    ("namespace", request(account(), UNKNOWN), (404, "InvalidResourceNamespace")),
    ("type", request(account(), NOT_HERE), (501, "OperationNotSimulated")),
    ("version", request(account() | {"apiVersion": "2024-13-01"}), (400, "NoRegisteredProviderFound")),
    ("place", request(account() | {"location": "moon"}), (400, "LocationNotAvailableForResourceType")),
    ("no place", request({**account(), "location": None}), (400, "LocationRequired")),
    ("version of another day", request(account() | {"apiVersion": "2199-01-01"}), (400, "NoRegisteredProviderFound")),
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
    world.follow(world.put(DEPLOYMENT, request(account())))
    assert world.request("HEAD", DEPLOYMENT).status_code == 204
    assert world.get(f"{DEPLOYMENTS}/")["value"] == [world.get(DEPLOYMENT)]
    for state in ("Failed", "deleting"):
        assert world.get(DEPLOYMENTS, **{"$filter": f"provisioningState eq '{state}'"}) == {"value": []}
    wrong = {"$filter": "provisioningState eq 'Done'"}
    assert world.error("GET", DEPLOYMENTS, **wrong) == (400, "InvalidQueryParameter")
    assert [each["id"] for each in world.get(f"{GROUP}/resources")["value"]] == [ACCOUNT]
    deleted = world.request("DELETE", DEPLOYMENT)
    assert (deleted.status_code, world.request("GET", deleted.headers["Location"]).status_code) == (202, 200)
    assert world.error("GET", DEPLOYMENT) == (404, "DeploymentNotFound")
    assert world.get(ACCOUNT)["name"] == "sql01disks"


def test_the_newest_are_listed_first(world: ArmWorld) -> None:
    clock = world.ports.clock
    assert isinstance(clock, VirtualClock)
    for name in ("b", "a", "c"):
        world.follow(world.put(f"{DEPLOYMENTS}/{name}", request()))
        clock.jump(60)
    assert [each["name"] for each in world.get(DEPLOYMENTS)["value"]] == ["c", "a", "b"]
    assert [each["name"] for each in world.get(DEPLOYMENTS, **{"$top": "2"})["value"]] == ["c", "a"]
    assert world.error("GET", DEPLOYMENTS, **{"$top": "some"}) == (400, "InvalidQueryParameter")


def fill_history(world: ArmWorld, count: int) -> list[str]:
    """So many deployments that have ended, of which the first is the oldest."""
    world.follow(world.put(f"{DEPLOYMENTS}/ended", request()))
    (ended,) = world.ports.store.find(KIND)
    names = [f"old{number:03}" for number in range(count - 1)]
    with world.ports.store.transaction():
        for number, name in enumerate(names):
            started = f"2020-01-01T00:{number // 60:02}:{number % 60:02}Z"
            id, private = f"{DEPLOYMENTS}/{name}", ended.private | {"started": started}
            world.ports.store.put(KIND, id, ended.json() | {"id": id, "name": name}, parent=GROUP, private=private)
    return names


def history(world: ArmWorld) -> set[str]:
    return {each.id.rpartition("/")[2] for each in world.ports.store.find(KIND)}


def test_the_oldest_leave_a_long_history(world: ArmWorld) -> None:
    names = fill_history(world, TOO_MANY)
    world.follow(world.put(DEPLOYMENTS + "/ended", request()))
    assert len(history(world)) == TOO_MANY
    world.follow(world.put(DEPLOYMENT, request()))
    assert history(world) == {*names[TOO_MANY + 1 - ENOUGH :], "ended", "first"}


def test_one_that_is_deployed_again_does_not_leave_as_the_oldest(world: ArmWorld) -> None:
    names = fill_history(world, TOO_MANY + 1)
    world.follow(world.put(f"{DEPLOYMENTS}/{names[0]}", request()))
    assert history(world) == {names[0], *names[TOO_MANY + 2 - ENOUGH :], "ended"}


def test_a_validation_looks_after_the_history_too(world: ArmWorld) -> None:
    fill_history(world, TOO_MANY + 1)
    assert world.post(f"{DEPLOYMENT}/validate", request()).status_code == 200
    assert len(history(world)) == ENOUGH


def test_a_history_that_a_lock_keeps_fills_up(world: ArmWorld) -> None:
    fill_history(world, MOST - 1)
    lock = f"{GROUP}/providers/Microsoft.Authorization/locks/kept"
    world.put(lock, {"properties": {"level": "CanNotDelete"}})
    world.follow(world.put(DEPLOYMENT, request()))
    refused = world.request("PUT", f"{DEPLOYMENTS}/second", request())
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "DeploymentQuotaExceeded")
    assert "The current deployment count is '800'" in refused.json()["error"]["message"]
    world.follow(world.put(DEPLOYMENT, request()))
    assert len(history(world)) == MOST
    world.request("DELETE", lock)
    assert world.error("PUT", f"{DEPLOYMENTS}/second", request()) == (409, "DeploymentQuotaExceeded")
    assert len(history(world)) == ENOUGH
    assert world.follow(world.put(f"{DEPLOYMENTS}/second", request())) == {"status": "Succeeded"}


def test_its_template_is_exported_without_what_is_secure(world: ArmWorld) -> None:
    parameters = {"password": {"type": "secureString", "defaultValue": PASSWORD}, "n": {"type": "int", "value": 1}}
    body = request(account(), parameters=parameters, values={"n": {"value": 2}})
    world.follow(world.put(DEPLOYMENT, body))
    exported = world.post(f"{DEPLOYMENT}/exportTemplate").json()["template"]
    assert exported["parameters"]["password"] == {"type": "secureString"}
    assert exported["resources"] == body["properties"]["template"]["resources"]
    assert PASSWORD not in everything_stored(world)


def test_the_hash_of_a_template_does_not_see_how_it_is_spaced(world: ArmWorld) -> None:
    template = request(account())["properties"]["template"]
    path = "/providers/Microsoft.Resources/calculateTemplateHash"
    calculated = world.post(path, template).json()["templateHash"]
    world.follow(world.put(DEPLOYMENT, request(account())))
    assert world.get(DEPLOYMENT)["properties"]["templateHash"] == calculated
    assert world.post(path, template | {"contentVersion": "2.0.0.0"}).json()["templateHash"] != calculated


def test_deployments_go_with_their_group(world: ArmWorld) -> None:
    world.follow(world.put(DEPLOYMENT, request(account())))
    world.request("DELETE", GROUP)
    world.settle()
    assert world.error("GET", DEPLOYMENT) == (404, "ResourceGroupNotFound")
    world.add_group()
    assert world.get(DEPLOYMENTS) == {"value": []}


def test_what_deployments_have_more_is_refused_by_name(world: ArmWorld) -> None:
    in_subscription = f"{SUBSCRIPTION}/providers/Microsoft.Resources/deployments/first"
    assert world.error("PUT", in_subscription, request()) == (501, "OperationNotSimulated")
    assert world.error("POST", f"{in_subscription}/validate", request()) == (501, "OperationNotSimulated")
    assert world.error("PUT", f"{DEPLOYMENTS}/{TOO_LONG}", request()) == (400, "DeploymentNameLengthLimitExceeded")
    assert world.error("PUT", f"{DEPLOYMENTS}/not!this", request()) == (400, "DeploymentNameInvalidCharacters")
    rolled_back = request(account())
    rolled_back["properties"]["onErrorDeployment"] = {"type": "LastSuccessful"}
    assert world.error("PUT", DEPLOYMENT, rolled_back) == (501, "OperationNotSimulated")
