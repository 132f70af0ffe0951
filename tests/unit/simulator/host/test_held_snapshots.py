"""Snapshots that a host takes of a running machine at one instant: what they show, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from controlplane.domain.events.event import Cause
from controlplane.domain.events.host_snapshots import DisksHeld, HostAsked
from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import BLOCK_BYTES, Blob, BlobConflict, DiskSnapshotOrder, DiskSnapshots
from extension.contract.bridge import FreezeRequest
from simulator.guest.disk.ground_truth import GroundTruth
from simulator.host.held_snapshots import take
from simulator.host.host import Host
from tests.unit.simulator.host.host_setting import SPEC, VM, World

OS_DISK = SPEC.disks[0]


class RefusingSnapshots(BlobsWrapper):
    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        raise BlobConflict("409 SnapshotCountExceeded")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "guests")


@pytest.fixture
def host(world: World) -> Iterator[Host]:
    with world.host() as running:
        world.started()
        yield running


def ask(world: World, task: str, *luns: int) -> DiskSnapshots:
    fact = HostAsked(task, "policy")
    with world.store.transaction():
        cause = Cause(world.store.record(fact.event(vm=VM, job="j1")), "j1")
    world.fabric.snapshot_disks(VM, DiskSnapshotOrder(task, luns or (-1,), {"task": task}), cause)

    def answered() -> bool:
        told = world.view().snapshots
        return told is not None and told.task_id == task

    world.until(answered)
    told = world.view().snapshots
    assert told is not None
    return told


def test_the_snapshot_is_there_and_shows_what_the_disk_held(world: World, host: Host) -> None:
    told = ask(world, "t1")
    assert told.problem is None
    snapshot = OS_DISK.blob.at(told.stamps[-1])
    properties = world.blobs.properties(snapshot)
    assert properties is not None
    assert properties.metadata["task"] == "t1"
    truth = host.ground_truth(VM, "t1")
    assert isinstance(truth, GroundTruth)
    assert truth.consistency == "crash"


def test_the_host_tells_of_it_because_of_who_asked(world: World, host: Host) -> None:
    ask(world, "t1")
    world.until(lambda: world.told(DisksHeld))
    (event,) = world.told(DisksHeld)
    (asked,) = world.told(HostAsked)
    assert (event.parent, event.job, event.vm) == (asked.id, "j1", VM)
    assert (event.data["disks"], event.data["task_id"]) == (1, "t1")


def test_an_order_is_carried_out_once(world: World, host: Host) -> None:
    first = ask(world, "t1")
    world.deliver()
    world.until(lambda: [each.provisioning_state for each in world.view().extensions] == ["Succeeded"])
    assert world.view().snapshots == first
    second = ask(world, "t2")
    assert second.stamps != first.stamps
    world.until(lambda: len(world.told(DisksHeld)) == 2)


def test_a_disk_that_it_has_not_is_named(world: World, host: Host) -> None:
    assert ask(world, "t1", -1, 5).problem == "the machine has no disk 5"


def test_a_machine_that_is_off_has_no_instant(world: World, host: Host) -> None:
    world.fabric.power(VM, "stopped")
    world.until(lambda: world.view().power == "stopped")
    assert ask(world, "t1").problem == "the machine was not running"


def test_a_storage_that_refuses_leaves_the_guest_running(world: World, host: Host) -> None:
    guest = host.guest(VM)
    assert guest is not None
    blobs = RefusingSnapshots(world.blobs)
    refused = take(DiskSnapshotOrder("t1", (-1,)), guest, blobs)
    assert (refused.problem, refused.stamps) == ("409 SnapshotCountExceeded", {})
    guest.disks[-1].write(0, b"x" * BLOCK_BYTES)
    assert take(DiskSnapshotOrder("t2", (-1,)), guest, world.blobs).problem is None


def test_while_a_requester_freezes_the_guest_the_host_stands_back(world: World, host: Host) -> None:
    guest = host.guest(VM)
    assert guest is not None
    session = guest.open_session("other")
    assert guest.freeze(FreezeRequest(session, 10.0, False)).frozen
    assert ask(world, "t1").problem == "the guest is being frozen by another requester"
    assert guest.thaw(session).consistent
    guest.close_session(session)
    assert ask(world, "t2").problem is None


def test_an_order_outlives_its_host(world: World) -> None:
    with world.host():
        world.started()
    world.fabric.snapshot_disks(VM, DiskSnapshotOrder("t1", (-1,), {}))
    with world.host():
        world.until(lambda: (told := world.view().snapshots) is not None and told.task_id == "t1")
