"""GETs between changes: the same bytes and the same ETag, however often, however late, and after a restart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import httpx
import pytest

from controlplane.arm.app import all_routes, build
from controlplane.ports import Document
from tests.unit.controlplane.arm.arm_world import (
    ACCOUNT,
    GROUP,
    ITEM,
    POLICY,
    SUBSCRIPTION,
    VAULT,
    VM,
    ArmWorld,
    arm_world,
    identity,
)
from tests.virtual_clock import VirtualClock

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/extra"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
ADDRESS = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/ip"
LOCK = f"{VAULT}/providers/Microsoft.Authorization/locks/kept"
LATER_SECONDS = 3 * 3600.0
OF_THE_LAST_HOUR = "/metrics"
"""What this list tells, unless it is asked for another time."""


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    """Something of everything; nothing is going on."""
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
        world.put(NETWORK, {"location": "westus", "properties": space})
        world.put(
            DISK, {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
        )
        world.put(IDENTITY, {"location": "westus"})
        world.put(ADDRESS, {"location": "westus", "tags": {"b": "2", "a": "1"}})
        world.put(LOCK, {"properties": {"level": "CanNotDelete"}})
        yield world


def paths(world: ArmWorld) -> list[str]:
    """Every path below which something can be read: of each document, and of each list."""
    ids = [document.json()["id"] for document in resources(world)]
    places = {
        "subscription": SUBSCRIPTION.rpartition("/")[2],
        "group": "Demo",
        "account": "sql01disks",
        "vault": "Vault01",
        "vm": "Sql01",
        "policy": "DefaultPolicy",
        "container": ITEM.split("/")[-3],
        "item": ITEM.split("/")[-1],
        "location": "westus",
    }
    lists = []
    for route in all_routes():
        names = re.findall(r"{(\w+)}", route.path)
        if route.method == "GET" and not route.is_refused and set(names) <= set(places):
            lists.append(route.path.format(**places))
    return sorted({*ids, *lists})


def resources(world: ArmWorld) -> list[Document]:
    kinds = [kind for kind in world.ports.store.kinds() if kind.startswith("microsoft.")]
    found = [document for kind in kinds for document in world.ports.store.find(kind)]
    return [document for document in found if document.json().get("id", "").startswith("/subscriptions/")]


def read_all(world: ArmWorld) -> dict[str, tuple[int, str | None, bytes]]:
    def told(response: httpx.Response) -> tuple[int, str | None, bytes]:
        return response.status_code, response.headers.get("ETag"), response.content

    return {path: told(world.request("GET", path)) for path in paths(world)}


def test_there_is_something_of_everything_to_read(world: ArmWorld) -> None:
    read = read_all(world)
    found = [path for path, (status, _, _) in read.items() if status == 200]
    assert {GROUP, ACCOUNT, VM, VAULT, POLICY, NETWORK, DISK, IDENTITY, ADDRESS, LOCK} <= set(found)
    assert any("/recoveryPoints/" in path for path in found)
    assert any("/backupJobs/" in path for path in found)
    assert len(found) > 40, found


def test_a_get_that_is_repeated_says_the_same(world: ArmWorld) -> None:
    assert read_all(world) == read_all(world)


def test_time_alone_changes_nothing(world: ArmWorld) -> None:
    before = read_all(world)
    cast(VirtualClock, world.ports.clock).jump(LATER_SECONDS)
    assert [path for path, *_ in differing(before, read_all(world)) if not path.endswith(OF_THE_LAST_HOUR)] == []


def test_a_restart_changes_nothing(world: ArmWorld) -> None:
    before = read_all(world)
    first, world.app = world.app, build(world.ports, world.engine, identity())
    try:
        assert differing(before, read_all(world)) == []
    finally:
        world.app = first


def test_an_etag_that_was_read_is_still_good_later(world: ArmWorld) -> None:
    tagged = {path: etag for path, (_, etag, _) in read_all(world).items() if etag}
    assert len(tagged) > 10
    for path, etag in tagged.items():
        headers = {"Authorization": f"Bearer {world.token}", "If-None-Match": etag}
        assert world.send("GET", f"{path}?api-version=2026-05-01", headers=headers).status_code == 304, path


def test_a_put_of_what_was_read_changes_nothing_that_is_shown(world: ArmWorld) -> None:
    """A client that writes what it wants anyway must see no drift."""
    for path, body in (
        (GROUP, {"location": "westus"}),
        (NETWORK, {"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}),
        (IDENTITY, {"location": "westus"}),
        (ADDRESS, {"location": "westus", "tags": {"b": "2", "a": "1"}}),
    ):
        before = {key: value for key, value in world.get(path).items() if key != "etag"}
        world.put(path, body)
        assert {key: value for key, value in world.get(path).items() if key != "etag"} == before, path


def differing(
    before: dict[str, tuple[int, str | None, bytes]], after: dict[str, tuple[int, str | None, bytes]]
) -> list[tuple[str, bytes, bytes]]:
    return [(path, before[path][2], after[path][2]) for path in before if before[path] != after[path]]
