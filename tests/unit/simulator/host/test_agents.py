"""Whose agent a machine runs is said by a start or asked for, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.ports import Store
from simulator.failures import WrongUse
from simulator.host.agents import AgentChoice, AgentChoices, Agents
from tests.virtual_clock import VirtualClock

VM = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/Web01"
OTHER = VM.replace("Web01", "sql01")
NONE, SIMULATED = AgentChoice.NONE, AgentChoice.SIMULATED


@pytest.fixture
def store() -> Iterator[Store]:
    made = SqlStore(":memory:", VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)))
    yield made
    made.close()


def said(*words: str) -> AgentChoices:
    return AgentChoices.parse(words)


@pytest.mark.parametrize(
    ("words", "of_vm", "of_other"),
    [
        ((), SIMULATED, SIMULATED),
        (("none",), NONE, NONE),
        (("web01=none",), NONE, SIMULATED),
        (("none", "SQL01=simulated"), NONE, SIMULATED),
        ((f"{VM}=none",), NONE, SIMULATED),
    ],
)
def test_a_start_says_it_for_all_or_for_one(
    store: Store, words: tuple[str, ...], of_vm: AgentChoice, of_other: AgentChoice
) -> None:
    agents = Agents(store, said(*words))
    assert (agents.of(VM), agents.of(OTHER)) == (of_vm, of_other)
    again = Agents(store, said())
    assert (again.of(VM), again.of(OTHER)) == (of_vm, of_other), "it is kept"


def test_what_is_said_of_all_counts_for_each(store: Store) -> None:
    Agents(store, said("web01=none"))
    assert Agents(store, said("sql01=none")).of(VM) is NONE
    assert Agents(store, said("simulated")).of(VM) is SIMULATED


def test_a_name_that_a_start_says_counts_for_a_machine_that_was_chosen_by_its_id(store: Store) -> None:
    agents = Agents(store)
    agents.choose(VM, NONE)
    agents.choose(OTHER, NONE)
    again = Agents(store, said("web01=simulated"))
    assert (again.of(VM), again.of(OTHER)) == (SIMULATED, NONE)


def test_a_choice_is_kept_and_told(store: Store) -> None:
    agents, changes = Agents(store), list[int]()
    agents.changed = lambda: changes.append(1)
    for choice in (NONE, NONE, SIMULATED):
        agents.choose(VM, choice)
        assert agents.of(VM.upper()) is choice
        assert Agents(store).of(VM) is choice
    assert len(changes) == 2
    assert agents.of(OTHER) is SIMULATED


@pytest.mark.parametrize("word", ["", "ours", "=none", "web01=", "web01=ours", "a b=none", "web01:none"])
def test_what_names_no_agent_is_wrong_use(word: str) -> None:
    with pytest.raises(WrongUse, match="names no agent; write none or simulated"):
        said(word)
