"""The project as a package: the wheel that is built of it, in an environment that has nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from simulator.packages import HANDLER_FOLDER, packed
from simulator.state.folder import cache_folder
from tests.e2e.conftest import ROOT

BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path) -> Path:
    if shutil.which("uv"):
        run("uv", "build", "--quiet", "--wheel", "--out-dir", folder, cwd=ROOT)
    else:
        pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check")
        run(*pip, "--no-deps", "--wheel-dir", folder, ".", cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


@dataclass
class Installed:
    """The command of an installed wheel, to be run in a folder that has nothing of the checkout."""

    wheel: Path
    command: Path
    folder: Path

    def backupsim(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        surroundings = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "BACKUPSIM_CACHE": str(cache_folder())}
        return subprocess.run(
            [self.command, *arguments],
            cwd=self.folder,
            env={**surroundings, **more},
            capture_output=True,
            text=True,
            timeout=600,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build(folder / "dist")
    run(BASE_PYTHON, "-m", "venv", folder / "clean", cwd=folder)
    named = f"{wheel}[node]" if shutil.which("node") is None else str(wheel)
    pip = (folder / "clean/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--constraint", ROOT / "constraints.txt", named, cwd=folder)
    (folder / "elsewhere").mkdir()
    return Installed(wheel, folder / "clean/bin/backupsim", folder / "elsewhere")


@pytest.mark.slow
def test_the_demo_of_the_wheel_verifies_every_byte(installed: Installed) -> None:
    done = installed.backupsim("demo", "--json", "--disks", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verified"]


@pytest.mark.slow
def test_the_wheel_holds_the_handler_the_migrations_and_the_license(installed: Installed) -> None:
    assert installed.backupsim("handler", "pack", "handler.zip").returncode == 0
    assert (installed.folder / "handler.zip").read_bytes() == packed(HANDLER_FOLDER)
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "backupsim.py",
        "backupsim_pytest.py",
        "controlplane",
        "extension",
        "simulator",
    }
    tracked = run("git", "ls-files", "extension", "controlplane", "simulator", cwd=ROOT).split()
    moved = {"simulator/command/entry.py", "simulator/pytest_plugin.py"}
    assert set(tracked) - set(names) == moved, "the build moves them to backupsim.py and backupsim_pytest.py"


@pytest.mark.slow
def test_pytest_finds_the_plugin_of_the_wheel(installed: Installed, tmp_path: Path) -> None:
    """In an environment that has the wheel and pytest; `-p no:backupsim` switches it off."""
    python = installed.command.with_name("python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pytest", cwd=tmp_path)
    (tmp_path / "test_world.py").write_text("def test_world(backup_world): assert backup_world.subscription_id\n")
    surroundings = {**os.environ, "HOME": str(tmp_path), "BACKUPSIM_CACHE": str(cache_folder())}
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    assert "1 passed" in run(*command, cwd=tmp_path, env=surroundings)
    done = subprocess.run(
        [*command, "-p", "no:backupsim"], cwd=tmp_path, env=surroundings, capture_output=True, text=True
    )
    assert "fixture 'backup_world' not found" in done.stdout


@pytest.mark.slow
def test_a_repository_of_a_user_runs_its_tests_with_the_wheel(installed: Installed, tmp_path: Path) -> None:
    python = installed.command.with_name("python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pytest", cwd=tmp_path)
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "examples/automation", repository, ignore=shutil.ignore_patterns("__pycache__"))
    surroundings = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "BACKUPSIM_CACHE": str(cache_folder())}
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", cwd=repository, env=surroundings)
    assert re.search(r"^5 passed(, 1 skipped)? in ", said, re.MULTILINE), said
    for file in (".github/workflows/tests.yml", ".gitlab-ci.yml"):
        commands = str(yaml.safe_load((repository / file).read_text(encoding="utf-8")))
        assert "pip install --editable '.[test]'" in commands
        assert "pytest --backupsim-keep-failed failed" in commands


@pytest.mark.slow
def test_a_package_that_hides_ours_is_named(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "simulator").mkdir()
    (tmp_path / "simulator/__init__.py").touch()
    done = installed.backupsim("doctor", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"backupsim: {tmp_path / 'simulator'} hides the package simulator of azure-backup-")
    assert len(done.stderr.splitlines()) == 1
