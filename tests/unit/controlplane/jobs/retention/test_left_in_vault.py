"""What a job could not take back from the vault is deleted later, and belongs to nobody meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from controlplane.jobs.backup.backup import BACKUP
from controlplane.jobs.backup.states import BackupState
from controlplane.jobs.documents import points
from controlplane.jobs.engine.plan import Outcome
from controlplane.jobs.engine.runs import Interrupted
from controlplane.jobs.retention import left_in_vault
from controlplane.jobs.vault_check import unnamed
from controlplane.ports import Blob, Ports, StorageUnavailable
from tests.unit.controlplane.jobs.backup_world import ITEM, BackupWorld, backup_world


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        world.write(1, 1, 50)
        world.back_up()
        world.clock.jump(60)
        yield world


def fails_from(is_last: Callable[[str, Blob], bool]) -> Callable[[str, Blob], None]:
    """The transfer fails once; and the storage answers for the vault no more after the call that `is_last`."""
    refused: list[Blob] = []
    over: list[Blob] = []

    def listener(verb: str, blob: Blob) -> None:
        if verb == "commit" and blob.name.startswith("packs/") and not refused:
            refused.append(blob)
            raise StorageUnavailable("no answer")
        if over and verb in {"delete", "put", "commit"}:
            raise StorageUnavailable("no answer")
        if is_last(verb, blob):
            over.append(blob)
            raise StorageUnavailable("no answer")

    return listener


def is_last_manifest_of_digests(verb: str, blob: Blob) -> bool:
    return verb == "put done" and blob.name.startswith("manifests/digests/") and blob.name.endswith("/1")


def without_owner(world: BackupWorld) -> list[str]:
    return [each.name for each in unnamed.find(world.ports, unnamed.listed(world.ports))]


def digests(world: BackupWorld) -> list[str]:
    return [name for name in world.vault_blobs() if name.startswith("manifests/digests/")]


def copies(world: BackupWorld) -> list[str]:
    return [name for name in world.vault_blobs() if name.startswith("manifests/") and name not in digests(world)]


def test_digests_that_a_backup_could_not_take_back_are_deleted_later(world: BackupWorld) -> None:
    world.write(1, 3, 51)
    world.blobs.listener = fails_from(is_last_manifest_of_digests)
    assert world.back_up()["status"] == "CompletedWithWarnings"
    world.blobs.listener = None
    assert (len(digests(world)), without_owner(world)) == (3, [])
    assert world.events("vault_copy.left_behind")
    world.advance(60)
    assert (digests(world), without_owner(world)) == ([], [])
    assert world.store.find(left_in_vault.LEFT) == []
    assert world.restore(world.points()[-1])["status"] == "Completed"


def test_a_copy_that_an_undo_could_not_delete_is_deleted_later(world: BackupWorld) -> None:
    before = copies(world)
    world.write(1, 3, 51)

    def refuse(verb: str, blob: Blob) -> None:
        if verb == "commit done" or (verb == "delete" and blob.account == world.ports.settings.vault_account):
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    assert world.back_up()["status"] == "CompletedWithWarnings"
    world.blobs.listener = None
    (note,) = world.store.find(left_in_vault.LEFT)
    assert {lun for name, lun in note.private["names"].items() if not name.startswith("digests/")} == {-1, 0, 1}
    assert without_owner(world) == []
    world.advance(60)
    assert (copies(world), without_owner(world)) == (before, [])
    assert world.store.find(left_in_vault.LEFT) == []


def test_a_copy_that_a_restore_could_not_take_back_is_deleted_later(world: BackupWorld) -> None:
    """The backup that a restore to the original location makes before it writes is undone with it."""
    before = set(world.vault_blobs())
    world.write(1, 3, 51)
    world.fabric.boot_problem = "the OS disk cannot be started from"

    def refuse(verb: str, blob: Blob) -> None:
        if verb == "delete" and blob.account == world.ports.settings.vault_account:
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    assert world.restore(world.points()[0], recoveryType="OriginalLocation")["status"] == "Failed"
    world.blobs.listener = None
    assert world.events("vault_copy.left_behind")
    assert without_owner(world) == []
    world.advance(60)
    assert (set(world.vault_blobs()), without_owner(world)) == (before, [])


def test_digests_of_a_point_that_went_meanwhile_are_deleted(world: BackupWorld) -> None:
    """The start after a kill names points as lost, also those whose backup goes on."""

    def lose_the_point(verb: str, blob: Blob) -> None:
        if is_last_manifest_of_digests(verb, blob):
            with world.store.transaction():
                points.remove(world.store, ITEM, world.points()[-1].id)

    refuse_transfer = fails_from(lambda verb, blob: False)

    def listener(verb: str, blob: Blob) -> None:
        refuse_transfer(verb, blob)
        lose_the_point(verb, blob)

    before = set(world.vault_blobs())
    world.write(1, 3, 51)
    world.blobs.listener = listener
    assert world.back_up()["status"] == "Failed"
    world.blobs.listener = None
    world.advance(60)
    assert set(world.vault_blobs()) == before
    assert without_owner(world) == []


@pytest.mark.parametrize("lost", ["point", "snapshots"])
def test_digests_of_an_attempt_that_a_kill_cut_off_go_with_what_they_are_of(world: BackupWorld, lost: str) -> None:
    """A start finds that the storage has lost the snapshots, and takes the point away if it has nothing else."""
    kept: list[str] = []

    def then_end(ports: Ports, state: BackupState) -> Outcome:
        digests_step.do(ports, state)
        kept.extend(digests(world))
        raise Interrupted

    digests_step = next(step for step in BACKUP.steps if step.name == "Keep the digests")
    steps = tuple(replace(step, do=then_end) if step is digests_step else step for step in BACKUP.steps)
    before = set(world.vault_blobs())
    world.write(1, 3, 51)
    world.blobs.listener = fails_from(lambda verb, blob: False)
    world.new_engine(replace(BACKUP, steps=steps))
    assert world.back_up()["status"] == "InProgress"
    assert len(kept) == 3
    point = world.points()[-1]
    for disk in point.disks:
        world.blobs.delete(points.snapshot_of(disk))
    if lost == "point":
        points.remove(world.store, ITEM, point.id)
    world.new_engine().recover()
    world.engine.settle()
    world.advance(60)
    assert set(world.vault_blobs()) == before
    assert without_owner(world) == []
