"""The import of a managed disk: a job that copies, seen in the disk and in its operation."""

from __future__ import annotations

import threading

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.domain.compute.virtual_machine import GIB, VHD_FOOTER_BYTES
from controlplane.jobs.provisioning import group_deletion
from controlplane.json_object import Json
from controlplane.ports import Blob, StorageUnavailable
from tests.patience import comes_true
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, ArmWorld, arm_world, service_storage
from tests.unit.controlplane.arm.resources.test_arm_deployments import DEPLOYMENT, request, resource
from tests.virtual_clock import VirtualClock

DISK = f"{GROUP}/providers/Microsoft.Compute/disks/Imported"
EMPTY = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1}}
SOURCE = Blob("sql01disks", "vhds", "source.vhd")


class HeldBlobs(MemoryBlobs):
    """The source is only read once `go_on` is set; `broken` makes that fail."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.broken = False

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        if blob == SOURCE:
            assert self.go_on.wait(20)
            if self.broken:
                raise StorageUnavailable("the storage endpoint did not answer")
        return super().read(blob, offset, length)


def furnish(world: ArmWorld) -> Json:
    """A group with a VHD in an account; returns the request that imports it."""
    world.add_group()
    world.add_account(ACCOUNT)
    world.ports.blobs.create(SOURCE, GIB + VHD_FOOTER_BYTES)
    world.ports.blobs.write(SOURCE, 4096, b"x" * 512)
    creation = {"createOption": "Import", "sourceUri": world.ports.blobs.url(SOURCE), "storageAccountId": ACCOUNT}
    return {"location": "westus", "properties": {"creationData": creation}}


def state(world: ArmWorld) -> str:
    return str(world.get(DISK)["properties"]["provisioningState"])


def test_a_disk_is_being_created_until_its_bytes_are_there() -> None:
    blobs = HeldBlobs()
    with arm_world(service_storage(blobs)) as world:
        response = world.put(DISK, furnish(world))
        assert response.status_code == 202
        assert response.json()["properties"]["provisioningState"] == "Creating"
        assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "InProgress"
        assert world.put(f"{GROUP}-2", {"location": "westus"}).status_code == 201, "others write meanwhile"
        assert world.error("DELETE", DISK) == (409, "OperationNotAllowed")
        blobs.go_on.set()
        assert world.follow(response)["status"] == "Succeeded"
        assert state(world) == "Succeeded"
        (made,) = blobs.find(world.ports.settings.managed_disks_account, "disks")
        assert blobs.read(made, 4096, 512) == b"x" * 512
        assert world.request("DELETE", DISK).status_code == 202


def test_a_vhd_is_found_by_its_account_s_address_in_azure() -> None:
    blobs = HeldBlobs()
    blobs.go_on.set()
    with arm_world(service_storage(blobs)) as world:
        body = furnish(world)
        address = f"https://{SOURCE.account}.blob.core.windows.net/{SOURCE.container}/{SOURCE.name}"
        body["properties"]["creationData"]["sourceUri"] = address
        assert world.follow(world.put(DISK, body))["status"] == "Succeeded"
        assert world.get(DISK)["properties"]["creationData"]["sourceUri"] == address


def test_an_import_that_fails_says_why() -> None:
    blobs = HeldBlobs()
    blobs.broken = True
    blobs.go_on.set()
    with arm_world(service_storage(blobs)) as world:
        ended = world.follow(world.put(DISK, furnish(world)))
        assert ended["status"] == "Failed"
        assert "did not answer" in ended["error"]["message"]
        assert state(world) == "Failed"
        assert list(blobs.find(world.ports.settings.managed_disks_account, "disks")) == []
        assert world.request("DELETE", DISK).status_code == 202


def test_others_write_while_a_template_imports_a_disk() -> None:
    blobs = HeldBlobs()
    with arm_world(service_storage(blobs)) as world:
        body = furnish(world)
        disk = resource("Microsoft.Compute/disks", "Imported", properties=body["properties"])
        response = world.put(DEPLOYMENT, request(disk))
        assert world.put(f"{GROUP}-2", {"location": "westus"}).status_code == 201
        blobs.go_on.set()
        assert world.follow(response)["status"] == "Succeeded"
        assert state(world) == "Succeeded"


def test_a_group_that_is_deleted_waits_for_what_is_being_made_in_it() -> None:
    """Of two workers one is at the import; the wait has none, so that the other is free."""
    blobs = HeldBlobs()
    with arm_world(service_storage(blobs), workers=2) as world:
        world.put(DISK, furnish(world))
        response = world.request("DELETE", GROUP)
        assert response.status_code == 202
        assert comes_true(lambda: bool(world.engine.waiting()))
        assert world.request("GET", response.headers["Location"]).status_code == 202
        assert world.get(GROUP)["properties"]["provisioningState"] == "Deleting"
        again = world.request("DELETE", GROUP)
        assert again.headers["Location"] == response.headers["Location"]
        assert world.error("PUT", f"{DISK}2", EMPTY) == (409, "ResourceGroupBeingDeleted")
        assert world.error("PUT", GROUP, {"location": "westus"}) == (409, "ResourceGroupBeingDeleted")
        blobs.go_on.set()
        world.settle()
        assert world.request("GET", response.headers["Location"]).status_code == 200
        assert world.error("GET", GROUP) == (404, "ResourceGroupNotFound")
        assert list(blobs.find(world.ports.settings.managed_disks_account, "disks")) == []


def test_a_group_is_not_deleted_when_what_is_made_in_it_takes_too_long() -> None:
    blobs = HeldBlobs()
    with arm_world(service_storage(blobs)) as world:
        world.put(DISK, furnish(world))
        response = world.request("DELETE", GROUP)
        clock = world.ports.clock
        assert isinstance(clock, VirtualClock)
        assert comes_true(lambda: bool(world.engine.waiting()))
        clock.jump(group_deletion.LONGEST.total_seconds() + 1)
        assert comes_true(lambda: not world.engine.waiting())
        blobs.go_on.set()
        world.settle()
        assert world.error("GET", response.headers["Location"]) == (409, "ResourceGroupDeletionBlocked")
        assert world.get(GROUP)["properties"]["provisioningState"] == "Succeeded"
        assert world.get(DISK)["name"] == "Imported"
