"""What only the SQL store has: a file that outlives it, and a schema with a version."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import make_url

from controlplane.adapters.database import StoreInUse, StoreTooNew, upgrade
from controlplane.adapters.schema import DOCUMENTS, METADATA, REVISION
from controlplane.adapters.store import SqlStore
from controlplane.domain.events.event import Event
from controlplane.jobs.engine.runs import Logged, Run
from tests.unit.controlplane.adapters.databases import DATABASES, address
from tests.virtual_clock import VirtualClock


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))
    yield clock
    clock.close()


def dsn(folder: Path) -> str:
    return f"sqlite:///{folder}/new/state.db"


def test_documents_and_event_numbers_outlive_the_store(tmp_path: Path, clock: VirtualClock) -> None:
    store = SqlStore(dsn(tmp_path), clock)
    store.put("a.b", "1", {"n": 1})
    last = store.record(Event("e", "service"))
    store.close()
    again = SqlStore(dsn(tmp_path), clock)
    got = again.get("a.b", "1")
    assert got is not None
    assert got.json() == {"n": 1}
    assert again.record(Event("e", "service")) > last
    again.close()


def test_a_file_is_in_wal_mode(tmp_path: Path, clock: VirtualClock) -> None:
    SqlStore(dsn(tmp_path), clock).close()
    connection = sqlite3.connect(tmp_path / "new" / "state.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize("migrated", [True, False])
def test_the_migrations_build_the_schema_that_the_store_uses(
    tmp_path: Path, clock: VirtualClock, migrated: bool
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/state.db")
    if migrated:
        with engine.begin() as connection:
            upgrade(connection)
    SqlStore(f"sqlite:///{tmp_path}/state.db", clock).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == REVISION
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_state_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path, clock: VirtualClock) -> None:
    SqlStore(dsn(tmp_path), clock).close()
    connection = sqlite3.connect(tmp_path / "new" / "state.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="schema 9999"):
        SqlStore(dsn(tmp_path), clock)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


@pytest.mark.parametrize("which", [each for each in DATABASES if each != "memory"])
def test_a_database_is_one_worlds_alone(
    which: str, tmp_path: Path, clock: VirtualClock, request: pytest.FixtureRequest
) -> None:
    shared = address(which, tmp_path, request)
    with closing(SqlStore(shared, clock)) as first, closing(SqlStore(shared, clock)) as second:
        first.claim()
        with pytest.raises(StoreInUse, match="another world is using this database; stop it"):
            second.claim()
        first.put("a.b", "1", {})
        first.close()
        second.claim()
        assert second.get("a.b", "1") is not None


def test_a_database_in_memory_is_nobody_elses(clock: VirtualClock) -> None:
    stores = [SqlStore(":memory:", clock) for _ in range(2)]
    for store in stores:
        store.claim()
    for store in stores:
        store.close()


OLD_RUN = {
    "plan": "Backup",
    "state": {"job": "j", "vm": "/vm"},
    "cancel": True,
    "calls": [
        {"step": "One", "direction": "do", "state": {"made": 1}, "error": None, "cancelled": False},
        {"step": "Two", "direction": "do", "state": None, "error": {"code": "X"}, "cancelled": False},
    ],
}


def test_runs_of_an_older_release_are_carried_over(tmp_path: Path, clock: VirtualClock) -> None:
    address = f"sqlite:///{tmp_path}/state.db"
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        for job, parent in (("going", "running"), ("over", "ended")):
            values = {"kind": "run", "id": job, "parent": parent, "etag": "e", "body": b"{}"}
            connection.execute(sa.insert(DOCUMENTS), {**values, "private": json.dumps(OLD_RUN)})
    engine.dispose()
    store = SqlStore(address, clock)
    assert list(store.runs.unfinished()) == [Run("going", "Backup", {"job": "j", "vm": "/vm"}, True, "queued")]
    assert list(store.runs.log("going")) == [Logged("One", "do", {"made": 1}), Logged("Two", "do", None, {"code": "X"})]
    over = store.runs.get("over")
    assert over is not None
    assert over.status == "ended"
    assert store.find("run") == []
    store.close()


def test_an_event_of_an_older_release_keeps_the_version_it_was_written_with(
    tmp_path: Path, clock: VirtualClock
) -> None:
    address = f"sqlite:///{tmp_path}/state.db"
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        upgrade(connection, "0002")
        columns = "(name, party, data, time, monotonic_seconds)"
        values = "('job.state', 'service', '{}', '2026-11-22T00:00:00+00:00', 1.5)"
        connection.execute(sa.text(f"INSERT INTO events {columns} VALUES {values}"))
    engine.dispose()
    store = SqlStore(address, clock)
    store.record(Event("job.state", "service", schema=7))
    assert [event.schema for event in store.events()] == [1, 7]
    store.close()
    again = SqlStore(address, clock)
    assert [event.schema for event in again.events()] == [1, 7]
    again.close()


def test_the_statements_are_those_of_postgresql_too() -> None:
    dialect = make_url("postgresql://").get_dialect()()
    for table in METADATA.sorted_tables:
        text = str(sa.schema.CreateTable(table).compile(dialect=dialect))
        assert "CREATE TABLE" in text
        assert 'COLLATE "C"' in text or table.name == "events"
