"""State machines as tables, and `advance`, which makes every change of a state."""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str, Mapping[str, str]]
"""State -> event -> next state. What is absent is not allowed."""


class IllegalTransition(Exception):
    """The event may not happen in this state: a mistake of the program, never of its user."""


def advance(table: Table, state: str, event: str) -> str:
    try:
        return table[state][event]
    except KeyError:
        raise IllegalTransition(f"{event} may not happen in state {state}") from None
