"""What is said of recovery points that a killed storage forgot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.recovery_services.recovery_point import TIERS
from controlplane.jobs.crash_recovery import name_losses
from controlplane.jobs.documents import points
from controlplane.ports import Blob
from tests.unit.controlplane.jobs.backup_world import VM, BackupWorld, backup_world


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        world.back_up()
        world.clock.jump(60)
        world.write(1, 1, 77)
        world.back_up()
        yield world


def forget_packs(world: BackupWorld, like: str = "") -> None:
    account = world.ports.settings.vault_account
    for name in world.vault_blobs():
        if like in name:
            world.blobs.delete(Blob(account, "vault", name))


def test_nothing_is_said_where_nothing_is_lost(world: BackupWorld) -> None:
    before = world.points()
    assert name_losses(world.ports) == []
    assert world.points() == before


def test_a_lost_snapshot_costs_the_snapshot_tier(world: BackupWorld) -> None:
    first, second = world.points()
    world.blobs.delete(points.snapshot_of(first.disks[1]))
    (loss,) = name_losses(world.ports)
    assert (loss.point, loss.tier, loss.missing) == (first.document, "InstantRP", ("no snapshot of data",))
    assert [TIERS[point.tiers] for point in world.points()] == [("HardenedRP",), ("InstantRP", "HardenedRP")]
    assert world.points()[1] == second
    assert world.events("recovery_point.lost")[0]["missing"] == ["no snapshot of data"]


def test_a_loss_follows_from_the_start_and_belongs_to_no_job(world: BackupWorld) -> None:
    world.blobs.delete(points.snapshot_of(world.points()[0].disks[1]))
    name_losses(world.ports)
    *_, restarted, lost = world.ports.store.events(limit=10_000)
    assert (restarted.name, lost.name) == ("world.restarted", "recovery_point.lost")
    assert (lost.parent, lost.job, lost.vm) == (restarted.id, None, VM)


def test_a_lost_copy_costs_the_vault_tier_and_the_next_backup_does_not_build_on_it(world: BackupWorld) -> None:
    forget_packs(world)
    assert {loss.tier for loss in name_losses(world.ports)} == {"HardenedRP"}
    assert [TIERS[point.tiers] for point in world.points()] == [("InstantRP",), ("InstantRP",)]
    world.clock.jump(60)
    assert world.back_up()["status"] == "Completed"
    newest = world.points()[-1]
    assert newest.has_vault_copy
    assert [disk.transferred_bytes for disk in newest.disks] == [disk.changed_bytes for disk in newest.disks]
    assert name_losses(world.ports) == []


def test_a_point_that_lost_everything_is_gone_and_its_item_shows_the_one_before(world: BackupWorld) -> None:
    before, earlier = world.points(), set(world.vault_blobs())
    world.clock.jump(60)
    world.write(0, 1, 78)
    world.back_up()
    lost = world.points()[-1]
    for disk in lost.disks:
        world.blobs.delete(points.snapshot_of(disk))
    for name in set(world.vault_blobs()) - earlier:
        world.blobs.delete(Blob(world.ports.settings.vault_account, "vault", name))
    assert {loss.point for loss in name_losses(world.ports)} == {lost.document}
    assert world.points() == before
    assert world.item()["lastRecoveryPoint"].startswith(before[-1].time.strftime("%Y-%m-%dT%H:%M"))


def test_it_is_named_once(world: BackupWorld) -> None:
    forget_packs(world)
    assert name_losses(world.ports)
    assert name_losses(world.ports) == []
