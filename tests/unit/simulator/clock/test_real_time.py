"""The suite that the machine's real time and the tests' pass, and what only the latter can do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.clock.real_time import RealTime
from simulator.clock.repeating import next_due
from simulator.clock.system import SystemClock
from tests.patience import comes_true
from tests.virtual_clock import VirtualClock

START = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
TICK_SECONDS = 0.004
PATIENCE_SECONDS = 20.0


class ClosingTime(RealTime, Protocol):
    def close(self) -> None: ...


@dataclass
class Timepiece:
    """A clock under test, and how its time is made to pass."""

    clock: ClosingTime
    errors: list[Exception]
    step: Callable[[], None]
    stops: list[Callable[[], None]] = field(default_factory=list)

    def passes_until(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < limit, "it never came true"
            self.step()


def a_moment() -> None:
    threading.Event().wait(TICK_SECONDS)


@pytest.fixture(params=["system", "flowing", "fast", "standing"])
def timepiece(request: pytest.FixtureRequest) -> Iterator[Timepiece]:
    errors: list[Exception] = []
    if request.param == "system":
        system = SystemClock(on_error=errors.append)
        made = Timepiece(system, errors, a_moment)
    else:
        rate = {"flowing": 1.0, "fast": 3.0, "standing": 0.0}[request.param]
        virtual = VirtualClock(START, rate, on_error=errors.append)
        made = Timepiece(virtual, errors, a_moment if rate else lambda: virtual.jump(TICK_SECONDS))
    yield made
    made.clock.close()


@pytest.fixture
def standing() -> Iterator[VirtualClock]:
    clock = VirtualClock(START)
    yield clock
    clock.close()


# ------------------------------------------------------------------------------------------------------------ the suite


def test_it_is_a_clock_in_utc_and_never_goes_back(timepiece: Timepiece) -> None:
    clock: RealTime = timepiece.clock
    times = [clock.now()]
    for _ in range(5):
        timepiece.step()
        times.append(clock.now())
    assert times == sorted(times)
    assert times[-1] > times[0]
    assert all(moment.utcoffset() == timedelta(0) for moment in times)


def test_an_action_runs_again_and_again_and_not_at_once(timepiece: Timepiece) -> None:
    made, runs = timepiece.clock.now(), list[datetime]()
    timepiece.clock.every(TICK_SECONDS, lambda: runs.append(timepiece.clock.now()))
    timepiece.passes_until(lambda: len(runs) >= 4)
    assert runs[0] >= made + timedelta(seconds=TICK_SECONDS * 0.99)
    assert runs == sorted(runs)


def test_an_ended_action_runs_no_more(timepiece: Timepiece) -> None:
    runs: list[int] = []
    others: list[int] = []
    end = timepiece.clock.every(TICK_SECONDS, lambda: runs.append(1))
    timepiece.clock.every(TICK_SECONDS, lambda: others.append(1))
    timepiece.passes_until(lambda: bool(runs))
    end()
    end()
    a_moment()
    seen, seen_others = len(runs), len(others)
    timepiece.passes_until(lambda: len(others) > seen_others + 3)
    assert len(runs) == seen


def test_an_action_may_end_itself_and_start_another(timepiece: Timepiece) -> None:
    runs: list[str] = []

    def once() -> None:
        runs.append("first")
        end()
        timepiece.clock.every(TICK_SECONDS, lambda: runs.append("second"))

    end = timepiece.clock.every(TICK_SECONDS, once)
    timepiece.passes_until(lambda: runs.count("second") >= 2)
    assert runs.count("first") == 1


def test_an_action_that_raises_goes_on_being_run(timepiece: Timepiece) -> None:
    def fails() -> None:
        raise LookupError("no such thing")

    timepiece.clock.every(TICK_SECONDS, fails)
    timepiece.passes_until(lambda: len(timepiece.errors) >= 3)
    assert {str(error) for error in timepiece.errors} == {"no such thing"}


def test_an_action_never_runs_twice_at_once(timepiece: Timepiece) -> None:
    inside, most, runs = [0], [0], [0]

    def slow() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        a_moment()
        a_moment()
        inside[0] -= 1
        runs[0] += 1

    timepiece.clock.every(TICK_SECONDS / 4, slow)
    timepiece.passes_until(lambda: runs[0] >= 5)
    assert most == [1]


def test_close_waits_for_what_runs_and_starts_nothing_more(timepiece: Timepiece) -> None:
    begun, finished, runs = threading.Event(), threading.Event(), list[int]()

    def slow() -> None:
        begun.set()
        a_moment()
        a_moment()
        runs.append(1)
        finished.set()

    timepiece.clock.every(TICK_SECONDS, slow)
    passing = threading.Thread(target=lambda: timepiece.passes_until(begun.is_set))
    passing.start()
    assert begun.wait(PATIENCE_SECONDS)
    timepiece.clock.close()
    assert finished.is_set()
    passing.join()
    seen = len(runs)
    for _ in range(4):
        timepiece.step()
    assert len(runs) == seen
    with pytest.raises(RuntimeError, match="closed"):
        timepiece.clock.every(1, lambda: None)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_period_is_more_than_no_time(timepiece: Timepiece, seconds: float) -> None:
    with pytest.raises(ValueError, match="more than no time"):
        timepiece.clock.every(seconds, lambda: None)


# -------------------------------------------------------------------------------------------- what only a real one can


def test_a_date_that_is_set_anew_changes_no_interval() -> None:
    seconds = [1000.0]
    clock = SystemClock(monotonic=lambda: seconds[0])
    made = clock.now()
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=1)
    seconds[0] += 90.5
    assert clock.now() - made == timedelta(seconds=90.5)


# ----------------------------------------------------------------------------------------------- what flows beside what


def test_a_slow_action_delays_no_other() -> None:
    clock, release, runs = SystemClock(), threading.Event(), list[int]()

    def slow() -> None:
        release.wait(PATIENCE_SECONDS)

    clock.every(TICK_SECONDS, slow)
    clock.every(TICK_SECONDS, lambda: runs.append(1))
    assert comes_true(lambda: len(runs) >= 3)
    release.set()
    clock.close()


@pytest.mark.filterwarnings("default::pytest.PytestUnhandledThreadExceptionWarning")
def test_without_on_error_an_error_is_an_unhandled_one() -> None:
    clock, previous = VirtualClock(START), threading.excepthook
    seen: list[str] = []
    threading.excepthook = lambda args: seen.append(str(args.exc_value))
    try:
        clock.every(1, lambda: [].pop())
        clock.jump(1)
    finally:
        threading.excepthook = previous
    assert seen == ["pop from empty list"]


# ------------------------------------------------------------------------------------------------ what virtual time can


def test_time_stands_until_jumped(standing: VirtualClock) -> None:
    assert standing.now() == START
    a_moment()
    assert standing.now() == START
    standing.jump(3600)
    assert standing.now() == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_jump_runs_what_became_due_in_order_and_in_this_thread(standing: VirtualClock) -> None:
    runs: list[tuple[str, int]] = []
    for name, seconds in (("hour", 3600), ("minute", 60), ("second", 1), ("also each minute", 60), ("day", 86400)):
        standing.every(seconds, lambda name=name: runs.append((name, threading.get_ident())))  # type: ignore[misc]
    standing.jump(3600)
    assert runs == [(name, threading.get_ident()) for name in ("second", "minute", "also each minute", "hour")]


def test_missed_runs_are_made_up_by_one_and_the_rhythm_stays(standing: VirtualClock) -> None:
    runs: list[datetime] = []
    standing.every(10, lambda: runs.append(standing.now()))
    standing.jump(25)
    standing.jump(4)
    standing.jump(1)
    standing.jump(9)
    standing.jump(31)
    assert [(moment - START).total_seconds() for moment in runs] == [25, 30, 70]


def test_a_jump_inside_an_action_moves_time_for_all(standing: VirtualClock) -> None:
    runs: list[tuple[str, float]] = []

    def since() -> float:
        return (standing.now() - START).total_seconds()

    def leap() -> None:
        runs.append(("leap", since()))
        end()
        standing.jump(100)

    standing.every(2, lambda: runs.append(("steady", since())))
    end = standing.every(1, leap)
    standing.jump(3)
    assert runs == [("leap", 3), ("steady", 103)]


def test_flowing_time_can_be_jumped_too() -> None:
    clock, runs = VirtualClock(START, rate=1.0), list[int]()
    clock.every(86400, lambda: runs.append(threading.get_ident()))
    clock.jump(86400)
    assert runs == [threading.get_ident()]
    assert timedelta(days=1) < clock.now() - START < timedelta(days=1, minutes=1)
    clock.close()


def test_a_jump_brings_the_next_run_nearer() -> None:
    clock, runs = VirtualClock(START, rate=1.0), list[int]()
    clock.every(3600, lambda: runs.append(1))
    clock.jump(3600 - TICK_SECONDS)
    assert comes_true(lambda: bool(runs))
    clock.close()


def test_an_interrupted_jump_holds_no_action_back(standing: VirtualClock) -> None:
    runs: list[str] = []

    def interrupted() -> None:
        end()
        raise KeyboardInterrupt

    end = standing.every(1, interrupted)
    standing.every(2, lambda: runs.append("later"))
    with pytest.raises(KeyboardInterrupt):
        standing.jump(2)
    standing.jump(2)
    assert runs == ["later"]


def test_what_no_clock_can_be() -> None:
    with pytest.raises(ValueError, match="zone"):
        VirtualClock(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="backwards"):
        VirtualClock(START, rate=-1)
    with pytest.raises(ValueError, match="backwards"):
        VirtualClock(START).jump(-1)


@given(due=some.floats(0, 1e6), period=some.floats(1e-3, 1e5), late=some.floats(0, 1e6))
def test_the_next_run_is_the_first_of_its_rhythm_after_now(due: float, period: float, late: float) -> None:
    now = due + late
    following = next_due(due, period, now)
    assert following > now
    assert following - now <= period * (1 + 1e-6) + 1e-6
    turns = (following - due) / period
    assert abs(turns - round(turns)) < 1e-3
