"""The schema of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("kind", NAME, primary_key=True),
        sa.Column("id", NAME, primary_key=True),
        sa.Column("parent", NAME, nullable=False),
        sa.Column("etag", sa.String, nullable=False),
        sa.Column("private", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("documents_by_parent", "documents", ["kind", "parent", "id"])
    op.create_table(
        "events",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("party", sa.String, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("vm", sa.String),
        sa.Column("job", sa.String),
        sa.Column("parent", NUMBER),
        sa.Column("time", sa.String, nullable=False),
        sa.Column("monotonic_seconds", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_job", "events", ["job", "id"])
