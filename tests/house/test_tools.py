"""What the linter, the formatter and the type checker say about the whole tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def finds_nothing(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_finds_nothing() -> None:
    finds_nothing("ruff", "check", "--quiet", ".")


def test_the_formatter_would_change_nothing() -> None:
    finds_nothing("ruff", "format", "--check", ".")


@pytest.mark.slow
def test_the_type_checker_finds_nothing() -> None:
    finds_nothing("mypy")
