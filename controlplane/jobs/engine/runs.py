"""What is stored of the runs of plans: one row for each run, one for each call of its log, and who may write them.

A run is queued in the transaction that orders it. An engine takes it after the commit: it becomes the owner for the
time of a lease, which it renews while it lives, and it gets a fence, a number that grows with each taking. Whoever
writes the log shows its fence; the fence of an owner that lost the run is refused, so that no step is noted twice. What
a step writes while it works is behind the same fence: its thread is `fenced`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from controlplane.json_object import Json

Status = Literal["queued", "running", "ended"]


class Interrupted(Exception):
    """The run stops in this process; the engine that takes it next begins its step again."""


class RunLost(Interrupted):
    """Somebody else has taken the run, or it was deleted."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `state` is what its plan began with; `lease_until` is real time, in seconds since 1970."""

    job: str
    plan: str
    state: Json
    cancel: bool
    status: Status
    owner: str | None = None
    lease_until: float | None = None
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of one call of a step. `state` is the next state, `error` the fields of a ServiceError."""

    step: str
    direction: str
    state: Json | None
    error: Json | None = None
    cancelled: bool = False


class RunStore(Protocol):
    """The runs and their logs. Each verb is part of the transaction of the Store that its caller is in. `now` and
    `until` are real time, in seconds since 1970."""

    def add(self, job: str, plan: str, state: Json) -> bool:
        """Queue a run; False when the job has one already."""

    def get(self, job: str) -> Run | None: ...

    def unfinished(self) -> Sequence[Run]:
        """Runs that have not ended, in the order in which they were queued."""

    def free(self, now: float, plans: Collection[str], most: int) -> Sequence[Run]:
        """The first of them that have no owner, or whose owner has let the lease lapse; of these plans."""

    def stopping(self, owner: str) -> Sequence[str]:
        """The jobs of this owner that were asked to stop."""

    def take(self, job: str, owner: str, now: float, until: float) -> Run | None:
        """Become the owner of a free run, which has a new fence then; None when it is not free any more."""

    def renew(self, owner: str, jobs: Collection[str], until: float) -> None:
        """Extend the leases of those of these runs that this owner still has."""

    def disown(self, owner: str | None = None, jobs: Collection[str] | None = None) -> None:
        """Give up what this owner has of these runs, None: all; with no owner given, what anybody has. The latter is
        for who knows that all owners before it are dead."""

    def log(self, job: str) -> Sequence[Logged]:
        """The calls so far, in their order."""

    def check(self, job: str, fence: int) -> Run:
        """The run as it is now; RunLost unless this fence is its newest."""

    def fenced(self, job: str, fence: int) -> AbstractContextManager[None]:
        """Within this, every transaction of the calling thread begins with `check`, whichever port it is that writes to
        the Store: RunLost, and nothing is written."""

    def append(self, job: str, fence: int, position: int, entry: Logged) -> None:
        """Note the call number `position`; RunLost."""

    def end(self, job: str, fence: int) -> None:
        """The run is over; RunLost."""

    def ask_to_stop(self, job: str) -> Run | None:
        """Note that the job shall stop; the run, or None when it has ended or there is none."""

    def clear(self) -> None:
        """Delete every run and every log."""

    def subscribe(self, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after each commit that queued a run or asked one to stop, in the thread that committed; it must
        not block. The result ends the subscription."""
