"""The main job, as one process from outside: what the demo says, what it leaves, what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from simulator.command.chinese.checks import CHECKS
from tests.e2e.conftest import ROOT, KeptDemo, backupsim


def test_every_check_of_the_demo_holds(kept_demo: KeptDemo) -> None:
    assert kept_demo.result["verified"]
    assert [check for check in kept_demo.result["checks"] if not check["passed"]] == []


def test_every_check_can_be_told_in_chinese(kept_demo: KeptDemo) -> None:
    parts = {part for check in kept_demo.result["checks"] for part in check["name"].split(": ")}
    assert parts - {"AppConsistent"} <= CHECKS.keys()


def test_the_result_has_the_documented_shape(kept_demo: KeptDemo) -> None:
    schema = json.loads((ROOT / "docs/schemas/demo.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(kept_demo.result, schema, format_checker=jsonschema.FormatChecker())


def test_the_jobs_are_those_azure_would_show(kept_demo: KeptDemo) -> None:
    shown = [
        (job["operation"], job["status"], [task["id"] for task in job["tasks"]]) for job in kept_demo.result["jobs"]
    ]
    backup = ("Backup", "Completed", ["Take Snapshot", "Transfer data to vault"])
    assert shown[0] == ("ConfigureBackup", "Completed", [])
    assert shown[1:3] == [backup, backup]
    assert shown[3][:2] == ("Restore", "Completed")


def test_the_second_backup_moves_what_changed(kept_demo: KeptDemo) -> None:
    first, second = kept_demo.result["recovery_points"]
    for before, after in zip(first["disks"], second["disks"], strict=True):
        assert before["transferred_bytes"] == before["changed_bytes"]
        assert after["transferred_bytes"] == after["changed_bytes"]
        assert after["transferred_bytes"] % (64 * 1024) == 0
    moved = [sum(disk["transferred_bytes"] for disk in point["disks"]) for point in (first, second)]
    assert moved[1] < moved[0]


def test_one_hundredth_looks_like_one_hundredth(kept_demo: KeptDemo) -> None:
    """The disk of the database holds so much that what changes of it is little."""
    points = kept_demo.result["recovery_points"]
    assert all(disk["changed_bytes"] <= disk["allocated_bytes"] for point in points for disk in point["disks"])
    database = next(disk for disk in points[1]["disks"] if disk["name"] == "sql01-data0")
    assert 0 < database["changed_bytes"] / database["allocated_bytes"] < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("run", [["--no-vss"], ["--keep", "a world"]])
def test_what_is_proposed_next_is_not_what_was_just_run(tmp_path: Path, run: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulator.command.cli", "demo", "--disks", "0", *run],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    proposed = [line.split("   ")[0].strip() for line in done.stdout.partition("Try next:")[2].splitlines() if line]
    assert len(proposed) == 3
    assert not any(set(run) <= set(line.split()) for line in proposed)
    if "--keep" in run:
        assert proposed[1].endswith("up --state 'a world'")


def test_the_freeze_ends_before_vss_lets_go(kept_demo: KeptDemo) -> None:
    windows = [point["freeze_window_milliseconds"] for point in kept_demo.result["recovery_points"]]
    assert all(0 < window < 10_000 for window in windows)


@pytest.mark.slow
def test_a_recovery_point_of_a_stopped_world_can_be_verified(kept_demo: KeptDemo) -> None:
    name = kept_demo.result["recovery_points"][0]["id"].rpartition("/")[2]
    done = backupsim("verify", name, "--state", str(kept_demo.folder), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["verified"]
    assert verdict["database"]["opened_clean"]


def test_an_unknown_recovery_point_is_one_sentence(kept_demo: KeptDemo) -> None:
    done = backupsim("verify", "12345", "--state", str(kept_demo.folder))
    assert done.returncode == 1
    progress, sentence = done.stderr.splitlines()
    assert progress == "Comparing every block with what the guest wrote, and opening the database"
    assert "12345" in sentence
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_without_vss_the_result_says_what_it_is_worth() -> None:
    done = backupsim("demo", "--json", "--no-vss")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert {point["consistency"] for point in result["recovery_points"]} == {"CrashConsistent"}
    assert {point["freeze_window_milliseconds"] for point in result["recovery_points"]} == {None}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("demo", "--lang", "fr"), "fr"),
        (("demo", "--disks", "-1"), "--disks"),
        (("verify", "1", "--state", "/nonexistent/world"), "/nonexistent/world"),
        (("handler", "pack", "/nonexistent/folder/out.zip"), "/nonexistent/folder"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], told: str) -> None:
    done = backupsim(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_handler_package_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        assert backupsim("handler", "pack", str(tmp_path / name)).returncode == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
