"""Run commands by requests: their operation, their result, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import IMAGE, VM, ArmWorld, arm_world

RUN = f"{VM}/runCommand"
SCRIPT = {"commandId": "RunPowerShellScript", "script": ["vssadmin list writers"]}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        profile = {"imageReference": dict(IMAGE), "osDisk": {"createOption": "FromImage"}}
        body = {"location": "westus", "properties": {"storageProfile": profile, "osProfile": {"adminUsername": "me"}}}
        world.follow(world.put(VM, body))
        yield world


def test_the_result_is_what_the_script_wrote(world: ArmWorld) -> None:
    response = world.request("POST", RUN, SCRIPT)
    assert response.status_code == 202
    ended = world.follow(response)
    (out, err) = ended["properties"]["output"]["value"]
    assert (out["code"], out["message"]) == ("ComponentStatus/StdOut/succeeded", "vssadmin list writers")
    assert (err["code"], err["message"]) == ("ComponentStatus/StdErr/succeeded", "")
    assert world.request("GET", response.headers["Location"]).json() == ended["properties"]["output"]
    again = world.follow(world.request("POST", RUN, SCRIPT | {"script": ["hostname"]}))
    assert again["properties"]["output"]["value"][0]["message"] == "hostname"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"commandId": "RunShellScript"}, (400, "InvalidParameter")),
        ({"commandId": "IPConfig"}, (501, "OperationNotSimulated")),
        ({"commandId": None}, (400, "InvalidParameter")),
        ({"script": []}, (400, "InvalidParameter")),
        ({"parameters": [{"name": "a", "value": "b"}]}, (501, "OperationNotSimulated")),
    ],
)
def test_what_cannot_be_run_is_refused(world: ArmWorld, changes: Json, error: tuple[int, str]) -> None:
    assert world.error("POST", RUN, SCRIPT | changes) == error


def test_a_machine_that_is_off_runs_nothing(world: ArmWorld) -> None:
    world.follow(world.post(f"{VM}/deallocate"))
    assert world.error("POST", RUN, SCRIPT) == (409, "OperationNotAllowed")


def test_one_script_at_a_time(world: ArmWorld) -> None:
    world.fabric.unready = True
    world.ports.fabric.run_command(VM, ["hostname"])
    desired = world.ports.store.get("fabric.vm", VM)
    assert desired is not None
    body = desired.json()
    body["command"]["number"] += 1
    world.ports.store.put("fabric.vm", VM, body)
    assert world.error("POST", RUN, SCRIPT) == (409, "Conflict")
