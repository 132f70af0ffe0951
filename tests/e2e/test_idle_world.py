"""A world that runs and was asked for nothing: what it has loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.idle_modules import loaded_too_early

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
import simulator.command.cli
from simulator.world import Config, build

with build(Config(Path(sys.argv[1]))):
    loaded = list(sys.modules)
print(*loaded, sep="\\n")
"""


def test_a_world_that_was_asked_for_nothing_has_loaded_nothing_for_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "world")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "simulator.host.host" in loaded
    assert loaded_too_early(loaded) == []
