"""The examples of docs/forecast.md, run as they stand, where no world runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT

PAGE = (ROOT / "docs/forecast.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMAND = f'backupsim() {{ PYTHONPATH="{ROOT}" "{sys.executable}" -m simulator.command.cli "$@"; }}\n'


def in_bash(folder: Path, script: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", COMMAND + script],
        cwd=folder,
        env={**os.environ, "BACKUPSIM_STATE": str(folder / "none")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS, ids=["built in", "of a day", "from a file"])
def test_an_example_is_answered(tmp_path: Path, block: str) -> None:
    told = in_bash(tmp_path, block)
    assert told.count("(times in UTC)") + told.count("（时间为 UTC）") == len(
        re.findall("backupsim(?!.*--json)", block)
    )


def test_what_an_example_says(tmp_path: Path) -> None:
    told = in_bash(tmp_path, BLOCKS[2])
    assert "Monthly    first Sunday of the month for 60 months" in told
    assert "每月第一个星期日，保留 60 个月" in told
    assert in_bash(tmp_path, BLOCKS[1]).splitlines()[-1] == "2027-01-02"
