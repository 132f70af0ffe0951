"""The check of a vault finds what is lost or changed, names what nobody names, and remembers what it has read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controlplane.jobs.documents import points
from controlplane.jobs.vault_check import reading
from controlplane.jobs.vault_check.check import Options, Progress, check
from controlplane.ports import Blob
from controlplane.vault_format.manifest import pack_of
from tests.unit.controlplane.jobs.backup_world import BLOCK, BackupWorld, backup_world
from tests.unit.controlplane.jobs.test_damage import (
    disk,
    flip_pack,
    flip_snapshot,
    lose_snapshots,
    manifest_blob,
    pack_blob,
    statuses,
    without_transfer,
)

SCHEMA = json.loads((Path(__file__).parents[4] / "docs/schemas/vault-check.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    """Two points; block 1 of the data disk is in the first point's pack, block 2 in the second's."""
    with backup_world() as world:
        world.write(1, 1, 50)
        world.back_up()
        world.clock.jump(60)
        world.write(1, 2, 51)
        world.back_up()
        world.clock.jump(60)
        yield world


def checked(world: BackupWorld, vault: str | None = None, percent: float = 0.0, seed: int = 0) -> dict[str, Any]:
    phases: list[Progress] = []
    report = check(world.ports, Options(vault, percent, seed), phases.append).to_json()
    assert phases, "it says how far it is"
    jsonschema.validate(report, SCHEMA)
    return report


def found(report: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [(each["disk"], each["copy"], each["byte"]) for each in report["problems"]]


def test_a_whole_vault_is_healthy_and_nothing_is_unnamed(world: BackupWorld) -> None:
    report = checked(world, percent=100)
    assert (report["healthy"], report["problems"], report["unnamed"]) == (True, [], [])
    assert report["vaults"] == ["vault01"]
    counts = report["checked"]
    assert (counts["points"], counts["manifests"], counts["snapshots"], counts["packs"]) == (2, 6, 6, 4)
    assert (counts["packs_read"], counts["snapshots_read"]) == (4, 6)
    assert report["oldest_read"] is not None
    assert world.events("recovery_point.damaged") == []


def test_without_data_no_block_is_read(world: BackupWorld) -> None:
    flip_pack(world, 5, point=0)
    report = checked(world)
    assert report["healthy"]
    assert report["checked"]["read_bytes"] == 0


def test_a_changed_byte_of_a_pack_is_found_in_every_point_that_names_it(world: BackupWorld) -> None:
    flip_pack(world, BLOCK + 5, point=0)
    report = checked(world, percent=100)
    assert found(report) == [("data", "HardenedRP", BLOCK)] * 2
    assert report["problems"][0]["problem"].startswith(f"pack {pack_of((disk(world, 0).vault or {})['name'])}")
    assert [statuses(world, point) for point in (0, 1)] == [{"InstantRP": "Valid", "HardenedRP": "Invalid"}] * 2
    assert len(world.events("recovery_point.damaged")) == 2


def test_the_next_backup_does_not_lean_on_what_the_check_found(world: BackupWorld) -> None:
    flip_pack(world, BLOCK + 5, point=0)
    checked(world, percent=100)
    assert world.back_up()["status"] == "Completed"
    newest = disk(world)
    assert newest.transferred_bytes == BLOCK, "the damaged block, which did not change"
    report = checked(world, percent=100)
    assert {problem["point"] for problem in report["problems"]} == {point.document for point in world.points()[:2]}


def test_a_changed_byte_of_a_segment_is_found_without_reading_data(world: BackupWorld) -> None:
    flip_pack(world, 2 * BLOCK + 20, point=0)
    report = checked(world)
    assert found(report) == [("data", "HardenedRP", 0)]
    assert report["problems"][0]["problem"].startswith("the segment does not match its digest")


def test_a_lost_pack_is_found_without_reading_data(world: BackupWorld) -> None:
    world.blobs.delete(pack_blob(world, 0))
    report = checked(world)
    assert found(report) == [("data", "HardenedRP", 0)] * 2
    assert all("is missing" in each["problem"] for each in report["problems"])


@pytest.mark.parametrize("left", [0, 40])
def test_a_cut_manifest_is_found(world: BackupWorld, left: int) -> None:
    blob = manifest_blob(world, 0)
    world.blobs.put(blob, world.blobs.read(blob)[:left])
    assert found(checked(world)) == [("data", "HardenedRP", None)]


def test_a_lost_snapshot_is_found(world: BackupWorld) -> None:
    world.blobs.delete(points.snapshot_of(disk(world, 0)))
    report = checked(world)
    assert found(report) == [("data", "InstantRP", None)]
    assert report["problems"][0]["problem"] == "the snapshot is gone"


def test_a_changed_byte_of_a_snapshot_is_found(world: BackupWorld) -> None:
    flip_snapshot(world, 1, point=0)
    assert found(checked(world)) == []
    assert found(checked(world, percent=100)) == [("data", "InstantRP", BLOCK)]
    assert statuses(world, 0) == {"InstantRP": "Invalid", "HardenedRP": "Valid"}


def test_a_point_with_snapshots_alone_is_compared_with_its_digests(world: BackupWorld) -> None:
    world.write(1, 3, 52)
    without_transfer(world)
    assert checked(world, percent=100)["healthy"]
    flip_snapshot(world, 3)
    assert found(checked(world, percent=100)) == [("data", "InstantRP", 3 * BLOCK)]


# ------------------------------------------------------------------------------------------------- what nobody names


def test_what_no_point_names_is_listed_and_is_no_error(world: BackupWorld) -> None:
    account = world.ports.settings.vault_account
    world.blobs.put(Blob(account, "vault", f"packs/{pack_of('nobody')}/0000"), b"left behind")
    world.blobs.put(Blob(account, "vault", "manifests/nobody"), b"left behind")
    stamp = world.blobs.snapshot(world.disks[0].blob, {"jobid": "a job of long ago", "taskid": ""})
    world.blobs.snapshot(world.disks[0].blob, {"somebody": "else"})
    report = checked(world)
    place = world.disks[0].blob
    assert [(each["kind"], each["name"]) for each in report["unnamed"]] == [
        ("manifest", "nobody"),
        ("pack", pack_of("nobody")),
        ("snapshot", f"{place.account}/{place.container}/{place.name} {stamp}"),
    ]
    assert report["healthy"]


def test_what_a_running_job_writes_is_not_unnamed(world: BackupWorld) -> None:
    seen: list[dict[str, Any]] = []

    def look(verb: str, blob: Blob) -> None:
        if verb == "commit done" and not seen:
            world.blobs.listener = None
            seen.append(checked(world))

    world.write(1, 3, 52)
    world.blobs.listener = look
    assert world.back_up()["status"] == "Completed"
    assert [(report["healthy"], report["unnamed"]) for report in seen] == [(True, [])]


def test_one_vault_can_be_checked_by_its_name(world: BackupWorld) -> None:
    flip_pack(world, BLOCK + 5, point=0)
    report = checked(world, "VAULT01", percent=100)
    assert (report["vaults"], report["unnamed"], len(report["problems"])) == (["vault01"], None, 2)
    assert checked(world, "another")["checked"]["points"] == 0


# -------------------------------------------------------------------------------------------------------- what was read


def test_successive_subsets_come_to_everything(world: BackupWorld) -> None:
    """Ten things of about the same size: 4 packs and 6 snapshots."""
    read: list[int] = []
    for _ in range(5):
        report = checked(world, percent=30)
        counts = report["checked"]
        read.append(counts["packs_read"] + counts["snapshots_read"])
        world.clock.jump(60)
    assert all(0 < each < 10 for each in read)
    assert report["oldest_read"] is not None, "by now everything was read once"


def test_the_seed_decides_where_a_subset_begins(world: BackupWorld) -> None:
    first = {note.id for seed in (1,) for note in notes_after(world, seed)}
    assert first
    assert any({note.id for note in notes_after(world, seed)} != first for seed in range(2, 8))


def notes_after(world: BackupWorld, seed: int) -> list[Any]:
    for note in world.store.find(reading.READ):
        world.store.delete(reading.READ, note.id)
    checked(world, percent=10, seed=seed)
    return list(world.store.find(reading.READ))


def test_a_point_that_is_removed_meanwhile_is_no_damage(world: BackupWorld) -> None:
    lose_snapshots(world)
    gone = world.points()[0]

    def forget(progress: Progress) -> None:
        points.remove(world.store, gone.item, gone.id)

    report = check(world.ports, Options(), forget).to_json()
    assert {problem["point"] for problem in report["problems"]} == {world.points()[0].document}
