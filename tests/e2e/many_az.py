"""The real az for many commands: one process of its own interpreter runs them all, so that it is loaded once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT

PATIENCE_SECONDS = 300
MANY = "many"
PROGRAM = """#!{python}
import io, json, os, sys
os.environ.setdefault("AZ_INSTALLER", "PIP")
from azure.cli.core import get_default_cli

if sys.argv[1:2] != [{many!r}]:
    sys.exit(get_default_cli().invoke(sys.argv[1:]))
cli, told = get_default_cli(), []
for words in json.loads(open(sys.argv[2], encoding="utf-8").read()):
    output = io.StringIO()
    code = cli.invoke(words, out_file=output)
    told.append([code, output.getvalue()])
print(json.dumps(told))
"""
"""Without its own first word it is az as it is: `backupsim az` prepares and signs in by it."""


def printed(az: Path, state: Path, commands: Sequence[Sequence[str]], folder: Path) -> list[Any]:
    """What each command prints in the world of this state folder, decoded. `folder` takes two files."""
    program, asked = folder / "az", folder / "commands.json"
    python = az.with_name("python")
    if not python.exists():
        pytest.skip(f"the Python of {az} is not beside it, so that several commands cannot run in one process")
    program.write_text(PROGRAM.format(python=python, many=MANY), encoding="utf-8")
    program.chmod(0o755)
    asked.write_text(json.dumps([list(words) for words in commands]), encoding="utf-8")
    of_world = {"BACKUPSIM_STATE": str(state), "BACKUPSIM_AZ": str(program), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "simulator.command.cli", "az", MANY, str(asked)],
        cwd=folder,
        env={**os.environ, **of_world},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [code for code, _ in told] == [0] * len(commands), done.stderr
    return [json.loads(output) for _, output in told]
