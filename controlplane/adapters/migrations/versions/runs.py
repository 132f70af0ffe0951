"""Runs and their logs are rows: before, each run was one document that was rewritten with every step."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    runs = op.create_table(
        "runs",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("job", NAME, nullable=False),
        sa.Column("plan", sa.String, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("lease_until", sa.Float),
        sa.Column("fence", NUMBER, nullable=False),
    )
    op.create_index("runs_by_job", "runs", ["job"], unique=True)
    op.create_index("runs_by_status", "runs", ["status", "number"])
    log = op.create_table(
        "run_log",
        sa.Column("job", NAME, primary_key=True),
        sa.Column("position", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("direction", sa.String, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("cancelled", sa.Boolean, nullable=False),
    )
    _carry_over(runs, log)


def _carry_over(runs: sa.Table, log: sa.Table) -> None:
    connection = op.get_bind()
    documents = sa.table("documents", sa.column("kind"), sa.column("id"), sa.column("parent"), sa.column("private"))
    jobs = connection.execute(
        sa.select(documents.c.id, documents.c.parent, documents.c.private)
        .where(documents.c.kind == "run")
        .order_by(documents.c.id)
    ).fetchall()
    for job, parent, private in jobs:
        run = json.loads(private)
        connection.execute(
            sa.insert(runs),
            {
                "job": job,
                "plan": run["plan"],
                "state": json.dumps(run["state"]),
                "cancel": run["cancel"],
                "status": "ended" if parent == "ended" else "queued",
                "fence": 0,
            },
        )
        for position, call in enumerate(run["calls"]):
            connection.execute(sa.insert(log), {"job": job, "position": position, **_entry(call)})
    connection.execute(sa.delete(documents).where(documents.c.kind == "run"))


def _entry(call: dict[str, object]) -> dict[str, object]:
    texts = {key: None if call[key] is None else json.dumps(call[key]) for key in ("state", "error")}
    return {"step": call["step"], "direction": call["direction"], "cancelled": call["cancelled"], **texts}
