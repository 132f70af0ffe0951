"""Waits of steps: a step that cannot go on gives up its thread, and is resumed when what it waits for has come.

A step that waits is a generator. It yields a Wait and gets back whether the condition came true (True) or the deadline
passed before (False); at its end it returns its outcome. A wait is never stored: after the end of a process the step
begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Wait:
    """`until` is asked again and again, not by several threads at once; it must be quick, and what it raises is raised
    in the step. `deadline` is world time, None: none. `poll_seconds` is real time between two questions.

    `machine` is the ARM id of a virtual machine that is waited for: `until` is also asked right after its host has
    told something new of it, and after a handler in it has ended its session. The polls go on, since a host in another
    process is not heard, and a storage tells nobody."""

    what: str
    """What is waited for, in a few words for people."""
    until: Callable[[], bool]
    deadline: datetime | None
    poll_seconds: float = 0.05
    machine: str | None = None


Waiting = Generator[Wait, bool, _Result]
"""A computation that may wait on its way to its result."""
