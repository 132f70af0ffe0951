"""What the suites of the store's ports share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controlplane.adapters.store import SqlStore
from tests.unit.controlplane.adapters.databases import DATABASES, address
from tests.virtual_clock import VirtualClock


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock(datetime(2026, 11, 22, 19, 0, tzinfo=UTC))
    yield clock
    clock.close()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Iterator[SqlStore]:
    with closing(SqlStore(address(request.param, tmp_path, request), clock)) as database:
        yield database
