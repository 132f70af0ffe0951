"""Worlds that were damaged while they were stopped, on the disk of this machine, and what is then said of them.

A state is a name and what damages a stopped world; `observed` tells what each command says, with everything left out
that differs from run to run. The page docs/damage.md has a row for each state.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.adapters.storage_keys import FixedAccounts
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import PointDisk
from controlplane.domain.recovery_services.restored_disks import container_name
from controlplane.ports import BLOCK_BYTES, Blob
from controlplane.vault_format.manifest import SEGMENT_BLOCKS, pack_of
from controlplane.vault_format.vault_source import VaultSource
from simulator.scenario import MACHINE, RESTORE_ACCOUNT, Scenario
from simulator.scenario_values import JobFailed
from simulator.world import Config, World, build
from tests.e2e.conftest import ROOT
from tests.e2e.running import eventually, is_ready, protected, scenario_of, up

DISK = 1
"""Place, in the oldest recovery point, of the disk that is damaged: the one with the database."""
VARYING = (
    (r"\b[0-9a-f]{32}\b", "PACK"),
    (r"\b\d+/\d{14}/\w+", "COPY"),
    (r"\b\d{14}\b", "POINT"),
    (r"\bsql01disks/vhds/\S+", "BLOB"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"\bbytes? [\d]+( to \d+)?", "byte N"),
    (r"\b\d+ blocks", "N blocks"),
    (r"\b\d+ of them", "N of them"),
)
"""What differs from run to run, and the word for it."""


@dataclass(frozen=True)
class DamagedState:
    name: str
    damage: Callable[[Path], None]
    """Damages the stopped world in this folder."""


@dataclass(frozen=True)
class Row:
    """What is said of a state."""

    state: str
    start: str
    """At the next start, if the world seemed to have been killed."""
    verify: str
    vault_check: str
    restore: str
    next_backup: str

    def markdown(self) -> str:
        cells = (self.state, self.start, self.verify, self.vault_check, self.restore, self.next_backup)
        return f"| {' | '.join(cells)} |"


# ------------------------------------------------------------------------------------------------------------ the world


def furnish(folder: Path) -> None:
    """A stopped world with a machine and two recovery points, between which its database went on."""
    with up(folder) as world:
        scenario = protected(world.client)
        back_up(scenario)
        scenario.work(scenario.machine_id())
        back_up(scenario)


def back_up(scenario: Scenario) -> str:
    """One more backup that completes; the ARM id of its recovery point."""
    eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
    job = scenario.back_up(scenario.item_id())
    assert job.status == "Completed", job.errors
    return scenario.recovery_points(scenario.item_id())[-1].id


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """The world with its storage, in which nothing runs."""
    with build(Config(state=folder, boot=False)) as world:
        yield world


def damaged_disk(world: World) -> PointDisk:
    found = [recovery_point.from_json(each.private["point"]) for each in world.store.find(recovery_point.KIND)]
    return min(found, key=lambda point: point.time).disks[DISK]


def vault_blob(world: World, prefix: str, name: str) -> Blob:
    return Blob(world.ports.settings.vault_account, "vault", f"{prefix}/{name}")


def snapshot(disk: PointDisk) -> Blob:
    return Blob(disk.account, disk.container, disk.blob, disk.snapshot)


# --------------------------------------------------------------------------------------------------------------- states


def lose_pack(folder: Path) -> None:
    with opened(folder) as world:
        world.blobs.delete(vault_blob(world, "packs", f"{pack_of(copy_name(damaged_disk(world)))}/0000"))


def cut_manifest(folder: Path) -> None:
    with opened(folder) as world:
        blob = vault_blob(world, "manifests", copy_name(damaged_disk(world)))
        world.blobs.put(blob, world.blobs.read(blob)[:100])


def lose_snapshot(folder: Path) -> None:
    with opened(folder) as world:
        world.blobs.delete(snapshot(damaged_disk(world)))


def flip_pack(folder: Path) -> None:
    """In the first block of the pack: no later backup has changed it, so all points name it."""
    with opened(folder) as world:
        name = f"packs/{pack_of(copy_name(damaged_disk(world)))}/0000"
    flip_block_blob(folder, name, 100)


def flip_snapshot(folder: Path) -> None:
    """In a page that was written again since: an unchanged one is also a part of the machine's disk."""
    with opened(folder) as world:
        blob = snapshot(damaged_disk(world))
    flip(folder, own_pages(folder, blob)["persistency"], 10)


def flip_both(folder: Path) -> None:
    """The same block of the disk, in its snapshot and in its pack."""
    with opened(folder) as world:
        disk = damaged_disk(world)
        pages = own_pages(folder, snapshot(disk))
        block = pages["start"] // BLOCK_BYTES
        source = VaultSource(world.ports.vault_blobs, world.ports.settings.vault_account, copy_name(disk))
        index, number = divmod(block, SEGMENT_BLOCKS)
        runs = [run for run, _ in source.placed(index, source.segment(index)) if run.first <= number < run.end]
        place = source.manifest.place_of(index, runs[0], number, number + 1)
    flip(folder, pages["persistency"], 10)
    flip_block_blob(folder, f"packs/{place.pack}/0000", place.offset + 100)


def flip_block_blob(folder: Path, name: str, at: int) -> None:
    """A byte of a block blob that was written in blocks, or at once."""
    (entry,) = [each for each in entries(folder) if each["name"] == name]
    if entry.get("persistency"):
        flip(folder, entry["persistency"], at)
        return
    for block in entry["committedBlocksInOrder"]:
        if at < block["size"]:
            flip(folder, block["persistency"], at)
            return
        at -= block["size"]
    raise AssertionError(f"{name} has fewer bytes")


def own_pages(folder: Path, blob: Blob) -> dict[str, Any]:
    """A stretch of a snapshot that neither its disk nor another snapshot shares."""
    same_name = [each for each in entries(folder) if each["name"] == blob.name]
    (entry,) = [each for each in same_name if each["snapshot"] == blob.snapshot]
    others = [pages for each in same_name if each is not entry for pages in each["pageRangesInOrder"]]
    shared = {(pages["persistency"]["id"], pages["persistency"]["offset"]) for pages in others}
    places = [(each, each["persistency"]) for each in entry["pageRangesInOrder"]]
    own: dict[str, Any] = next(each for each, place in places if (place["id"], place["offset"]) not in shared)
    return own


def copy_name(disk: PointDisk) -> str:
    assert disk.vault is not None
    return str(disk.vault["name"])


def entries(folder: Path) -> list[dict[str, Any]]:
    """What a stopped Azurite has written of its blobs."""
    database = json.loads((folder / "azurite" / "__azurite_db_blob__.json").read_text(encoding="utf-8"))
    (blobs,) = [each["data"] for each in database["collections"] if each["name"] == "$BLOBS_COLLECTION$"]
    return list(blobs)


def flip(folder: Path, persistency: dict[str, Any], at: int) -> None:
    """Change one bit of a stretch in Azurite's files."""
    with (folder / "azurite" / "__blobstorage__" / persistency["id"]).open("r+b") as file:
        file.seek(persistency["offset"] + at)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


STATES = (
    DamagedState("a byte of a pack is flipped", flip_pack),
    DamagedState("a pack is gone", lose_pack),
    DamagedState("a manifest is cut", cut_manifest),
    DamagedState("a snapshot is gone", lose_snapshot),
    DamagedState("a byte of a snapshot is flipped", flip_snapshot),
    DamagedState("the same block of a pack and a snapshot is wrong", flip_both),
)


# ------------------------------------------------------------------------------------------------------- what is said


def observed(state: DamagedState, furnished: Path, folder: Path) -> Row:
    """Damage a copy of a furnished world; it lies in `folder`, where it was furnished, since its guests know that."""
    replace_folder(furnished, folder)
    state.damage(folder)
    start = start_after_kill(folder)
    replace_folder(furnished, folder)
    state.damage(folder)
    with up(folder) as world:
        scenario = scenario_of(world.client)
        eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
        point = scenario.recovery_points(scenario.item_id())[0].id
        verify, check = say(folder, "verify", point), say(folder, "vault", "check", "--read-data")
        restore = restored(scenario, point)
        newest = back_up(scenario)
        assert say(folder, "verify", newest) == "verified"
        problems = json.loads(command(folder, "vault", "check", "--read-data").stdout)["problems"]
        assert newest not in {problem["point"] for problem in problems}, "it leans on nothing that is damaged"
    return Row(state.name, start, verify, check, restore, "Completed and verified")


def replace_folder(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def start_after_kill(folder: Path) -> str:
    """The mark of a running world was left behind, and its storage was killed too, nobody knows when: so the next start
    looks at everything."""
    (folder / "running").touch()
    for mark in ("store.mark", "azurite/ended-in-order"):
        (folder / mark).unlink()
    with opened(folder) as world:
        return plain("; ".join(dict.fromkeys(plain(str(loss)) for loss in world.losses))) or "nothing"


def say(folder: Path, *words: str) -> str:
    """What a command prints of damage, each thing once, and its exit code where that is not 0."""
    done = command(folder, *words)
    assert done.returncode in {0, 1}, done.stderr
    result = json.loads(done.stdout)
    if words[0] == "verify":
        told = [f"{check['name']}: {check['detail']}" for check in result["checks"] if not check["passed"]]
    else:
        told = [f"{each['disk']}, {each['copy']}: {each['problem']}" for each in result["problems"]]
        told += [f"unnamed {each['kind']}" for each in result["unnamed"]]
    good = "verified" if words[0] == "verify" else "no damage"
    return f"{'; '.join(dict.fromkeys(map(plain, told)))} (exit code 1)" if done.returncode else good


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "simulator.command.cli", *words, "--json", "--state", str(folder)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def restored(scenario: Scenario, point: str) -> str:
    """How a restore ends, what it says of damage, and whether its disks are right, or that there are none."""
    try:
        job = scenario.restore_disks(point)
    except JobFailed as failed:
        job = failed.job
        (error,) = job.errors
        assert error.code == "UserErrorRecoveryPointDamaged"
        assert all(f"{tier}: " in error.message for tier in ("InstantRP", "HardenedRP")), error.message
        return f"Failed, {error.code}; {left_of(scenario, job.id)}"
    bag = scenario.client.get(f"{scenario.vault_id}/backupJobs/{job.id}")["properties"]["extendedInfo"]["propertyBag"]
    checks = [check for check in scenario.verify(point, job).checks if check.name.startswith("restored disks")]
    assert checks
    assert all(check.passed for check in checks), checks
    damaged = bag.get("Damaged Copies")
    return f"{job.status}, every block right" + (f"; Damaged Copies: {damaged}" if damaged else "")


def left_of(scenario: Scenario, job: str) -> str:
    """What a restore that was undone has left in its storage account."""
    endpoints = scenario.client.endpoints
    keys = {name: each["key"] for name, each in endpoints["storage_accounts"].items()}
    with closing(AzuriteBlobs(endpoints["blob"], FixedAccounts(keys))) as blobs:
        names = [blob.name for blob in blobs.find(RESTORE_ACCOUNT, container_name(MACHINE, job))]
    return f"left {', '.join(names)}" if names else "nothing is left of it"


def plain(text: str) -> str:
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text
