"""Storage accounts are made and emptied by plans, and an account says which world it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.jobs.catalog import plans
from controlplane.jobs.provisioning import accounts
from controlplane.jobs.requests import Requests
from controlplane.ports import CLAIMS, Blob, ServiceSettings, StorageRefused, StorageUnavailable
from tests.patience import comes_true
from tests.unit.controlplane.arm.arm_world import ACCOUNT, SUBSCRIPTION, ArmWorld, arm_world, service_storage

BODY = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
CHECK = f"{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"
INSIDE = Blob("sql01disks", "vhds", "a.vhd")


class UnsureBlobs(MemoryBlobs):
    """`problem` is what it says to whoever makes or empties an account."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: Exception | None = None

    def add_account(self, account: str) -> None:
        self._answer()
        super().add_account(account)

    def empty_account(self, account: str) -> None:
        self._answer()
        super().empty_account(account)

    def _answer(self) -> None:
        if self.problem is not None:
            raise self.problem


@contextmanager
def world_on(blobs: MemoryBlobs | None = None, claim: str = "") -> Iterator[ArmWorld]:
    with arm_world(service_storage(blobs), settings=ServiceSettings(claim=claim, storage_pause_seconds=0.01)) as world:
        world.add_group()
        yield world


def go_on(world: ArmWorld) -> None:
    """As the next process does: an engine of its own ends what is left."""

    def nobody() -> Requests:
        raise AssertionError("no deployment runs here")

    engine = InlineEngine(plans(nobody), lambda: world.ports, world.engine.runs)
    engine.recover()
    engine.settle()
    engine.close()


def until_something_waits(world: ArmWorld) -> None:
    assert comes_true(lambda: bool(world.engine.waiting()))


def test_an_account_is_accepted_and_then_there() -> None:
    with world_on() as world:
        response = world.request("PUT", ACCOUNT, BODY)
        assert (response.status_code, response.content) == (202, b"")
        assert int(response.headers["Retry-After"]) > 0
        world.settle()
        ended = world.request("GET", response.headers["Location"])
        assert (ended.status_code, ended.json()) == (200, world.get(ACCOUNT))
        assert ended.json()["properties"]["provisioningState"] == "Succeeded"
        assert world.request("PUT", ACCOUNT, BODY).status_code == 200
        unknown = CHECK.replace("checkNameAvailability", "locations/westus/asyncoperations/none")
        assert world.request("GET", unknown).status_code == 404


def test_an_account_that_a_process_accepted_is_made_by_the_next() -> None:
    with world_on() as world:
        world.engine.close()
        response = world.request("PUT", ACCOUNT, BODY)
        again = world.request("PUT", ACCOUNT, BODY)
        assert (again.status_code, again.headers["Location"]) == (202, response.headers["Location"])
        assert world.request("GET", response.headers["Location"]).status_code == 202
        assert world.error("POST", f"{ACCOUNT}/listKeys", {}) == (409, "StorageAccountIsNotProvisioned")
        assert world.error("DELETE", ACCOUNT) == (409, "StorageAccountIsNotProvisioned")
        go_on(world)
        assert world.post(f"{ACCOUNT}/listKeys").status_code == 200


def test_an_account_that_the_storage_cannot_have_is_not_there() -> None:
    blobs = UnsureBlobs()
    with world_on(blobs) as world:
        blobs.problem = StorageRefused("the endpoint has no account 'sql01disks'")
        response = world.request("PUT", ACCOUNT, BODY)
        world.settle()
        assert world.error("GET", response.headers["Location"]) == (409, "Conflict")
        assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")


def test_what_an_account_held_goes_with_it_also_after_the_end_of_a_process() -> None:
    with world_on() as world:
        world.add_account()
        world.ports.blobs.put(INSIDE, b"old")
        world.engine.close()
        assert world.request("DELETE", ACCOUNT).status_code == 200
        assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")
        assert world.ports.blobs.properties(INSIDE) is not None
        go_on(world)
        assert world.ports.blobs.properties(INSIDE) is None
        assert world.ports.store.find(accounts.EMPTYING) == []


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_new_account_of_the_name_waits_until_the_former_is_empty(gives_up: bool) -> None:
    blobs = UnsureBlobs()
    with world_on(blobs) as world:
        world.add_account()
        blobs.put(INSIDE, b"old")
        blobs.problem = StorageUnavailable("the storage does not answer")
        world.request("DELETE", ACCOUNT)
        until_something_waits(world)
        response = world.request("PUT", ACCOUNT, BODY)
        assert world.request("GET", response.headers["Location"]).status_code == 202
        if gives_up:
            world.ports.store.put(accounts.EMPTYING, "sql01disks", {"failed": True})
        blobs.problem = None
        world.follow(response)
        assert blobs.properties(INSIDE) is None
        assert world.ports.store.find(accounts.EMPTYING) == []


# --------------------------------------------------------------------------------------- several worlds on one storage


def test_a_name_that_another_world_has_is_taken() -> None:
    blobs = MemoryBlobs()
    with world_on(blobs, "one") as one, world_on(blobs, "two") as two:
        one.add_account()
        assert two.error("PUT", ACCOUNT, BODY) == (409, "StorageAccountAlreadyTaken")
        assert two.post(CHECK, {"name": "sql01disks"}).json()["reason"] == "AlreadyExists"
        assert one.request("PUT", ACCOUNT, BODY).status_code == 200
        one.ports.blobs.put(INSIDE, b"of one")
        assert two.request("DELETE", ACCOUNT).status_code == 204
        assert blobs.read(INSIDE) == b"of one"
        containers = f"{ACCOUNT}/blobServices/default/containers"
        assert [each["name"] for each in one.get(containers)["value"]] == ["vhds"], "the claim is for worlds alone"
        assert one.request("DELETE", f"{containers}/{CLAIMS}").status_code == 204
        assert one.error("GET", f"{containers}/{CLAIMS}")[0] == 404
        one.request("DELETE", ACCOUNT)
        one.settle()
        assert two.post(CHECK, {"name": "sql01disks"}).json() == {"nameAvailable": True}
        two.add_account()
        assert blobs.read(Blob("sql01disks", CLAIMS, "world")) == b"two"


def test_of_two_worlds_that_ask_at_once_one_gets_the_name() -> None:
    """Both were accepted before either had claimed it."""
    blobs = MemoryBlobs()
    with world_on(blobs, "one") as one, world_on(blobs, "two") as two:
        one.engine.close()
        two.engine.close()
        late = one.request("PUT", ACCOUNT, BODY)
        assert (late.status_code, two.request("PUT", ACCOUNT, BODY).status_code) == (202, 202)
        go_on(two)
        go_on(one)
        assert one.error("GET", late.headers["Location"]) == (409, "StorageAccountAlreadyTaken")
        assert one.error("GET", ACCOUNT) == (404, "ResourceNotFound")
        assert two.get(ACCOUNT)["properties"]["provisioningState"] == "Succeeded"
        assert blobs.read(Blob("sql01disks", CLAIMS, "world")) == b"two", "who lost has left the claim alone"


def test_a_world_that_is_started_again_knows_its_own_claim() -> None:
    """The claim of an account whose making was interrupted is its own."""
    blobs = MemoryBlobs()
    with world_on(blobs, "one") as world:
        blobs.add_account("sql01disks")
        assert blobs.put_if_absent(Blob("sql01disks", CLAIMS, "world"), b"one")
        world.add_account()
        assert world.get(ACCOUNT)["properties"]["provisioningState"] == "Succeeded"
