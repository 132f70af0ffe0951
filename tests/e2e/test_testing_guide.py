"""The code blocks of docs/testing.md, run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from simulator.testing.world_options import KEYWORDS, OF_CLOCK
from tests.e2e.conftest import ROOT
from tests.e2e.plugin_run import run_pytest

PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


FORKS = "backup_new_world"


@pytest.mark.slow
def test_each_example_passes(tmp_path: Path) -> None:
    examples = [example for example in blocks("python") if FORKS not in example]
    assert len(examples) >= 8
    for number, example in enumerate(examples):
        (tmp_path / f"test_example_{number}.py").write_text(example, encoding="utf-8")
    done = run_pytest(tmp_path)
    skipped = done.counts.pop("skipped", 0)
    assert (done.code, done.counts) == (0, {"passed": len(examples) - skipped}), done.said
    assert skipped <= 1, "the one that needs an SDK"


@pytest.mark.slow
def test_the_example_of_forks_passes(tmp_path: Path) -> None:
    (example,) = [example for example in blocks("python") if FORKS in example]
    (tmp_path / "test_forks.py").write_text(example, encoding="utf-8")
    done = run_pytest(tmp_path)
    assert (done.code, done.counts) == (0, {"passed": 2}), done.said


def test_each_command_line_is_one(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    lines = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 4
    for program, *arguments in lines:
        done = run_pytest(tmp_path, *arguments)
        assert (program, done.code) == ("pytest", 0), done.said


def test_the_page_names_every_keyword_of_the_mark() -> None:
    assert [name for name in (*OF_CLOCK, *KEYWORDS, "own_azurite", "fork_of") if f"`{name}`" not in PAGE] == []


def test_the_page_names_every_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("", encoding="utf-8")
    told = run_pytest(tmp_path, "--fixtures").said
    fixtures = re.findall(r"^(backup_\w+)", told, re.MULTILINE)
    assert len(fixtures) == 13
    assert [name for name in fixtures if f"| `{name}` |" not in PAGE] == []
