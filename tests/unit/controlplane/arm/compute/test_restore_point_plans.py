"""Restore points are deleted by a plan: what a process leaves half-done the next one ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import recovery_point
from controlplane.jobs.documents import points
from controlplane.jobs.engine.plan import completed
from controlplane.jobs.provisioning import disks, restore_points
from controlplane.ports import Blob, ServiceSettings, StorageUnavailable
from tests.patience import comes_true
from tests.unit.controlplane.arm.arm_world import (
    IMAGE,
    ITEM,
    SUBSCRIPTION,
    VM,
    ArmWorld,
    arm_world,
    service_storage,
)
from tests.unit.controlplane.arm.compute.test_disk_plans import AwayBlobs, go_on, stored
from tests.virtual_clock import VirtualClock

COLLECTIONS = (
    f"{SUBSCRIPTION}/resourceGroups/AzureBackupRG_westus_1/providers/Microsoft.Compute/restorePointCollections"
)
DEFAULTS = ServiceSettings()


class FrailBlobs(AwayBlobs):
    """Deletes so many snapshots more and is away then."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        if self.left == 0:
            raise StorageUnavailable("the storage endpoint did not answer")
        super().delete(blob, snapshots)
        if self.left is not None:
            self.left -= 1


@contextmanager
def backed_up(blobs: MemoryBlobs | None = None, settings: ServiceSettings = DEFAULTS) -> Iterator[ArmWorld]:
    """A machine on two managed disks with one recovery point in both tiers."""
    with arm_world(service_storage(blobs), settings=settings) as world:
        world.add_group()
        profile = {"imageReference": dict(IMAGE), "osDisk": {"createOption": "FromImage", "name": "os"}}
        data = [{"lun": 0, "name": "data", "createOption": "Empty", "diskSizeGB": 4}]
        machine = {"storageProfile": profile | {"dataDisks": data}, "osProfile": {"adminUsername": "me"}}
        world.follow(world.put(VM, {"location": "westus", "properties": machine}))
        for disk in world.fabric.disks(VM):
            world.ports.blobs.create(disk.blob, disk.size_bytes + VHD_FOOTER_BYTES)
        world.add_vault()
        world.protect()
        world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
        yield world


def ids(world: ArmWorld) -> dict[str, str]:
    """Of the collection and of its one restore point."""
    (collection,) = world.get(COLLECTIONS)["value"]
    expanded = world.get(collection["id"], **{"$expand": "restorePoints"})
    (point,) = expanded["properties"]["restorePoints"]
    return {"collection": collection["id"], "point": point["id"]}


def snapshots(world: ArmWorld) -> list[Blob]:
    return [blob for blob in stored(world) if blob.snapshot]


def tiers(world: ArmWorld) -> list[str]:
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    return [tier["type"] for tier in point["properties"]["recoveryPointTierDetails"]]


@pytest.mark.parametrize("what", ["collection", "point"])
def test_the_operation_ends_when_the_snapshots_are_deleted(what: str) -> None:
    with backed_up() as world:
        id = ids(world)[what]
        assert len(snapshots(world)) == 2
        response = world.request("DELETE", id)
        assert response.status_code == 202
        assert world.error("GET", id) == (404, "ResourceNotFound")
        for header in ("Azure-AsyncOperation", "Location"):
            assert "api-version=" in response.headers[header]
        assert world.follow(response)["status"] == "Succeeded"
        assert world.request("GET", response.headers["Location"]).status_code == 200
        assert snapshots(world) == []
        assert world.request("DELETE", id).status_code == 204


@pytest.mark.parametrize("what", ["collection", "point"])
def test_what_a_process_was_to_delete_the_next_one_deletes(what: str) -> None:
    with backed_up() as world:
        id = ids(world)[what]
        world.engine.close()
        response = world.request("DELETE", id)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "InProgress"
        monitored = world.request("GET", response.headers["Location"])
        assert (monitored.status_code, monitored.headers["Location"]) == (202, response.headers["Location"])
        assert (tiers(world), len(snapshots(world))) == (["HardenedRP"], 2), "nobody restores from them any more"
        go_on(world)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "Succeeded"
        assert snapshots(world) == []


def test_a_step_that_a_process_left_half_done_is_begun_anew() -> None:
    blobs = FrailBlobs()
    with backed_up(blobs) as world:
        clock = world.ports.clock
        assert isinstance(clock, VirtualClock)
        blobs.left = 1
        response = world.request("DELETE", ids(world)["point"])
        assert comes_true(lambda: bool(world.engine.waiting()))
        world.engine.close()
        assert len(snapshots(world)) == 1
        blobs.left = None
        world.engine.runs.disown()
        go_on(world)
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "Succeeded"
        assert snapshots(world) == []


def left_over(world: ArmWorld) -> restore_points.RestorePointsState:
    return {
        "job": "j",
        "kind": "",
        "resource": "",
        "operation": "",
        "event": 1,
        "snapshots": [disks.place_of(each) for each in snapshots(world)],
    }


def carry_out(world: ArmWorld) -> int:
    """Run the plan's one step to its end; returns how often it waited."""
    (step,) = restore_points.DELETE.steps
    return sum(1 for _ in completed(step.do(world.ports, left_over(world))))


def test_the_step_may_run_twice() -> None:
    with backed_up() as world:
        state = left_over(world)
        (step,) = restore_points.DELETE.steps
        for _ in range(2):
            assert list(completed(step.do(world.ports, state))) == []
            assert snapshots(world) == []


def test_a_storage_that_stays_away_fails_the_operation() -> None:
    blobs = FrailBlobs()
    with backed_up(blobs, replace(DEFAULTS, storage_patience_seconds=0.05)) as world:
        blobs.left = 0
        with pytest.raises(ServiceError, match="did not answer") as failed:
            carry_out(world)
        assert (failed.value.code, failed.value.status) == ("InternalExecutionError", 500)
        blobs.left = None
        world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
        assert len(snapshots(world)) == 4


def test_a_point_without_a_copy_in_the_vault_stays_to_be_seen() -> None:
    with backed_up() as world:
        deleted, store = ids(world)["point"], world.ports.store
        (document,) = store.find(recovery_point.KIND)
        point = recovery_point.from_json(document.private["point"])
        bare = replace(point, tiers="Instant", disks=tuple(replace(disk, vault=None) for disk in point.disks))
        points.put(store, bare)
        assert world.follow(world.request("DELETE", deleted))["status"] == "Succeeded"
        assert (tiers(world), snapshots(world)) == (["InstantRP"], [])
