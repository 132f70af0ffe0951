"""SIGKILL during any write leaves a store that opens, in which everything is whole and what was told is true."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.arm.edge.call import GROUP_KIND
from controlplane.domain.recovery_services import policy
from controlplane.domain.recovery_services.protected_item import KIND as ITEMS
from controlplane.domain.recovery_services.vault import KIND as VAULTS
from controlplane.ports import Store
from tests.unit.controlplane.arm.arm_world import START
from tests.unit.controlplane.arm.store_rules import check_store
from tests.virtual_clock import VirtualClock

ROOT = Path(__file__).parents[4]
WRITERS = 8
KINDS = {"vaults": VAULTS, "resourcegroups": GROUP_KIND, "storageaccounts": "microsoft.storage/storageaccounts"}
BUILT_IN = {body["name"] for body in policy.built_in("/v", START)}


@pytest.mark.skipif(sys.platform == "win32", reason="forks its writers")
def test_a_killed_writer_leaves_a_store_that_opens(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    writers = WRITERS * (4 if pytestconfig.getoption("all") else 1)
    command = [sys.executable, "-m", "tests.unit.controlplane.arm.killed_writers", str(tmp_path), "7", str(writers)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)
    whole = [line[1:] for line in told(tmp_path / "whole") if line[0] == "told"]
    assert {status // 100 for _, _, status in whole} == {2, 4}, "the lock refuses one deletion of each group"
    cut = 0
    for number in range(writers):
        folder = tmp_path / f"writer{number}"
        lines = told(folder)
        cut += len(lines) < 2 * len(whole)
        connection = sqlite3.connect(folder / "store.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        clock = VirtualClock(START)
        store = SqlStore(f"sqlite:///{folder / 'store.db'}", clock)
        try:
            check_store(store)
            check_whole(store)
            check_told(store, lines)
            store.put("probe", "1", {})
        finally:
            store.close()
            clock.close()
    assert cut > writers // 2, "most of them died in the middle"


def told(folder: Path) -> list[list[Any]]:
    file = folder / "told.jsonl"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def check_whole(store: Store) -> None:
    """What is written together is there together."""
    for vault in store.find(VAULTS):
        names = {found.json()["name"] for found in store.find(policy.KIND, vault.id)}
        assert names >= BUILT_IN, f"{vault.id} lacks a policy that came with it"
    for item in store.find(ITEMS):
        jobs = store.find("microsoft.recoveryservices/vaults/backupjobs", item.parent)
        assert jobs, f"{item.id} came from no job"


def check_told(store: Store, lines: list[list[Any]]) -> None:
    """A resource whose writing was acknowledged is there, and one whose deletion was is gone, unless another write
    that concerns it was begun afterwards."""
    for index, line in enumerate(lines):
        kind = KINDS.get(line[2].lower().split("/")[-2])
        if line[0] != "told" or kind is None or not 200 <= int(line[3]) < 300 or line[1] == "PATCH":
            continue
        later = (other[2].lower() for other in lines[index + 1 :] if other[0] == "asked")
        if any(line[2].lower().startswith(path) for path in later):
            continue
        there = store.get(kind, line[2]) is not None
        assert there == (line[1] == "PUT"), line
