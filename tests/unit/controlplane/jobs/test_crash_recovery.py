"""What is said of recovery points that a killed storage forgot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from controlplane.domain.events.event import Event
from controlplane.domain.recovery_services.recovery_point import TIERS
from controlplane.jobs.crash_recovery import Loss, PartLoss, RestoreLoss, name_losses
from controlplane.jobs.documents import points
from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blob, BlobProperties, StorageUnavailable
from tests.unit.controlplane.jobs.backup_world import BLOCK, VM, BackupWorld, backup_world


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


def test_a_lost_snapshot_marks_its_disk_and_the_others_stay(world: BackupWorld) -> None:
    first, second = world.points()
    world.blobs.delete(points.snapshot_of(first.disks[1]))
    (loss,) = name_losses(world.ports)
    assert loss == PartLoss(first.document, "InstantRP", ("no snapshot of data",))
    assert [TIERS[point.tiers] for point in world.points()] == [("InstantRP", "HardenedRP")] * 2
    assert [disk.damaged for disk in world.points()[0].disks] == [(), ("InstantRP",), ()]
    assert world.points()[1] == second
    assert world.events("recovery_point.lost")[0]["missing"] == ["no snapshot of data"]
    assert name_losses(world.ports) == [], "it is named once"
    assert world.restore(first)["status"] == "Completed"


def test_lost_snapshots_cost_the_snapshot_tier(world: BackupWorld) -> None:
    first = world.points()[0]
    for disk in first.disks:
        world.blobs.delete(points.snapshot_of(disk))
    missing = tuple(f"no snapshot of {disk.name}" for disk in first.disks)
    assert name_losses(world.ports) == [Loss(first.document, "InstantRP", missing)]
    assert [TIERS[point.tiers] for point in world.points()] == [("HardenedRP",), ("InstantRP", "HardenedRP")]


def test_a_loss_follows_from_the_start_and_belongs_to_no_job(world: BackupWorld) -> None:
    world.blobs.delete(points.snapshot_of(world.points()[0].disks[1]))
    name_losses(world.ports)
    told = world.ports.store.events(limit=10_000)
    (restarted,) = (event for event in told if event.name == "world.restarted")
    (lost,) = (event for event in told if event.name == "recovery_point.lost")
    assert (lost.parent, lost.job, lost.vm) == (restarted.id, None, VM)


def test_a_lost_copy_costs_the_vault_tier_and_the_next_backup_does_not_build_on_it(world: BackupWorld) -> None:
    forget_packs(world)
    assert {loss.tier for loss in name_losses(world.ports) if isinstance(loss, Loss)} == {"HardenedRP"}
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
    assert {loss.point for loss in name_losses(world.ports) if isinstance(loss, Loss)} == {lost.document}
    assert world.points() == before
    assert world.item()["lastRecoveryPoint"].startswith(before[-1].time.strftime("%Y-%m-%dT%H:%M"))


def test_nothing_stays_of_a_point_that_lost_its_only_tier(world: BackupWorld) -> None:
    """A point that has snapshots alone has digests in the vault."""

    def refuse(verb: str, blob: Blob) -> None:
        if verb == "commit" and blob.name.startswith("packs/"):
            world.blobs.listener = None
            raise StorageUnavailable("no answer")

    before = set(world.vault_blobs())
    world.write(1, 2, 79)
    world.blobs.listener = refuse
    assert world.back_up()["status"] == "CompletedWithWarnings"
    lost = world.points()[-1]
    assert set(world.vault_blobs()) > before, "its digests"
    for disk in lost.disks:
        world.blobs.delete(points.snapshot_of(disk))
    assert name_losses(world.ports)
    assert lost.id not in {point.id for point in world.points()}
    world.advance(0)
    assert set(world.vault_blobs()) == before


def test_nothing_stays_of_copies_of_which_every_disk_lost_something(world: BackupWorld) -> None:
    """Their manifests are there, and nobody names them any more; what another point needs of them stays."""
    first, second = world.points()
    world.restore(first)
    account = world.ports.settings.vault_account
    names = [str((disk.vault or {})["name"]) for disk in second.disks]
    for name in names:
        blob = Blob(account, "vault", f"manifests/{name}")
        world.blobs.put(blob, world.blobs.read(blob)[:30])
    assert [loss.tier for loss in name_losses(world.ports) if isinstance(loss, Loss)] == ["HardenedRP"]
    world.advance(0)
    assert not [name for name in world.vault_blobs() if any(name.endswith(each) for each in names)]
    assert [TIERS[point.tiers] for point in world.points()] == [("InstantRP", "HardenedRP"), ("InstantRP",)]
    for snapshot in world.snapshots():
        world.blobs.delete(snapshot)
    world.clock.jump(60)
    assert world.restore(world.points()[0])["status"] == "Completed", "what another point names is still there"


def test_it_is_named_once(world: BackupWorld) -> None:
    forget_packs(world)
    assert name_losses(world.ports)
    assert name_losses(world.ports) == []


# ------------------------------------------------------------------------------------------------------------- restores


def restored(world: BackupWorld) -> tuple[str, list[Blob]]:
    """The id of a restore that has just ended, and its disks."""
    assert world.restore(world.points()[0])["status"] == "Completed"
    private = world.job_private()
    made = [Blob(disk["account"], disk["container"], disk["blob"]) for disk in private["restored"]]
    return private["job"]["id"], made


def test_a_restore_that_has_all_it_made_is_not_named(world: BackupWorld) -> None:
    restored(world)
    assert name_losses(world.ports) == []


def test_what_a_restore_lost_is_named_once(world: BackupWorld) -> None:
    job, made = restored(world)
    world.blobs.delete(made[1])
    assert name_losses(world.ports) == [RestoreLoss(job, ("no disk data",))]
    assert world.events("restore.lost") == [{"restore": job, "missing": ["no disk data"]}]
    assert name_losses(world.ports) == []


def test_pages_that_a_restored_disk_lost_are_noticed(world: BackupWorld) -> None:
    job, made = restored(world)
    world.blobs.clear(made[0], 0, BLOCK)
    assert name_losses(world.ports) == [RestoreLoss(job, ("parts of the disk os",))]


def test_a_restore_that_lost_its_container_is_named(world: BackupWorld) -> None:
    job, made = restored(world)
    world.blobs.delete_container(made[0].account, made[0].container)
    (loss,) = name_losses(world.ports)
    assert isinstance(loss, RestoreLoss)
    assert loss.missing[:3] == ("no disk os", "no disk data", "no disk logs")
    assert loss.missing[3].startswith("no blob config-sql01-")
    assert str(loss).startswith(f"restore {job} has lost what it made: no disk os; ")


def test_what_was_restored_long_ago_may_be_gone_because_its_owner_wanted_that(world: BackupWorld) -> None:
    _, made = restored(world)
    world.clock.jump(3600)
    world.back_up()
    world.blobs.delete(made[1])
    assert name_losses(world.ports) == []


def age_events(world: BackupWorld, seconds: float) -> None:
    """Something of another machine happens so much later."""
    last = world.ports.store.events(0, limit=10_000)[-1].monotonic_seconds
    event = Event("machine.power", "host", {"power": "running"}, vm="/another", monotonic_seconds=last + seconds)
    world.ports.store.record(event)


def test_only_what_was_touched_last_is_looked_at(world: BackupWorld) -> None:
    """Where the storage was whole when it was last used, it can have forgotten nothing else."""
    asked = CountingBlobs(world.blobs)
    ports = replace(world.ports, blobs=asked, vault_blobs=asked)
    name_losses(ports, at_work=())
    assert asked.count > 0, "the last backup was just now"
    age_events(world, 3600)
    asked.count = 0
    assert name_losses(ports, at_work=()) == []
    assert asked.count == 0
    name_losses(ports, at_work=[VM.upper()])
    assert asked.count > 0, "a job of the machine has not ended"
    asked.count = 0
    name_losses(ports)
    assert asked.count > 0


def test_starts_that_were_ended_in_their_look_do_not_count(world: BackupWorld) -> None:
    """What was touched before the first of them is looked at, however long they took."""
    last = world.ports.store.events(0, limit=10_000)[-1].monotonic_seconds
    for name, data in (("world.restarted", {}), ("world.examining", {"done": 1, "total": 2})):
        world.ports.store.record(Event(name, "world", data, monotonic_seconds=last + 3600))
    asked = CountingBlobs(world.blobs)
    name_losses(replace(world.ports, blobs=asked, vault_blobs=asked), at_work=())
    assert asked.count > 0


def test_how_far_it_has_come_is_told(world: BackupWorld) -> None:
    told: list[tuple[int, int]] = []
    name_losses(world.ports, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert world.events("world.examining") == [{"done": 1, "total": 2}, {"done": 2, "total": 2}]


class CountingBlobs(BlobsWrapper):
    """Counts what is asked of the storage."""

    count = 0

    def properties(self, blob: Blob) -> BlobProperties | None:
        self.count += 1
        return super().properties(blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self.count += 1
        return super().read(blob, offset, length)
