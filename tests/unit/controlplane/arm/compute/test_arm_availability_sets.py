"""Availability sets: kept, and known by the machines that are in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, SUBSCRIPTION, VM, ArmWorld, arm_world, machine_body

SETS = "providers/Microsoft.Compute/availabilitySets"
SET = f"{GROUP}/{SETS}/Front_1"
BODY: Json = {"location": "westus", "sku": {"name": "Aligned"}}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def counts(fault: int, update: int) -> Json:
    return BODY | {"properties": {"platformFaultDomainCount": fault, "platformUpdateDomainCount": update}}


def test_a_set_is_written_read_listed_and_deleted(world: ArmWorld) -> None:
    assert world.put(SET, BODY).status_code == 200
    shown = world.get(SET)
    assert (shown["id"], shown["type"], shown["sku"]) == (SET, "Microsoft.Compute/availabilitySets", BODY["sku"])
    assert shown["properties"] == {
        "platformFaultDomainCount": 2,
        "platformUpdateDomainCount": 5,
        "virtualMachines": [],
    }
    assert world.put(SET, counts(2, 5) | {"tags": {"a": "b"}}).status_code == 200
    for scope in (GROUP, SUBSCRIPTION):
        assert world.get(f"{scope}/{SETS}")["value"] == [shown | {"tags": {"a": "b"}}]
    assert [world.request("DELETE", SET).status_code for _ in range(2)] == [200, 204]
    assert world.error("GET", SET) == (404, "ResourceNotFound")


def test_a_set_shows_its_machines_and_stays_as_long_as_it_has_some(world: ArmWorld) -> None:
    world.put(SET, BODY)
    body = machine_body(world.add_account())
    body["properties"]["availabilitySet"] = {"id": SET.upper()}
    world.follow(world.put(VM, body))
    assert world.get(SET)["properties"]["virtualMachines"] == [{"id": VM}]
    assert world.error("DELETE", SET) == (409, "OperationNotAllowed")
    world.follow(world.request("DELETE", VM))
    assert world.get(SET)["properties"]["virtualMachines"] == []
    assert world.request("DELETE", SET).status_code == 200


@pytest.mark.parametrize("bad", [counts(4, 5), counts(0, 5), counts(2, 21), counts(2, 0)])
def test_a_set_has_few_domains(world: ArmWorld, bad: Json) -> None:
    assert world.error("PUT", SET, bad) == (400, "InvalidParameter")
    assert world.error("GET", SET) == (404, "ResourceNotFound")


def test_a_set_keeps_its_domains(world: ArmWorld) -> None:
    world.put(SET, counts(3, 5))
    assert world.error("PUT", SET, counts(2, 5)) == (409, "PropertyChangeNotAllowed")
    assert world.error("PUT", SET, counts(3, 6)) == (409, "PropertyChangeNotAllowed")
