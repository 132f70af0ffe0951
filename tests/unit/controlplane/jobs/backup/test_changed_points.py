"""A step of a backup writes what it has found out, and nothing else of a point that has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.documents import points
from controlplane.jobs.restore.restore import restore
from controlplane.jobs.vault_check import unnamed
from controlplane.ports import Blob, StorageUnavailable
from tests.patience import comes_true
from tests.unit.controlplane.jobs.backup_world import (
    BACKUP_REQUEST,
    ITEM,
    RESTORE_REQUEST,
    BackupWorld,
    backup_world,
)

Listener = Callable[[str, Blob], None]


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        world.write(1, 1, 50)
        yield world


def first(is_it: Callable[[str, Blob], bool], act: Callable[[], None]) -> Listener:
    """Act at the first call that `is_it`, before or after it."""
    acted: list[Blob] = []

    def listener(verb: str, blob: Blob) -> None:
        if not acted and is_it(verb, blob):
            acted.append(blob)
            act()

    return listener


def in_transfer(verb: str, blob: Blob) -> bool:
    return verb == "put done" and blob.name.startswith("manifests/") and not blob.name.startswith("manifests/digests/")


def in_digests(verb: str, blob: Blob) -> bool:
    return verb == "put done" and blob.name.startswith("manifests/digests/")


def restore_beside(world: BackupWorld) -> None:
    """Restore the point of the backup that runs, to the end."""
    ticket = restore(world.ports, world.engine, world.points()[-1].document, RESTORE_REQUEST)
    assert comes_true(lambda: world.job(ticket)["properties"]["status"] not in {"InProgress", "Cancelling"})
    assert world.job(ticket)["properties"]["status"] == "Completed"


def without_owner(world: BackupWorld) -> list[str]:
    return [each.name for each in unnamed.find(world.ports, unnamed.listed(world.ports))]


def test_what_a_restore_made_of_a_point_that_is_transferred_stays_with_it(world: BackupWorld) -> None:
    world.blobs.listener = first(in_transfer, lambda: restore_beside(world))
    assert world.back_up()["status"] == "Completed"
    (point,) = world.points()
    assert point.tiers == "InstantAndVault"
    assert all(disk.digests and disk.vault for disk in point.disks)
    assert without_owner(world) == []


def test_digests_that_were_made_twice_are_kept_once(world: BackupWorld) -> None:
    """The transfer fails, and while the backup makes digests of the snapshots, so does a restore."""
    beside = first(in_digests, lambda: restore_beside(world))

    def listener(verb: str, blob: Blob) -> None:
        if verb == "commit" and blob.name.startswith("packs/") and not world.points()[-1].disks[0].digests and not over:
            over.append(blob)
            raise StorageUnavailable("no answer")
        beside(verb, blob)

    over: list[Blob] = []
    world.blobs.listener = listener
    assert world.back_up()["status"] == "CompletedWithWarnings"
    world.blobs.listener = None
    assert without_owner(world) == []
    world.advance(60)
    named = {f"manifests/{disk.digests}" for disk in world.points()[-1].disks}
    assert {name for name in world.vault_blobs() if name.startswith("manifests/")} == named
    assert without_owner(world) == []


def test_a_time_that_a_point_got_while_it_was_transferred_stays(world: BackupWorld) -> None:
    later = world.clock.now() + timedelta(days=400)

    def change() -> None:
        with world.store.transaction():
            points.put(world.store, replace(world.points()[-1], expires=later))

    world.blobs.listener = first(in_transfer, change)
    world.back_up()
    assert [point.expires for point in world.points()] == [later]


def test_a_point_that_went_while_it_was_transferred_leaves_nothing(world: BackupWorld) -> None:
    def remove() -> None:
        with world.store.transaction():
            points.remove(world.store, ITEM, world.points()[-1].id)

    before = set(world.vault_blobs())
    world.blobs.listener = first(in_transfer, remove)
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert world.ended(ticket)["status"] == "Failed"
    world.blobs.listener = None
    world.advance(60)
    assert (set(world.vault_blobs()), world.points()) == (before, [])


def test_points_have_an_order_also_while_time_stands(world: BackupWorld) -> None:
    tickets = []
    for _ in range(3):
        tickets.append(backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST))
        assert world.ended(tickets[-1])["status"] == "Completed"
    assert [point.job for point in world.points()] == [ticket.job_id for ticket in tickets]
    assert len({point.time for point in world.points()}) == 3
