"""A state folder that was moved or copied is the same world there, and nothing of it works in the old place."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import KeptDemo
from tests.e2e.running import Up, good_backup, scenario_of, up

pytestmark = pytest.mark.slow


def content_of(folder: Path) -> dict[str, str]:
    """Every file and folder below, with a digest of what it holds, its mode and its time."""
    content = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        content[str(path.relative_to(folder))] = f"{facts.st_mode:o} {facts.st_mtime_ns} {digest}"
    return content


def copied(folder: Path, to: Path) -> Path:
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)
    return to


def check_everything(world: Up) -> None:
    """A backup, a restore of it, and every point there is, verified to the last block."""
    scenario = scenario_of(world.client)
    good_backup(scenario)
    points = scenario.recovery_points(scenario.item_id())
    restored = scenario.restore_disks(points[-1])
    assert restored.status == "Completed", restored.errors
    assert scenario.verify(points[-1], restored).verified
    assert all(scenario.verify(point).verified for point in points)


def paths_named_in(folder: Path, former: Path) -> list[str]:
    """Files that a world reads again and that name the former folder. Azurite writes its own place into its databases
    and reads it from its arguments."""
    text = f"{former}/".encode()
    read_again = (
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".pyc", ".log", ".jsonl"}
    )
    return [str(path.relative_to(folder)) for path in read_again if text in path.read_bytes()]


def test_a_copied_folder_leaves_the_original_alone(kept_demo: KeptDemo, tmp_path: Path) -> None:
    original = copied(kept_demo.folder, tmp_path / "original")
    copy = copied(original, tmp_path / "copy of it")
    before = content_of(original)
    with up(copy) as world:
        check_everything(world)
    assert content_of(original) == before
    assert paths_named_in(copy, original) == []


def test_a_moved_folder_makes_nothing_at_the_old_place(kept_demo: KeptDemo, tmp_path: Path) -> None:
    old = copied(kept_demo.folder, tmp_path / "old")
    new = tmp_path / "deeper" / "new"
    new.parent.mkdir()
    shutil.move(old, new)
    with up(new) as world:
        check_everything(world)
    assert not old.exists()


def test_two_copies_run_side_by_side(kept_demo: KeptDemo, tmp_path: Path) -> None:
    folders = [copied(kept_demo.folder, tmp_path / name) for name in ("one", "two")]
    with up(folders[0]) as one, up(folders[1]) as two:
        jobs = [scenario_of(world.client) for world in (one, two)]
        for scenario in jobs:
            scenario.wait_until_ready(scenario.machine_id())
        started = [scenario.start_backup(scenario.item_id()) for scenario in jobs]
        ended = [scenario.wait_for_job(job) for scenario, job in zip(jobs, started, strict=True)]
        assert [job.status for job in ended] == ["Completed", "Completed"]
        for world in (one, two):
            check_everything(world)
        counts = [len(scenario.recovery_points(scenario.item_id())) for scenario in jobs]
        assert counts == [4, 4], "each has its own points"
