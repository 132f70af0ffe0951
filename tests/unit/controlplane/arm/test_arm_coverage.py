"""Every operation of the published SDKs is answered, or refused by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from controlplane.arm.app import all_routes
from controlplane.arm.edge import unsimulated
from controlplane.arm.edge.call import Answer
from controlplane.arm.edge.routing import keywords, reading
from docs.generator import coverage, read_sdk
from tests.unit.controlplane.arm.arm_world import SUBSCRIPTION, ArmWorld, arm_world

OPERATIONS = [(sdk.name, each) for sdk in unsimulated.sdks() for each in sdk.operations]
REFUSED = {(route.method, keywords(route.path)) for route in all_routes() if coverage.is_refused(route)}


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def concrete(path: str) -> str:
    """A path with names in it, as a client would write it."""
    path = path.replace("/subscriptions/{subscription}", SUBSCRIPTION).replace(
        "/resourceGroups/{group}", "/resourceGroups/Demo"
    )
    return re.sub(r"\{fabric\w*\}", "Azure", re.sub(r"\{(?!fabric)\w+\}", "some-name", path))


def test_the_table_holds_both_sdks() -> None:
    sdks = {sdk.name: sdk for sdk in unsimulated.sdks()}
    assert {name: sdk.api_version for name, sdk in sdks.items()} == {
        "azure-mgmt-recoveryservices": "2026-07-01",
        "azure-mgmt-recoveryservicesbackup": "2026-08-01",
    }
    assert all(sdk.operations and all(each.verb and each.path for each in sdk.operations) for sdk in sdks.values())


@pytest.mark.parametrize(
    "operation",
    [each for _, each in OPERATIONS if (each.verb, keywords(each.path)) in REFUSED],
    ids=lambda each: f"{each.group}.{each.name}",
)
def test_what_is_not_simulated_is_refused_by_name(operation: unsimulated.Operation, world: ArmWorld) -> None:
    response = world.request(operation.verb, concrete(operation.path), {})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (501, "OperationNotSimulated")
    assert error["target"].startswith(f"{operation.verb} Microsoft.RecoveryServices")


@pytest.mark.parametrize(("verb", "path"), unsimulated.OTHERS)
def test_what_stands_around_a_machine_is_refused_by_name_too(verb: str, path: str, world: ArmWorld) -> None:
    if (verb, keywords(path)) in REFUSED:
        assert world.error(verb, concrete(path), {}) == (501, "OperationNotSimulated")


def test_an_operation_with_a_route_of_its_own_is_not_refused() -> None:
    described = [route for route in all_routes() if not coverage.is_refused(route)]
    added = {(route.method, keywords(route.path)) for route in unsimulated.routes(described)}
    assert not added & {(route.method, keywords(route.path)) for route in described}
    assert (
        "PUT",
        keywords("/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"),
    ) not in added


def test_a_refused_operation_stands_at_the_place_of_its_relatives() -> None:
    # The verbs of one path are found together, however differently its parameters are called.
    vault = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.RecoveryServices/vaults/{our-name}"
    added = unsimulated.routes([reading(vault, lambda call: Answer())])
    assert {route.method for route in added if route.path == vault} == {"PUT", "PATCH", "DELETE"}


SDK = """
def build_things_get_request(name, **kwargs):
    _url = "/subscriptions/{subscriptionId}/things/{name}"
    return HttpRequest(method="GET", url=_url)

def build_things_make_request(name, **kwargs):
    _url = "/subscriptions/{subscriptionId}/things/{name}"
    return HttpRequest(method="PUT", url=_url)

class ThingsOperations:
    def get(self, name):
        return self._send(build_things_get_request(name=name))

    def _make_initial(self, name):
        return self._send(build_things_make_request(name=name))

    def begin_make(self, name):
        return self._make_initial(name)

class _ClientOperationsMixin:
    def look(self):
        return build_things_get_request(name="x")
"""


def test_an_sdk_is_read_by_its_requests() -> None:
    path = "/subscriptions/{subscriptionId}/things/{name}"
    assert list(read_sdk.operations(SDK)) == [
        {"group": "Things", "name": "get", "verb": "GET", "path": path},
        {"group": "Things", "name": "make", "verb": "PUT", "path": path},
        {"group": "", "name": "look", "verb": "GET", "path": path},
    ]


def test_the_page_shows_each_operation_of_an_sdk() -> None:
    text = coverage.text()
    assert [each.name for _, each in OPERATIONS if f"| {each.group or 'the client'} | {each.name} |" not in text] == []


def test_the_table_is_plain_facts() -> None:
    table = json.loads(unsimulated.FILE.read_text(encoding="utf-8"))
    keys = {key for sdk in table.values() for each in sdk["operations"] for key in each}
    assert keys == {"group", "name", "verb", "path"}
