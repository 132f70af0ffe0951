"""World time never runs backwards, never passes its limit, and is not moved past somebody who begins to work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.clock.world_clock import WorldClock
from tests.unit.simulator.clock.clock_rig import DAY, HOUR, START, RealSeconds


@pytest.fixture
def real() -> RealSeconds:
    return RealSeconds()


@pytest.fixture
def clock(real: RealSeconds) -> WorldClock:
    return WorldClock(real.wall, real.monotonic)


def test_a_new_clock_shows_the_real_time(clock: WorldClock, real: RealSeconds) -> None:
    assert clock.now() == real.wall()
    real.seconds += 5
    assert clock.now() == real.wall()
    assert clock.rate == 1


def test_it_goes_on_from_where_it_is_told_to(clock: WorldClock, real: RealSeconds) -> None:
    clock.begin(START, follows=False)
    real.seconds += 5
    assert clock.now() == START
    assert clock.rate == 0


def test_it_follows_the_real_time_from_where_it_is_told_to(clock: WorldClock, real: RealSeconds) -> None:
    clock.begin(START, follows=True)
    real.seconds += 5
    assert clock.now() == START + timedelta(seconds=5)
    assert clock.follow() == START + timedelta(seconds=5) - real.wall()


def test_it_begins_nowhere_before_what_somebody_was_told(clock: WorldClock) -> None:
    clock.now()
    with pytest.raises(ValueError, match="backwards"):
        clock.begin(START, follows=False)


def test_a_date_that_is_set_back_does_not_set_it_back(clock: WorldClock, real: RealSeconds) -> None:
    before = clock.now()
    real.seconds -= 3600
    assert clock.now() == before
    real.seconds += 3601
    assert clock.now() == before + timedelta(seconds=1)


def test_it_flows_at_its_rate_up_to_its_limit(clock: WorldClock, real: RealSeconds) -> None:
    clock.begin(START, follows=False)
    assert clock.flow(3600, START + DAY, clock.generation)
    real.seconds += 2
    assert clock.now() == START + 2 * HOUR
    real.seconds += 100
    assert clock.now() == START + DAY
    real.seconds += 100
    assert clock.flow(60, START + 2 * DAY, clock.generation)
    assert clock.now() == START + DAY, "what it waited for at its limit is not made up"
    real.seconds += 60
    assert clock.now() == START + DAY + HOUR


def test_whoever_takes_a_hold_slows_it_down_before_he_goes_on(clock: WorldClock, real: RealSeconds) -> None:
    clock.begin(START, follows=False)
    clock.flow(3600, START + DAY, clock.generation)
    real.seconds += 1
    clock.taken()
    assert clock.now() == START + HOUR
    real.seconds += 10
    assert clock.now() == START + HOUR + timedelta(seconds=10)
    assert clock.rate == 1


def test_it_does_not_speed_up_past_a_hold_that_was_not_seen(clock: WorldClock, real: RealSeconds) -> None:
    clock.begin(START, follows=False)
    seen = clock.generation
    clock.taken()
    assert not clock.flow(3600, START + DAY, seen)
    assert clock.rate == 1
    assert clock.flow(1, START + DAY, seen)
    assert clock.flow(3600, START + DAY, clock.generation)
    assert clock.rate == 3600


def test_it_is_moved_only_where_it_stands_and_only_forward(clock: WorldClock) -> None:
    with pytest.raises(ValueError, match="stands"):
        clock.move(clock.real_now() + DAY, clock.generation)
    stood = clock.stand()
    with pytest.raises(ValueError, match="backwards"):
        clock.move(stood - HOUR, clock.generation)
    assert clock.move(stood + DAY, clock.generation)
    assert clock.now() == stood + DAY


def test_it_is_not_moved_past_a_hold_that_was_not_seen(clock: WorldClock) -> None:
    clock.begin(START, follows=False)
    seen = clock.generation
    clock.taken()
    assert not clock.move(START + DAY, seen)
    assert clock.now() == START
    assert clock.move(START + DAY, clock.generation)


def test_after_a_move_it_follows_the_real_time_from_there(clock: WorldClock, real: RealSeconds) -> None:
    stood = clock.stand()
    clock.move(stood + DAY, clock.generation)
    assert clock.follow() == DAY
    real.seconds += 1
    assert clock.now() == stood + DAY + timedelta(seconds=1)


Act = Callable[[WorldClock, RealSeconds], object]
ACTS: dict[str, Act] = {
    "follow": lambda clock, real: clock.follow(),
    "stand": lambda clock, real: clock.stand(),
    "flow": lambda clock, real: clock.flow(3600, clock.now() + DAY, clock.generation),
    "flow slowly": lambda clock, real: clock.flow(1, clock.now() + HOUR, clock.generation - 1),
    "flow to a limit that has passed": lambda clock, real: clock.flow(60, START, clock.generation),
    "take": lambda clock, real: clock.taken(),
    "move": lambda clock, real: clock.move(clock.stand() + HOUR, clock.generation),
    "second": lambda clock, real: setattr(real, "seconds", real.seconds + 1),
    "hour": lambda clock, real: setattr(real, "seconds", real.seconds + 3600),
    "date set back": lambda clock, real: setattr(real, "seconds", real.seconds - 7200),
}


@given(names=some.lists(some.sampled_from(sorted(ACTS)), max_size=40))
def test_whatever_is_done_it_never_runs_backwards(names: list[str]) -> None:
    real = RealSeconds()
    clock = WorldClock(real.wall, real.monotonic)
    clock.begin(START, follows=False)
    seen = [clock.now()]
    for name in names:
        ACTS[name](clock, real)
        seen.append(clock.now())
    assert seen == sorted(seen)
