"""A story waits for a key before each act, and for its audience to read; nothing waits where nobody asks for it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from controlplane.json_object import Json
from simulator.command import texts
from simulator.command.scenarios import cli_scenario
from simulator.command.scenarios.cli_scenario import Teller
from simulator.command.scenarios.pauses import Pauses, paced
from simulator.stories import library
from simulator.stories.sentences import reading_seconds
from simulator.stories.telling import moments

RECORDING: Json = {
    "schema_version": 1,
    "story": "mine",
    "title": {"en": "A story", "zh-cn": "故事"},
    "acts": [
        {
            "say": {"en": f"Act {number} begins.", "zh-cn": f"第 {number} 幕开始。"},
            "steps": [{"verb": "protect", "line": 4, "values": {"machine": "vm1"}}],
            "then": None,
        }
        for number in (1, 2)
    ],
    "verified": False,
    "broken": {"line": 9, "verb": "back up", "sentence": "vm1 has no recovery point"},
}


def waiting(slow: float = 0.0, step: bool = False) -> tuple[Pauses, list[str | float]]:
    """Pauses that wait for nothing, and for what they would have waited."""
    kept: list[str | float] = []
    return Pauses(slow, step, lambda: kept.append("key"), kept.append), kept


def told(pauses: Pauses, language: str = "en") -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    teller = Teller(language, pauses, console)
    for moment in moments(RECORDING):
        teller(moment)
    assert isinstance(console.file, io.StringIO)
    return [line for line in console.file.getvalue().splitlines() if line]


def test_nothing_waits_unless_it_is_asked_for() -> None:
    pauses, kept = waiting()
    told(pauses)
    assert kept == []


def test_a_key_begins_each_act() -> None:
    pauses, kept = waiting(step=True)
    told(pauses)
    assert kept == ["key", "key"]


@pytest.mark.parametrize(("language", "slow"), [("en", 1.0), ("zh-cn", 1.0), ("en", 3.0)])
def test_a_slow_teller_leaves_time_to_read_each_sentence(language: str, slow: float) -> None:
    pauses, kept = waiting(slow=slow)
    lines = told(pauses, language)
    spoken = [line.strip().removeprefix("· ").removeprefix("1  ").removeprefix("2  ") for line in lines]
    assert kept == [slow * reading_seconds(text, language) for text in spoken]


def test_a_story_is_told_in_the_language_that_is_asked_for() -> None:
    assert told(waiting()[0]) == [
        "A story",
        "1  Act 1 begins.",
        "   · vm1 is protected",
        "2  Act 2 begins.",
        "   · vm1 is protected",
        "Not told to its end, in line 9: vm1 has no recovery point",
    ]
    assert told(waiting()[0], "zh-cn")[-2:] == ["   · vm1 已受保护", "故事未讲完，第 9 行：vm1 没有恢复点"]


def test_the_demo_is_told_a_step_at_a_time() -> None:
    (pauses, kept), heard = waiting(slow=1, step=True), list[str]()
    paced(lambda step, values: heard.append(step), pauses, "en")("backup_second", {})
    assert heard == ["backup_second"]
    assert kept == ["key", reading_seconds(texts.step("backup_second", "en", {}), "en")]


def test_the_stories_are_listed_and_shown() -> None:
    listed = CliRunner().invoke(cli_scenario.app, ["list", "--lang", "zh-cn"]).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(library.NAMES)
    assert "讲述约" in listed
    rows = json.loads(CliRunner().invoke(cli_scenario.app, ["list", "--json"]).stdout)["stories"]
    assert [row["name"] for row in rows] == list(library.NAMES)
    shown = CliRunner().invoke(cli_scenario.app, ["show", "deleted-file"]).stdout
    assert shown == library.text("deleted-file")


def test_a_recording_is_told_without_a_world(tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    file.write_text(json.dumps(RECORDING), encoding="utf-8")
    done = CliRunner().invoke(cli_scenario.app, ["replay", str(file), "--lang", "zh-cn"])
    assert (done.exit_code, "vm1 已受保护" in done.stdout) == (0, True)


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json", '{"acts": 1}'])
def test_what_is_no_recording_is_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "told.json"
    file.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(cli_scenario.app, ["replay", str(file)])
    assert "no recording of a story" in str(done.exception)
