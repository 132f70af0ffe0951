"""The tables of states: nothing moves but by its table, and every state can be reached."""

from __future__ import annotations

import pytest

from controlplane.domain.recovery_services import job, protected_item, recovery_point
from controlplane.domain.resources import operation
from controlplane.domain.state_machine import IllegalTransition, Table, advance

TABLES: dict[str, tuple[Table, str]] = {
    "task": (job.TASK_STATES, "NotStarted"),
    "job": (job.JOB_STATES, "InProgress"),
    "operation": (operation.STATES, "InProgress"),
    "protected item": (protected_item.STATES, "NotProtected"),
    "recovery point": (recovery_point.TIER_STATES, "None"),
}


def test_advance_follows_the_table() -> None:
    table = {"open": {"shut": "closed"}, "closed": {}}
    assert advance(table, "open", "shut") == "closed"


@pytest.mark.parametrize(("state", "event"), [("closed", "shut"), ("open", "locked"), ("ajar", "shut")])
def test_what_the_table_does_not_name_is_refused(state: str, event: str) -> None:
    with pytest.raises(IllegalTransition, match=event):
        advance({"open": {"shut": "closed"}, "closed": {}}, state, event)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_closed_and_whole(name: str) -> None:
    table, start = TABLES[name]
    reached, frontier = {start}, [start]
    while frontier:
        for following in table[frontier.pop()].values():
            assert following in table, f"{following} is a state without a row"
            if following not in reached:
                reached.add(following)
                frontier.append(following)
    assert reached == set(table)
