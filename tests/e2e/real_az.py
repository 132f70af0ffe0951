"""The real az in a world of its own, as a person uses it: commands by `backupsim az`, each with the time it took."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.conftest import ROOT
from tests.e2e.running import Up, up

PATIENCE_SECONDS = 300
"""az itself gives up on nothing; a command that waits for nothing would hang here."""
IMAGE = "--image Win2022Datacenter --admin-username azureuser --admin-password aB3!aB3!aB3!xx"


class Refused(Exception):
    """az ended with an error; says which. `code` is its exit code: 3 for what is not there, 1 for the service's no."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


class Az:
    """`az("group create -n rg -l westus")` is what the command prints, decoded; `table` and `text` are it as it is."""

    def __init__(self, world: Up, program: Path) -> None:
        self.world = world
        self.took: list[tuple[float, str]] = []
        self.warned = ""
        """What the last command said besides its result."""
        self.folder = world.state.parent
        """Where it runs, and where the files lie that commands leave."""
        of_world = {"BACKUPSIM_STATE": str(world.state), "BACKUPSIM_AZ": str(program)}
        self._environment = {**os.environ, **of_world, "PYTHONPATH": str(ROOT)}

    def __call__(self, command: str) -> Any:
        printed = self.text(command)
        return json.loads(printed) if printed.strip() else None

    def run(self, *words: str, output: str = "json") -> Any:
        """A command by its words, for those with spaces and quotes in them; decoded where its output is JSON."""
        printed = self.text(shlex.join(words if output == "json" else (*words, "--output", output)))
        if output != "json":
            return printed
        return json.loads(printed) if printed.strip() else None

    def table(self, command: str) -> list[dict[str, str]]:
        """The rows that a person sees, by the titles of their columns; without any, no rows."""
        lines = self.text(f"{command} --output table").splitlines()
        if len(lines) < 2:
            return []
        starts = [0, *(at + 2 for at, _ in enumerate(lines[1]) if lines[1][at : at + 2] == "  ")]
        cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines]
        return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]

    def text(self, command: str) -> str:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "simulator.command.cli", "az", *shlex.split(command)],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        self.took.append((time.monotonic() - began, " ".join(shlex.split(command)[:4])))
        self.warned = done.stderr
        if done.returncode:
            raise Refused(done.returncode, done.stderr)
        return done.stdout

    def wait_for(self, job: Mapping[str, Any], group_and_vault: str) -> dict[str, Any]:
        """What became of the job that a command began. Nothing polls: `job wait` is answered when the job has ended."""
        self(f"backup job wait {group_and_vault} -n {job['name']} --timeout 240")
        ended: dict[str, Any] = self(f"backup job show {group_and_vault} -n {job['name']}")
        assert ended["properties"]["status"] == "Completed", ended["properties"].get("errorDetails")
        return ended


@contextmanager
def az_in(state: Path, program: Path, arguments: Sequence[str] = ()) -> Iterator[Az]:
    """A world, and az in it. At its end the times are printed: `pytest -rP` or a failure shows them. `arguments` are
    those of `up`, in place of the usual ones."""
    with up(state, arguments) as world:
        az = Az(world, program)
        try:
            yield az
        finally:
            for seconds, command in az.took:
                print(f"{seconds:6.1f} s  az {command}")  # noqa: T201 - the record that the test's output is to have
