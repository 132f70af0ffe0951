"""A machine by the control API: what it is made of, and which blocks of its disks changed since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from controlplane.fabric_documents import OBSERVED, ObservedAgent, ObservedExtension, ObservedMachine
from controlplane.jobs.documents import points
from controlplane.json_object import Json
from controlplane.ports import BLOCK_BYTES
from controlplane.vault_format.manifest import SEGMENT_BLOCKS
from simulator.control import machines
from simulator.control.disk_maps import MOST_GROUPS, TableContents, map_of
from simulator.control.machines import NoSuchMachine
from simulator.control.strictness import Refused
from simulator.control.verify import Verifier
from simulator.guest.disk.digests import DigestTable, read_table
from simulator.guest.disk.disk import StoredImage
from simulator.host.host import Host
from tests.unit.controlplane.jobs.backup_world import BackupWorld, backup_world


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        world.back_up()
        yield world


class RunningDisk:
    def __init__(self, table: DigestTable) -> None:
        self.lun, self.name, self.size_bytes = 0, "disk", table.size_bytes
        self._table = table

    def table(self) -> DigestTable:
        return self._table


class Guest:
    def __init__(self, disks: dict[int, RunningDisk]) -> None:
        self.disks = disks


class Hosting:
    def __init__(self, guest: Guest | None = None) -> None:
        self._guest = guest

    def guest(self, vm: str) -> Any:
        return self._guest


def vm_of(world: BackupWorld) -> str:
    return str(world.item()["virtualMachineId"])


def asked(world: BackupWorld, path: str, hosting: Hosting | None = None, **query: str) -> Json:
    """The answer about the machine of this world."""
    vm = vm_of(world)
    extension = ObservedExtension("VMSnapshot", "P", "T", "1.10.0.0", "Ready", None, 3, {"status": "success"})
    observed = ObservedMachine(
        vm, 1, "running", "Succeeded", agent=ObservedAgent("Ready", "2.7"), extensions=(extension,)
    )
    with world.store.transaction():
        world.store.put(OBSERVED, vm.lower(), observed.to_json())
    verifier = Verifier(world.store, world.blobs, world.ports.settings, lambda vm, task: None)
    app = FastAPI()
    machines.add(app, lambda: world.store, lambda: cast(Host, hosting or Hosting()), lambda: verifier)
    answer: Json = TestClient(app).get(path, params={"vm": vm.rpartition("/")[2], **query}).json()
    return answer


def running(world: BackupWorld) -> Hosting:
    """With the disks as the storage has them now."""
    (point,) = world.points()[-1:]
    tables = {
        disk.lun: read_table(
            StoredImage(world.blobs, replace(points.snapshot_of(disk), snapshot=None), disk.size_bytes)
        )
        for disk in point.disks
    }
    return Hosting(Guest({lun: RunningDisk(table) for lun, table in tables.items()}))


def changes(told: Json) -> dict[int, int]:
    """By LUN, bytes that changed."""
    return {disk["lun"]: disk["changed_bytes"] for disk in told["disks"]}


def test_a_machine_says_what_its_agent_reported(world: BackupWorld) -> None:
    shown = asked(world, "/vms/show")
    assert (shown["running"], shown["disks"], shown["writers"]) == (False, [], [])
    assert shown["agent"] == {"status": "Ready", "version": "2.7"}
    assert shown["extensions"][0]["version"] == "1.10.0.0"
    assert shown["extensions"][0]["sequence_number"] == 3


def test_between_two_points_what_was_written_has_changed(world: BackupWorld) -> None:
    world.write(1, 3, 77)
    world.clock.jump(60)
    world.back_up()
    first, second = world.points()
    told = asked(world, "/vms/map", since=first.id, until=second.id)
    written = second.disks[1].lun
    assert (told["since"], told["until"]) == (first.document, second.document)
    assert changes(told) == {disk.lun: BLOCK_BYTES if disk.lun == written else 0 for disk in second.disks}
    assert asked(world, "/vms/map", until=second.id) == told, "without since, the point before"


def test_of_the_first_point_nothing_is_said_of_changes(world: BackupWorld) -> None:
    (point,) = world.points()
    told = asked(world, "/vms/map", until=point.id)
    assert told["since"] is None
    assert set(changes(told).values()) == {None}
    assert {disk["allocated_bytes"] for disk in told["disks"]} != {0}


def test_what_the_guest_wrote_since_the_newest_point_has_changed(world: BackupWorld) -> None:
    assert set(changes(asked(world, "/vms/map", running(world))).values()) == {0}
    world.write(2, 1, 9)
    (point,) = world.points()
    told = asked(world, "/vms/map", running(world))
    assert {lun for lun, changed in changes(told).items() if changed} == {point.disks[2].lun}
    assert told["until"] is None


def test_a_disk_whose_digests_are_gone_says_so(world: BackupWorld) -> None:
    (point,) = world.points()
    lost = replace(point, disks=(replace(point.disks[0], vault=None, digests=""), *point.disks[1:]))
    with world.store.transaction():
        points.put(world.store, lost)
    told = asked(world, "/vms/map", until=point.id)
    problems = {disk["lun"]: disk["problem"] for disk in told["disks"]}
    assert "are not kept yet" in problems.pop(point.disks[0].lun)
    assert set(problems.values()) == {None}


def test_what_cannot_be_compared_is_refused(world: BackupWorld) -> None:
    world.clock.jump(60)
    world.back_up()
    first, second = world.points()
    with pytest.raises(Refused, match="is newer than until"):
        asked(world, "/vms/map", since=second.id, until=first.id)
    with pytest.raises(Refused, match="has no recovery point nothing"):
        asked(world, "/vms/map", until="nothing")
    with pytest.raises(Refused, match="is not running"):
        asked(world, "/vms/map")
    with pytest.raises(NoSuchMachine, match="no machine other exists"):
        asked(world, "/vms/show", vm="other")


def test_a_large_disk_has_no_more_groups_than_a_picture_can_show() -> None:
    table = DigestTable(32 * 1024**4)
    table.set(table.block_count - 1, b"d" * 16)
    told = map_of(TableContents(DigestTable(table.size_bytes)), TableContents(table))
    assert told["group_count"] <= MOST_GROUPS
    assert told["group_bytes"] % (SEGMENT_BLOCKS * BLOCK_BYTES) == 0
    assert told["groups"] == [[told["group_count"] - 1, 1, 1]]
