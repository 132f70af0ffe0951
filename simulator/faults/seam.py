"""A seam: a place at which Azure fails, as a class of its own with what it knows of each attempt that comes there.

A seam is asked by the product's own wrappers and factories, and answers with the setting of a fault that acts there, or
with None. What the setting then changes, the seam's class says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from controlplane.domain.events.event import Event
from simulator.failures import WrongUse
from simulator.faults.board import Board
from simulator.faults.fault import Setting, When

Facts = Mapping[str, str]
Follows = Mapping[str, Callable[[Event], Facts]]
"""Events that tell of an attempt, each with what it tells."""


class Seam:
    """`NAME` is how definitions and people call it, `WHAT` says in one sentence what happens there."""

    NAME: ClassVar[str]
    WHAT: ClassVar[str]
    PLACES: ClassVar[frozenset[str]]
    """By what its attempts can be told apart, of fault.PLACES."""
    IS_STATE: ClassVar[bool] = False
    """A fact that lasts as long as the fault is set; else an answer, which each attempt asks for."""
    FOLLOWS: ClassVar[Follows] = {}
    """Empty: the journal tells of no attempt."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def match(self, **facts: str) -> Setting | None:
        """An attempt: the setting that acts now, which counts it; None: everything is as ever."""
        return self.board.match(self.NAME, facts)

    @classmethod
    def check(cls, when: When) -> None:
        """WrongUse where this seam cannot keep such a time."""
        if cls.IS_STATE and when.counts:
            raise WrongUse(
                f"the seam {cls.NAME} is a state and has no attempts; say from when to when it is so, in world time"
            )


def vm_of(event: Event) -> Facts:
    """The facts of an event that tells of a machine and of nothing else."""
    return {"vm": event.vm or ""}
