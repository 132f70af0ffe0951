"""The clock of a guest as its machine is given it, with and without a fault that sets it."""

from __future__ import annotations

from datetime import timedelta

from controlplane.ports import MachineSpec
from simulator.faults.machines import with_faults
from simulator.guest.conditions import MachineConditions
from tests.unit.simulator.faults.fault_setting import SQL01, WEB01, FaultSetting

RIGHT = timedelta(0)


def machine(vm: str) -> MachineSpec:
    name = vm.rpartition("/")[2]
    return MachineSpec(vm, name, "Standard_D2s_v3", "Windows", "", name, ())


def test_the_clock_of_one_guest_is_wrong_for_as_long_as_the_fault_says() -> None:
    world = FaultSetting()
    conditions = with_faults(lambda vm, spec: MachineConditions(), world.board)
    asked, other = conditions(SQL01, machine(SQL01)), conditions(WEB01, machine(WEB01))
    assert asked.clock_ahead() == RIGHT
    world.faults.set({"fault": "guest-clock-ahead", "where": {"vm": "sql01"}, "when": {"for_seconds": 600}})
    assert (asked.clock_ahead(), other.clock_ahead()) == (timedelta(minutes=150), RIGHT)
    asked.looked()
    other.looked()
    assert world.faults.standing()[0]["hits"] == 1
    world.clock.jump(600)
    assert asked.clock_ahead() == RIGHT


def test_whoever_sets_a_clock_last_is_heard_and_adds_to_what_it_was() -> None:
    world = FaultSetting()
    minute = timedelta(minutes=1)
    conditions = with_faults(lambda vm, spec: MachineConditions(clock_ahead=lambda: minute), world.board)
    made = conditions(SQL01, machine(SQL01))
    world.faults.set({"fault": "guest-clock-ahead"})
    world.faults.set({"fault": "guest-clock-behind", "parameters": {"ahead_minutes": -3}})
    assert made.clock_ahead() == -2 * minute
