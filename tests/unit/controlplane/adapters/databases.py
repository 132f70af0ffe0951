"""The databases over which the suites of the store's ports run.

That of BACKUPSIM_TEST_DSN must be an empty one; whatever a test makes in it is dropped again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from controlplane.adapters.store import SqlStore
from controlplane.ports import Clock

OTHER = os.environ.get("BACKUPSIM_TEST_DSN", "")
DATABASES = ["file", "memory", *(["other"] if OTHER else [])]


def opened(which: str, folder: Path, clock: Clock) -> Iterator[SqlStore]:
    dsn = {"file": f"sqlite:///{folder}/state.db", "memory": ":memory:", "other": OTHER}[which]
    store = SqlStore(dsn, clock)
    yield store
    store.close()
    if which == "other":
        engine = sa.create_engine(dsn)
        found = sa.MetaData()
        found.reflect(engine)
        found.drop_all(engine)
        engine.dispose()
