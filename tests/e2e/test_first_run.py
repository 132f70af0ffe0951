"""`python3 simulator` in a fresh checkout: real environments, for a project so small that it needs no network."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "small"
version = "1"
[project.optional-dependencies]
node = []
[dependency-groups]
dev = []
"""
BACKEND = '''
"""Just enough of a build backend to install a checkout in place."""
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "small-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("small.pth", os.getcwd())
        wheel.writestr("small-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\n"
                       "Provides-Extra: node\\n")
        wheel.writestr("small-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("small-1.dist-info/RECORD", "")
    return name
'''
COMMAND = """
def main():
    import json, sys
    print(json.dumps([sys.argv[1:], sys.prefix]))
    sys.exit(7)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that has been run once."""
    checkout = fresh_checkout(tmp_path_factory.mktemp("first") / "checkout")
    done = python3_simulator(checkout, "demo", "--seed", "3")
    assert (done.returncode, json.loads(done.stdout)) == (7, [["demo", "--seed", "3"], str(checkout / ".venv")])
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("backupsim: ") for line in lines)
    return checkout


def fresh_checkout(folder: Path) -> Path:
    (folder / "simulator").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "simulator" / name, folder / "simulator" / name)
    command = ROOT / "simulator" / "command"
    shutil.copytree(command, folder / "simulator" / "command", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "simulator" / "command" / "cli.py").write_text(COMMAND)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "constraints.txt").write_text("")
    return folder


def surroundings(checkout: Path, **more: str) -> dict[str, str]:
    """A clean home, and nothing on the PATH that another machine might not have."""
    return {"HOME": str(checkout), "PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1", **more}


def python3_simulator(
    checkout: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [BASE_PYTHON, "simulator", *arguments]
    return subprocess.run(command, cwd=checkout, env=env or surroundings(checkout), capture_output=True, text=True)


def stamp(checkout: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((checkout / ".venv/backupsim.json").read_text())
    return found


def test_the_second_run_starts_at_once_and_says_nothing(prepared: Path) -> None:
    def seconds(command: list[str]) -> float:
        """Of processor time: a busy machine makes no difference."""
        before = os.times()
        done = subprocess.run(command, cwd=prepared, env=surroundings(prepared), capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (7, "")
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    inside = [str(prepared / ".venv/bin/python"), "-c", "from simulator.command.cli import main; main()"]
    bare = min(seconds(inside) for _ in range(5))
    whole = min(seconds([BASE_PYTHON, "simulator"]) for _ in range(5))
    assert whole - bare < 0.15


def test_from_another_folder_and_as_a_module_it_is_the_same(prepared: Path, tmp_path: Path) -> None:
    for command, folder in (([str(prepared / "simulator")], tmp_path), (["-m", "simulator"], prepared)):
        done = subprocess.run([BASE_PYTHON, *command, "x"], cwd=folder, env=surroundings(prepared), capture_output=True)
        assert (done.returncode, done.stderr) == (7, b"")
        assert json.loads(done.stdout) == [["x"], str(prepared / ".venv")]


def test_a_changed_input_is_installed_on_top(prepared: Path) -> None:
    (prepared / ".venv/keep").touch()
    with (prepared / "constraints.txt").open("a") as file:
        file.write("# changed\n")
    done = python3_simulator(prepared)
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["installing", "ready"]
    assert (prepared / ".venv/keep").exists()
    assert python3_simulator(prepared).stderr == ""


@pytest.mark.slow
def test_an_interrupted_installation_is_made_anew_and_by_one_of_two_at_once(prepared: Path) -> None:
    (prepared / ".venv/keep").touch()
    (prepared / ".venv/backupsim.json").write_text(json.dumps(stamp(prepared) | {"complete": False}))
    both = [
        subprocess.Popen(
            [BASE_PYTHON, "simulator"],
            cwd=prepared,
            env=surroundings(prepared),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = "".join(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [7, 7]
    assert said.count("creating an environment") == 1
    assert not (prepared / ".venv/keep").exists()
    assert stamp(prepared)["complete"] is True


@pytest.mark.slow
def test_an_environment_of_ones_own_is_kept(prepared: Path, tmp_path: Path) -> None:
    checkout = fresh_checkout(tmp_path / "checkout")
    subprocess.run([BASE_PYTHON, "-m", "venv", str(checkout / ".venv")], check=True)
    (checkout / ".venv/mine").touch()
    assert python3_simulator(checkout).returncode == 7
    assert (checkout / ".venv/mine").exists()
    shutil.move(checkout, tmp_path / "moved")
    assert "creating an environment" in python3_simulator(tmp_path / "moved").stderr


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What it ends with, having said that it ends for something that the machine lacks."""
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_without_ensurepip_it_says_what_to_install(tmp_path: Path) -> None:
    checkout = fresh_checkout(tmp_path / "checkout")
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None")
    done = python3_simulator(checkout, env=surroundings(checkout, PYTHONPATH=str(tmp_path)))
    assert f"apt install python3.{sys.version_info.minor}-venv" in one_sentence(done)


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    checkout = fresh_checkout(tmp_path / "checkout")
    (checkout / "pyproject.toml").write_text(
        PROJECT.replace('version = "1"', 'version = "1"\ndependencies = ["httpx"]')
    )
    text = BACKEND.replace('"Provides-Extra: node', '"Requires-Dist: httpx\\nProvides-Extra: node')
    (checkout / "backend.py").write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/simple"
    env = surroundings(checkout, PIP_INDEX_URL=address, PIP_RETRIES="1", PIP_CONFIG_FILE=os.devnull)
    del env["PIP_NO_INDEX"]
    assert "no package index can be reached; connect this machine" in one_sentence(python3_simulator(checkout, env=env))
    assert stamp(checkout)["complete"] is False


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    checkout = fresh_checkout(tmp_path / "checkout")
    (checkout / ".venv").write_text("in the way")
    assert "use a checkout that you can write to" in one_sentence(python3_simulator(checkout))
