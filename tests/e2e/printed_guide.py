"""A guide whose code blocks are run, and whose other blocks stand for what these print.

A page has blocks of `sh`, and behind some of them a block without a language: lines of what the commands print, in
their order. What differs from run to run stands there as a word in capitals, and a line of dots for lines that are left
out; other lines may stand between as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.test_time_guide import COMMAND, in_bash

BLOCK = re.compile(r"^```(sh|)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLANKS = {
    "GUID": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "POINT": r"\d+",
    "SECONDS": r"[\d.]+",
    "TASK": r"[0-9a-f-]{36}_\d+",
    "TIME": r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)",
}
LEFT_OUT = "..."
MARK = "printed by the block behind this line"


@dataclass(frozen=True)
class Step:
    """A block of commands, and the lines that it prints."""

    commands: str
    printed: tuple[str, ...] = ()


def steps_of(page: str) -> list[Step]:
    """The blocks of a page of docs/, by its name."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    steps: list[Step] = []
    for language, content in BLOCK.findall(text):
        if language == "sh":
            steps.append(Step(content))
        else:
            lines = tuple(line for line in content.splitlines() if line.strip() not in {"", LEFT_OUT})
            steps[-1] = Step(steps[-1].commands, (*steps[-1].printed, *lines))
    return steps


def run(steps: list[Step], folder: Path, az: Path) -> None:
    """Run the blocks, and compare what they print with the page. The world `./world` that they leave is stopped."""
    find_az = f'PATH="$PATH:{az.parent}"\n'
    script = "".join(f"echo '{MARK}'\n{step.commands}" for step in steps)
    try:
        told = in_bash(COMMAND + find_az + script, folder, BACKUPSIM_AZ=str(az))
    finally:
        backupsim("stop", "--state", str(folder / "world"))
    pieces = told.split(f"{MARK}\n")[1:]
    wrong = [problem for step, piece in zip(steps, pieces, strict=True) for problem in _missing(step, piece)]
    assert not wrong, "\n\n".join(wrong)


def _missing(step: Step, told: str) -> list[str]:
    """Each line of the page that is not printed, behind the one before it."""
    rest, wrong = told.splitlines(), []
    for line in step.printed:
        expected = re.compile(pattern(line))
        at = next((at for at, each in enumerate(rest) if expected.fullmatch(each.rstrip())), None)
        if at is None:
            wrong.append(f"not printed: {line}\nbut:\n" + "\n".join(rest))
        else:
            rest = rest[at + 1 :]
    return wrong


def pattern(line: str) -> str:
    """Runs of blanks are any blanks: columns are as wide as what stands in them."""
    words = [re.sub(r"\b[A-Z]{4,}\b", _blank, re.escape(word)) for word in line.split()]
    return r"\s*" + r"\s+".join(words)


def _blank(word: re.Match[str]) -> str:
    return BLANKS.get(word[0], word[0])
