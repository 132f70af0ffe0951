"""Files of a recovery point: a session, its script, and what the script brings back."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from controlplane.domain.compute.vhd import FOOTER_BYTES
from controlplane.domain.events.service import ArmRequest, ItemRecoveryBegun, ItemRecoveryEnded, RetentionDue
from controlplane.domain.recovery_services.recovery_point import as_listed
from controlplane.jobs.documents import sessions
from controlplane.jobs.restore import item_recovery, recover_files
from controlplane.jobs.restore.item_recovery import LASTS
from controlplane.jobs.restore.recover_files import UNKNOWN_PASSWORD, copy_all
from controlplane.json_object import Json
from controlplane.ports import Blob
from simulator.guest.disk import partition
from simulator.guest.disk.volume import Volume
from tests.unit.controlplane.arm.arm_world import ITEM, VAULT, VM, ArmWorld, furnished_world
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import back_up, delete_item, listed, pass_time

FILES = {"report.txt": b"what was known then\n", "big.bin": bytes(range(256)) * 1024, "empty": b""}
SHOWN = "isInstantIlrSessionActive"
REQUEST = {"properties": {"objectType": "IaasVMILRRegistrationRequest", "virtualMachineId": VM}}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as world:
        yield world


class Sectors:
    """The disk in a page blob."""

    def __init__(self, world: ArmWorld, blob: Blob) -> None:
        self._blobs, self._blob = world.ports.blobs, blob

    def read(self, offset: int, length: int) -> bytes:
        return self._blobs.read(self._blob, offset, length)

    def write(self, offset: int, data: bytes) -> None:
        self._blobs.write(self._blob, offset, data)


def fill(world: ArmWorld) -> None:
    """A volume with files on the first data disk; nothing on the others."""
    blob = next(disk.blob for disk in world.fabric.disks(VM) if disk.lun == 0)
    found = world.ports.blobs.properties(blob)
    assert found is not None
    disk = Sectors(world, blob)
    place, pieces = partition.layout(found.size_bytes - FOOTER_BYTES, UUID(int=1), UUID(int=2))
    for piece in pieces:
        disk.write(piece.offset, piece.data)
    volume = Volume.format(disk, place, "Data", UUID(int=3))
    for name, content in FILES.items():
        volume.open(name).write(0, content or b"x")
        if not content:
            volume.open(name).truncate(0)
    volume.flush()


def recovery_point(world: ArmWorld) -> str:
    fill(world)
    world.protect()
    back_up(world)
    return str(listed(world, f"{ITEM}/recoveryPoints")[0]["id"])


def begin(world: ArmWorld, point: str) -> Json:
    """The script of a fresh session, as the service gives it."""
    answer = world.post(f"{point}/provisionInstantItemRecovery", REQUEST)
    assert (answer.status_code, answer.content) == (202, b"")
    ended = world.follow(answer)
    asked = {"provisionInstantItemRecoveryOperationId": ended["id"]}
    result = world.post(f"{point}/listInstantItemRecoveryOperationResult", asked)
    assert result.status_code == 200, result.text
    assert ended["properties"]["objectType"] == "OperationStatusProvisionILRExtendedInfo"
    assert ended["properties"]["recoveryTarget"] == result.json()
    found: Json = result.json()["clientScripts"][-1]
    return found | {"session": ended["id"]}


def password_of(script: Json) -> str:
    """As the command line cuts it out of the script's name."""
    suffix = script["scriptNameSuffix"]
    at = suffix.rfind("_") + 33
    assert len(suffix) == at + 15
    return str(suffix[at:])


def asker(world: ArmWorld, script: Json, password: str) -> recover_files.Ask:
    """The script's way to the service."""

    def ask(path: str, span: str) -> bytes:
        headers = {"Range": span} if span else {}
        url = f"/itemrecovery/{script['session']}/{path}"
        answer = world.send("GET", url, headers=headers, auth=("any", password))
        assert answer.status_code in {200, 206}, answer.status_code
        return answer.content

    return ask


def recovered(world: ArmWorld, script: Json, into: Path) -> dict[str, bytes]:
    told: list[str] = []
    count = copy_all(asker(world, script, password_of(script)), str(into), told.append)
    (folder,) = into.iterdir()
    assert folder.name == "sql01-data0-Data"
    assert sum("skipped" in line for line in told) == 2
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert count == len(found)
    return found


def test_the_script_brings_the_files_back(world: ArmWorld, tmp_path: Path) -> None:
    point = recovery_point(world)
    script = begin(world, point)
    fill_with_other_files(world)
    assert recovered(world, script, tmp_path) == FILES


def fill_with_other_files(world: ArmWorld) -> None:
    blob = next(disk.blob for disk in world.fabric.disks(VM) if disk.lun == 0)
    world.ports.blobs.clear(blob, 0, 4 * 1024 * 1024)


def test_the_files_come_from_the_vault_once_the_snapshots_are_gone(world: ArmWorld, tmp_path: Path) -> None:
    recovery_point(world)
    pass_time(world, 24 * 3600)
    back_up(world)
    world.advance(5 * 24 * 3600)
    oldest = listed(world, f"{ITEM}/recoveryPoints")[-1]
    assert [tier["type"] for tier in oldest["properties"]["recoveryPointTierDetails"]] == ["HardenedRP"]
    assert recovered(world, begin(world, oldest["id"]), tmp_path) == FILES


def test_the_script_is_one_that_the_command_line_can_handle(world: ArmWorld) -> None:
    script = begin(world, recovery_point(world))
    text = b64decode(script["scriptContent"]).decode()
    password = password_of(script)
    assert text.count(f'TargetPassword="{password}"') == 1
    cut = text.replace(f'TargetPassword="{password}"', f'TargetPassword="{UNKNOWN_PASSWORD}"')
    assert password not in cut
    assert script["osType"] == "Windows"
    fetched = world.send("GET", script["url"])
    assert fetched.text == cut
    names: Json = {"__name__": "script"}
    exec(compile(cut, "script", "exec"), names)
    assert (names["SESSION"], names["PASSWORD"]) == (script["session"], UNKNOWN_PASSWORD)
    assert script["url"] == f"{names['SERVICE']}/itemrecovery/{script['session']}/script"


def test_what_a_client_calls_the_service_is_a_text_in_the_script_and_no_program(world: ArmWorld) -> None:
    script = begin(world, recovery_point(world))
    hostile = 'x"\\\nraise SystemExit(7) #'
    session = sessions.find(world.ports, script["session"])
    names: Json = {"__name__": "script"}
    exec(compile(item_recovery.script(f"http://{hostile}", session), "script", "exec"), names)
    assert names["SERVICE"] == f"http://{hostile}"


@pytest.mark.parametrize(
    ("arguments", "standard_input", "code", "said"),
    [
        ([], "", 2, "write it behind the script's name, or write - there and give it on standard input"),
        (["wrong"], "", 3, "error: "),
        (["-"], "wrong\n", 3, "error: "),
    ],
)
def test_without_a_terminal_the_script_says_how_to_give_its_password(
    world: ArmWorld, tmp_path: Path, arguments: list[str], standard_input: str, code: int, said: str
) -> None:
    text = b64decode(begin(world, recovery_point(world))["scriptContent"]).decode()
    (tmp_path / "script.py").write_text(re.sub('TargetPassword=".*"', f'TargetPassword="{UNKNOWN_PASSWORD}"', text))
    done = subprocess.run(
        [sys.executable, "script.py", *arguments], cwd=tmp_path, input=standard_input, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_session_shows_lasts_twelve_hours_and_ends_when_it_is_revoked(world: ArmWorld) -> None:
    point = recovery_point(world)
    assert not world.get(point)["properties"][SHOWN]
    script = begin(world, point)
    assert world.get(point)["properties"][SHOWN]
    assert listed(world, f"{ITEM}/recoveryPoints") == [as_listed(world.get(point))]
    assert world.follow(world.post(f"{point}/revokeInstantItemRecovery"))["status"] == "Succeeded"
    assert not world.get(point)["properties"][SHOWN]
    gone = world.send("GET", f"/itemrecovery/{script['session']}/disks", auth=("any", password_of(script)))
    assert gone.status_code == 404
    none = (409, "UserErrorItemRecoverySessionNotFound")
    assert world.error("POST", f"{point}/revokeInstantItemRecovery") == none
    later = begin(world, point)
    pass_time(world, 12 * 3600)
    assert not world.get(point)["properties"][SHOWN]
    assert world.send("GET", later["url"]).status_code == 404


def test_whoever_does_not_know_the_password_reads_nothing(world: ArmWorld) -> None:
    script = begin(world, recovery_point(world))
    door = f"/itemrecovery/{script['session']}"
    for path in ("/disks", "/disks/0"):
        assert world.send("GET", f"{door}{path}").status_code == 401
        assert world.send("GET", f"{door}{path}", auth=("any", "wrong")).status_code == 401
    known = ("any", password_of(script))
    for span in ("", "bytes=0-", "bytes=5-4", "bytes=0-99999999", "bytes=99999999999-99999999999"):
        headers = {"Range": span} if span else {}
        assert world.send("GET", f"{door}/disks/0", headers=headers, auth=known).status_code == 416
    odd = world.send("GET", f"{door}/disks/7", headers={"Range": "bytes=0-1"}, auth=known)
    assert (odd.status_code, odd.json()["error"]["code"]) == (400, "BMSUserErrorInvalidInput")


def test_a_bad_request_for_files_gets_its_code(world: ArmWorld) -> None:
    point = recovery_point(world)
    provision = f"{point}/provisionInstantItemRecovery"
    wrong = {"properties": REQUEST["properties"] | {"recoveryPointId": "1"}}
    assert world.error("POST", provision, wrong) == (400, "BMSUserErrorInvalidInput")
    assert world.error("POST", provision, {}) == (400, "BMSUserErrorInvalidInput")
    asked = {"provisionInstantItemRecoveryOperationId": "none"}
    assert world.error("POST", f"{point}/listInstantItemRecoveryOperationResult", asked) == (404, "OperationNotFound")
    delete_item(world)
    assert world.error("POST", provision, REQUEST) == (400, "BMSUserErrorItemIsSoftDeleted")
    assert listed(world, f"{VAULT}/backupJobs", "operation eq 'Restore'") == []


def test_a_name_never_leads_out_of_the_folder() -> None:
    assert [recover_files.safe(name) for name in ("../../x", "/etc/passwd", "..", "a\\b", "C:x")] == [
        "_.._x",
        "_etc_passwd",
        "_",
        "a_b",
        "C_x",
    ]


def test_what_is_told_of_a_session_belongs_to_what_began_and_ended_it(world: ArmWorld) -> None:
    """And not to the backup that once made the recovery point."""
    point = recovery_point(world)
    begin(world, point)
    world.follow(world.post(f"{point}/revokeInstantItemRecovery"))
    begin(world, point)
    world.advance(2 * LASTS.total_seconds())
    told = {event.id: event for event in world.ports.store.events(limit=100_000)}
    of_sessions = [event for event in told.values() if event.name in (ItemRecoveryBegun.NAME, ItemRecoveryEnded.NAME)]
    assert [(event.name, told[event.parent or 0].name) for event in of_sessions] == [
        (ItemRecoveryBegun.NAME, ArmRequest.NAME),
        (ItemRecoveryEnded.NAME, ArmRequest.NAME),
        (ItemRecoveryBegun.NAME, ArmRequest.NAME),
        (ItemRecoveryEnded.NAME, RetentionDue.NAME),
    ]
    assert {event.job for event in of_sessions} == {None}
    assert {event.data["point"] for event in of_sessions} == {point.rpartition("/")[2]}
