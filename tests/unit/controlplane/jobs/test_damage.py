"""Damage is never silent and never restored: each copy is damaged in turn, then restored and built upon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.documents import points, sessions
from controlplane.jobs.documents.sessions import Session
from controlplane.jobs.restore import item_recovery
from controlplane.jobs.retention import archive
from controlplane.json_object import Json
from controlplane.ports import Blob, StorageUnavailable
from controlplane.vault_format.manifest import pack_of
from controlplane.vault_format.tiered_source import NowhereWhole
from tests.unit.controlplane.jobs.backup_world import BLOCK, BackupWorld, backup_world


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        world.write(1, 1, 50)
        world.back_up()
        world.clock.jump(60)
        yield world


DATA = 1
"""Place of the disk that is damaged."""


def disk(world: BackupWorld, point: int = -1) -> PointDisk:
    return world.points()[point].disks[DATA]


def flip_snapshot(world: BackupWorld, block: int, point: int = -1) -> None:
    """What the snapshot holds changes; the disk itself does not."""
    world.blobs.flipped.add((points.snapshot_of(disk(world, point)), block * BLOCK + 7))


def pack_blob(world: BackupWorld, point: int = -1) -> Blob:
    name = (disk(world, point).vault or {})["name"]
    return Blob(world.ports.settings.vault_account, "vault", f"packs/{pack_of(name)}/0000")


def flip_pack(world: BackupWorld, at: int, point: int = -1) -> None:
    world.blobs.flipped.add((pack_blob(world, point), at))


def manifest_blob(world: BackupWorld, point: int = -1) -> Blob:
    name = (disk(world, point).vault or {})["name"]
    return Blob(world.ports.settings.vault_account, "vault", f"manifests/{name}")


def lose_snapshots(world: BackupWorld) -> None:
    for snapshot in world.snapshots():
        world.blobs.delete(snapshot)


def restored(world: BackupWorld, place: int = DATA) -> bytes:
    made = world.job_private()["restored"][place]
    return world.blobs.read(Blob(made["account"], made["container"], made["blob"]))


def content(world: BackupWorld) -> bytes:
    return world.blobs.read(world.disks[DATA].blob)


def statuses(world: BackupWorld, point: int = -1) -> dict[str, str]:
    return {tier["type"]: tier["status"] for tier in world.shown_points()[point]["recoveryPointTierDetails"]}


def error(job: Json) -> Json:
    errors: list[Json] = job["errorDetails"]
    (only,) = errors
    return only


def without_transfer(world: BackupWorld) -> RecoveryPoint:
    """One more point, of which the vault has no copy."""

    def refuse(verb: str, blob: Blob) -> None:
        if verb == "commit" and blob.name.startswith("packs/") and not told:
            told.append(blob)
            raise StorageUnavailable("no answer")

    told: list[Blob] = []
    world.blobs.listener = refuse
    assert world.back_up()["status"] == "CompletedWithWarnings"
    world.blobs.listener = None
    world.clock.jump(60)
    return world.points()[-1]


# -------------------------------------------------------------------------------------------------------------- digests


def test_a_transferred_point_keeps_no_digests_of_its_own(world: BackupWorld) -> None:
    assert [each.digests for each in world.points()[0].disks] == ["", "", ""]
    assert all(each.content for each in world.points()[0].disks)
    assert not [name for name in world.vault_blobs() if "digests" in name]


def test_a_point_with_snapshots_alone_has_its_digests_and_they_go_with_it(world: BackupWorld) -> None:
    world.write(1, 3, 51)
    point = without_transfer(world)
    assert point.tiers == "Instant"
    assert all(each.digests and each.content for each in point.disks)
    assert len([name for name in world.vault_blobs() if "manifests/digests" in name]) == 3
    assert world.restore(point)["status"] == "Completed"
    assert restored(world) == content(world)


def test_a_damaged_snapshot_without_a_copy_is_not_restored(world: BackupWorld) -> None:
    world.write(1, 3, 51)
    point = without_transfer(world)
    flip_snapshot(world, 3)
    job = world.restore(point)
    assert (job["status"], error(job)["errorTitle"]) == ("Failed", "UserErrorRecoveryPointDamaged")
    assert f"the disk data of the recovery point is damaged at byte {3 * BLOCK}" in error(job)["errorString"]
    assert "InstantRP: the snapshot does not hold what was backed up" in error(job)["errorString"]
    assert world.restored_blobs() == []
    assert statuses(world) == {"InstantRP": "Invalid"}
    assert world.shown_points()[-1]["recoveryPointAdditionalInfo"] == "Damaged disks: data (InstantRP)."


def test_the_whole_disks_of_a_damaged_point_can_be_restored(world: BackupWorld) -> None:
    world.write(1, 3, 51)
    point = without_transfer(world)
    flip_snapshot(world, 3)
    job = world.restore(point, restoreDiskLunList=[1])
    assert job["status"] == "Completed"
    assert len(world.job_private()["restored"]) == 2, "the OS disk too"


def test_a_restore_gives_a_point_the_digests_that_it_lacks(world: BackupWorld) -> None:
    def refuse(verb: str, blob: Blob) -> None:
        if blob.account == world.ports.settings.vault_account and verb in {"commit", "put"}:
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    job = world.back_up()
    world.blobs.listener = None
    assert job["status"] == "CompletedWithWarnings"
    assert len(job["errorDetails"]) == 1, "the transfer has said it"
    assert world.events("transfer.digests_skipped")
    point = world.points()[-1]
    assert [each.digests for each in point.disks] == ["", "", ""]
    assert world.restore(point)["status"] == "Completed"
    assert all(each.digests for each in world.points()[-1].disks)


# ------------------------------------------------------------------------------------------------------------- restores


def test_a_damaged_snapshot_is_restored_from_the_vault(world: BackupWorld) -> None:
    flip_snapshot(world, 1)
    job = world.restore(world.points()[0])
    assert job["status"] == "Completed"
    assert job["extendedInfo"]["propertyBag"]["Damaged Copies"] == "data (InstantRP)"
    assert restored(world) == content(world)
    assert statuses(world) == {"InstantRP": "Invalid", "HardenedRP": "Valid"}
    (told,) = world.events("recovery_point.damaged")
    assert (told["disk"], told["copy"]) == ("data", "InstantRP")
    assert f"at byte {BLOCK}" in told["problem"]


def test_a_damaged_copy_is_restored_from_the_snapshot_block_by_block(world: BackupWorld) -> None:
    """One block is damaged in either tier, each a different one."""
    flip_snapshot(world, 0)
    flip_pack(world, BLOCK + 5)
    assert world.restore(world.points()[0])["status"] == "Completed"
    assert restored(world) == content(world)
    assert statuses(world) == {"InstantRP": "Invalid", "HardenedRP": "Invalid"}


def test_what_is_damaged_in_every_tier_is_named_by_disk_tier_and_byte(world: BackupWorld) -> None:
    flip_snapshot(world, 1)
    flip_pack(world, BLOCK + 5)
    job = world.restore(world.points()[0])
    assert job["status"] == "Failed"
    text = error(job)["errorString"]
    assert f"the disk data of the recovery point is damaged at byte {BLOCK}" in text
    assert "InstantRP:" in text
    assert f"HardenedRP: pack {pack_of((disk(world).vault or {})['name'])}" in text
    assert world.restored_blobs() == []


@pytest.mark.parametrize("left", [0, 40])
def test_a_cut_manifest_does_not_keep_a_whole_snapshot_from_being_restored(world: BackupWorld, left: int) -> None:
    blob = manifest_blob(world)
    world.blobs.put(blob, world.blobs.read(blob)[:left])
    job = world.restore(world.points()[0])
    assert job["status"] == "Completed"
    assert restored(world) == content(world)
    assert disk(world).digests, "made anew, and found to be those of the backup"
    assert statuses(world) == {"InstantRP": "Valid", "HardenedRP": "Invalid"}


def test_a_damaged_snapshot_whose_manifest_is_cut_is_not_restored(world: BackupWorld) -> None:
    flip_snapshot(world, 1)
    blob = manifest_blob(world)
    world.blobs.put(blob, world.blobs.read(blob)[:40])
    job = world.restore(world.points()[0])
    assert (job["status"], error(job)["errorTitle"]) == ("Failed", "UserErrorRecoveryPointDamaged")
    assert statuses(world) == {"InstantRP": "Invalid", "HardenedRP": "Invalid"}


def test_a_lost_pack_is_restored_from_the_snapshot(world: BackupWorld) -> None:
    world.blobs.delete(pack_blob(world))
    assert world.restore(world.points()[0])["status"] == "Completed"
    assert restored(world) == content(world)
    assert statuses(world)["InstantRP"] == "Valid"


# -------------------------------------------------------------------------------------------------------------- backups


def test_the_next_backup_sends_again_what_a_restore_found_damaged(world: BackupWorld) -> None:
    lose_snapshots(world)
    flip_pack(world, BLOCK + 5)
    assert world.restore(world.points()[0])["status"] == "Failed"
    world.clock.jump(60)
    assert world.back_up()["status"] == "Completed"
    newest = disk(world)
    assert (newest.transferred_bytes, newest.changed_bytes) == (BLOCK, BLOCK)
    lose_snapshots(world)
    world.clock.jump(60)
    assert world.restore(world.points()[-1])["status"] == "Completed"
    assert restored(world) == content(world)


def test_a_backup_that_finds_its_base_damaged_marks_it_and_sends_everything(world: BackupWorld) -> None:
    blob = manifest_blob(world)
    world.blobs.put(blob, world.blobs.read(blob)[:40])
    assert world.back_up()["status"] == "Completed"
    assert statuses(world, 0) == {"InstantRP": "Valid", "HardenedRP": "Invalid"}
    assert statuses(world) == {"InstantRP": "Valid", "HardenedRP": "Valid"}
    assert disk(world).transferred_bytes == 2 * BLOCK
    assert world.events("recovery_point.damaged")[0]["problem"].startswith("the manifest does not match its digest")


# ------------------------------------------------------------------------------------------------- files, and archive


def opened(world: BackupWorld) -> Session:
    return sessions.find(world.ports, item_recovery.provision(world.ports, world.points()[0], renew=False))


def test_a_recovery_of_files_marks_what_it_finds_damaged(world: BackupWorld) -> None:
    flip_snapshot(world, 1)
    session = opened(world)
    disk_of_files = item_recovery.source(world.ports, session, disk(world).lun)
    assert disk_of_files.read(0, BLOCK) == content(world)[:BLOCK]
    assert world.events("recovery_point.damaged") == [], "nobody has read the damaged block"
    assert disk_of_files.read(BLOCK, BLOCK) == content(world)[BLOCK : 2 * BLOCK]
    assert statuses(world) == {"InstantRP": "Invalid", "HardenedRP": "Valid"}
    disk_of_files.read(BLOCK, BLOCK)
    told = [each for each in world.store.events(limit=100_000) if each.name == "recovery_point.damaged"]
    assert [(each.data["copy"], each.parent) for each in told] == [("InstantRP", session.begun)], "told once"


def test_files_that_no_tier_has_whole_are_refused_and_both_are_marked(world: BackupWorld) -> None:
    flip_snapshot(world, 1)
    flip_pack(world, BLOCK + 5)
    disk_of_files = item_recovery.source(world.ports, opened(world), disk(world).lun)
    with pytest.raises(NowhereWhole):
        disk_of_files.read(0, 2 * BLOCK)
    assert statuses(world) == {"InstantRP": "Invalid", "HardenedRP": "Invalid"}
    world.clock.jump(60)
    world.back_up()
    assert disk(world).transferred_bytes == BLOCK, "the next backup does not lean on it"


def test_files_of_a_disk_that_no_tier_has_at_all_mark_it(world: BackupWorld) -> None:
    lose_snapshots(world)
    blob = manifest_blob(world)
    world.blobs.put(blob, world.blobs.read(blob)[:40])
    with pytest.raises(NowhereWhole):
        item_recovery.source(world.ports, opened(world), disk(world).lun)
    assert statuses(world)["HardenedRP"] == "Invalid"


def test_a_move_to_the_archive_marks_what_it_finds_damaged_and_leaves_the_point(world: BackupWorld) -> None:
    point = recovery_point.changed(world.points()[0], "snapshot_expired")
    points.put(world.store, replace(point, rules=("Monthly",), expires=point.time + timedelta(days=730)))
    world.clock.jump(91 * 86_400)
    flip_pack(world, BLOCK + 5)
    before = world.vault_blobs()
    ticket = archive.move(world.ports, world.engine, point.document, "HardenedRP", "ArchivedRP")
    job = world.ended(ticket)
    assert (job["status"], error(job)["errorTitle"]) == ("Failed", "UserErrorRecoveryPointDamaged")
    assert error(job)["errorString"].startswith("The move to the archive failed because the disk data of the recovery ")
    assert statuses(world) == {"HardenedRP": "Invalid"}
    assert world.vault_blobs() == before
    (told,) = [each for each in world.store.events(limit=100_000) if each.name == "recovery_point.damaged"]
    assert told.job == ticket.job_id
