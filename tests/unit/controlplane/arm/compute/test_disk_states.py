"""What diskState says of a disk: an upload, an access that ended by itself, a machine that is deallocated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, VERSION, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.compute.test_arm_disks import SNAPSHOT, add_machine, data_disks

KIND = "microsoft.compute/disks"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/Uploaded"
MIB = 1024 * 1024
UPLOAD_BYTES = 1024 * MIB + VHD_FOOTER_BYTES


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def upload(size_bytes: object = UPLOAD_BYTES, **properties: object) -> Json:
    creation = {"createOption": "Upload", "uploadSizeBytes": size_bytes}
    return {"location": "westus", "properties": {"creationData": creation, **properties}}


def state(world: ArmWorld, disk: str = DISK) -> str:
    return str(world.get(disk)["properties"]["diskState"])


def grant(world: ArmWorld, access: str, disk: str = DISK) -> Json:
    body = {"access": access, "durationInSeconds": 3600}
    return world.follow(world.request("POST", f"{disk}/beginGetAccess", body))


def revoke(world: ArmWorld, disk: str = DISK) -> None:
    world.follow(world.request("POST", f"{disk}/endGetAccess"))


def attach(disk: str) -> Json:
    attached = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk}}
    return {"properties": {"storageProfile": {"dataDisks": [attached]}}}


# ----------------------------------------------------------------------------------------------------------- an upload


def test_a_disk_is_filled_by_who_has_write_access(world: ArmWorld) -> None:
    assert world.follow(world.put(DISK, upload()))["status"] == "Succeeded"
    shown = world.get(DISK)["properties"]
    assert (shown["diskSizeGB"], shown["diskSizeBytes"]) == (1, 1024 * MIB)
    assert shown["creationData"] == {"createOption": "Upload", "uploadSizeBytes": UPLOAD_BYTES}
    assert state(world) == "ReadyToUpload"
    address = grant(world, "Write")["properties"]["output"]["accessSAS"]
    assert "sp=rw&" in address
    assert state(world) == "ActiveUpload"
    revoke(world)
    assert state(world) == "Unattached"
    add_machine(world)
    world.follow(world.request("PATCH", VM, attach(DISK)))
    assert [disk["managedDisk"]["id"] for disk in data_disks(world.get(VM))] == [DISK]
    assert state(world) == "Attached"


def test_a_disk_that_awaits_its_upload_is_good_for_nothing_else(world: ArmWorld) -> None:
    add_machine(world)
    world.follow(world.put(DISK, upload()))
    snapshot = {"creationData": {"createOption": "Copy", "sourceResourceId": DISK}}
    for expected in ("ReadyToUpload", "ActiveUpload"):
        assert state(world) == expected
        refused = (409, "OperationNotAllowed")
        assert world.error("PATCH", VM, attach(DISK)) == refused
        assert world.error("PUT", SNAPSHOT, {"location": "westus", "properties": snapshot}) == refused
        assert world.error("PUT", f"{DISK}2", {"location": "westus", "properties": snapshot}) == refused
        assert world.error("PATCH", DISK, {"properties": {"diskSizeGB": 2}}) == refused
        read = {"access": "Read", "durationInSeconds": 60}
        assert world.error("POST", f"{DISK}/beginGetAccess", read) == refused
        grant(world, "Write")
    assert world.error("DELETE", DISK) == (409, "OperationNotAllowed")


def test_an_upload_is_not_over_before_its_access_is_ended(world: ArmWorld) -> None:
    """Time alone ends the access, not the upload: another access may go on with it."""
    world.follow(world.put(DISK, upload()))
    grant(world, "Write")
    expire(world, DISK)
    assert state(world) == "ActiveUpload"
    assert "sig=" in grant(world, "Write")["properties"]["output"]["accessSAS"]
    revoke(world)
    assert world.error("POST", f"{DISK}/beginGetAccess", {"access": "Write", "durationInSeconds": 60}) == (
        409,
        "OperationNotAllowed",
    )


def test_a_disk_without_a_write_access_still_awaits_its_upload(world: ArmWorld) -> None:
    world.follow(world.put(DISK, upload()))
    revoke(world)
    assert state(world) == "ReadyToUpload"
    assert world.follow(world.request("DELETE", DISK))["status"] == "Succeeded"


@pytest.mark.parametrize(
    "body",
    [
        upload(None),
        upload(UPLOAD_BYTES - 512),
        upload(MIB + 512),
        upload(33 * 1024**4 + 512),
        upload(diskSizeGB=2),
        {
            "location": "westus",
            "properties": {"creationData": {"createOption": "Empty", "uploadSizeBytes": UPLOAD_BYTES}, "diskSizeGB": 1},
        },
    ],
)
def test_an_upload_that_cannot_be_is_refused(world: ArmWorld, body: Json) -> None:
    assert world.error("PUT", DISK, body) == (400, "InvalidParameter")
    assert world.error("GET", DISK) == (404, "ResourceNotFound")


def test_the_size_of_an_upload_stays(world: ArmWorld) -> None:
    world.follow(world.put(DISK, upload()))
    assert world.put(DISK, upload()).status_code == 200
    assert world.error("PUT", DISK, upload(UPLOAD_BYTES + MIB)) == (400, "BadRequest")


# ------------------------------------------------------------------------------------ states that change by themselves


def expire(world: ArmWorld, disk: str) -> None:
    """The access to a disk has ended by its time."""
    document = world.ports.store.get(KIND, disk)
    assert document is not None
    private = {**document.private, "access_until": "2026-01-01T00:00:00+00:00"}
    world.ports.store.put(KIND, document.id, document.json(), private=private)


def os_disk(machine: Json) -> str:
    return str(machine["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"])


def test_the_disk_of_a_deallocated_machine_is_reserved(world: ArmWorld) -> None:
    disk = os_disk(add_machine(world))
    assert state(world, disk) == "Attached"
    world.follow(world.post(f"{VM}/powerOff"))
    assert state(world, disk) == "Attached"
    world.follow(world.post(f"{VM}/deallocate"))
    listed = world.get(disk.rpartition("/")[0])["value"]
    changed = world.request("PATCH", disk, {"tags": {"a": "b"}}).json()
    states = {each["properties"]["diskState"] for each in (*listed, changed, world.get(disk))}
    assert states == {"Reserved"}
    world.follow(world.post(f"{VM}/start"))
    assert state(world, disk) == "Attached"


def test_what_changed_without_a_write_is_not_said_to_be_unchanged(world: ArmWorld) -> None:
    disk = os_disk(add_machine(world))

    def status(etag: str) -> int:
        headers = {"Authorization": f"Bearer {world.token}", "If-None-Match": etag}
        return world.send("GET", disk, params=VERSION, headers=headers).status_code

    attached = world.request("GET", disk).headers["ETag"]
    assert status(attached) == 304
    world.follow(world.post(f"{VM}/deallocate"))
    assert status(attached) == 200
    grant(world, "Read", disk)
    active = world.request("GET", disk).headers["ETag"]
    assert status(active) == 304
    expire(world, disk)
    document = world.ports.store.get(KIND, disk)
    assert document is not None
    assert status(f'"{document.etag}"') == 200
