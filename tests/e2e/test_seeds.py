"""Twenty seeds in a row: with VSS every database opens clean, without it the disks show what they were caught at.

Nothing about the outcomes without VSS is scripted: they follow from what was on the disks when they were snapshotted,
which is why this asks for some of them, not for given ones.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import backupsim

SEEDS = range(20)


def demo(*arguments: str) -> dict[str, Any]:
    done = backupsim("demo", "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_with_vss_every_restored_database_opens_clean() -> None:
    for seed in SEEDS:
        result = demo("--seed", str(seed))
        database = result["restore"]["database"]
        assert {point["consistency"] for point in result["recovery_points"]} == {"AppConsistent"}
        assert database["opened_clean"], f"seed {seed}: {database}"
        assert database["integrity"] == "ok", f"seed {seed}: {database}"
        assert database["sum_of_balances_ok"], f"seed {seed}: {database}"


@pytest.mark.slow
def test_without_vss_some_databases_need_recovery_or_are_torn() -> None:
    databases = []
    for seed in SEEDS:
        result = demo("--no-vss", "--seed", str(seed))
        assert {point["consistency"] for point in result["recovery_points"]} == {"CrashConsistent"}
        databases.append(result["restore"]["database"])
    assert [database for database in databases if not database["opened_clean"]]


@pytest.mark.slow
def test_a_seed_fixes_what_is_drawn() -> None:
    one, two, other = (demo("--seed", seed) for seed in ("5", "5", "6"))
    assert [job["id"] for job in one["jobs"]] == [job["id"] for job in two["jobs"]]
    assert [job["id"] for job in one["jobs"]] != [job["id"] for job in other["jobs"]]
