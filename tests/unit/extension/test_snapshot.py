"""The snapshot procedure as a table: every way through it ends, and whoever may have frozen thaws exactly once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension.contract.bridge import FreezeReport, WriterReport
from extension.snapshot import (
    OWES_THAW,
    TABLE,
    Action,
    Signal,
    State,
    UnexpectedEvent,
    advance,
    judge_freeze,
    run,
)

GOOD = WriterReport("System Writer", "id", "instance", 5)
BAD = WriterReport("SqlServerWriter", "id", "instance", 9, 0x800423F2)

FREEZING = (Action.FREEZE, Action.FLUSH)
TAKING = (Action.TAKE_APPLICATION_CONSISTENT, Action.TAKE_FILE_SYSTEM_CONSISTENT, Action.TAKE_CRASH_CONSISTENT)


def course(choose: Callable[[list[Signal]], Signal]) -> tuple[list[State], list[Action]]:
    """A whole run, with `choose` playing the world: states entered, actions carried out."""
    states, actions = [State.READY], list[Action]()
    action: Action | None = None
    while states[-1] is not State.DONE:
        state, action = advance(states[-1], choose(sorted(TABLE[states[-1]])))
        states.append(state)
        if action is not None:
            actions.append(action)
    return states, actions


@given(st.data())
def test_every_run_ends_and_a_guest_that_may_be_frozen_is_thawed_exactly_once(data: st.DataObject) -> None:
    states, actions = course(lambda events: data.draw(st.sampled_from(events)))

    assert len(states) < 12
    assert actions.count(Action.THAW) == (1 if {State.FREEZING, State.FLUSHING} & set(states) else 0)
    if Action.THAW in actions:
        thaw = actions.index(Action.THAW)
        assert all(actions.index(action) < thaw for action in FREEZING if action in actions)
    assert actions[-1] is Action.REPORT
    assert actions.count(Action.REPORT) == 1
    assert sum(action in TAKING for action in actions) <= 1


@given(st.data())
def test_a_pre_script_is_followed_by_the_post_script_once_when_nothing_is_frozen(data: st.DataObject) -> None:
    states, actions = course(lambda events: data.draw(st.sampled_from(events)))

    assert actions.count(Action.PRE_SCRIPT) <= 1
    assert actions.count(Action.POST_SCRIPT) <= 1
    if Action.PRE_SCRIPT in actions:
        assert actions[0] is Action.PRE_SCRIPT
        assert actions[-2:] == [Action.POST_SCRIPT, Action.REPORT]
        assert State.FREEZING not in states, "scripts are for systems without writers"


@given(st.data())
def test_consistency_promised_is_consistency_held(data: st.DataObject) -> None:
    """Application- and file-system-consistent snapshots are taken before the thaw, crash-consistent ones outside."""
    _, actions = course(lambda events: data.draw(st.sampled_from(events)))

    frozen = False
    for action in actions:
        frozen = action in FREEZING or (frozen and action is not Action.THAW)
        if action in TAKING:
            assert frozen == (action is not Action.TAKE_CRASH_CONSISTENT)


def test_a_system_without_writers_is_never_application_consistent() -> None:
    state, action = advance(State.READY, Signal.ASKED_WITHOUT_WRITERS)
    assert action is Action.FLUSH
    ways = [following for following, _ in TABLE[state].values()]
    assert State.FREEZING not in ways
    assert all(action is not Action.TAKE_APPLICATION_CONSISTENT for _, action in TABLE[state].values())


def test_every_state_can_be_reached_and_none_is_a_dead_end() -> None:
    reached = {State.READY} | {state for row in TABLE.values() for state, _ in row.values()}

    assert reached == set(State) == set(TABLE)
    assert [state for state, row in TABLE.items() if not row] == [State.DONE]
    assert all(Signal.BROKE in row for state, row in TABLE.items() if row)


def test_whoever_owes_a_thaw_can_only_pay_by_thawing() -> None:
    for state in OWES_THAW:
        for following, action in TABLE[state].values():
            assert following in OWES_THAW or action is Action.THAW
    for state in set(State) - OWES_THAW:
        assert all(action is not Action.THAW for _, action in TABLE[state].values())


def test_an_event_that_no_row_knows_is_a_mistake() -> None:
    with pytest.raises(UnexpectedEvent, match="thawed in Ready"):
        advance(State.READY, Signal.THAWED)


@pytest.mark.parametrize("killer", [KeyboardInterrupt, SystemExit, RuntimeError])
@pytest.mark.parametrize("dies_at", [Action.FREEZE, Action.TAKE_APPLICATION_CONSISTENT, Action.THAW, Action.REPORT])
def test_what_ends_the_driver_does_not_cost_the_thaw(dies_at: Action, killer: type[BaseException]) -> None:
    done: list[Action] = []
    answers = {
        Action.FREEZE: Signal.FROZEN,
        Action.TAKE_APPLICATION_CONSISTENT: Signal.TAKEN,
        Action.THAW: Signal.THAWED,
        Action.POST_SCRIPT: Signal.CLOSED,
    }

    def perform(action: Action) -> Signal:
        done.append(action)
        if action is dies_at:
            raise killer
        return answers[action]

    with pytest.raises(killer):
        run(Signal.ASKED, perform)
    assert done.count(Action.THAW) == 1


# ------------------------------------------------------------------------------------------------ what a freeze came to

JUDGED = {
    "all writers frozen": (FreezeReport(True, writers=(GOOD,)), True, False, Signal.FROZEN),
    "held, but a writer failed": (
        FreezeReport(True, writers=(GOOD, BAD)),
        True,
        False,
        Signal.FROZEN_WITHOUT_WRITERS,
    ),
    "a writer failed": (
        FreezeReport(False, 0x80042314, writers=(GOOD, BAD)),
        True,
        False,
        Signal.WRITERS_FAILED,
    ),
    "a writer failed, crash allowed": (
        FreezeReport(False, 0, writers=(BAD,)),
        True,
        True,
        Signal.WRITERS_FAILED,
    ),
    "not held": (FreezeReport(False, 0x80042313), True, False, Signal.FREEZE_FAILED),
    "not held, crash allowed": (FreezeReport(False, 0x80042313), True, True, Signal.FREEZE_FAILED_CRASH_ALLOWED),
    "volumes held": (FreezeReport(True), False, False, Signal.FROZEN_WITHOUT_WRITERS),
    "volumes not held": (FreezeReport(False, 0x80042313), False, False, Signal.FREEZE_FAILED),
    "no answer": (None, True, False, Signal.FREEZE_FAILED),
    "no answer, crash allowed": (None, False, True, Signal.FREEZE_FAILED_CRASH_ALLOWED),
}


@pytest.mark.parametrize(("report", "writers", "crash", "event"), JUDGED.values(), ids=JUDGED)
def test_a_freeze_is_judged(report: FreezeReport | None, writers: bool, crash: bool, event: Signal) -> None:
    assert judge_freeze(report, writers_asked=writers, crash_allowed=crash) is event
    assert event in TABLE[State.FREEZING if writers else State.FLUSHING]
