"""Lets time pass in a world of tests as a world's own clock does: from one instant to the next, settled at each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.domain.due import Due
from controlplane.domain.recovery_services import protected_item
from controlplane.jobs.timetable import Timetable
from controlplane.ports import Ports, Store
from tests.patience import comes_true
from tests.virtual_clock import VirtualClock

NEVER = datetime(2200, 1, 1, tzinfo=UTC)


def settle(engine: InlineEngine) -> None:
    """Until nobody works: what waits for a time is left to wait."""

    def is_settled() -> bool:
        return not (engine.holders() or engine.look() or engine.holders())

    assert comes_true(is_settled, look_seconds=0.0005)


def advance(ports: Ports, engine: InlineEngine, timetable: Timetable, seconds: float) -> list[Due]:
    """Let time pass; what the service did by itself meanwhile, in order."""
    clock = ports.clock
    assert isinstance(clock, VirtualClock)
    end = clock.now() + timedelta(seconds=seconds)
    done: list[Due] = []
    while True:
        settle(engine)
        instants = [each for each in (timetable.next_due(), engine.next_deadline()) if each is not None]
        if not instants or min(instants) > end:
            break
        clock.jump(max(0.0, (min(instants) - clock.now()).total_seconds()))
        now = clock.now()
        done += timetable.run()
        after = timetable.next_due()
        assert after is None or after > now or engine.holders(), f"what is due at {now} stays due"
    clock.jump((end - clock.now()).total_seconds())
    settle(engine)
    return done


@contextmanager
def service(ports: Ports, engine: InlineEngine) -> Iterator[Timetable]:
    """What the service does by itself, for a while."""
    timetable = Timetable(ports, engine)
    try:
        yield timetable
    finally:
        timetable.close()


def stop_schedules(store: Store) -> None:
    """No backup starts by itself any more in this world; everything else goes on."""
    for item in store.find(protected_item.KIND):
        private = protected_item.with_schedule_until(item.private, NEVER)
        store.put(protected_item.KIND, item.id, item.json(), private=private)
