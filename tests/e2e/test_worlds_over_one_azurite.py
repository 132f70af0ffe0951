"""Two worlds of one process over one Azurite, with equal names: neither sees the other's documents, blobs or time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from simulator.client import Client, RequestFailed
from simulator.clock.kept_clock import ClockSettings
from simulator.scenario import Scenario
from simulator.state.folder import cache_folder
from simulator.storage.shared_azurite import SharedAzurite
from simulator.world import Config, World, build

EARLY, LATE = "2026-03-01T08:00:00Z", "2031-07-01T00:00:00Z"
FAULT = "vss-writer-fails-freeze"


@dataclass
class Opened:
    world: World
    client: Client
    scenario: Scenario


@contextmanager
def opened(state: Path, azurite: SharedAzurite, start: str) -> Iterator[Opened]:
    clock = ClockSettings.parse("virtual", None, start)
    with build(Config(state=state, azurite=azurite, clock=clock)) as world, Client(world.endpoints) as client:
        yield Opened(world, client, Scenario(client))


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedAzurite]:
    made = SharedAzurite(cache_folder(), tmp_path_factory.mktemp("shared"))
    yield made
    made.close()


@pytest.mark.slow
def test_equal_names_different_clocks_and_faults(tmp_path: Path, azurite: SharedAzurite) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(opened(tmp_path / "one", azurite, EARLY))
        two = stack.enter_context(opened(tmp_path / "two", azurite, LATE))
        items = [each.scenario.protect(each.scenario.create_machine(data_disk_gib=(1,))) for each in (one, two)]
        assert items[0].id == items[1].id, "every name is the same"
        two.client.sim("POST", "/faults/set", {"fault": FAULT})
        one.scenario.work(one.scenario.machine_id(), 7)
        assert one.scenario.back_up(items[0]).status == "Completed"
        check_documents(one, two)
        check_time(one, two)
        assert one.client.sim("GET", "/faults")["set"] == []
        two.scenario.back_up(items[1])
        (fault,) = two.client.sim("GET", "/faults")["set"]
        assert fault["hits"] > 0
        found = [each.scenario.recovery_points(item) for each, item in zip((one, two), items, strict=True)]
        assert [[point.consistency for point in points] for points in found] == [
            ["AppConsistent"],
            ["FileSystemConsistent"],
        ]
        check_blobs(one, two)
        for each, item in zip((one, two), items, strict=True):
            (point,) = each.scenario.recovery_points(item)
            verdict = each.scenario.verify(point, each.scenario.restore_disks(point))
            assert verdict.verified, verdict.checks


def check_documents(one: Opened, two: Opened) -> None:
    assert len(list(one.client.list(f"{one.scenario.item_id()}/recoveryPoints"))) == 1
    assert list(two.client.list(f"{two.scenario.item_id()}/recoveryPoints")) == []
    counted = [len(each.scenario.jobs()) for each in (one, two)]
    assert counted == [2, 1]
    two.client.put(two.client.group("only-here"), {"location": "westus"})
    with pytest.raises(RequestFailed, match="ResourceGroupNotFound"):
        one.client.get(one.client.group("only-here"))


def check_time(one: Opened, two: Opened) -> None:
    def now(each: Opened) -> datetime:
        return datetime.fromisoformat(each.client.sim("GET", "/clock")["now"])

    before = now(two)
    one.client.advance(by="3h")
    assert now(two) == before >= datetime(2031, 7, 1, tzinfo=UTC)
    assert now(one) >= datetime(2026, 3, 1, 11, tzinfo=UTC)


def check_blobs(one: Opened, two: Opened) -> None:
    """Each account is at an address and has a key of its own, and the other's key does not open it."""
    accounts = [each.client.sim("GET", "/endpoints")["storage_accounts"] for each in (one, two)]
    assert accounts[0].keys() == accounts[1].keys()
    name = next(iter(accounts[0]))
    mine, theirs = (each[name] for each in accounts)
    assert mine["blob_endpoint"] != theirs["blob_endpoint"]
    with service(mine["blob_endpoint"], mine["key"]) as client:
        assert any(blob.name.endswith(".vhd") for blob in client.get_container_client("vhds").list_blobs())
    with service(theirs["blob_endpoint"], mine["key"]) as client, pytest.raises(HttpResponseError, match="Authoriz"):
        list(client.list_containers())
    with pytest.raises(RequestFailed):  # an address of the other world is none of this one's
        two.scenario.client.put(two.scenario.machine_id("thief"), machine_over(mine["blob_endpoint"]))


def machine_over(endpoint: str) -> dict[str, object]:
    from simulator.scenario import machine_body

    return machine_body("thief", endpoint, (1,))


def service(url: str, key: str) -> BlobServiceClient:
    return BlobServiceClient(url, credential=key, retry_total=0)


def test_a_closed_world_leaves_nothing_in_the_storage(tmp_path: Path, azurite: SharedAzurite) -> None:
    with opened(tmp_path / "world", azurite, EARLY) as each:
        account = each.scenario.create_account("gone01")
        key = each.client.sim("GET", "/endpoints")["storage_accounts"]["gone01"]["key"]
        with service(account.blob_endpoint, key) as client:
            client.create_container("left")
    azurite.forget(tmp_path / "world")
    with (
        service(account.blob_endpoint, key) as client,
        pytest.raises(HttpResponseError) as refused,
    ):
        list(client.list_containers())
    assert refused.value.status_code in {403, 404}


def test_a_world_that_is_opened_again_finds_its_blobs(tmp_path: Path, azurite: SharedAzurite) -> None:
    with opened(tmp_path / "world", azurite, EARLY) as first:
        item = first.scenario.protect(first.scenario.create_machine(data_disk_gib=(1,)))
        first.scenario.back_up(item)
    with opened(tmp_path / "world", azurite, EARLY) as again:
        (point,) = again.scenario.recovery_points(item)
        assert again.scenario.verify(point).verified
