"""Every key that the published SDKs can send is used, kept and shown, decided by the service, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.arm.edge import kept_keys
from controlplane.arm.edge.kept_keys import kept_paths, offered, unknown_paths
from tests.unit.controlplane.arm.arm_world import ACCOUNT, VM, ArmWorld
from tests.unit.controlplane.arm.request_bodies import (
    BODIES,
    CHANGING,
    COMPUTE,
    EMPTY_DISK,
    KEEPING,
    PLACE,
    WITHOUT_SDK,
    at,
    furnished_for_bodies,
    linux_machine,
    lost,
    managed_machine,
    said,
    sample,
    saying,
    send,
    stays_for_good,
)


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_for_bodies() as world:
        yield world


def test_every_body_is_measured_by_an_sdk() -> None:
    assert BODIES.keys() - kept_keys.table().keys() == WITHOUT_SDK
    assert kept_keys.table().keys() <= BODIES.keys()


@pytest.mark.parametrize("operation", sorted(BODIES.keys() - WITHOUT_SDK))
def test_every_key_that_is_read_exists_in_this_spelling(operation: str) -> None:
    assert unknown_paths(operation, BODIES[operation]) == []


@pytest.mark.parametrize("operation", sorted(BODIES.keys() - WITHOUT_SDK - KEEPING.keys()))
def test_every_key_that_can_be_sent_is_read_or_spoken_of(operation: str) -> None:
    assert kept_paths(operation, BODIES[operation]) == []


@pytest.mark.parametrize("operation", sorted(KEEPING))
def test_what_is_not_used_is_kept_and_shown(operation: str, world: ArmWorld) -> None:
    path, base = KEEPING[operation]
    model, body = BODIES[operation], base()
    kept = kept_paths(operation, model)
    assert kept
    steps = [each.split(".") for each in kept if operation != CHANGING or not stays_for_good(each)]
    for each in steps:
        body = saying(body, each, sample(at(offered(operation, model), each), operation, ".".join(each)))
    shown = send(world, operation.partition(" ")[0], path, body)
    assert [
        ".".join(each)
        for each in steps
        if "linuxConfiguration" not in each and lost(said(body, each), said(shown, each))
    ] == []


def test_alinux_machine_keeps_its_configuration(world: ArmWorld) -> None:
    body = linux_machine()
    operation, path = "PUT Microsoft.Compute/virtualMachines", ["properties", "osProfile", "linuxConfiguration"]
    kept = [each.split(".") for each in kept_paths(operation, BODIES[operation]) if path[2] in each]
    assert kept
    for each in kept:
        body = saying(body, each, sample(at(offered(operation, BODIES[operation]), each), operation, ".".join(each)))
    shown = send(world, "PUT", VM, body)
    assert [each for each in kept if lost(said(body, each), said(shown, each))] == []


REFUSED = [
    (operation, path, what)
    for operation, model in sorted(BODIES.items())
    if operation in KEEPING
    for path, what in model.refused.items()
    if kept_keys.offered_of(operation, [path])
]
"""Where the SDK can send it with the operation."""


@pytest.mark.parametrize(("operation", "path", "what"), REFUSED, ids=lambda each: str(each).rpartition(".")[2])
def test_what_would_change_more_is_refused_by_its_name(operation: str, path: str, what: str, world: ArmWorld) -> None:
    where, base = KEEPING[operation]
    tree = kept_keys.table()[operation]["keys"]
    body = saying(base(), path.split("."), sample(at(tree, path.split("."))))
    response = world.request(operation.partition(" ")[0], where, body)
    assert (response.status_code, response.json()["error"]["target"]) == (501, what)


@pytest.mark.parametrize("operation", sorted(KEEPING))
def test_what_the_service_decides_is_not_taken_from_a_request(operation: str, world: ArmWorld) -> None:
    where, base = KEEPING[operation]
    tree, body = kept_keys.table()[operation]["keys"], base()
    for path in [each.split(".") for each in kept_keys.offered_of(operation, BODIES[operation].decided)]:
        value = sample(at(tree, path), operation, ".".join(path))
        body = saying(body, path, value)
        shown = send(world, operation.partition(" ")[0], where, body)
        assert said(shown, path) != value, path


def test_what_azure_never_shows_is_not_shown(world: ArmWorld) -> None:
    operation = "PUT Microsoft.Compute/virtualMachines"
    body = managed_machine()
    tree = kept_keys.table()[operation]["keys"]
    for each in BODIES[operation].unseen:
        body = saying(body, each.split("."), sample(at(tree, each.split(".")), operation, each))
    body["properties"]["osProfile"]["customData"] = "c29tZS10ZXh0"
    shown = send(world, "PUT", VM, body)
    for each in BODIES[operation].unseen:
        assert said(shown, each.split(".")) is None, each


# ------------------------------------------------------------------------------------------------------ how it is kept


DISK = f"{COMPUTE}/disks/new"


def test_keys_match_without_case_and_values_take_their_kind(world: ArmWorld) -> None:
    properties = {**EMPTY_DISK["properties"], "MAXSHARES": "2", "burstingEnabled": "true", "tier": 30}
    shown = send(world, "PUT", DISK, {**EMPTY_DISK, "properties": properties})["properties"]
    assert (shown["maxShares"], shown["burstingEnabled"], shown["tier"]) == (2, True, "30")


@pytest.mark.parametrize(
    ("key", "value"), [("maxShares", "two"), ("burstingEnabled", 1), ("tier", {}), ("purchasePlan", 1), ("tier", [1])]
)
def test_a_value_of_another_kind_is_refused(world: ArmWorld, key: str, value: Any) -> None:
    body = {**EMPTY_DISK, "properties": {**EMPTY_DISK["properties"], key: value}}
    assert world.error("PUT", DISK, body) == (400, "InvalidRequestContent")
    assert world.request("GET", DISK).status_code == 404


def test_what_is_empty_says_nothing(world: ArmWorld) -> None:
    empty = {"maxShares": None, "purchasePlan": {}, "tier": "", "supportedCapabilities": {"architecture": None}}
    shown = send(world, "PUT", DISK, {**EMPTY_DISK, "properties": {**EMPTY_DISK["properties"], **empty}})
    assert not empty.keys() & shown["properties"].keys()


def test_a_key_that_no_sdk_knows_is_passed_over(world: ArmWorld) -> None:
    shown = send(world, "PUT", DISK, {**EMPTY_DISK, "properties": {**EMPTY_DISK["properties"], "maxShare": 2}})
    assert "maxShare" not in shown["properties"]


def test_elements_of_a_list_are_found_again_by_their_names(world: ArmWorld) -> None:
    body = managed_machine()
    disks = body["properties"]["storageProfile"]["dataDisks"]
    disks.insert(0, {"lun": 5, "createOption": "Empty", "diskSizeGB": 8, "writeAcceleratorEnabled": True})
    disks.append(
        {"lun": 7, "createOption": "Empty", "diskSizeGB": 8, "toBeDetached": True, "detachOption": "ForceDetach"}
    )
    shown = send(world, "PUT", VM, body)["properties"]["storageProfile"]["dataDisks"]
    assert {disk["lun"]: disk.get("writeAcceleratorEnabled") for disk in shown} == {0: None, 5: True}


def test_a_change_leaves_what_it_does_not_speak_of(world: ArmWorld) -> None:
    shown = send(world, "PATCH", ACCOUNT, {"properties": {"networkAcls": {"defaultAction": "Deny"}}})
    assert shown["properties"]["networkAcls"] == {"defaultAction": "Deny", "bypass": "AzureServices"}
    shown = send(world, "PATCH", ACCOUNT, {"properties": {"networkAcls": {"bypass": "None"}}})
    assert shown["properties"]["networkAcls"] == {"defaultAction": "Deny", "bypass": "None"}
    full = {**PLACE, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    assert "networkAcls" not in send(world, "PUT", ACCOUNT, full)["properties"]
