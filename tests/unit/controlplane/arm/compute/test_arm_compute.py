"""Virtual machines, their extensions and their disks, by requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controlplane.fabric_documents import DESIRED, OBSERVED
from controlplane.jobs.documents.machines import spec_of
from controlplane.json_object import Json
from controlplane.ports import Blob
from tests.unit.controlplane.arm.arm_world import GROUP, IMAGE, SUBSCRIPTION, VM, ArmWorld, arm_world, machine_body

GIB = 1024**3
PASSWORD = "Pa$$w0rd-of-sql01"
DISKS = f"{GROUP}/providers/Microsoft.Compute/disks"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def managed_body(data_disks: int = 1, **os_disk: Any) -> Json:
    """A Windows machine on managed disks; one on a disk that is there already has no system to be set up."""
    body: Json = {
        "location": "westus",
        "properties": {
            "osProfile": {"adminUsername": "azureuser", "adminPassword": PASSWORD, "customData": "c2VjcmV0"},
            "storageProfile": {
                "imageReference": dict(IMAGE),
                "osDisk": {"createOption": "fromImage", "name": None, "managedDisk": {"storageAccountType": None}}
                | os_disk,
                "dataDisks": [{"lun": lun, "createOption": "empty", "diskSizeGB": 4} for lun in range(data_disks)],
            },
        },
    }
    if os_disk.get("createOption") == "Attach":
        del body["properties"]["osProfile"], body["properties"]["storageProfile"]["imageReference"]
    return body


def observe(world: ArmWorld, **changes: object) -> None:
    """Let the host show something else."""
    found = world.ports.store.get(OBSERVED, VM)
    assert found is not None
    world.ports.store.put(OBSERVED, VM, found.json() | changes)


# ------------------------------------------------------------------------------------------------------------- creation


def test_a_machine_on_unmanaged_disks_is_handed_to_the_fabric(world: ArmWorld) -> None:
    endpoint = world.add_account()
    response = world.put(VM, machine_body(endpoint))
    assert response.status_code == 201
    assert world.follow(response)["status"] == "Succeeded"
    disks = world.ports.fabric.disks(VM)
    assert [(disk.lun, disk.create_option, disk.size_bytes // GIB) for disk in disks] == [
        (-1, "FromImage", 127),
        (0, "Empty", 8),
        (1, "Empty", 8),
    ]
    assert disks[0].blob == Blob("sql01disks", "vhds", "sql01-os.vhd")
    shown = world.get(VM)
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert shown["properties"]["storageProfile"]["osDisk"]["vhd"] == {"uri": f"{endpoint}vhds/sql01-os.vhd"}
    assert "resources" not in shown


@pytest.mark.parametrize("host", ["sql01disks.blob.core.windows.net", "SQL01DISKS.blob.core.windows.net:443"])
def test_a_disk_is_found_by_its_account_s_address_in_azure(world: ArmWorld, host: str) -> None:
    world.add_account()
    body = machine_body(f"https://{host}/", 1)
    world.follow(world.put(VM, body))
    assert [disk.blob for disk in world.ports.fabric.disks(VM)] == [
        Blob("sql01disks", "vhds", "sql01-os.vhd"),
        Blob("sql01disks", "vhds", "sql01-data0.vhd"),
    ]
    shown = world.get(VM)["properties"]["storageProfile"]
    assert shown["osDisk"]["vhd"] == body["properties"]["storageProfile"]["osDisk"]["vhd"], "as it was sent"
    assert world.put(VM, body).status_code == 200
    other = machine_body("https://nobody.blob.core.windows.net/", 0)
    assert world.error("PUT", f"{VM}2", other) == (409, "StorageAccountNotFound")


def test_a_password_is_neither_kept_nor_shown(world: ArmWorld) -> None:
    world.add_machine()
    world.put(VM.replace("Sql01", "Sql02"), managed_body())
    shown = world.request("GET", f"{GROUP}/providers/Microsoft.Compute/virtualMachines").text
    kept = [
        document.body
        for kind in ("microsoft.compute/virtualmachines", "fabric.vm")
        for document in world.ports.store.find(kind)
    ]
    kept += [str(document.private).encode() for document in world.ports.store.find("microsoft.compute/virtualmachines")]
    assert len(kept) == 6
    assert PASSWORD not in shown
    assert all(PASSWORD.encode() not in each and b"c2VjcmV0" not in each for each in kept)


def test_managed_disks_become_resources_of_their_own(world: ArmWorld) -> None:
    world.follow(world.put(VM, managed_body(2)))
    os_disk, *data_disks = world.ports.fabric.disks(VM)
    assert {disk.blob.account for disk in (os_disk, *data_disks)} == {world.ports.settings.managed_disks_account}
    assert len({disk.blob for disk in (os_disk, *data_disks)}) == 3
    assert os_disk.name.startswith("Sql01_OsDisk_1_")
    assert data_disks[1].name.startswith("Sql01_disk3_")
    listed = world.get(DISKS)["value"]
    assert {disk["id"] for disk in listed} == {disk.managed_disk_id for disk in (os_disk, *data_disks)}
    shown = world.get(f"{DISKS}/{os_disk.name}")
    assert (shown["managedBy"], shown["properties"]["diskState"]) == (VM, "Attached")
    assert (shown["properties"]["osType"], shown["properties"]["diskSizeGB"]) == ("Windows", 127)
    profile = world.get(VM)["properties"]["storageProfile"]
    assert profile["osDisk"]["managedDisk"] == {"id": os_disk.managed_disk_id, "storageAccountType": "Premium_LRS"}


def test_a_machine_from_an_image_has_a_system_disk_without_asking(world: ArmWorld) -> None:
    body = managed_body(0)
    del body["properties"]["storageProfile"]["osDisk"]
    world.follow(world.put(VM, body))
    shown = world.get(VM)["properties"]["storageProfile"]["osDisk"]
    assert (shown["createOption"], shown["osType"], shown["diskSizeGB"]) == ("FromImage", "Windows", 127)
    (disk,) = world.ports.fabric.disks(VM)
    assert disk.managed_disk_id == shown["managedDisk"]["id"]


def test_a_detached_disk_is_attached_to_the_next_machine(world: ArmWorld) -> None:
    world.follow(world.put(VM, managed_body(0)))
    (disk,) = world.ports.fabric.disks(VM)
    world.ports.blobs.create(disk.blob, disk.size_bytes + 512)
    other = VM.replace("Sql01", "Sql02")
    body = managed_body(0, createOption="Attach", osType="Windows", managedDisk={"id": disk.managed_disk_id})
    assert world.error("PUT", other, body) == (409, "OperationNotAllowed")
    deletion = world.request("DELETE", VM)
    assert deletion.status_code == 202
    assert world.follow(deletion)["status"] == "Succeeded"
    assert world.request("GET", deletion.headers["Location"]).status_code == 200
    assert world.get(f"{DISKS}/{disk.name}")["properties"]["diskState"] == "Unattached"
    world.follow(world.put(other, body))
    (attached,) = world.ports.fabric.disks(other)
    assert (attached.blob, attached.size_bytes, attached.create_option) == (disk.blob, disk.size_bytes, "Attach")
    assert world.get(f"{DISKS}/{disk.name}")["managedBy"] == other


def test_a_vhd_of_the_user_is_attached_with_its_own_size(world: ArmWorld) -> None:
    endpoint = world.add_account()
    world.ports.blobs.create(Blob("sql01disks", "vhds", "sql01-data0.vhd"), 3 * GIB + 512)
    body = machine_body(endpoint, data_disks=1)
    (disk,) = body["properties"]["storageProfile"]["dataDisks"]
    disk.update(createOption="Attach")
    del disk["diskSizeGB"]
    world.put(VM, body)
    assert world.ports.fabric.disks(VM)[1].size_bytes == 3 * GIB
    assert world.get(VM)["properties"]["storageProfile"]["dataDisks"][0]["diskSizeGB"] == 3


Change = Callable[[Json], object]
SYSTEM = ("osDisk", "imageReference")
BAD: list[tuple[str, Change, tuple[int, str]]] = [
    ("no location", lambda body: body.pop("location"), (400, "LocationRequired")),
    ("no storage", lambda body: body["properties"].pop("storageProfile"), (400, "InvalidParameter")),
    ("no os disk, no image", lambda body: [profile(body).pop(key) for key in SYSTEM], (400, "InvalidParameter")),
    ("no image", lambda body: profile(body).pop("imageReference"), (400, "InvalidParameter")),
    ("half an image", lambda body: profile(body)["imageReference"].pop("sku"), (400, "InvalidParameter")),
    ("own image", lambda body: profile(body).update(imageReference={"id": "/x"}), (501, "OperationNotSimulated")),
    ("no option", lambda body: profile(body)["osDisk"].pop("createOption"), (400, "InvalidParameter")),
    ("empty os disk", lambda body: profile(body)["osDisk"].update(createOption="Empty"), (400, "InvalidParameter")),
    ("copied data", lambda body: data(body).update(createOption="FromImage"), (400, "InvalidParameter")),
    ("copy", lambda body: data(body).update(createOption="Copy"), (501, "OperationNotSimulated")),
    ("lun twice", lambda body: data(body).update(lun=1), (400, "InvalidParameter")),
    ("lun 64", lambda body: data(body).update(lun=64), (400, "InvalidParameter")),
    ("lun -1", lambda body: data(body).update(lun=-1), (400, "InvalidParameter")),
    ("no lun", lambda body: data(body).pop("lun"), (400, "InvalidParameter")),
    ("no size", lambda body: data(body).pop("diskSizeGB"), (400, "InvalidParameter")),
    ("size 0", lambda body: data(body).update(diskSizeGB=0), (400, "InvalidParameter")),
    ("large", lambda body: data(body).update(diskSizeGB=4096), (400, "InvalidParameter")),
    ("small os", lambda body: profile(body)["osDisk"].update(diskSizeGB=100), (400, "InvalidParameter")),
    ("other os", lambda body: profile(body)["osDisk"].update(osType="Linux"), (400, "InvalidParameter")),
    ("no os", lambda body: profile(body)["osDisk"].update(osType="BeOS"), (400, "BadRequest")),
    ("name twice", lambda body: data(body).update(name="SQL01-DATA1"), (400, "InvalidParameter")),
    ("blob twice", lambda body: data(body).update(vhd=profile(body)["osDisk"]["vhd"]), (400, "InvalidParameter")),
    ("mixed", lambda body: data(body).pop("vhd"), (409, "OperationNotAllowed")),
    ("foreign", lambda body: data(body).update(vhd={"uri": "https://x.invalid/a/b"}), (400, "InvalidParameter")),
    (
        "signed",
        lambda body: data(body)["vhd"].update(uri=data(body)["vhd"]["uri"] + "?sig=abc"),
        (400, "InvalidParameter"),
    ),
    ("no account", lambda body: other_account(data(body)["vhd"]), (409, "StorageAccountNotFound")),
    ("nothing to attach", lambda body: data(body).update(createOption="Attach"), (400, "InvalidParameter")),
    ("computer", lambda body: body["properties"]["osProfile"].update(computerName="x" * 16), (400, "InvalidParameter")),
    ("digits", lambda body: body["properties"]["osProfile"].update(computerName="123"), (400, "InvalidParameter")),
]


def profile(body: Json) -> Json:
    found: Json = body["properties"]["storageProfile"]
    return found


def data(body: Json) -> Json:
    found: Json = profile(body)["dataDisks"][0]
    return found


def other_account(vhd: Json) -> None:
    vhd["uri"] = vhd["uri"].replace("sql01disks", "nobodys")


@pytest.mark.parametrize(("spoil", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_machine_gets_its_code(world: ArmWorld, spoil: Change, expected: tuple[int, str]) -> None:
    body = machine_body(world.add_account())
    spoil(body)
    response = world.request("PUT", VM, body)
    assert (response.status_code, response.json()["error"]["code"]) == expected
    assert "sig=" not in response.text
    assert world.request("GET", VM).status_code == 404
    assert not world.ports.fabric.disks(VM)


def test_a_blob_is_the_disk_of_one_machine(world: ArmWorld) -> None:
    world.add_machine()
    other = VM.replace("Sql01", "Sql02")
    body = machine_body(world.add_account())
    assert world.error("PUT", other, body) == (409, "OperationNotAllowed")
    for disk in world.ports.fabric.disks(VM):
        world.ports.blobs.delete(disk.blob)
    assert world.error("PUT", other, body) == (409, "AcquireDiskLeaseFailed")


def test_a_linux_image_makes_a_linux_machine(world: ArmWorld) -> None:
    body = managed_body(0)
    profile(body)["imageReference"] = {"publisher": "Canonical", "offer": "0001-com-ubuntu", "sku": "22_04-lts-gen2"}
    world.put(VM, body)
    shown = world.get(VM)["properties"]
    assert (shown["storageProfile"]["osDisk"]["osType"], shown["storageProfile"]["osDisk"]["diskSizeGB"]) == (
        "Linux",
        30,
    )
    assert "linuxConfiguration" in shown["osProfile"]


# --------------------------------------------------------------------------------------------------------------- update


def test_the_same_machine_is_put_again_and_keeps_its_identity(world: ArmWorld) -> None:
    body = managed_body(1)
    world.follow(world.put(VM, body))
    first = world.get(VM)
    again = world.put(VM, body | {"tags": {"a": "b"}})
    assert again.status_code == 200
    echoed = world.put(VM, world.get(VM))
    assert echoed.status_code == 200
    assert world.get(VM) == first | {"tags": {"a": "b"}}


def test_a_machine_may_change_its_size_but_not_its_location(world: ArmWorld) -> None:
    body = managed_body(1)
    world.follow(world.put(VM, body))
    body["properties"]["hardwareProfile"] = {"vmSize": "Standard_D8s_v5"}
    world.follow(world.put(VM, body))
    assert world.get(VM)["properties"]["hardwareProfile"]["vmSize"] == "Standard_D8s_v5"
    desired = world.ports.store.get("fabric.vm", VM)
    assert desired is not None
    assert desired.json()["spec"]["size"] == "Standard_D8s_v5"
    assert world.error("PUT", VM, body | {"location": "eastus"}) == (409, "InvalidResourceLocation")


# ---------------------------------------------------------------------------------------------- what the machine shows


def test_the_instance_view_is_what_the_host_saw(world: ArmWorld) -> None:
    world.add_machine()
    view = world.get(f"{VM}/instanceView")
    assert view == world.get(VM, **{"$expand": "instanceView"})["properties"]["instanceView"]
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    assert [status["code"] for status in view["statuses"]] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert [disk["name"] for disk in view["disks"]] == ["sql01-os", "sql01-data0", "sql01-data1"]
    observe(world, agent={"status": "Not Ready", "version": None, "reported": None})
    agent = world.get(f"{VM}/instanceView")["vmAgent"]
    assert (agent["vmAgentVersion"], agent["statuses"][0]["code"]) == ("Unknown", "ProvisioningState/Unavailable")


@pytest.mark.parametrize(
    ("verb", "power"), [("deallocate", "deallocated"), ("powerOff", "stopped"), ("start", "running")]
)
def test_power_is_asked_for_and_followed(world: ArmWorld, verb: str, power: str) -> None:
    world.add_machine()
    response = world.post(f"{VM}/{verb}")
    assert response.status_code == 202
    assert world.follow(response)["status"] == "Succeeded"
    assert world.request("GET", response.headers["Location"]).status_code == 200
    view = world.get(f"{VM}/instanceView")
    assert view["statuses"][1]["code"] == f"PowerState/{power}"
    agent = view["vmAgent"]
    assert agent["statuses"][0]["displayStatus"] == ("Ready" if power == "running" else "Not Ready")
    assert (agent["vmAgentVersion"] == "Unknown") == (power != "running")
    assert world.error("POST", f"{VM}x/{verb}", {}) == (404, "ResourceNotFound")


def test_a_machine_shows_where_it_is_on_its_way_to(world: ArmWorld) -> None:
    world.add_machine()
    observe(world, power="stopped")
    (state, power) = world.get(f"{VM}/instanceView")["statuses"]
    assert (state["displayStatus"], power["code"], power["displayStatus"]) == (
        "Provisioning succeeded",
        "PowerState/starting",
        "VM starting",
    )


def test_an_operation_runs_until_the_host_has_done_it(world: ArmWorld) -> None:
    world.fabric.unready = True
    response = world.put(VM, machine_body(world.add_account()))
    assert response.json()["properties"]["provisioningState"] == "Creating"
    address = response.headers["Azure-AsyncOperation"]
    waiting = world.request("GET", address)
    assert waiting.json()["status"] == "InProgress"
    assert int(waiting.headers["Retry-After"]) > 0
    assert world.request("GET", f"{address}&monitor=true").status_code == 202
    world.ports.fabric.power(VM, "running")
    observe(world, provisioning_state="Failed", problem="the image does not boot")
    ended = world.get(address)
    assert ended["status"] == "Failed"
    assert ended["error"]["message"] == "the image does not boot"
    observe(world, provisioning_state="Succeeded", problem=None)
    assert world.get(address) == ended


@pytest.mark.parametrize(
    ("asked", "has_agent"), [({}, True), ({"provisionVMAgent": True}, True), ({"provisionVMAgent": False}, False)]
)
@pytest.mark.parametrize("system", ["windowsConfiguration", "linuxConfiguration"])
def test_a_guest_agent_is_installed_unless_a_machine_is_asked_for_without(
    world: ArmWorld, asked: Json, has_agent: bool, system: str
) -> None:
    body = machine_body(world.add_account())
    body["properties"]["osProfile"][system] = asked
    if system == "linuxConfiguration":
        body["properties"]["storageProfile"]["imageReference"] = {
            "publisher": "Canonical",
            "offer": "0001-com-ubuntu",
            "sku": "22_04-lts-gen2",
        }
        body["properties"]["storageProfile"]["osDisk"]["osType"] = "Linux"
        body["properties"]["osProfile"]["computerName"] = "web01"
    world.put(VM, body)
    desired = world.ports.store.get(DESIRED, VM)
    assert desired is not None
    assert desired.json()["spec"]["has_agent"] is has_agent
    assert world.get(VM)["properties"]["osProfile"][system]["provisionVMAgent"] is has_agent
    changed = spec_of(world.get(VM), world.fabric.disks(VM))
    assert changed.has_agent is has_agent, "whoever changes the machine later tells the same"


def test_machines_are_listed_by_group_and_by_subscription(world: ArmWorld) -> None:
    world.add_machine()
    in_group = world.get(f"{GROUP}/providers/Microsoft.Compute/virtualMachines")
    everywhere = world.get(f"{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines")
    assert in_group == everywhere == {"value": [world.get(VM)]}


def test_a_deleted_machine_is_gone_and_may_come_again(world: ArmWorld) -> None:
    assert world.request("DELETE", VM).status_code == 204
    world.add_machine()
    assert world.request("DELETE", VM).status_code == 202
    assert world.request("GET", VM).status_code == 404
    assert world.request("PUT", VM, managed_body()).status_code == 201
