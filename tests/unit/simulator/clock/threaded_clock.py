"""World time in its own thread, over a fake calendar and a fake worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from controlplane.adapters.store import SqlStore
from simulator.clock import kept_clock
from simulator.clock.kept_clock import ClockSettings
from simulator.clock.world_clock import WorldClock
from simulator.clock.world_time import WorldTime
from tests.unit.simulator.clock.clock_rig import VIRTUAL, FakeCalendar, FakeWorker


@dataclass
class Threaded:
    """A world's time in its thread, with a fake calendar and a fake worker."""

    store: SqlStore
    settings: ClockSettings = VIRTUAL
    errors: list[Exception] = field(default_factory=list)
    kind: type[WorldTime] = WorldTime

    def __post_init__(self) -> None:
        self.clock = WorldClock()
        kept = kept_clock.restored(self.clock, kept_clock.read(self.store), self.settings)
        self.time = self.kind(self.clock, self.store, kept, self.errors.append)
        self.worker = FakeWorker(self.clock.now)
        self.calendar = FakeCalendar(self.clock.now)
        self.time.add(self.worker)
        self.time.start(self.calendar)
