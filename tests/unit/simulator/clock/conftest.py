"""A store in memory for the tests of clocks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.adapters.store import SqlStore
from tests.unit.simulator.clock.clock_rig import START
from tests.virtual_clock import VirtualClock


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = SqlStore(":memory:", VirtualClock(START))
    yield made
    made.close()
