"""What a killed storage had deleted and has forgotten is deleted again, and nothing that is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import pytest

from controlplane.domain.events import service as events
from controlplane.jobs import forgotten_deletions
from controlplane.jobs.protection import stopping
from controlplane.jobs.retention import expiry
from controlplane.ports import Blob, BlobMade, Deletion
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from tests.unit.controlplane.adapters.forgetful_blobs import ForgetfulBlobs
from tests.unit.controlplane.jobs.backup_world import BLOCK, DISKS, ITEM, BackupWorld, backup_world
from tests.unit.controlplane.passing_time import stop_schedules

DAY = 24 * 3600.0
OLD, STRANGER = Blob("sql01disks", "vhds", "old.vhd"), Blob("sql01disks", "more", "other.vhd")


@pytest.fixture
def storage() -> ForgetfulBlobs:
    return ForgetfulBlobs()


@pytest.fixture
def world(storage: ForgetfulBlobs) -> Iterator[BackupWorld]:
    """Two recovery points in both tiers; a disk without a machine, with a snapshot; and a second container."""
    with backup_world(storage=storage) as world:
        stop_schedules(world.store)
        for byte in (77, 78):
            world.write(1, 1, byte)
            world.back_up()
            world.clock.jump(60)
        storage.create(OLD, BLOCK)
        storage.snapshot(OLD)
        storage.put(STRANGER, b"x")
        storage.save()
        yield world


def repeat(world: BackupWorld, acts: Sequence[Deletion | BlobMade]) -> int:
    restarted = world.store.record(events.WorldRestarted().event())
    return forgotten_deletions.repeat(world.ports, acts, restarted)


def expire_snapshots(world: BackupWorld) -> None:
    world.advance(6 * DAY)


def expire_points(world: BackupWorld) -> None:
    world.advance(1000 * DAY)


def purge(world: BackupWorld) -> None:
    ticket = stopping.delete(world.ports, world.engine, ITEM)
    assert ticket is not None
    world.ended(ticket)
    assert expiry.purge_at_once(world.ports) == (1, 0)


def delete_snapshot(world: BackupWorld) -> None:
    (snapshot,) = (blob for blob in world.blobs.find(OLD.account, OLD.container, OLD.name, True) if blob.snapshot)
    world.blobs.delete(snapshot)


def delete_disk_after_its_snapshot(world: BackupWorld) -> None:
    delete_snapshot(world)
    world.blobs.delete(OLD)


def delete_disk_with_snapshots(world: BackupWorld) -> None:
    world.blobs.delete(OLD, snapshots=True)


def delete_container(world: BackupWorld) -> None:
    world.blobs.delete_container(STRANGER.account, STRANGER.container)


def empty_account(world: BackupWorld) -> None:
    world.blobs.empty_account(STRANGER.account)


@pytest.mark.parametrize(
    "act",
    [
        expire_snapshots,
        expire_points,
        purge,
        delete_snapshot,
        delete_disk_after_its_snapshot,
        delete_disk_with_snapshots,
        delete_container,
        empty_account,
    ],
)
def test_what_was_deleted_stays_deleted(
    world: BackupWorld, storage: ForgetfulBlobs, act: Callable[[BackupWorld], None]
) -> None:
    act(world)
    left = storage.everything()
    forgotten = storage.end_killed()
    there_again = storage.everything() - left
    assert there_again
    assert repeat(world, forgotten) > 0
    assert named(storage.everything()) == named(left)
    (told,) = world.events("world.deletions_repeated")
    assert 0 < told["repeated"] <= len(there_again)
    assert repeat(world, forgotten) == 0, "a start that was itself killed does it once more"


def named(blobs: Iterable[Blob]) -> set[Blob]:
    """Packs without their generations."""
    return {replace(blob, name=re.sub(r"^(packs/.*)/\d+$", r"\1", blob.name)) for blob in blobs}


def test_deletions_that_were_saved_are_not_repeated(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    world.blobs.delete(OLD, snapshots=True)
    storage.save()
    world.blobs.create(OLD, BLOCK)
    storage.save()
    assert repeat(world, storage.end_killed()) == 0
    assert world.blobs.properties(OLD) is not None
    assert world.events("world.deletions_repeated") == []


def test_a_blob_that_was_made_anew_does_not_come_back_with_its_old_content(
    world: BackupWorld, storage: ForgetfulBlobs
) -> None:
    """What its owner wrote last is forgotten; what is there again, nobody has written to the new one."""
    world.blobs.delete(STRANGER)
    world.blobs.put(STRANGER, b"new")
    forgotten = storage.end_killed()
    assert world.blobs.read(STRANGER) == b"x"
    repeat(world, forgotten)
    assert world.blobs.properties(STRANGER) is None


def test_a_snapshot_that_was_left_alone_keeps_its_disk(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    assert repeat(world, [Deletion(OLD)]) == 0
    assert world.blobs.properties(OLD) is not None


def test_the_snapshots_of_a_disk_may_have_been_deleted_alone(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    assert repeat(world, [Deletion(OLD, "only")]) == 1
    assert [blob.snapshot for blob in world.blobs.find(OLD.account, OLD.container, OLD.name, True)] == [None]
    assert repeat(world, [Deletion(OLD, "only")]) == 0


def test_what_was_in_an_account_that_is_gone_is_nobodys(world: BackupWorld) -> None:
    assert repeat(world, [Deletion(Blob("nobody", "vhds", "a"))]) == 0


# ------------------------------------------------------------------------------------------- packs that replace a pack


def thin_out(world: BackupWorld) -> tuple[VaultStore, VaultPoint]:
    """A pack of 40 blocks of which the one point that is left names few. The point."""
    disk = Blob("sql01disks", "vhds", "large.vhd")
    account, size_bytes = world.ports.settings.vault_account, 40 * BLOCK
    vault = VaultStore(world.ports.vault_blobs, account)
    world.blobs.create(disk, size_bytes)
    world.blobs.write(disk, 0, b"".join(bytes([filling]) * BLOCK for filling in range(1, 41)))
    first = vault.back_up(disk.at(world.blobs.snapshot(disk)), size_bytes, "first/0", None)
    world.blobs.write(disk, 0, b"".join(bytes([filling]) * BLOCK for filling in range(101, 131)))
    second = vault.back_up(disk.at(world.blobs.snapshot(disk)), size_bytes, "second/0", first)
    world.blobs.delete(disk, snapshots=True)
    inner = world.blobs.inner
    assert isinstance(inner, ForgetfulBlobs)
    inner.save()
    vault.delete(first.name, [second])
    assert any(name.endswith("/0001") for name in world.vault_blobs())
    return vault, second


def test_a_pack_stays_whose_successor_is_forgotten(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    vault, point = thin_out(world)
    repeat(world, storage.end_killed())
    assert vault.check(point) == []
    assert not any(name.endswith("/0001") for name in world.vault_blobs())
    assert world.events("world.deletions_repeated")[0]["left"] == 1


def test_a_pack_goes_whose_successor_is_there(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    vault, point = thin_out(world)
    forgotten = storage.acts[:]
    names = world.vault_blobs()
    (old,) = (act.blob for act in forgotten if isinstance(act, Deletion) and act.blob.name.endswith("/0000"))
    successor = next(Blob(old.account, old.container, name) for name in names if name.endswith("/0001"))
    storage.save()
    world.blobs.put(old, b"there again")
    repeat(world, [act for act in forgotten if act.blob != successor])
    assert world.vault_blobs() == names
    assert vault.check(point) == []


def test_a_pack_goes_with_all_its_successors(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    vault, point = thin_out(world)
    vault.delete(point.name, [])
    left = world.vault_blobs()
    repeat(world, storage.end_killed())
    assert world.vault_blobs() == left


def test_disks_of_machines_are_never_among_them(world: BackupWorld, storage: ForgetfulBlobs) -> None:
    purge(world)
    repeat(world, storage.end_killed())
    assert all(world.blobs.properties(disk.blob) is not None for disk in DISKS)
