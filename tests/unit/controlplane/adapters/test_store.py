"""What only the SQL store has: a file that outlives it, and a schema with a version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import make_url

from controlplane.adapters.store import METADATA, SCHEMA, SqlStore, StoreTooNew, upgrade
from controlplane.domain.events.event import Event
from simulator.clock.virtual import VirtualClock


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
        assert context.get_current_revision() == SCHEMA
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_state_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path, clock: VirtualClock) -> None:
    SqlStore(dsn(tmp_path), clock).close()
    connection = sqlite3.connect(tmp_path / "new" / "state.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="schema is 9999"):
        SqlStore(dsn(tmp_path), clock)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_the_statements_are_those_of_postgresql_too() -> None:
    dialect = make_url("postgresql://").get_dialect()()
    for table in METADATA.sorted_tables:
        text = str(sa.schema.CreateTable(table).compile(dialect=dialect))
        assert "CREATE TABLE" in text
        assert 'COLLATE "C"' in text or table.name == "events"
