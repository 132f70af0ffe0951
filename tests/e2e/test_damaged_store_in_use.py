"""The store of a running world is overwritten under it: what cannot be read any more is told, and never served."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simulator.client import RequestFailed
from simulator.scenario import Scenario
from tests.e2e.conftest import ROOT
from tests.e2e.running import PATIENCE_SECONDS, Up, eventually, good_backup, is_ready, protected, scenario_of, up

PAGE_BYTES = 4096
TOLD = "the store is damaged; end the world, and restore the store from a copy"


def copied(store: Path, to: Path) -> None:
    """The store as it is, with what is only in its log; which is empty then."""
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def overwrite(store: Path) -> None:
    """The heads of all pages but the first."""
    with store.open("r+b") as file:
        for page in range(1, store.stat().st_size // PAGE_BYTES):
            file.seek(page * PAGE_BYTES)
            file.write(bytes(64))


def refusal(act: Callable[[], object]) -> str:
    """Status, code and message where it is refused."""
    try:
        act()
    except RequestFailed as refused:
        return f"{refused.status} {refused}"
    return ""


def start(state: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "simulator.command.cli", "up", "--port", "0", "--state", str(state)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)


def points(scenario: Scenario) -> list[dict[str, Any]]:
    return list(scenario.client.list(f"{scenario.item_id()}/recoveryPoints"))


@pytest.mark.slow
def test_a_store_that_is_damaged_while_its_world_runs(tmp_path: Path) -> None:
    state, copy = tmp_path / "world", tmp_path / "copy.db"
    store = state / "store.db"
    world = Up(state)
    scenario = protected(world.client)
    good_backup(scenario)
    known = points(scenario)
    copied(store, copy)
    overwrite(store)
    eventually(lambda: refusal(lambda: points(scenario)) != "", "what is read again is damaged")
    group = world.client.group("another")
    requests: list[Callable[[], object]] = [
        lambda: points(scenario),
        lambda: world.client.put(group, {"location": "westus"}),
        lambda: world.client.sim("GET", "/events"),
    ]
    told_of = [refusal(request) for request in requests]
    assert [(each[:3], TOLD in each) for each in told_of] == [("500", True), ("500", True), ("503", True)], told_of
    world.process.send_signal(signal.SIGINT)
    assert "Traceback" not in world.stderr()
    assert "Traceback" not in (state / "logs" / "backupsim.jsonl").read_text(encoding="utf-8")
    refused = start(state)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert "store.db" in refused.stderr
    for name in ("store.db", "store.db-wal", "store.db-shm", "store.mark"):
        (state / name).unlink(missing_ok=True)
    copy.rename(store)
    with up(state) as again:
        scenario = scenario_of(again.client)
        assert points(scenario) == known
        eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
        good_backup(scenario)
