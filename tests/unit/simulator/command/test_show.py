"""What a person sees of a result: everything, however narrow the terminal, and in one language."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import Any

import pytest
from rich.console import Console

from simulator.command import show, texts

POINT = "48842442277220"
RESULT: dict[str, Any] = {
    "verified": False,
    "jobs": [
        {
            "operation": "Backup",
            "status": "CompletedWithWarnings",
            "duration_seconds": 1.5,
            "tasks": [{"id": "Take Snapshot", "status": "Completed", "duration_seconds": 1.25}],
        }
    ],
    "recovery_points": [
        {
            "id": f"/recoveryPoints/{POINT}",
            "consistency": "CrashConsistent",
            "tiers": ["InstantRP", "HardenedRP"],
            "freeze_window_milliseconds": None,
            "disks": [
                {
                    "name": "sql01-data0",
                    "size_bytes": 127 * 1024**3,
                    "allocated_bytes": 0,
                    "changed_bytes": 65536,
                    "transferred_bytes": 1,
                }
            ],
        }
    ],
    "checks": [
        {"name": "first backup completes", "passed": True, "detail": "Completed"},
        {"name": "second backup: snapshots: readable", "passed": False, "detail": "the storage said no"},
    ],
    "restore": None,
}


def shown(columns: int, language: str = "en") -> str:
    console = Console(file=io.StringIO(), width=columns)
    show.demo_result(RESULT, language, console, ["backupsim up   a world that stays"])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_change_is_shown_as_a_share_of_what_is_allocated() -> None:
    (point,) = RESULT["recovery_points"]
    disk = {**point["disks"][0], "allocated_bytes": 50 * 1024**2, "changed_bytes": 512 * 1024}
    console = Console(file=io.StringIO(), width=200)
    show.demo_result({**RESULT, "recovery_points": [{**point, "disks": [disk]}]}, "en", console, [])
    assert isinstance(console.file, io.StringIO)
    assert re.search(r"sql01-data0 +127.0 GiB +50.0 MiB +512.0 KiB +1.0 % +1 B", console.file.getvalue())


@pytest.mark.parametrize("columns", [45, 80])
def test_nothing_is_cut_off(columns: int) -> None:
    text = shown(columns)
    assert Counter("".join(text.split())) == Counter("".join(shown(200).split())), "the same letters, in other lines"
    assert max(len(line) for line in text.splitlines()) <= columns


def test_a_row_is_a_line_where_there_is_room() -> None:
    lines = shown(200).splitlines()
    assert any(re.search(rf"{POINT} +CrashConsistent +InstantRP \+ HardenedRP +–", line) for line in lines)
    assert any(re.search(r"FAILED +second backup: snapshots: readable +the storage said no", line) for line in lines)


def test_a_language_is_spoken_throughout() -> None:
    text = shown(200, "zh-cn")
    assert "第二次备份：快照：可读取" in text
    assert "首次备份完成" in text
    for english in ("backup completes", "snapshots", "Not verified", "Recovery points", "Try next"):
        assert english not in text


@pytest.mark.parametrize("table", [texts.STEPS, texts.LABELS], ids=["steps", "labels"])
def test_every_text_has_the_same_blanks_in_each_language(table: dict[str, tuple[str, str]]) -> None:
    for english, chinese in table.values():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese))
        assert english != chinese
