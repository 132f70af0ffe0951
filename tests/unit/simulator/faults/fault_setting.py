"""A board on a store in memory, whose world time a test moves."""

from __future__ import annotations

from datetime import UTC, datetime

from controlplane.adapters.store import SqlStore
from simulator.faults.board import Board
from simulator.faults.faults import Faults, kept
from tests.virtual_clock import VirtualClock

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
SQL01 = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/sql01"
WEB01 = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/web01"


class FaultSetting:
    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.store = SqlStore(":memory:", self.clock)
        self.begin()

    def begin(self) -> None:
        """As after a start of the world over the same store."""
        self.board = Board(self.store, self.clock, 7, kept)
        self.faults = Faults(self.board, self.store, self.clock)
