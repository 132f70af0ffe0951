"""The code blocks of docs/time.md, run in their order as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import up

PAGE = (ROOT / "docs/time.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(OF_A_PROGRAM,) = [block for block in BLOCKS if "SIM_TOKEN=" in block]
BY_COMMAND = [block for block in BLOCKS if block is not OF_A_PROGRAM]
COMMAND = f'backupsim() {{ {shlex.quote(sys.executable)} -m simulator.command.cli "$@"; }}\n'
MOST_SECONDS = 900.0


def in_bash(script: str, folder: Path, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "BACKUPSIM_STATE"}
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_has_its_blocks() -> None:
    assert len(BY_COMMAND) == 6


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing; on Debian and Ubuntu: apt install curl")
def test_a_program_advances_and_polls(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state, ["up", "--port", "0", "--state", str(state), "--clock", "virtual"]):
        answers = in_bash(OF_A_PROGRAM, state)
    decoder, shown = json.JSONDecoder(), []
    while answers.strip():
        answer, end = decoder.raw_decode(answers.lstrip())
        shown.append(answer)
        answers = answers.lstrip()[end:]
    assert [each["status"] for each in (shown[0], shown[1])] == ["ready", "ready"]
    assert (shown[1]["reason"], shown[1]["target"]) == ("reached", "by 1d")
    assert (shown[2]["id"], shown[3]["id"]) == (2, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Whatever world a block has left in it is stopped in the end."""
    yield tmp_path
    for state in tmp_path.iterdir():
        backupsim("stop", "--state", str(state))


def test_a_world_with_work_for_each_day(folder: Path) -> None:
    (busy,) = [block for block in BY_COMMAND if "--workload-per-day" in block]
    told = in_bash(COMMAND + busy, folder)
    assert told.splitlines()[0].endswith("busy/endpoints.json"), "it was up"
    assert not (folder / "busy/endpoints.json").exists(), "and is stopped"


def test_a_world_with_plausible_durations(folder: Path) -> None:
    (alive,) = [block for block in BY_COMMAND if "--pace plausible" in block]
    assert "each step takes a plausible time, drawn from the seed" in in_bash(COMMAND + alive, folder)


@pytest.mark.slow
def test_five_minutes_with_az(az: Path, folder: Path) -> None:
    """The world is stopped in the middle of the page; what comes later is done before that."""
    begin, look, on, *_, later = BY_COMMAND
    on, stop = on.replace("backupsim stop\n", ""), "backupsim stop\n"
    assert stop in BY_COMMAND[2]
    told = in_bash(COMMAND + begin + look + later + on + stop, folder, BACKUPSIM_AZ=str(az))
    assert "10 jobs Completed" in told
    assert "it is 2026-04-01T00:00:00Z" in told
