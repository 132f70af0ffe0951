"""What importing a world's parts loads, and what waits until somebody asks for it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.idle_modules import NOT_BEFORE_ASKED, loaded_too_early

ROOT = Path(__file__).parents[2]
PARTS = (
    "simulator.command.cli",
    "simulator.world",
    "simulator.backend",
    "simulator.storage.azurite",
    "controlplane.adapters.azurite",
)
"""What `backupsim up` imports before its world is ready."""


def test_an_idle_world_loads_nothing_that_only_some_worlds_need() -> None:
    program = f"import sys\nimport {', '.join(PARTS)}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert set(PARTS) <= set(loaded)
    assert loaded_too_early(loaded) == []


@pytest.mark.parametrize("name", NOT_BEFORE_ASKED)
def test_every_module_of_the_list_exists(name: str) -> None:
    assert find_spec(name) is not None


def test_what_lies_below_a_module_of_the_list_is_found_and_what_is_named_alike_is_not() -> None:
    assert loaded_too_early(["rich.console", "richer", "rich"]) == ["rich", "rich.console"]
