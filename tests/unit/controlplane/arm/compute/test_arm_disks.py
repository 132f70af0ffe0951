"""Managed disks of their own, and disks that come and go while their machine exists; by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.compute.managed_disk import KIND
from controlplane.domain.compute.virtual_machine import GIB, VHD_FOOTER_BYTES
from controlplane.fabric_documents import DESIRED
from controlplane.jobs.documents.managed_disks import blob_of
from controlplane.json_object import Json
from controlplane.ports import Blob
from tests.unit.controlplane.arm.arm_world import GROUP, IMAGE, SUBSCRIPTION, VM, ArmWorld, arm_world

DISK = f"{GROUP}/providers/Microsoft.Compute/disks/Data"
SNAPSHOT = f"{GROUP}/providers/Microsoft.Compute/snapshots/Copy"
EMPTY = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def add_machine(world: ArmWorld, **os_disk: object) -> Json:
    """A machine on a managed disk, as a client reads it back."""
    profile = {"imageReference": dict(IMAGE), "osDisk": {"createOption": "FromImage", **os_disk}, "dataDisks": []}
    body = {"location": "westus", "properties": {"storageProfile": profile, "osProfile": {"adminUsername": "me"}}}
    world.follow(world.put(VM, body))
    return world.get(VM)


def add_disk(world: ArmWorld) -> None:
    response = world.put(DISK, EMPTY)
    assert response.status_code == 202
    assert world.follow(response)["status"] == "Succeeded"


@pytest.mark.parametrize("kind", ["disks", "snapshots"])
def test_encryption_in_the_machine_is_refused_unless_it_is_off(world: ArmWorld, kind: str) -> None:
    add_disk(world)
    body: Json = snapshot_body() if kind == "snapshots" else EMPTY
    path = f"{GROUP}/providers/Microsoft.Compute/{kind}/Other"

    def with_encryption(enabled: bool) -> Json:
        return body | {"properties": body["properties"] | {"encryptionSettingsCollection": {"enabled": enabled}}}

    assert world.error("PUT", path, with_encryption(True)) == (501, "OperationNotSimulated")
    assert world.follow(world.put(path, with_encryption(False)))["status"] == "Succeeded"


def snapshot_body() -> Json:
    return {"location": "westus", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": DISK}}}


def data_disks(machine: Json) -> list[Json]:
    found: list[Json] = machine["properties"]["storageProfile"]["dataDisks"]
    return found


# ---------------------------------------------------------------------------------------------------------------- disks


def test_an_empty_disk_is_a_page_blob_with_room_for_the_footer(world: ArmWorld) -> None:
    add_disk(world)
    shown = world.get(DISK)
    assert (shown["name"], shown["sku"]["name"], shown["properties"]["diskState"]) == (
        "Data",
        "Premium_LRS",
        "Unattached",
    )
    assert world.get(f"{SUBSCRIPTION}/providers/Microsoft.Compute/disks")["value"] == [shown]
    (blob,) = world.ports.blobs.find(world.ports.settings.managed_disks_account, "disks")
    properties = world.ports.blobs.properties(blob)
    assert properties is not None
    assert (properties.kind, properties.size_bytes) == ("page", 4 * GIB + VHD_FOOTER_BYTES)
    again = world.put(DISK, shown | {"tags": {"a": "b"}})
    assert (again.status_code, again.json()) == (200, shown | {"tags": {"a": "b"}})


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"diskSizeGB": 4}, (400, "InvalidParameter")),
        ({"creationData": {"createOption": "Empty"}}, (400, "InvalidParameter")),
        ({"creationData": {"createOption": "Empty"}, "diskSizeGB": 0}, (400, "InvalidParameter")),
        ({"creationData": {"createOption": "UploadPreparedSecure"}, "diskSizeGB": 4}, (501, "OperationNotSimulated")),
    ],
)
def test_a_bad_disk_gets_its_code(world: ArmWorld, properties: Json, expected: tuple[int, str]) -> None:
    assert world.error("PUT", DISK, {"location": "westus", "properties": properties}) == expected
    assert world.error("GET", DISK) == (404, "ResourceNotFound")
    assert world.error("PUT", DISK, EMPTY | {"sku": {"name": "Gold"}}) == (400, "BadRequest")
    assert world.error("PUT", DISK.replace("Demo", "gone"), EMPTY) == (404, "ResourceGroupNotFound")


def test_a_disk_changes_its_tags_and_kind_of_storage(world: ArmWorld) -> None:
    add_disk(world)
    changed = world.request("PATCH", DISK, {"tags": {"a": "b"}, "sku": {"name": "standard_lrs"}})
    assert changed.status_code == 200
    shown = world.get(DISK)
    assert (shown["tags"], shown["sku"]) == ({"a": "b"}, {"name": "Standard_LRS", "tier": "Standard"})
    assert world.error("PATCH", f"{DISK}2", {}) == (404, "ResourceNotFound")
    assert world.error("PUT", DISK, EMPTY | {"location": "eastus"}) == (409, "InvalidResourceLocation")


def test_a_disk_grows_and_does_not_shrink(world: ArmWorld) -> None:
    add_disk(world)
    response = world.request("PATCH", DISK, {"properties": {"diskSizeGB": 8}})
    assert (response.status_code, response.json()["properties"]["provisioningState"]) == (202, "Updating")
    assert world.follow(response)["status"] == "Succeeded"
    shown = world.get(DISK)["properties"]
    assert (shown["diskSizeGB"], shown["diskSizeBytes"], shown["provisioningState"]) == (8, 8 * GIB, "Succeeded")
    (blob,) = world.ports.blobs.find(world.ports.settings.managed_disks_account, "disks")
    found = world.ports.blobs.properties(blob)
    assert found is not None
    assert found.size_bytes == 8 * GIB + VHD_FOOTER_BYTES
    assert world.request("PATCH", DISK, {"properties": {"diskSizeGB": 8}}).status_code == 200
    assert world.error("PATCH", DISK, {"properties": {"diskSizeGB": 4}}) == (409, "OperationNotAllowed")
    assert world.error("PATCH", DISK, {"properties": {"diskSizeGB": 99999}}) == (400, "InvalidParameter")


def test_the_disk_of_a_machine_grows_while_it_is_deallocated(world: ArmWorld) -> None:
    os_disk = add_machine(world)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    known = world.ports.store.get(KIND, os_disk)
    assert known is not None
    world.ports.blobs.create(blob_of(known), 127 * GIB + VHD_FOOTER_BYTES)  # as its host does
    larger = {"properties": {"diskSizeGB": 200}}
    assert world.error("PATCH", os_disk, larger) == (409, "OperationNotAllowed")
    world.follow(world.post(f"{VM}/deallocate"))
    world.follow(world.request("PATCH", os_disk, larger))
    machine = world.get(VM)
    assert machine["properties"]["storageProfile"]["osDisk"]["diskSizeGB"] == 200
    world.follow(world.post(f"{VM}/start"))
    assert world.put(VM, machine).status_code == 200


def test_a_machine_does_not_start_while_a_disk_of_it_grows(world: ArmWorld) -> None:
    os_disk = add_machine(world)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    world.follow(world.post(f"{VM}/deallocate"))
    world.engine.close()
    assert world.request("PATCH", os_disk, {"properties": {"diskSizeGB": 200}}).status_code == 202
    assert world.error("POST", f"{VM}/start", {}) == (409, "OperationNotAllowed")


def test_a_disk_goes_with_its_blob_unless_something_needs_either(world: ArmWorld) -> None:
    assert world.request("DELETE", DISK).status_code == 204
    add_disk(world)
    (blob,) = world.ports.blobs.find(world.ports.settings.managed_disks_account, "disks")
    response = world.request("DELETE", DISK)
    assert response.status_code == 202
    assert world.follow(response)["status"] == "Succeeded"
    assert world.ports.blobs.properties(blob) is None
    machine = add_machine(world)
    os_disk = machine["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    assert world.error("DELETE", os_disk) == (409, "OperationNotAllowed")


def test_the_blob_of_a_deleted_disk_stays_for_its_snapshots(world: ArmWorld) -> None:
    add_disk(world)
    (blob,) = world.ports.blobs.find(world.ports.settings.managed_disks_account, "disks")
    stamp = world.ports.blobs.snapshot(blob)
    assert world.follow(world.request("DELETE", DISK))["status"] == "Succeeded"
    assert world.error("GET", DISK) == (404, "ResourceNotFound")
    assert world.ports.blobs.properties(blob.at(stamp))


# ------------------------------------------------------------------------------------------------------------ snapshots


def test_a_snapshot_of_a_disk_is_one_of_its_blob(world: ArmWorld) -> None:
    add_disk(world)
    (blob,) = world.ports.blobs.find(world.ports.settings.managed_disks_account, "disks")
    world.ports.blobs.write(blob, 0, b"before".ljust(512))
    response = world.put(SNAPSHOT, snapshot_body())
    assert (response.status_code, response.json()["properties"]["provisioningState"]) == (202, "Creating")
    assert world.follow(response)["status"] == "Succeeded"
    shown = world.get(SNAPSHOT)
    world.ports.blobs.write(blob, 0, b"after!".ljust(512))
    assert (shown["name"], shown["properties"]["diskSizeGB"]) == ("Copy", 4)
    assert shown["properties"]["creationData"]["sourceResourceId"] == DISK
    (taken, _) = world.ports.blobs.find(blob.account, blob.container, snapshots=True)
    assert world.ports.blobs.read(taken, 0, 6) == b"before"
    assert world.put(SNAPSHOT, snapshot_body()).json() == world.get(SNAPSHOT) == shown
    assert world.request("PATCH", SNAPSHOT, {"tags": {"a": "b"}}).json()["tags"] == {"a": "b"}
    assert world.get(f"{SUBSCRIPTION}/providers/Microsoft.Compute/snapshots")["value"] == [world.get(SNAPSHOT)]
    assert world.follow(world.request("DELETE", DISK))["status"] == "Succeeded"
    assert world.ports.blobs.read(taken, 0, 6) == b"before"
    response = world.request("DELETE", SNAPSHOT)
    assert world.follow(response)["status"] == "Succeeded"
    assert world.ports.blobs.properties(taken) is None
    assert world.request("DELETE", SNAPSHOT).status_code == 204


def test_a_snapshot_may_name_its_disk_as_older_clients_do(world: ArmWorld) -> None:
    add_disk(world)
    creation = {"createOption": "Copy", "sourceUri": DISK}
    response = world.put(SNAPSHOT, {"location": "westus", "properties": {"creationData": creation}})
    assert world.follow(response)["status"] == "Succeeded"
    shown = world.get(SNAPSHOT)["properties"]["creationData"]
    assert (shown["sourceResourceId"], shown["sourceUri"]) == (DISK, DISK)


@pytest.mark.parametrize(
    ("creation", "expected"),
    [
        ({}, (400, "InvalidParameter")),
        ({"createOption": "Copy"}, (400, "InvalidParameter")),
        ({"createOption": "Copy", "sourceResourceId": "x"}, (400, "InvalidParameter")),
        ({"createOption": "Copy", "sourceResourceId": DISK}, (404, "ResourceNotFound")),
        ({"createOption": "Copy", "sourceResourceId": VM}, (501, "OperationNotSimulated")),
        ({"createOption": "Import"}, (501, "OperationNotSimulated")),
    ],
)
def test_a_bad_snapshot_gets_its_code(world: ArmWorld, creation: Json, expected: tuple[int, str]) -> None:
    body = {"location": "westus", "properties": {"creationData": creation}}
    assert world.error("PUT", SNAPSHOT, body) == expected


# ------------------------------------------------------------------------------------------------- disks of a machine


def test_a_new_disk_is_attached_to_a_machine_that_exists(world: ArmWorld) -> None:
    machine = add_machine(world)
    data_disks(machine).append(
        {"name": "fresh", "lun": 1, "createOption": "Empty", "diskSizeGB": 10, "managedDisk": {}}
    )
    world.follow(world.put(VM, machine))
    (shown,) = data_disks(world.get(VM))
    assert (shown["name"], shown["lun"], shown["diskSizeGB"]) == ("fresh", 1, 10)
    disk = world.get(shown["managedDisk"]["id"])
    assert (disk["managedBy"], disk["properties"]["diskState"]) == (VM, "Attached")
    assert [disk.lun for disk in world.ports.fabric.disks(VM)] == [-1, 1]
    world.follow(world.put(VM, world.get(VM)))
    assert [disk.lun for disk in world.ports.fabric.disks(VM)] == [-1, 1]


def test_a_disk_goes_from_one_machine_to_another(world: ArmWorld) -> None:
    add_disk(world)
    machine, other = add_machine(world), VM.replace("Sql01", "Sql02")
    attached = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": DISK}}
    data_disks(machine).append(dict(attached))
    world.follow(world.put(VM, machine))
    assert world.get(DISK)["managedBy"] == VM
    second = machine | {"properties": dict(machine["properties"])}
    second["properties"]["storageProfile"] = {
        "imageReference": dict(IMAGE),
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": [attached],
    }
    assert world.error("PUT", other, second) == (409, "OperationNotAllowed")
    data_disks(machine)[0]["toBeDetached"] = True
    world.follow(world.put(VM, machine))
    assert data_disks(world.get(VM)) == []
    assert world.get(DISK)["properties"]["diskState"] == "Unattached"
    assert world.put(other, second).status_code == 201
    assert world.get(DISK)["managedBy"] == other


def test_a_request_without_data_disks_leaves_them(world: ArmWorld) -> None:
    machine = add_machine(world)
    data_disks(machine).append({"name": "d", "lun": 0, "createOption": "Empty", "diskSizeGB": 1})
    world.put(VM, machine)
    del machine["properties"]["storageProfile"]["dataDisks"]
    world.put(VM, machine)
    assert len(data_disks(world.get(VM))) == 1
    machine["properties"]["storageProfile"]["dataDisks"] = []
    world.put(VM, machine)
    assert data_disks(world.get(VM)) == []


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        ({"lun": 0, "createOption": "Empty"}, (400, "InvalidParameter")),
        ({"lun": 64, "createOption": "Empty", "diskSizeGB": 1}, (400, "InvalidParameter")),
        ({"lun": 0, "createOption": "Attach", "managedDisk": {"id": DISK}}, (404, "ResourceNotFound")),
        ({"lun": 0, "createOption": "Empty", "diskSizeGB": 1, "vhd": {"uri": "x"}}, (409, "OperationNotAllowed")),
    ],
)
def test_a_bad_disk_changes_nothing(world: ArmWorld, disk: Json, expected: tuple[int, str]) -> None:
    machine = add_machine(world)
    data_disks(machine).append(disk)
    assert world.error("PUT", VM, machine) == expected
    assert data_disks(world.get(VM)) == []
    assert len(world.ports.fabric.disks(VM)) == 1


def test_the_os_disk_cannot_be_exchanged(world: ArmWorld) -> None:
    machine = add_machine(world)
    machine["properties"]["storageProfile"]["osDisk"]["name"] = "other"
    assert world.error("PUT", VM, machine) == (409, "PropertyChangeNotAllowed")


def test_disks_go_with_their_machine_if_that_was_asked_for(world: ArmWorld) -> None:
    machine = add_machine(world, deleteOption="Delete")
    add_disk(world)
    data_disks(machine).append({"lun": 0, "createOption": "Attach", "managedDisk": {"id": DISK}})
    world.put(VM, machine)
    world.request("DELETE", VM)
    listed = world.get(f"{GROUP}/providers/Microsoft.Compute/disks")["value"]
    assert [disk["name"] for disk in listed] == ["Data"]


# ----------------------------------------------------------------------------------------------- what else may change


def test_a_machine_changes_tags_and_size_by_patch(world: ArmWorld) -> None:
    before = add_machine(world)
    changes = {"tags": {"a": "b"}, "properties": {"hardwareProfile": {"vmSize": "Standard_D8s_v5"}}}
    world.follow(world.request("PATCH", VM, changes))
    shown = world.get(VM)
    assert (shown["tags"], shown["properties"]["hardwareProfile"]["vmSize"]) == ({"a": "b"}, "Standard_D8s_v5")
    assert shown["properties"]["storageProfile"] == before["properties"]["storageProfile"]
    desired = world.ports.store.get(DESIRED, VM)
    assert desired is not None
    assert desired.json()["spec"]["size"] == "Standard_D8s_v5"
    renamed = {"properties": {"osProfile": {"computerName": "x"}}}
    assert world.error("PATCH", VM, renamed) == (409, "PropertyChangeNotAllowed")


def test_a_running_machine_restarts(world: ArmWorld) -> None:
    add_machine(world)
    world.follow(world.post(f"{VM}/restart"))
    desired = world.ports.store.get(DESIRED, VM)
    assert desired is not None
    assert desired.json()["restarts"] == 1
    world.post(f"{VM}/deallocate")
    assert world.error("POST", f"{VM}/restart", {}) == (409, "OperationNotAllowed")


# --------------------------------------------------------------------------------------------------- copies and access

COPY = f"{GROUP}/providers/Microsoft.Compute/disks/Copied"


def copy_of(source: str, **more: object) -> Json:
    creation = {"createOption": "Copy", "sourceResourceId": source}
    return {"location": "westus", "properties": {"creationData": creation, **more}}


def test_a_disk_is_made_from_a_snapshot(world: ArmWorld) -> None:
    add_disk(world)
    blobs, properties = world.ports.blobs, world.get(DISK)["properties"]
    blob = Blob(world.ports.settings.managed_disks_account, "disks", f"{properties['uniqueId']}.vhd")
    blobs.write(blob, 512, b"a" * 512)
    assert world.follow(world.put(SNAPSHOT, snapshot_body()))["status"] == "Succeeded"
    blobs.write(blob, 512, b"b" * 512)
    assert world.follow(world.put(COPY, copy_of(SNAPSHOT)))["status"] == "Succeeded"
    shown = world.get(COPY)["properties"]
    assert (shown["diskSizeGB"], shown["provisioningState"]) == (4, "Succeeded")
    assert shown["creationData"]["sourceResourceId"] == world.get(SNAPSHOT)["id"]
    copied = Blob(blob.account, blob.container, f"{shown['uniqueId']}.vhd")
    assert blobs.read(copied, 512, 512) == b"a" * 512


@pytest.mark.parametrize(
    ("source", "more", "error"),
    [
        (SNAPSHOT, {"diskSizeGB": 2}, (400, "InvalidParameter")),
        (SNAPSHOT.replace("Copy", "Absent"), {}, (404, "ResourceNotFound")),
        (VM, {}, (501, "OperationNotSimulated")),
        ("no id", {}, (400, "InvalidParameter")),
    ],
)
def test_a_copy_that_cannot_be_is_refused(world: ArmWorld, source: str, more: Json, error: tuple[int, str]) -> None:
    add_disk(world)
    world.follow(world.put(SNAPSHOT, snapshot_body()))
    assert world.error("PUT", COPY, copy_of(source, **more)) == error
    assert world.error("GET", COPY) == (404, "ResourceNotFound")


@pytest.mark.parametrize("resource", [DISK, SNAPSHOT])
def test_access_is_an_address_with_a_signature_until_it_is_ended(world: ArmWorld, resource: str) -> None:
    add_disk(world)
    world.follow(world.put(SNAPSHOT, snapshot_body()))
    asked = {"access": "Read", "durationInSeconds": 3600}
    response = world.request("POST", f"{resource}/beginGetAccess", asked)
    assert response.status_code == 202
    ended = world.follow(response)
    address = ended["properties"]["output"]["accessSAS"]
    assert "sig=" in address
    assert ("snapshot=" in address) == (resource == SNAPSHOT)
    assert world.request("GET", response.headers["Location"]).json() == {"accessSAS": address}
    assert world.get(resource)["properties"]["diskState"] == "ActiveSAS"
    assert world.error("DELETE", resource) == (409, "OperationNotAllowed")
    stored = [each.body for kind in world.ports.store.kinds() for each in world.ports.store.find(kind)]
    assert not [body for body in stored if b"sig=" in body]
    world.follow(world.request("POST", f"{resource}/endGetAccess"))
    assert world.get(resource)["properties"]["diskState"] == "Unattached"
    assert world.follow(world.request("DELETE", resource))["status"] == "Succeeded"


def grant(world: ArmWorld, resource: str, seconds: int) -> Json:
    asked = {"access": "Read", "durationInSeconds": seconds}
    return world.follow(world.request("POST", f"{resource}/beginGetAccess", asked))


@pytest.mark.parametrize("resource", [DISK, SNAPSHOT])
def test_an_access_ends_by_itself(world: ArmWorld, resource: str) -> None:
    add_disk(world)
    world.follow(world.put(SNAPSHOT, snapshot_body()))
    grant(world, resource, 3600)
    store = world.ports.store
    known = store.get("/".join(resource.split("/")[-3:-1]).lower(), resource)
    assert known is not None
    past = {**known.private, "access_until": "2026-01-01T00:00:00+00:00"}
    store.put(known.kind, known.id, known.json(), private=past)
    assert world.get(resource)["properties"]["diskState"] == "Unattached"
    (listed,) = [
        each["properties"]["diskState"]
        for each in world.get(resource.rpartition("/")[0])["value"]
        if each["id"] == world.get(resource)["id"]
    ]
    assert listed == "Unattached"
    assert world.follow(world.request("DELETE", resource))["status"] == "Succeeded"


def test_a_shorter_access_does_not_end_a_longer_one(world: ArmWorld) -> None:
    add_disk(world)
    grant(world, DISK, 7200)
    long = world.ports.store.get("microsoft.compute/disks", DISK)
    grant(world, DISK, 60)
    both = world.ports.store.get("microsoft.compute/disks", DISK)
    assert long is not None
    assert both is not None
    assert both.private["access_until"] == long.private["access_until"]


def test_an_operation_does_not_end_before_it_begins() -> None:
    with arm_world(rate=1.0) as world:
        world.add_group()
        add_disk(world)
        for ended in (grant(world, DISK, 60), world.follow(world.post(f"{DISK}/endGetAccess"))):
            assert ended["endTime"] >= ended["startTime"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"access": "Write", "durationInSeconds": 60}, (409, "OperationNotAllowed")),
        ({"access": "Nothing", "durationInSeconds": 60}, (400, "BadRequest")),
        ({"access": "None", "durationInSeconds": 60}, (400, "InvalidParameter")),
        ({"access": "Read"}, (400, "InvalidParameter")),
        ({"access": "Read", "durationInSeconds": 0}, (400, "InvalidParameter")),
    ],
)
def test_access_of_another_kind_is_refused(world: ArmWorld, asked: Json, error: tuple[int, str]) -> None:
    add_disk(world)
    assert world.error("POST", f"{DISK}/beginGetAccess", asked) == error
    assert world.get(DISK)["properties"]["diskState"] == "Unattached"


def test_the_disk_of_a_running_machine_is_not_read_from_outside(world: ArmWorld) -> None:
    machine = add_machine(world)
    disk = machine["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    asked = {"access": "Read", "durationInSeconds": 60}
    assert world.error("POST", f"{disk}/beginGetAccess", asked) == (409, "OperationNotAllowed")
    world.follow(world.post(f"{VM}/deallocate"))
    world.follow(world.request("POST", f"{disk}/beginGetAccess", asked))
    world.follow(world.request("POST", f"{disk}/endGetAccess"))
    assert world.get(disk)["properties"]["diskState"] == "Reserved"


# ------------------------------------------------------------------------------------------------- data disks by PATCH


def test_data_disks_come_and_go_by_patch(world: ArmWorld) -> None:
    add_machine(world)
    add_disk(world)
    attached = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": DISK}}
    body = {"properties": {"storageProfile": {"dataDisks": [attached]}}}
    world.follow(world.request("PATCH", VM, body))
    assert [disk["lun"] for disk in data_disks(world.get(VM))] == [0]
    assert world.get(DISK)["managedBy"] == VM
    world.follow(world.request("PATCH", VM, {"tags": {"a": "b"}}))
    assert len(data_disks(world.get(VM))) == 1
    world.follow(world.request("PATCH", VM, {"properties": {"storageProfile": {"dataDisks": []}}}))
    assert data_disks(world.get(VM)) == []
    assert "managedBy" not in world.get(DISK)


def test_the_os_disk_is_not_exchanged_by_patch(world: ArmWorld) -> None:
    add_machine(world)
    add_disk(world)
    other = {"name": "another", "createOption": "Attach", "managedDisk": {"id": DISK}}
    assert world.error("PATCH", VM, {"properties": {"storageProfile": {"osDisk": other}}})[0] == 501
