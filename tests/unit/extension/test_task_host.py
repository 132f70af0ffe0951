"""Who takes the snapshots of a task: by the word of the service, of the machine's owner, and by who can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from extension.contract.bridge import FreezeReport
from extension.contract.codes import Code
from extension.contract.settings import CustomSettings, SnapshotMethod
from extension.contract.settings_json import decode_object, encode_object
from extension.preconditions import PERSISTENT_KEYS
from tests.fake_guest import FACTS
from tests.guest_scripts import put
from tests.handler_rig import TASK, Rig

LINUX = FACTS._replace(os_name="ubuntu", os_version="24.04", services={}, vss_available=False, has_vss=False)
TOKEN = "token-of-the-task"
TIME = {"year": 2026, "month": 3, "day": 1, "hour": 2, "minute": 3, "second": 4}


@pytest.fixture(params=["Windows", "Linux"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    if request.param == "Linux":
        rig.guest.facts = LINUX
        rig.guest.freezes = [FreezeReport(True)]
    rig.guest.presnapshot = (200, json.dumps({"responseTime": TIME}).encode())
    rig.machine_time = lambda: datetime(**TIME, tzinfo=UTC)
    rig.guest.dosnapshot = lambda order: (
        200,
        json.dumps({"snapshotInfo": [told(lun) for lun in order["diskIds"]]}).encode(),
    )
    yield rig
    rig.close()


def told(lun: int, successful: str = "true") -> dict[str, Any]:
    uri = f"http://storage/account/vhds/disk{lun}.vhd?snapshot=2026-03-01T02:03:04.0000000Z"
    return {"isSuccessful": successful, "snapshotUri": uri if successful == "true" else None, "errorMessage": None}


def settle(rig: Rig, method: SnapshotMethod, token: str = TOKEN) -> None:
    rig.settle(custom=CustomSettings(method), token=token, started=datetime(2026, 3, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize("method", [SnapshotMethod.ONLY_HOST, SnapshotMethod.FIRST_HOST_THEN_GUEST])
def test_the_host_takes_them_within_the_freeze(rig: Rig, method: SnapshotMethod) -> None:
    settle(rig, method)
    report = rig.work()
    assert report.progress == "Succeeded"
    assert report.consistency == ("FileSystemConsistent" if rig.guest.facts is LINUX else "AppConsistent")
    assert report.telemetry["snapshotCreator"] == "backupHostService"
    assert (report.telemetry["hostStatusCodePreSnapshot"], report.telemetry["hostStatusCodeDoSnapshot"]) == (
        "200",
        "200",
    )
    assert [disk.stamp for disk in report.snapshots or ()] == ["2026-03-01T02:03:04.0000000Z"] * 2
    verbs = rig.guest.verbs()
    assert verbs.index("freeze") < verbs.index("dosnapshot") < verbs.index("thaw")
    assert rig.snapshots() == 0
    (order,) = [body for verb, body, _ in rig.guest.calls if verb == "dosnapshot"]
    assert (order["taskId"], order["diskIds"], order["snapshotTaskToken"]) == (TASK, [0, 1], TOKEN)
    assert order["snapshotMetadata"] == [{"Key": "taskid", "Value": TASK}]
    assert {pair["Key"] for pair in order["settings"]} >= {"isSnapshotTtlEnabled", "isVmmdBlobIncluded"}


@pytest.mark.parametrize("answer", [(500, b"no such service"), (404, b""), (200, b"")])
def test_without_a_host_the_guest_takes_them(rig: Rig, answer: tuple[int, bytes]) -> None:
    rig.guest.presnapshot = answer
    rig.settle(custom=CustomSettings(SnapshotMethod.FIRST_HOST_THEN_GUEST), token=TOKEN)
    report = rig.work()
    assert (report.progress, report.telemetry["snapshotCreator"]) == ("Succeeded", "guestExtension")
    assert rig.snapshots() == 2


def test_a_host_that_was_not_prepared_is_not_asked(rig: Rig) -> None:
    settle(rig, SnapshotMethod.FIRST_HOST_THEN_GUEST, token="")
    report = rig.work()
    assert (report.progress, report.telemetry["snapshotCreator"]) == ("Succeeded", "guestExtension")
    assert "dosnapshot" not in rig.guest.verbs()


def test_where_the_host_must_and_cannot_nothing_is_frozen(rig: Rig) -> None:
    rig.guest.presnapshot = (500, b"no such service")
    rig.settle(custom=CustomSettings(SnapshotMethod.ONLY_HOST), token=TOKEN)
    report = rig.work()
    assert (report.progress, report.code) == ("Failed", Code.FailedRetryableSnapshotFailedNoNetwork)
    assert "freeze" not in rig.guest.verbs()


def test_the_guest_first_does_without_the_host(rig: Rig) -> None:
    settle(rig, SnapshotMethod.FIRST_GUEST_THEN_HOST)
    report = rig.work()
    assert (report.progress, report.telemetry["snapshotCreator"]) == ("Succeeded", "guestExtension")
    assert ("dosnapshot" in rig.guest.verbs(), rig.snapshots()) == (False, 2)


def test_the_host_helps_where_the_guest_reaches_no_storage(rig: Rig) -> None:
    settle(rig, SnapshotMethod.FIRST_GUEST_THEN_HOST)
    settings = json.loads((rig.handler.root / "RuntimeSettings" / "1.settings").read_text())
    public = settings["runtimeSettings"][0]["handlerSettings"]["publicSettings"]
    inner = decode_object(public["objectStr"])
    inner["blobSASUri"] = [f"http://127.0.0.1:1/vhds/disk{lun}.vhd?sig=x" for lun in (0, 1)]
    rig.handler.settle(1, public | {"objectStr": encode_object(inner)})
    report = rig.work()
    assert (report.progress, report.telemetry["snapshotCreator"]) == ("Succeeded", "backupHostService")
    assert rig.guest.verbs().count("freeze") == 1


def test_a_host_that_is_gone_after_the_freeze(rig: Rig) -> None:
    rig.guest.dosnapshot = lambda order: (500, b"no such service")
    settle(rig, SnapshotMethod.ONLY_HOST)
    report = rig.work()
    assert (report.progress, report.code) == ("Failed", Code.FailedHostSnapshotRemoteServerError)
    assert report.telemetry["hostStatusCodeDoSnapshot"] == "556"
    assert rig.guest.thaws == 1


def test_a_disk_that_the_host_did_not_snapshot(rig: Rig) -> None:
    answer = {"snapshotInfo": [told(0), told(1, "false")]}
    rig.guest.dosnapshot = lambda order: (200, json.dumps(answer).encode())
    settle(rig, SnapshotMethod.ONLY_HOST)
    report = rig.work()
    assert (report.progress, report.failed_disks) == ("Failed", (1,))
    assert report.error_name == "FailedRetryableSnapshotFailedRestrictedNetwork"


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"snapshotInfo": null}', b'{"snapshotInfo": [1]}'])
def test_an_answer_of_the_host_that_says_nothing(rig: Rig, body: bytes) -> None:
    rig.guest.dosnapshot = lambda order: (200, body)
    settle(rig, SnapshotMethod.ONLY_HOST)
    report = rig.work()
    assert (report.progress, len(report.failed_disks)) == ("Failed", 2)


def test_the_owner_of_the_machine_has_the_last_word(rig: Rig) -> None:
    """In the registry of Windows, in vmbackup.conf of Linux."""
    if rig.guest.facts is LINUX:
        put(rig.handler.disk, "/etc/azure/vmbackup.conf", "[SnapshotThread]\nSnapshotMethod = onlyGuest", mode=0o644)
    else:
        key = rf"{PERSISTENT_KEYS}\SnapshotMethod"
        rig.guest.facts = FACTS._replace(registry={key: "onlyGuest"})
    settle(rig, SnapshotMethod.ONLY_HOST)
    report = rig.work()
    assert (report.telemetry["snapshotCreator"], rig.snapshots()) == ("guestExtension", 2)
