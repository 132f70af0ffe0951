"""What a deployment would change: told, and nothing done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.resources.test_arm_deployments import (
    DEPLOYMENT,
    GIVEN,
    PASSWORD,
    SECURE,
    account,
    machine,
    request,
    resource,
)

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
WHAT_IF = f"{DEPLOYMENT}/whatIf"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def network(*prefixes: str, **more: object) -> Json:
    properties = {"addressSpace": {"addressPrefixes": list(prefixes)}}
    return resource("Microsoft.Network/virtualNetworks", "net", properties=properties, **more)


def foreseen(world: ArmWorld, body: Json) -> dict[str, Json]:
    """Change by id."""
    response = world.request("POST", WHAT_IF, body)
    assert response.status_code == 200, response.text
    told = response.json()
    assert told["status"] == "Succeeded"
    return {each["resourceId"]: each for each in told["properties"]["changes"]}


def test_what_is_not_there_would_be_created_and_is_not(world: ArmWorld) -> None:
    change = foreseen(world, request(account()))[ACCOUNT]
    assert change["changeType"] == "Create"
    assert change["after"]["sku"] == {"name": "Standard_LRS"}
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")
    assert world.error("GET", DEPLOYMENT) == (404, "DeploymentNotFound")


def test_what_stays_as_it_is_is_no_change(world: ArmWorld) -> None:
    body = request(account(), network("10.0.0.0/16"), machine(), parameters=SECURE, values=GIVEN)
    world.follow(world.put(DEPLOYMENT, body))
    before = world.get(NETWORK)
    told = foreseen(world, body)
    assert {change["changeType"] for id, change in told.items() if id in (ACCOUNT, NETWORK, VM)} == {"NoChange"}
    assert world.get(NETWORK) == before


def test_a_change_names_its_properties(world: ArmWorld) -> None:
    world.follow(world.put(DEPLOYMENT, request(network("10.0.0.0/16"))))
    change = foreseen(world, request(network("10.0.0.0/16", "10.1.0.0/16", tags={"a": "b"})))[NETWORK]
    assert change["changeType"] == "Modify"
    delta = {each["path"]: each for each in change["delta"]}
    prefixes = delta["properties.addressSpace.addressPrefixes"]
    assert (prefixes["propertyChangeType"], prefixes["children"][0]["after"]) == ("Array", "10.1.0.0/16")
    assert delta["tags"]["after"] == {"a": "b"}
    assert set(delta) == {"properties.addressSpace.addressPrefixes", "tags"}


def test_the_rest_of_the_group_is_ignored_or_deleted_by_the_mode(world: ArmWorld) -> None:
    world.follow(world.put(DEPLOYMENT, request(network("10.0.0.0/16"))))
    assert foreseen(world, request(account()))[NETWORK]["changeType"] == "Ignore"
    complete = request(account())
    complete["properties"]["mode"] = "Complete"
    assert foreseen(world, complete)[NETWORK]["changeType"] == "Delete"
    assert world.error("PUT", DEPLOYMENT, complete) == (501, "OperationNotSimulated")


def test_no_secret_is_told(world: ArmWorld) -> None:
    response = world.request("POST", WHAT_IF, request(machine(), parameters=SECURE, values=GIVEN))
    assert response.status_code == 200
    assert PASSWORD not in response.text
    assert "***" in response.text


def test_ids_alone(world: ArmWorld) -> None:
    body = request(account())
    body["properties"]["whatIfSettings"] = {"resultFormat": "ResourceIdOnly"}
    assert foreseen(world, body) == {ACCOUNT: {"resourceId": ACCOUNT, "changeType": "Deploy"}}


def test_what_a_deployment_would_refuse_is_refused(world: ArmWorld) -> None:
    assert world.error("POST", WHAT_IF, request(network("nonsense"))) == (400, "InvalidTemplateDeployment")


def test_a_nested_deployment_is_told_as_not_looked_into(world: ArmWorld) -> None:
    nested = resource("Microsoft.Resources/deployments", "inner", properties=request(account())["properties"])
    (change,) = foreseen(world, request(nested)).values()
    assert change["changeType"] == "Unsupported"
