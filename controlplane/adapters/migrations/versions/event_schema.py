"""Events say with which version of their kind they were written: before, all had the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("events", sa.Column("schema", sa.Integer, nullable=False, server_default="1"))
