"""The snapshots that a host takes for a handler: whose order it follows, of which disks, and what it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob
from extension.contract.protocol import settings_file
from extension.contract.settings import CustomSettings, SnapshotMethod, snapshot_request
from simulator.host.goalstate import PluginGoal
from simulator.host.snapshot_service import HostedDisks, HostSnapshotService, tokens_of
from tests.unit.simulator.host.wire_fakes import goal_state

TASK, TOKEN = "e07354cf-041e-4370-929f-25a319ce8933_1", "token-of-the-task"
OS_DISK, DATA = Blob("disks", "vhds", "os.vhd"), Blob("disks", "vhds", "data0.vhd")


def plugin(custom: CustomSettings, token: str = TOKEN) -> PluginGoal:
    public, _ = snapshot_request(
        task_id=TASK,
        started=datetime(2026, 3, 1, tzinfo=UTC),
        disks=[],
        status_uri="http://storage/logs/status?sig=x",
        logs_uri="http://storage/logs/log?sig=x",
        locale="en-us",
        metadata={},
        custom=custom,
        luns=[-1, 0],
        is_any_disk_excluded=False,
        snapshot_token=token,
    )
    return PluginGoal("Example.VMSnapshot", "1.0.0.0", "enabled", 1, settings_file(public, None, None))


@pytest.fixture
def blobs() -> MemoryBlobs:
    blobs = MemoryBlobs()
    blobs.add_account("disks")
    for blob in (OS_DISK, DATA):
        blobs.create(blob, 1024)
    return blobs


def machine(*plugins: PluginGoal) -> HostedDisks:
    plugins = plugins or (plugin(CustomSettings(SnapshotMethod.ONLY_HOST)),)
    return HostedDisks(goal_state(plugins=plugins), {-1: OS_DISK, 0: DATA})


def order(**changes: Any) -> dict[str, Any]:
    metadata = [{"Key": "task", "Value": TASK}]
    usual = {"taskId": TASK, "diskIds": [0, -1], "snapshotTaskToken": TOKEN, "snapshotMetadata": metadata}
    return usual | changes


def test_it_snapshots_the_disks_that_it_is_asked_for(blobs: MemoryBlobs) -> None:
    status, body, fact = HostSnapshotService().dosnapshot("vm", order(), machine(), blobs)
    assert status == 200
    assert isinstance(body, dict)
    for blob, told in zip((DATA, OS_DISK), body["snapshotInfo"], strict=True):
        assert (told["isSuccessful"], told["errorMessage"], told["statusCode"]) == ("true", None, 200)
        plain, _, stamp = told["snapshotUri"].partition("?snapshot=")
        assert plain == blobs.url(blob)
        properties = blobs.properties(blob.at(stamp))
        assert properties is not None
        assert properties.metadata == {"task": TASK}
    assert fact.event().data == {"task_id": TASK, "taken": 2, "failed": 0}


def test_a_disk_that_cannot_be_snapshotted_is_told_of(blobs: MemoryBlobs) -> None:
    blobs.delete(DATA)
    status, body, fact = HostSnapshotService().dosnapshot("vm", order(), machine(), blobs)
    assert status == 200
    assert isinstance(body, dict)
    assert [each["isSuccessful"] for each in body["snapshotInfo"]] == ["false", "true"]
    assert body["snapshotInfo"][0]["errorMessage"]
    assert fact.event().data == {"task_id": TASK, "taken": 1, "failed": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"snapshotTaskToken": "another"},
        {"snapshotTaskToken": ""},
        {"snapshotTaskToken": None},
        {"taskId": "another"},
        {"diskIds": []},
        {"diskIds": None},
        {"diskIds": [0, 0]},
        {"diskIds": [7]},
        {"diskIds": [True]},
        {"diskIds": list(range(100))},
    ],
)
def test_what_was_not_ordered_is_refused(blobs: MemoryBlobs, changes: dict[str, Any]) -> None:
    status, body, fact = HostSnapshotService().dosnapshot("vm", order(**changes), machine(), blobs)
    assert status == 403
    assert isinstance(body, dict)
    assert fact.NAME == "host_snapshot.refused"
    assert TOKEN not in str(body)
    assert [blob for blob in blobs.find("disks", "vhds", snapshots=True) if blob.snapshot] == []


def test_a_task_without_a_token_is_none_for_the_host(blobs: MemoryBlobs) -> None:
    hosted = machine(plugin(CustomSettings(SnapshotMethod.ONLY_GUEST), token=""))
    assert tokens_of(hosted.goal_state) == {}
    status, _, _ = HostSnapshotService().dosnapshot("vm", order(snapshotTaskToken=""), hosted, blobs)
    assert status == 403


def test_the_task_may_have_another_name_for_the_host() -> None:
    custom = CustomSettings(SnapshotMethod.ONLY_HOST, backup_task_id="for-the-host")
    assert tokens_of(machine(plugin(custom)).goal_state) == {"for-the-host": TOKEN}


def test_settings_of_other_handlers_are_no_tasks() -> None:
    other = PluginGoal("Example.Other", "1.0.0.0", "enabled", 1, settings_file({"objectStr": "x"}, None, None))
    broken = PluginGoal("Example.Broken", "1.0.0.0", "enabled", 1, "no settings")
    assert tokens_of(machine(other, broken).goal_state) == {}
