"""What is said of a recovery point of which the guest has a record, a summary, or nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.json_object import Json
from controlplane.vault_format.sources import PageBlobSource
from simulator.control.verify import HANDLER_CHECK, Verifier
from simulator.guest.disk.digests import digest_of, read_table
from simulator.guest.disk.ground_truth import GroundTruth, GroundTruths, TruthSummary
from simulator.guest.disk.write_history import Change, History, Write
from tests.unit.controlplane.jobs.backup_world import BackupWorld, backup_world
from tests.unit.controlplane.jobs.test_damage import flip_snapshot


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        world.back_up()
        yield world


def verdict(world: BackupWorld, truth: GroundTruth | TruthSummary | None) -> Json:
    verifier = Verifier(world.store, world.blobs, world.ports.settings, lambda vm, task: truth)
    return verifier.verify(world.points()[0].id)


def truth_of(world: BackupWorld, point: RecoveryPoint) -> GroundTruth:
    images = {disk.lun: PageBlobSource(world.blobs, points.snapshot_of(disk)) for disk in point.disks}
    tables = {lun: read_table(image) for lun, image in images.items()}
    names = {disk.lun: disk.name for disk in point.disks}
    return GroundTruth(point.task_id, datetime(2026, 3, 1, tzinfo=UTC), "application", 1.0, names, tables)


def summary_of(world: BackupWorld, folder: Path) -> TruthSummary:
    truth = truth_of(world, world.points()[0])
    GroundTruths(folder).keep(truth)
    summary = GroundTruths(folder).summary(truth.task_id)
    assert summary is not None
    return summary


def test_an_old_point_is_verified_by_the_summary_that_is_left(world: BackupWorld, tmp_path: Path) -> None:
    told = verdict(world, summary_of(world, tmp_path))
    assert (told["outcome"], told["verified"]) == ("verified", True)


def test_an_old_point_that_differs_is_not_verified(world: BackupWorld, tmp_path: Path) -> None:
    summary = summary_of(world, tmp_path)
    flip_snapshot(world, 0, point=0)
    told = verdict(world, summary)
    assert told["outcome"] == "failed"
    assert [check["detail"] for check in told["checks"] if not check["passed"]] == [
        "15 blocks on 3 disks, some of them differ"
    ]


def test_what_nothing_is_left_of_is_not_known_and_not_wrong(world: BackupWorld) -> None:
    told = verdict(world, None)
    assert (told["outcome"], told["verified"]) == ("unknown", False)
    of_images = [check for check in told["checks"] if check["name"] != HANDLER_CHECK]
    assert {(check["passed"], check["known"]) for check in of_images} == {(False, False)}
    assert told["checks"][0]["detail"] == "not known: there is no record"


def test_the_order_of_writes_cannot_be_judged_by_a_summary(world: BackupWorld, tmp_path: Path) -> None:
    summary = summary_of(world, tmp_path)
    points.put(world.store, replace(world.points()[0], consistency="CrashConsistent"))
    told = verdict(world, summary)
    assert told["outcome"] == "unknown"
    assert told["checks"][0]["detail"] == "not known any more: there were too many backups since"


@pytest.mark.parametrize(("os_type", "verified"), [("Linux", True), ("Windows", False)])
def test_scripts_of_linux_may_stand_in_for_a_freeze_and_nothing_else(
    world: BackupWorld, os_type: str, verified: bool
) -> None:
    """The disks went on: one that was written to after its snapshot equals no instant that was held."""
    point = world.points()[0]
    points.put(world.store, replace(point, machine=replace(point.machine, os_type=os_type)))
    truth = truth_of(world, point)
    lun, table = next(iter(truth.tables.items()))
    after, digest = table.copy(), digest_of(b"written after the snapshot")
    after.set(0, digest)
    written = History((Write(lun, 1, 2, (Change(0, table.get(0), digest),)),))
    told = verdict(world, replace(truth, consistency="crash", tables={**truth.tables, lun: after}, history=written))
    assert told["verified"] is verified


def test_what_is_wrong_outweighs_what_is_unknown(world: BackupWorld) -> None:
    for snapshot in world.snapshots():
        world.blobs.delete(snapshot)
    assert verdict(world, None)["outcome"] == "failed"
