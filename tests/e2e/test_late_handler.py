"""A handler that wakes up after its attempt was given up can do nothing any more: real signatures, real storage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.ports import ServiceSettings
from extension.contract.settings import SnapshotSettings
from simulator.state.folder import cache_folder
from simulator.storage.azurite import Azurite, ManagedAccounts
from tests.patience import comes_true
from tests.unit.controlplane.adapters.scripted_fabric import silent
from tests.unit.controlplane.jobs.backup_world import BackupWorld, backup_world

ATTEMPT_SECONDS = 3


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupWorld]:
    folder = tmp_path_factory.mktemp("late")
    accounts = ManagedAccounts(folder / "accounts.json")
    azurite = Azurite(cache_folder(), folder, accounts)
    storage = AzuriteBlobs(azurite.url, accounts)
    settings = ServiceSettings(snapshot_timeout_seconds=ATTEMPT_SECONDS)
    with backup_world(settings=settings, storage=storage, rate=1.0) as world:
        yield world
    storage.close()
    azurite.close()


def refused(method: str, url: str, body: bytes, **headers: str) -> int:
    """The status of a request that the storage must refuse."""
    asked = Request(url, data=body, method=method, headers={"x-ms-version": "2018-03-28", **headers})
    with pytest.raises(HTTPError) as answer:
        urlopen(asked, timeout=10)
    with answer.value as error:
        return error.code


def test_it_can_neither_snapshot_nor_report(world: BackupWorld) -> None:
    world.fabric.script = [silent]
    job = world.back_up()
    assert job["errorDetails"][0]["errorTitle"] == "GuestAgentSnapshotTaskStatusError"
    asleep = SnapshotSettings.parse(world.fabric.delivered[0].public, world.fabric.delivered[0].protected)
    # A signature ends with a whole second.
    late = world.clock.now() + timedelta(seconds=1)
    assert comes_true(lambda: world.clock.now() >= late)
    assert [refused("PUT", f"{uri}&comp=snapshot", b"") for uri in asleep.disks] == [403] * 3
    for uri in (asleep.report.status_uri, asleep.report.logs_uri):
        assert uri is not None
        assert refused("PUT", uri, b"late", **{"x-ms-blob-type": "BlockBlob"}) == 403
    assert world.snapshots() == []


def test_the_next_backup_is_not_confused_by_it(world: BackupWorld) -> None:
    world.fabric.script = [silent]
    world.back_up()
    assert world.back_up()["status"] == "Completed"
    (point,) = world.points()
    assert point.consistency == "AppConsistent"
    assert len(world.snapshots()) == 3
