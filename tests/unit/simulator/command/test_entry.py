"""The start of the installed command: what it says where another package has one of our names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
ENTRY = ROOT / "simulator" / "command" / "entry.py"
START = f"import runpy; runpy.run_path({str(ENTRY)!r})['main']()"


def started(*path: Path) -> subprocess.CompletedProcess[str]:
    """The command, where Python looks into these folders before all others."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-P", "-c", START, "wait", "--timeout", "0", "--state", "none"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["extension", "controlplane", "simulator"])
@pytest.mark.parametrize("file", ["{name}/__init__.py", "{name}.py"])
def test_a_package_of_somebody_else_is_named(tmp_path: Path, name: str, file: str) -> None:
    other = tmp_path / file.format(name=name)
    other.parent.mkdir(exist_ok=True)
    other.touch()
    done = started(tmp_path, ROOT)
    place = other.parent if other.name == "__init__.py" else other
    assert (done.returncode, done.stdout) == (3, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"backupsim: {place} hides the package {name} of azure-backup-simulator; remove it")


def test_it_is_said_in_chinese_where_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "controlplane.py").touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-P", "-c", START, "doctor", "--lang", "zh-cn"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith(f"backupsim: {tmp_path / 'controlplane.py'} 遮盖了")


def test_with_our_own_packages_the_command_starts() -> None:
    assert started(ROOT).stderr.startswith("backupsim: no world was ready in none")
