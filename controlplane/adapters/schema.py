"""The tables of the store, as the newest migration leaves them."""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "0003"
"""Of the newest migration; a store that has it is opened without loading Alembic."""

METADATA = sa.MetaData()
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
"""Compared and ordered byte by byte, as SQLite does it by nature."""
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

DOCUMENTS = sa.Table(
    "documents",
    METADATA,
    sa.Column("kind", NAME, primary_key=True),
    sa.Column("id", NAME, primary_key=True),
    sa.Column("parent", NAME, nullable=False),
    sa.Column("etag", sa.String, nullable=False),
    sa.Column("private", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("documents_by_parent", "kind", "parent", "id"),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("party", sa.String, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("vm", sa.String),
    sa.Column("job", sa.String),
    sa.Column("parent", NUMBER),
    sa.Column("time", sa.String, nullable=False),
    sa.Column("monotonic_seconds", sa.Float, nullable=False),
    sa.Column("schema", sa.Integer, nullable=False, server_default="1"),
    sa.Index("events_by_job", "job", "id"),
    sqlite_autoincrement=True,
)

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("job", NAME, nullable=False),
    sa.Column("plan", sa.String, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("owner", sa.String),
    sa.Column("lease_until", sa.Float),
    sa.Column("fence", NUMBER, nullable=False),
    sa.Index("runs_by_job", "job", unique=True),
    sa.Index("runs_by_status", "status", "number"),
)
"""One row for each run of a plan. `lease_until` is real time, in seconds since 1970."""

RUN_LOG = sa.Table(
    "run_log",
    METADATA,
    sa.Column("job", NAME, primary_key=True),
    sa.Column("position", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("step", sa.String, nullable=False),
    sa.Column("direction", sa.String, nullable=False),
    sa.Column("state", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("cancelled", sa.Boolean, nullable=False),
)
"""One row for each call of a step: what became of it."""

VERSIONS = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as it makes it."""
