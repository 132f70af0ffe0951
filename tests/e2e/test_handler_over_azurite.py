"""The handler against a real blob service: what its requests do there, and what a SAS that forbids them comes to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.ports import Blob
from extension.contract.codes import Code
from extension.contract.reports import StatusReport, parse_status_blob, unpadded
from extension.contract.settings import snapshot_request
from simulator.state.folder import cache_folder
from simulator.storage.azurite import Azurite, InstallFailed, ManagedAccounts, MissingNode
from tests.handler_rig import ONLY_GUEST, TASK, Rig

ACCOUNT = "sql01disks"
STATUS = Blob(ACCOUNT, "reports", "status")
LOG = Blob(ACCOUNT, "reports", "log")
MIB = 1 << 20


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzuriteBlobs]:
    accounts = ManagedAccounts(tmp_path_factory.mktemp("accounts") / "accounts.json")
    try:
        azurite = Azurite(cache_folder(), tmp_path_factory.mktemp("azurite"), accounts)
    except (MissingNode, InstallFailed) as lack:
        pytest.skip(str(lack))
    blobs = AzuriteBlobs(azurite.url, accounts)
    blobs.add_account(ACCOUNT)
    yield blobs
    blobs.close()
    azurite.close()


@pytest.fixture
def rig(tmp_path: Path, blobs: AzuriteBlobs) -> Iterator[Rig]:
    for number in range(3):
        blobs.delete(disk(number), snapshots=True)
        blobs.create(disk(number), MIB, {"a": "metadata of the disk's own"})
        blobs.write(disk(number), 0, bytes([number + 1]) * 512)
    blobs.put(STATUS, b"")
    blobs.create(LOG, 512)
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def disk(number: int) -> Blob:
    return Blob(ACCOUNT, "vhds", f"disk{number}.vhd")


def back_up(
    rig: Rig, blobs: AzuriteBlobs, *, permissions: str = "rw", expires: timedelta = timedelta(hours=3)
) -> StatusReport:
    def sas(blob: Blob, permissions: str = "rw", expires: timedelta = timedelta(hours=3)) -> str:
        return blobs.sas(blob, permissions, datetime.now(UTC) + expires)

    public, protected = snapshot_request(
        task_id=TASK,
        started=datetime.now(UTC),
        disks=[sas(disk(0)), sas(disk(1), permissions, expires), sas(disk(2), permissions, expires)],
        status_uri=sas(STATUS),
        logs_uri=sas(LOG),
        locale="en-us",
        metadata={"taskid": TASK},
        custom=ONLY_GUEST,
        luns=None,
    )
    rig.handler.settle(1, {**public, **protected})
    rig.carry_out()
    report = parse_status_blob(blobs.read(STATUS))
    assert report is not None
    return report


def test_snapshots_hold_the_moment_and_the_tasks_metadata(rig: Rig, blobs: AzuriteBlobs) -> None:
    report = back_up(rig, blobs)
    for number in range(3):
        blobs.write(disk(number), 0, b"\xff" * 512)

    assert report.consistency == "AppConsistent"
    assert report.snapshots is not None
    for number, taken in enumerate(report.snapshots):
        snapshot = blobs.parse(taken.snapshot_uri or "")
        assert snapshot == disk(number).at(taken.stamp)
        assert blobs.read(snapshot, 0, 512) == bytes([number + 1]) * 512
        properties = blobs.properties(snapshot)
        assert properties is not None
        assert properties.metadata == {"taskid": TASK}


def test_a_log_in_a_page_blob_grows_with_its_text(rig: Rig, blobs: AzuriteBlobs) -> None:
    back_up(rig, blobs)

    log = blobs.read(LOG)
    assert len(log) > 512
    assert len(log) % 512 == 0
    assert b"result: code 0" in unpadded(log)


@pytest.mark.parametrize(
    ("permissions", "expires", "reason"),
    [
        ("r", timedelta(hours=3), "AuthorizationPermissionMismatch"),
        ("rw", timedelta(minutes=-5), "AuthorizationFailure"),
    ],
    ids=["read-only", "expired"],
)
def test_a_sas_that_forbids_the_snapshot_costs_its_disks(
    rig: Rig, blobs: AzuriteBlobs, permissions: str, expires: timedelta, reason: str
) -> None:
    report = back_up(rig, blobs, permissions=permissions, expires=expires)

    assert report.code == Code.FailedRetryableSnapshotFailedNoNetwork
    assert report.failed_disks == (1, 2)
    assert reason in report.message
    assert "sig=" not in str(report.snapshots)
    assert rig.guest.thaws == 1
    assert [blob for blob in blobs.find(ACCOUNT, "vhds", snapshots=True) if blob.snapshot] == [
        disk(0).at((report.snapshots or ())[0].stamp)
    ]
