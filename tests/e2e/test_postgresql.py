"""A world whose database is PostgreSQL: it has it alone, and a killed one leaves it to the next at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.running import Up, demo_result, good_backup, scenario_of, up
from tests.e2e.test_two_worlds import points, start_in_vain
from tests.postgresql import PostgreSQL


@pytest.mark.slow
def test_a_world_lives_in_postgresql(tmp_path: Path, postgresql: PostgreSQL) -> None:
    environment = {**os.environ, "BACKUPSIM_DSN": postgresql.new_database()}
    state = tmp_path / "one"
    one = Up(state, environment=environment)
    result = demo_result(one.client)
    assert result["verified"], [check for check in result["checks"] if not check["passed"]]
    before = points(one)
    check_second_is_refused(tmp_path / "two", environment)
    assert points(one) == before
    one.process.kill()
    one.process.wait()
    with up(state, environment=environment) as again:
        assert points(again) == before
        check_second_is_refused(tmp_path / "two", environment)
        good_backup(scenario_of(again.client))
        assert set(before) < set(points(again))
    assert not (state / "store.db").exists()


def check_second_is_refused(state: Path, environment: dict[str, str]) -> None:
    second = start_in_vain(state, environment)
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        "backupsim: BACKUPSIM_DSN: another world is using this database; "
        "stop it, or give this world a database of its own\n"
    )
