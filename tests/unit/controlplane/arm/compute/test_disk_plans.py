"""Disks and snapshots are made and removed by plans: what a process leaves half-done the next one ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import pytest

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.domain.compute import vhd
from controlplane.domain.compute.virtual_machine import GIB
from controlplane.jobs.catalog import plans
from controlplane.jobs.engine.plan import Outcome
from controlplane.jobs.provisioning import disks
from controlplane.jobs.requests import Requests
from controlplane.json_object import Json
from controlplane.ports import Blob, ServiceSettings, StorageUnavailable
from controlplane.vault_format.sources import PageBlobSource, copy
from tests.patience import comes_true
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, ArmWorld, arm_world, service_storage

DISK = f"{GROUP}/providers/Microsoft.Compute/disks/Data"
SNAPSHOT = f"{GROUP}/providers/Microsoft.Compute/snapshots/Copy"
EMPTY = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1}}
COPY = {"location": "westus", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": DISK}}}


class AwayBlobs(MemoryBlobs):
    """While `is_away` nothing that changes a blob is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._answer()
        super().write(blob, offset, data)

    def _answer(self) -> None:
        if self.is_away:
            raise StorageUnavailable("the storage endpoint did not answer")

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._answer()
        return super().snapshot(blob, metadata)

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._answer()
        super().delete(blob, snapshots)


@contextmanager
def furnished(blobs: MemoryBlobs | None = None) -> Iterator[ArmWorld]:
    with arm_world(service_storage(blobs), settings=ServiceSettings(storage_pause_seconds=0.01)) as world:
        world.add_group()
        world.follow(world.put(DISK, EMPTY))
        yield world


def stored(world: ArmWorld) -> list[Blob]:
    account = world.ports.settings.managed_disks_account
    return list(world.ports.blobs.find(account, "disks", snapshots=True))


def state_of(world: ArmWorld, id: str) -> str:
    return str(world.get(id)["properties"]["provisioningState"])


def go_on(world: ArmWorld) -> None:
    """As the next process does: an engine of its own ends what is left."""

    def nobody() -> Requests:
        raise AssertionError("no deployment runs here")

    engine = InlineEngine(plans(nobody), lambda: world.ports, world.engine.runs)
    engine.recover()
    engine.settle()
    engine.close()


@pytest.mark.parametrize(("method", "id", "body"), [("PUT", f"{DISK}2", EMPTY), ("PUT", SNAPSHOT, COPY)])
def test_what_a_process_accepted_the_next_one_makes(method: str, id: str, body: Json) -> None:
    with furnished() as world:
        before = len(stored(world))
        world.engine.close()
        response = world.request(method, id, body)
        assert response.status_code == 202
        assert (state_of(world, id), len(stored(world))) == ("Creating", before)
        assert world.error("DELETE", id) == (409, "OperationNotAllowed")
        go_on(world)
        assert (state_of(world, id), len(stored(world))) == ("Succeeded", before + 1)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "Succeeded"


@pytest.mark.parametrize("id", [DISK, SNAPSHOT])
def test_what_a_process_was_to_remove_the_next_one_removes(id: str) -> None:
    with furnished() as world:
        if id == SNAPSHOT:
            world.follow(world.put(SNAPSHOT, COPY))
        before = len(stored(world))
        world.engine.close()
        response = world.request("DELETE", id)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "InProgress"
        assert len(stored(world)) == before
        go_on(world)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "Succeeded"
        assert len(stored(world)) == before - 1


def test_a_growth_that_is_begun_anew_moves_the_footer_once() -> None:
    with furnished() as world:
        (blob,), footer = stored(world), vhd.Footer(GIB, vhd.EPOCH, UUID(int=7))
        world.ports.blobs.write(blob, GIB, footer.render())
        world.engine.close()
        response = world.request("PATCH", DISK, {"properties": {"diskSizeGB": 2}})
        world.ports.blobs.grow(blob, 2 * GIB + vhd.FOOTER_BYTES)  # all that the first process came to
        state: disks.GrowState = {
            "job": "1",
            "kind": "",
            "resource": DISK,
            "operation": "",
            "event": 0,
            "target": disks.place_of(blob),
            "before_bytes": GIB + vhd.FOOTER_BYTES,
            "size_bytes": 2 * GIB + vhd.FOOTER_BYTES,
        }
        grow = disks.GROW.steps[1].do
        for _ in range(2):
            assert isinstance(grow(world.ports, state), Outcome)
        moved = vhd.Footer.parse(world.ports.blobs.read(blob, 2 * GIB))
        assert moved == vhd.Footer(2 * GIB, footer.created, footer.unique_id)
        assert world.ports.blobs.read(blob, GIB, vhd.FOOTER_BYTES) == bytes(vhd.FOOTER_BYTES)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "InProgress"


def place_of_disk(world: ArmWorld, id: str) -> Blob:
    return Blob(world.ports.settings.managed_disks_account, "disks", f"{world.get(id)['properties']['uniqueId']}.vhd")


@pytest.mark.parametrize("source", ["snapshot", "disk", "VHD"])
def test_a_copy_larger_than_its_source_has_its_footer_at_its_end(source: str) -> None:
    """Nor does the source change, and what is written in it is at the same place of the copy."""
    larger = f"{DISK}2"
    with furnished() as world:
        (blob,), footer = stored(world), vhd.Footer(GIB, vhd.EPOCH, UUID(int=7))
        world.ports.blobs.write(blob, GIB, footer.render())
        world.ports.blobs.write(blob, 4096, b"x" * 512)
        creation = {"createOption": "Copy", "sourceResourceId": DISK}
        if source == "snapshot":
            world.follow(world.put(SNAPSHOT, COPY))
            creation["sourceResourceId"] = SNAPSHOT
        elif source == "VHD":
            world.add_account(ACCOUNT)
            vhd_blob = Blob(ACCOUNT.rpartition("/")[2], "vhds", "source.vhd")
            copy(PageBlobSource(world.ports.blobs, blob), world.ports.blobs, vhd_blob)
            creation = {"createOption": "Import", "sourceUri": world.ports.blobs.url(vhd_blob)}
        body = {"location": "westus", "properties": {"creationData": creation, "diskSizeGB": 3}}
        assert world.follow(world.put(larger, body))["status"] == "Succeeded"
        shown, copied = world.get(larger)["properties"], place_of_disk(world, larger)
        assert (shown["diskSizeGB"], shown["diskSizeBytes"]) == (3, 3 * GIB)
        moved = vhd.Footer.parse(world.ports.blobs.read(copied, 3 * GIB))
        assert moved == vhd.Footer(3 * GIB, footer.created, footer.unique_id)
        assert world.ports.blobs.read(copied, GIB, vhd.FOOTER_BYTES) == bytes(vhd.FOOTER_BYTES)
        assert world.ports.blobs.read(copied, 4096, 512) == b"x" * 512
        assert vhd.Footer.parse(world.ports.blobs.read(blob, GIB)) == footer


def test_a_copy_without_a_size_is_as_large_as_its_source() -> None:
    """Whole MiB, as a VHD may have."""
    mebibytes = 700
    with furnished() as world:
        world.add_account(ACCOUNT)
        source = Blob(ACCOUNT.rpartition("/")[2], "vhds", "source.vhd")
        world.ports.blobs.create(source, mebibytes * vhd.MEBIBYTE + vhd.FOOTER_BYTES)
        creation = {"createOption": "Import", "sourceUri": world.ports.blobs.url(source)}
        imported = {"location": "westus", "properties": {"creationData": creation}}
        world.follow(world.put(f"{DISK}2", imported))
        again = {"createOption": "Copy", "sourceResourceId": f"{DISK}2"}
        world.follow(world.put(f"{DISK}3", {"location": "westus", "properties": {"creationData": again}}))
        for id in (f"{DISK}2", f"{DISK}3"):
            shown = world.get(id)["properties"]
            assert (shown["diskSizeGB"], shown["diskSizeBytes"]) == (1, mebibytes * vhd.MEBIBYTE)
            properties = world.ports.blobs.properties(place_of_disk(world, id))
            assert properties is not None
            assert properties.size_bytes == mebibytes * vhd.MEBIBYTE + vhd.FOOTER_BYTES


def test_a_copy_whose_growth_is_begun_anew_moves_the_footer_once() -> None:
    with furnished() as world:
        (blob,), footer = stored(world), vhd.Footer(GIB, vhd.EPOCH, UUID(int=7))
        world.ports.blobs.write(blob, GIB, footer.render())
        target = Blob(blob.account, blob.container, "copied.vhd")
        state: disks.ImportState = {
            "job": "j",
            "kind": "",
            "resource": "",
            "operation": "",
            "event": 1,
            "source": disks.place_of(blob),
            "target": disks.place_of(target),
            "before_bytes": 0,
            "size_bytes": 2 * GIB + vhd.FOOTER_BYTES,
        }
        first, second = disks.IMPORT.steps
        outcomes = [first.do(world.ports, state) for _ in range(2)]
        assert isinstance(outcomes[-1], Outcome)
        for _ in range(2):
            assert isinstance(second.do(world.ports, outcomes[-1].state), Outcome)
        assert vhd.Footer.parse(world.ports.blobs.read(target, 2 * GIB)).size_bytes == 2 * GIB


def test_a_step_that_is_begun_anew_takes_no_second_snapshot() -> None:
    with furnished() as world:
        (blob,) = stored(world)
        state: disks.SnapshotState = {
            "job": "j",
            "kind": "",
            "resource": "",
            "operation": "",
            "event": 1,
            "source": disks.place_of(blob),
        }
        (step,) = disks.SNAPSHOT.steps
        for _ in range(2):
            assert isinstance(step.do(world.ports, state), Outcome)
        assert len(stored(world)) == 2
        assert step.undo is not None
        step.undo(world.ports, state)
        assert stored(world) == [blob]


def test_a_snapshot_that_cannot_be_taken_says_why_and_can_be_deleted() -> None:
    blobs = AwayBlobs()
    with furnished(blobs) as world:
        blobs.is_away = True
        ended = world.follow(world.put(SNAPSHOT, COPY))
        assert (ended["status"], state_of(world, SNAPSHOT)) == ("Failed", "Failed")
        assert "did not answer" in ended["error"]["message"]
        assert world.follow(world.request("DELETE", SNAPSHOT))["status"] == "Succeeded"


def test_a_deletion_waits_for_a_storage_that_is_away() -> None:
    blobs = AwayBlobs()
    with furnished(blobs) as world:
        blobs.is_away = True
        response = world.request("DELETE", DISK)
        assert comes_true(lambda: bool(world.engine.waiting()))
        assert world.engine.holders() == ["the storage, to delete a blob"]
        blobs.is_away = False
        assert world.follow(response)["status"] == "Succeeded"
        assert stored(world) == []


def test_a_disk_that_is_not_ready_has_no_snapshot() -> None:
    with furnished() as world:
        world.engine.close()
        world.put(f"{DISK}2", EMPTY)
        body = {**COPY, "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": f"{DISK}2"}}}
        assert world.error("PUT", SNAPSHOT, body) == (409, "OperationNotAllowed")
        assert world.get(DISK)["properties"]["diskSizeBytes"] == GIB


def test_a_growth_that_failed_half_way_is_done_when_the_request_is_repeated() -> None:
    blobs = AwayBlobs()
    with furnished(blobs) as world:
        (blob,), footer = stored(world), vhd.Footer(GIB, vhd.EPOCH, UUID(int=7))
        blobs.write(blob, GIB, footer.render())
        larger = {"properties": {"diskSizeGB": 2}}
        blobs.is_away = True
        assert world.follow(world.request("PATCH", DISK, larger))["status"] == "Failed"
        blobs.is_away = False
        assert world.follow(world.request("PATCH", DISK, larger))["status"] == "Succeeded"
        moved = vhd.Footer.parse(blobs.read(blob, 2 * GIB))
        assert moved == vhd.Footer(2 * GIB, footer.created, footer.unique_id)
        assert blobs.read(blob, GIB, vhd.FOOTER_BYTES) == bytes(vhd.FOOTER_BYTES)


def test_a_disk_that_grows_is_not_deleted_meanwhile() -> None:
    with furnished() as world:
        world.engine.close()
        world.request("PATCH", DISK, {"properties": {"diskSizeGB": 2}})
        assert world.error("DELETE", DISK) == (409, "OperationNotAllowed")
        go_on(world)
        assert state_of(world, DISK) == "Succeeded"
