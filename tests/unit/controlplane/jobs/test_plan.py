"""run(plan, state, call): in order, undone in reverse, optional steps alone."""

from __future__ import annotations

from collections.abc import Set

from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.errors import ServiceError
from controlplane.jobs.engine.plan import Direction, Outcome, Plan, Step, StepFailed, run
from controlplane.jobs.engine.waiting import Waiting
from controlplane.json_object import Json
from controlplane.ports import Ports


def never_called(ports: Ports, state: Json) -> Outcome:
    raise AssertionError("the interpreter leaves the work to `call`")


def plan_of(required: list[bool]) -> Plan:
    steps = (Step(str(place), do=never_called, undo=never_called, required=must) for place, must in enumerate(required))
    return Plan("test", tuple(steps))


def carry_out(plan: Plan, failing: Set[str], cancelled: Set[str] = frozenset()) -> tuple[list[str], Json | None]:
    """What was called, and the last state if the plan got through."""
    calls: list[str] = []

    def call(step: Step, direction: Direction, state: Json) -> Waiting[Json]:
        yield from ()  # nobody waits here
        calls.append(f"{direction} {step.name}")
        if direction is Direction.DO and step.name in failing | cancelled:
            raise StepFailed(ServiceError(step.name, "failed"), step.name in cancelled)
        return state | {f"{direction} {step.name}": len(calls)}

    try:
        next(run(plan, {}, call))
    except StopIteration as end:
        return calls, end.value
    except StepFailed as failure:
        calls.append(f"raised {failure.error.code}")
        return calls, None
    raise AssertionError("nobody waits here")


def test_steps_are_done_in_order_and_hand_on_the_state() -> None:
    assert carry_out(plan_of([True, False, True]), set()) == (
        ["do 0", "do 1", "do 2"],
        {"do 0": 1, "do 1": 2, "do 2": 3},
    )


def test_a_required_step_that_fails_undoes_itself_and_all_before_in_reverse() -> None:
    calls, state = carry_out(plan_of([True, True, True]), {"1"})
    assert calls == ["do 0", "do 1", "undo 1", "undo 0", "raised 1"]
    assert state is None


def test_an_optional_step_that_fails_undoes_only_itself() -> None:
    calls, state = carry_out(plan_of([True, False, True]), {"1"})
    assert calls == ["do 0", "do 1", "undo 1", "do 2"]
    assert state is not None


def test_a_failed_optional_step_is_not_undone_twice() -> None:
    calls, _ = carry_out(plan_of([True, False, True]), {"1", "2"})
    assert calls == ["do 0", "do 1", "undo 1", "do 2", "undo 2", "undo 0", "raised 2"]


def test_a_cancelled_optional_step_stops_the_plan() -> None:
    calls, state = carry_out(plan_of([True, False]), set(), {"1"})
    assert calls == ["do 0", "do 1", "undo 1", "undo 0", "raised 1"]
    assert state is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=6))
def test_whatever_fails_is_undone_and_nothing_else_stays_half_done(steps: list[tuple[bool, bool]]) -> None:
    failing = {str(place) for place, (_, fails) in enumerate(steps) if fails}
    plan = plan_of([required for required, _ in steps])
    calls, state = carry_out(plan, failing)
    done = [call.removeprefix("do ") for call in calls if call.startswith("do ")]
    undone = [call.removeprefix("undo ") for call in calls if call.startswith("undo ")]
    stopped = any(step.required and step.name in failing for step in plan.steps)
    assert len(undone) == len(set(undone))
    assert (state is None) == stopped
    assert set(undone) == (set(done) if stopped else set(done) & failing)
