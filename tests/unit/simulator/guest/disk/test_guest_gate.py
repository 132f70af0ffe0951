"""The gate: closed, nobody passes; and it never stays closed for good."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import timedelta

import pytest

from simulator.clock.system import SystemClock
from simulator.guest.disk.gate import Gate
from tests.unit.simulator.guest.guest_rig import START
from tests.virtual_clock import VirtualClock

LIMIT = START + timedelta(seconds=10)


def passing(gate: Gate) -> str:
    with gate.passage():
        return "passed"


def test_a_held_gate_lets_nobody_pass_until_it_is_released() -> None:
    gate = Gate(VirtualClock(START))
    assert gate.hold(LIMIT)
    with ThreadPoolExecutor() as pool:
        writer = pool.submit(passing, gate)
        with pytest.raises(NotYet):
            writer.result(timeout=0.1)
        hold = gate.release()
        assert writer.result(timeout=5) == "passed"
    assert hold.kept
    assert hold.held_milliseconds >= 100


def test_whoever_waits_opens_the_gate_when_its_time_is_over() -> None:
    clock = VirtualClock(START)
    gate = Gate(clock)
    gate.hold(LIMIT)
    with ThreadPoolExecutor() as pool:
        writer = pool.submit(passing, gate)
        with pytest.raises(NotYet):
            writer.result(timeout=0.05)
        clock.jump(10)
        assert writer.result(timeout=5) == "passed"
    assert not gate.held
    assert not gate.release().kept


def test_a_release_after_the_limit_says_that_the_hold_was_not_kept() -> None:
    clock = VirtualClock(START)
    gate = Gate(clock)
    gate.hold(LIMIT)
    clock.jump(11)
    assert not gate.release().kept


def test_a_hold_waits_for_the_writes_on_their_way() -> None:
    gate = Gate(VirtualClock(START))
    inside, leave = threading.Event(), threading.Event()

    def write() -> None:
        with gate.passage():
            inside.set()
            leave.wait(5)

    with ThreadPoolExecutor() as pool:
        pool.submit(write)
        inside.wait(5)
        holder = pool.submit(gate.hold, LIMIT)
        with pytest.raises(NotYet):
            holder.result(timeout=0.1)
        leave.set()
        assert holder.result(timeout=5)
    assert gate.release().held_milliseconds < 100, "the hold counts from when nothing passes any more"


def test_a_hold_that_cannot_drain_is_given_up_at_its_deadline() -> None:
    clock = SystemClock()
    gate = Gate(clock)
    leave = threading.Event()

    def write() -> None:
        with gate.passage():
            leave.wait(5)

    with ThreadPoolExecutor() as pool:
        pool.submit(write)
        while not gate._passing:
            pass
        assert not gate.hold(clock.now() + timedelta(seconds=0.05))
        assert not gate.held
        leave.set()
    assert passing(gate) == "passed"
    clock.close()
