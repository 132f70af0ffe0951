"""The thread of a clock: what is ordered of it, what wakes it, and its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from controlplane.adapters.store import SqlStore
from simulator.clock import kept_clock, targets
from simulator.clock.advance import Reason
from simulator.clock.driver import ClockBusy
from simulator.clock.kept_clock import ClockRefused, ClockSettings, Mode
from simulator.clock.world_clock import WorldClock
from simulator.clock.world_time import WorldTime
from tests.patience import PATIENCE_SECONDS, comes_true
from tests.unit.simulator.clock.clock_rig import DAY, HOUR, START, VIRTUAL, FakeCalendar
from tests.unit.simulator.clock.threaded_clock import Threaded

VIRTUAL_AGAIN = ClockSettings(Mode.VIRTUAL)


@pytest.fixture
def threaded(store: SqlStore) -> Iterator[Threaded]:
    made = Threaded(store)
    yield made
    made.time.close()
    assert made.errors == []


def test_an_advance_goes_to_its_end(threaded: Threaded) -> None:
    threaded.calendar.add("daily", START + HOUR, DAY)
    advance = threaded.time.advance(targets.by("10d"), "a test")
    assert advance.over.wait(PATIENCE_SECONDS)
    assert advance.reason is Reason.REACHED
    assert threaded.clock.now() == START + 10 * DAY
    assert len(threaded.calendar.log) == 10
    shown = threaded.time.to_json()
    assert (shown["status"], shown["now"], shown["mode"]) == ("ready", "2026-03-11T00:00:00Z", "virtual")
    assert shown["next_due"] == "2026-03-11T01:00:00Z"
    assert shown["last_advance"]["reason"] == "reached"
    assert threaded.time.advance_of() is threaded.time.advance_of(1) is advance
    assert threaded.time.advance_of(2) is None


def test_whoever_ends_his_work_lets_it_go_on(threaded: Threaded) -> None:
    threaded.worker.begin("backup")
    advance = threaded.time.advance(targets.by("1d"), "a test")
    shown = threaded.time.to_json()
    assert (shown["status"], shown["holders"], shown["target"]) == ("advancing", ["backup"], "2026-03-02T00:00:00Z")
    assert shown["advance"]["asked_by"] == "a test"
    assert not advance.over.is_set()
    threaded.worker.go_on()
    assert advance.over.wait(PATIENCE_SECONDS)


def test_a_clock_is_at_work_while_somebody_works_or_it_is_advanced(threaded: Threaded) -> None:
    assert not threaded.time.is_at_work
    threaded.worker.begin("backup")
    assert threaded.time.is_at_work
    threaded.time.advance(targets.by("1d"), "a test")
    threaded.worker.go_on()
    assert comes_true(lambda: not threaded.time.is_at_work)


def test_work_that_waits_for_a_time_wakes_a_clock_that_stands(threaded: Threaded) -> None:
    threaded.worker.wait("retry", START + HOUR)
    assert comes_true(lambda: list(threaded.worker.holders()) == ["retry"])
    assert threaded.clock.now() == START + HOUR
    threaded.worker.go_on()


def test_two_at_once_are_refused_by_name(threaded: Threaded) -> None:
    threaded.worker.begin("backup")
    advance = threaded.time.advance(targets.by("1d"), "the first")
    with pytest.raises(ClockBusy, match="asked for by the first"):
        threaded.time.advance(targets.by("1d"), "the second")
    with pytest.raises(ClockBusy):
        threaded.time.change(ClockSettings(Mode.REAL))
    assert threaded.time.stop() is advance
    assert advance.over.wait(PATIENCE_SECONDS)
    assert advance.reason is Reason.STOPPED
    assert threaded.clock.now() == START
    assert threaded.time.stop() is None
    threaded.worker.go_on()


def test_many_who_ask_at_once_get_one_advance(threaded: Threaded) -> None:
    threaded.worker.begin("backup")
    begun: list[object] = []
    refused: list[Exception] = []

    def ask() -> None:
        try:
            begun.append(threaded.time.advance(targets.by("1d"), "somebody"))
        except ClockBusy as busy:
            refused.append(busy)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(begun), len(refused)) == (1, 7)
    threaded.worker.go_on()


def test_a_failed_one_is_told_until_somebody_sets_the_clock(threaded: Threaded) -> None:
    threaded.calendar.add("daily", START + HOUR, DAY)
    threaded.calendar.is_stuck = True
    advance = threaded.time.advance(targets.by("10d"), "a test")
    assert advance.over.wait(PATIENCE_SECONDS)
    assert threaded.time.to_json()["status"] == "internal_failure"
    assert threaded.time.to_json()["interrupted"] == advance.kept()
    threaded.calendar.is_stuck = False
    threaded.time.change(VIRTUAL_AGAIN)
    assert threaded.time.to_json()["status"] == "ready"
    threaded.errors.clear()  # it was tried again by itself meanwhile


def test_a_dry_run_says_what_is_due_and_does_nothing(threaded: Threaded) -> None:
    threaded.calendar.add("daily", START + HOUR, DAY)
    threaded.calendar.add("weekly", START + DAY, 7 * DAY)
    end, due = threaded.time.due(targets.by("2d"), 100)
    assert end == START + 2 * DAY
    assert [each.what for each in due] == ["daily", "weekly", "daily"]
    assert threaded.time.due(targets.by("10d"), 4)[1] == threaded.time.due(targets.by("3d"), 4)[1]
    assert threaded.time.due(targets.until_idle(), 4) == (None, [])
    assert threaded.calendar.log == []
    assert threaded.clock.now() == START


def test_a_clock_that_stands_can_be_set_flowing(threaded: Threaded) -> None:
    threaded.time.change(ClockSettings(Mode.SCALED, rate=3600))
    assert comes_true(lambda: threaded.clock.now() > START)
    threaded.time.change(VIRTUAL_AGAIN)
    stood = threaded.clock.now()
    assert threaded.time.mode is Mode.VIRTUAL
    assert threaded.clock.now() == stood


def test_a_commit_brings_nearer_what_a_real_clock_waits_for(store: SqlStore) -> None:
    threaded = Threaded(store, ClockSettings())
    threaded.calendar.add("far", threaded.clock.now() + DAY)
    threaded.calendar.add("now", threaded.clock.now())
    assert comes_true(lambda: [what for what, _, _ in threaded.calendar.log] == ["now"])
    threaded.time.close()


def test_a_real_clock_is_not_woken_by_who_works(store: SqlStore) -> None:
    threaded = Threaded(store, ClockSettings())
    looks = count(threaded.calendar, "next_due")
    for _ in range(1000):
        threaded.worker.begin("request")
        threaded.worker.go_on()
        threaded.calendar.add("far", threaded.clock.now() + DAY)
    assert comes_true(lambda: len(looks) >= 1)
    threaded.time.close()
    assert len(looks) < 20
    assert threaded.worker.looks == 0


def count(calendar: FakeCalendar, verb: str) -> list[str]:
    calls: list[str] = []
    inner: Callable[[], object] = getattr(calendar, verb)

    def counted() -> object:
        calls.append(verb)
        return inner()

    setattr(calendar, verb, counted)
    return calls


def test_a_real_clock_without_a_calendar_needs_no_thread(store: SqlStore) -> None:
    clock = WorldClock()
    kept = kept_clock.restored(clock, kept_clock.read(store), ClockSettings())
    time = WorldTime(clock, store, kept, lambda error: None)
    before = threading.active_count()
    time.start(None)
    assert threading.active_count() == before
    advance = time.advance(targets.by("1d"), "a test")
    assert advance.over.wait(PATIENCE_SECONDS)
    assert clock.now() > clock.real_now() + DAY - HOUR
    time.close()
    assert threading.active_count() == before


def test_what_is_not_started_or_has_ended_takes_no_orders(store: SqlStore) -> None:
    threaded = Threaded(store)
    threaded.worker.begin("backup")
    advance = threaded.time.advance(targets.by("1d"), "a test")
    threaded.time.close()
    assert advance.over.is_set()
    assert advance.reason is Reason.CLOSED
    threaded.time.close()
    with pytest.raises(ClockRefused, match="not driven"):
        threaded.time.advance(targets.by("1d"), "a test")
    again = Threaded(store, ClockSettings())
    resumed = again.time.resume(lambda asked: targets.by(asked["by"]), "a test")
    assert resumed.over.wait(PATIENCE_SECONDS)
    assert again.clock.now() == START + DAY
    again.time.close()


def test_a_clock_that_is_not_started_takes_no_orders(store: SqlStore) -> None:
    clock = WorldClock()
    time = WorldTime(clock, store, kept_clock.restored(clock, kept_clock.read(store), VIRTUAL), lambda error: None)
    with pytest.raises(ClockRefused, match="not driven"):
        time.advance(targets.by("1d"), "a test")
    assert time.to_json()["now"] == "2026-03-01T00:00:00Z"
    time.close()
