"""Whatever lies ahead, whoever works and whatever is asked meanwhile: the laws of world time hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from controlplane.adapters.store import SqlStore
from simulator.clock import kept_clock, targets
from simulator.clock.advance import Reason
from simulator.clock.driver import ClockBusy
from simulator.clock.kept_clock import ClockSettings, Mode
from tests.unit.simulator.clock.clock_rig import START, Rig
from tests.virtual_clock import VirtualClock

MINUTE = timedelta(minutes=1)
SPAN = 1500
"""Minutes that an advance of these tests goes."""


@dataclass(frozen=True)
class Entry:
    """Something that recurs, and the work that it begins, which may wait for a while of world time at its end."""

    first: int
    period: int
    rests: int
    wait: int | None


ENTRIES = some.lists(
    some.builds(
        Entry,
        first=some.integers(-5, SPAN + 100),
        period=some.integers(120, 1500),
        rests=some.integers(0, 4),
        wait=some.none() | some.integers(1, 200),
    ),
    max_size=5,
)


@pytest.fixture(scope="module")
def store() -> Iterator[SqlStore]:
    """One for all examples: making one takes longer than an example."""
    made = SqlStore(":memory:", VirtualClock(START))
    yield made
    made.close()


def emptied(store: SqlStore) -> SqlStore:
    store.delete(kept_clock.KIND, kept_clock.ID)
    return store


def add(rig: Rig, entries: list[Entry]) -> None:
    def act(number: int, entry: Entry) -> Callable[[], None]:
        def begin() -> None:
            if entry.rests:
                rig.worker.begin(f"work {number}", entry.rests, then=waits)
            else:
                waits()

        def waits() -> None:
            if entry.wait is not None:
                rig.worker.wait(f"wait {number}", rig.now() + entry.wait * MINUTE)

        return begin

    for number, entry in enumerate(entries):
        rig.calendar.add(f"entry {number}", START + entry.first * MINUTE, entry.period * MINUTE, act(number, entry))


def due_until(entries: list[Entry], end: datetime) -> list[tuple[str, datetime]]:
    """Said anew, by counting minutes."""
    minutes = int((end - START) / MINUTE)
    found = [
        (START + minute * MINUTE, f"entry {number}")
        for number, entry in enumerate(entries)
        for minute in range(entry.first, minutes + 1, entry.period)
    ]
    return [(what, time) for time, what in sorted(found)]


@settings(max_examples=40)
@given(entries=ENTRIES)
def test_no_instant_is_skipped_and_none_comes_out_of_order(store: SqlStore, entries: list[Entry]) -> None:
    rig = Rig(emptied(store))
    add(rig, entries)
    advance = rig.advance(targets.by(f"{SPAN}m"))
    end = START + SPAN * MINUTE
    assert advance.reason is Reason.REACHED
    assert rig.now() == end
    assert sorted((what, due) for what, due, _ in rig.calendar.log) == sorted(due_until(entries, end))
    assert all(done == max(due, START) for _, due, done in rig.calendar.log), "each at its own instant"
    assert [done for _, _, done in rig.calendar.log] == sorted(done for _, _, done in rig.calendar.log)
    assert rig.driver.holders() == []


@settings(max_examples=40)
@given(entries=ENTRIES, requests=some.lists(some.integers(0, 60), max_size=20))
def test_time_never_moves_while_anything_holds(store: SqlStore, entries: list[Entry], requests: list[int]) -> None:
    """Requests come at any turn, also right before a move."""
    rig = Rig(emptied(store))
    add(rig, entries)
    advance = rig.driver.advance_to(targets.by(f"{SPAN}m"), "a test")
    asked, turns = rig.driver.next_due, 0
    pending = sorted(requests)

    def next_due() -> datetime | None:
        due = asked()
        if pending and turns >= pending[0]:  # after everybody was asked who works
            pending.pop(0)
            rig.worker.begin("request", 2)
        return due

    rig.driver.next_due = next_due  # type: ignore[method-assign]
    while not advance.over.is_set():
        held, before = rig.worker.holders(), rig.now()
        rig.driver.turn()
        turns += 1
        if held:
            assert rig.now() == before
        rig.worker.go_on()
    assert rig.now() == START + SPAN * MINUTE


ORDERS = some.lists(some.sampled_from(["advance", "stop", "real", "scaled", "virtual", "kill", "end"]), max_size=12)


@settings(max_examples=40)
@given(entries=ENTRIES, orders=ORDERS, turns=some.lists(some.integers(1, 25), min_size=12, max_size=12))
def test_whatever_is_ordered_nothing_is_done_twice_and_time_never_goes_back(
    store: SqlStore, entries: list[Entry], orders: list[str], turns: list[int]
) -> None:
    rig = Rig(emptied(store))
    add(rig, entries)
    seen, done = [rig.now()], list[tuple[str, datetime]]()

    def restarted(former: Rig) -> Rig:
        """The same calendar, as a store has it, over a new clock."""
        again = Rig(store, former.real, ClockSettings())
        again.calendar._rules, again.calendar.log = former.calendar._rules, former.calendar.log
        add_acts(again)
        return again

    def add_acts(again: Rig) -> None:
        for rule in again.calendar._rules:
            rule.act = lambda: again.worker.begin("work", 1)

    def order(name: str) -> None:
        nonlocal rig
        if name == "stop":
            if rig.driver.advance is not None:
                rig.driver.advance.stopping = True
        elif name in {"kill", "end"}:
            if name == "end":
                rig.driver.end()
            rig = restarted(rig)
        else:
            try:
                if name == "advance":
                    rig.driver.advance_to(targets.by("1d"), "a test")
                else:
                    rig.driver.change(ClockSettings(Mode(name)))
            except ClockBusy:
                pass

    for name, count in zip(orders, turns, strict=False):
        order(name)
        seen.append(rig.now())
        for _ in range(count):
            rest = rig.driver.turn()
            rig.real.seconds += min(rest or 0.0, 1.0)
            rig.worker.go_on()
            seen.append(rig.now())
        done = [(what, due) for what, due, _ in rig.calendar.log]
    assert rig.errors == []
    assert seen == sorted(seen)
    assert len(set(done)) == len(done), "nothing twice"
    assert all(due <= time for _, due, time in rig.calendar.log), "nothing before its time"
    position = kept_clock.read(store).position
    assert position is not None
    if rig.driver.kept.mode is not Mode.REAL:
        assert position >= rig.now(), "a kill now would not set it back"
