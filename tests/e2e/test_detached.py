"""A world in the background: it is ready when the command returns, a failed start says why, and nothing old is left."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.client import Client
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import Up

READ_THE_ENDPOINTS = """
import json, sys, urllib.request
told = json.load(open(sys.argv[1]))
print(urllib.request.urlopen(told["arm_http"] + "/healthz").status)
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A folder with a space in its name, in which no world runs when the test has ended."""
    folder = tmp_path / "a world"
    yield folder
    backupsim("stop", "--state", str(folder))


def test_it_is_ready_when_the_command_returns(state: Path) -> None:
    started = backupsim("up", "--detach", "--port", "0", "--state", str(state))
    assert (started.returncode, started.stdout) == (0, f"{state / 'endpoints.json'}\n"), started.stderr
    assert f"stop it with backupsim stop --state {shlex.quote(str(state))}" in started.stderr
    assert "Ctrl-C" not in started.stderr
    with Client(json.loads((state / "endpoints.json").read_text(encoding="utf-8"))) as client:
        assert client.sim("GET", "/vms") == {"vms": []}
    waited = backupsim("wait", "--state", str(state))
    assert (waited.returncode, waited.stdout) == (0, started.stdout)
    again = backupsim("up", "--detach", "--port", "0", "--state", str(state))
    assert (again.returncode, again.stdout) == (2, "")
    assert "is in use by process" in again.stderr
    assert backupsim("stop", "--state", str(state)).returncode == 0
    late = backupsim("wait", "--timeout", "0", "--state", str(state))
    assert (late.returncode, late.stdout) == (1, "")
    assert late.stderr.startswith("backupsim: no world was ready in ")
    assert not (state / "endpoints.json").exists()


def test_a_start_that_fails_is_one_sentence_with_its_log_and_leaves_no_old_endpoints(state: Path) -> None:
    copy = state.parent / "copy.json"
    world = Up(state, ["up", "--port", "0", "--state", str(state), "--endpoints", str(copy)])
    world.process.kill()
    world.process.wait()
    assert copy.exists()
    assert (state / "endpoints.json").exists()
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = ["--port", str(other.getsockname()[1]), "--https-port", "0", "--blob-port", "0"]
        failed = backupsim("up", "--detach", *ports, "--state", str(state), "--endpoints", str(copy))
    assert (failed.returncode, failed.stdout) == (3, "")
    (sentence,) = failed.stderr.splitlines()
    assert re.fullmatch(r"backupsim: cannot listen on .* \(its log is '.*/a world/up.log'\)", sentence)
    assert sentence.partition(" (its log")[0] in (state / "up.log").read_text(encoding="utf-8")
    assert not copy.exists()
    assert not (state / "endpoints.json").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    failed = backupsim("up", "--detach", "--port", "0", "--state", str(tmp_path))
    assert failed.returncode == 2
    assert "holds letter.txt and is not a world's state folder" in failed.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


def test_the_lines_for_ci_in_the_readme_run(tmp_path: Path) -> None:
    lines = re.findall(r"^- run: (.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) == 3
    (tmp_path / "your_test.py").write_text(READ_THE_ENDPOINTS, encoding="utf-8")
    ours = f"{shlex.quote(sys.executable)} -m simulator.command.cli"
    script = "\n".join(lines).replace("python3 simulator", ours)
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, "endpoints.json\n200\n"), done.stderr
