"""Waits of steps: a step that cannot go on gives up its thread, and is resumed when what it waits for has come.

A step that waits is a generator. It yields a Wait and gets back whether the condition came true (True) or the deadline
passed before (False); at its end it returns its outcome. A wait is never stored: after the end of a process the step
begins anew.

Who waits does not work, so world time that stands may be moved meanwhile: to the deadline of the wait, when nobody
works and the condition is still false. What a step waits for is therefore either made by somebody who works until it is
there, a host or another job, or it takes real time, and then the wait holds world time itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

_Result = TypeVar("_Result")

LONGEST_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Wait:
    """`until` is asked again and again, not by several threads at once; it must be quick, say the same whoever asks and
    how often, and what it raises is raised in the step. `deadline` is world time, None: none. `poll_seconds` is real
    time between two questions.

    `machine` is the ARM id of a virtual machine that is waited for: `until` is also asked right after its host has
    told something new of it, and after a handler in it has ended its session. The polls go on, since a host in another
    process is not heard, and a storage tells nobody."""

    what: str
    """What is waited for, in a few words for people."""
    until: Callable[[], bool]
    deadline: datetime | None
    poll_seconds: float = 0.05
    machine: str | None = None
    slowest_poll_seconds: float = 0.0
    """Where it is more than `poll_seconds`, the time between two questions doubles up to this."""
    holds: bool | Callable[[], bool] = False
    """Whether world time must not be moved meanwhile, since what is waited for takes real time; asked often."""

    @property
    def is_holding(self) -> bool:
        return self.holds() if callable(self.holds) else self.holds


def real_pause(what: str, seconds: float) -> Wait:
    """A wait for some seconds of real time, during which world time is held."""
    end = time.monotonic() + seconds
    return Wait(what, lambda: time.monotonic() >= end, None, min(seconds, LONGEST_POLL_SECONDS), holds=True)


Waiting = Generator[Wait, bool, _Result]
"""A computation that may wait on its way to its result."""
