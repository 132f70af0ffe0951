"""Step, Plan and run(plan, state, call): do in order, undo in reverse.

A plan is data: the same list runs the job, shows its tasks and generates its tests. A step takes the ports and the
state, and says what shall be committed; it may be run twice, since a process can end between what a step did and the
note that it did it. So whatever a step makes bears a name that follows from the state. A step that waits is a
generator, as `waiting` describes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from controlplane.domain.errors import ServiceError
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.recovery_services.job import Job
from controlplane.jobs.engine.waiting import Waiting
from controlplane.json_object import Json
from controlplane.ports import Ports, Store

State: TypeAlias = Any
"""The state of a job as the engine sees it: a JSON object, whose keys only the plan's own steps know.

This is the one place where the types of states end. The engine carries states of all families and stores them as JSON;
each step, undo and `on_finished` names the TypedDict of its family for its parameter, and is checked by that.
"""


def _nothing(store: Store) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step leaves behind. State, documents and events become visible together, in one transaction."""

    state: Mapping[str, Any]
    """The next state, of the family's type."""
    commit: Callable[[Store], None] = _nothing
    """Writes documents; it reads them anew, since others may have changed them while the step ran."""
    events: tuple[Event, ...] = ()


Action = Callable[[Ports, State], Outcome | Waiting[Outcome]]


def completed(result: Outcome | Waiting[Outcome]) -> Waiting[Outcome]:
    """The outcome of a step, whether it waits on its way or not."""
    return result if isinstance(result, Outcome) else (yield from result)


class Direction(StrEnum):
    DO = "do"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Step:
    """`do` raises ServiceError or PortError when it cannot. `undo` removes whatever `do` may have left, also when it
    failed half-way. A step that is not `required` may fail without stopping the plan. Only `listed` ones are tasks
    that ARM shows, under their names."""

    name: str
    do: Action
    undo: Action | None = None
    required: bool = True
    listed: bool = True


def _leave(store: Store, state: State, job: Job, error: ServiceError | None) -> None:
    return None


class JobLog(Protocol):
    """Writes the progress and the end of a job to the documents that clients read. For a vault's jobs: `records`."""

    def change_task(self, store: Store, state: State, task: str, event: str, now: datetime) -> int | None:
        """A step started, is done, or failed; returns the id of the event that tells it, if one does."""

    def cancel_asked(self, store: Store, state: State, now: datetime) -> None:
        """The job was asked to stop."""

    def close(
        self, store: Store, state: State, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        """The job has ended; returns it if it is one of a vault."""

    def event(self, state: State, fact: Fact) -> Event:
        """Something that a step tells."""


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    steps: tuple[Step, ...]
    on_finished: Callable[[Store, State, Job, ServiceError | None], None] = _leave
    """Called once, in the transaction that ends the job: what the ended job means for other documents."""
    job_log: JobLog | None = None
    """None: that of a vault's jobs."""


class StepFailed(Exception):
    """A step did not get done; `cancelled`: because the job was asked to stop before it."""

    def __init__(self, error: ServiceError, cancelled: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.cancelled = cancelled


Call = Callable[[Step, Direction, Json], Waiting[Json]]
"""Carries out one direction of a step and returns the next state, or raises StepFailed. An undo does not fail."""


def run(plan: Plan, state: Json, call: Call) -> Waiting[Json]:
    """The only interpreter. The step that fails is undone too; an optional one alone, a required one with all before
    it. Raises the StepFailed that stopped the plan."""
    done: list[Step] = []
    for step in plan.steps:
        done.append(step)
        try:
            state = yield from call(step, Direction.DO, state)
        except StepFailed as failure:
            fatal = step.required or failure.cancelled
            for unwanted in reversed(done if fatal else [step]):
                state = yield from call(unwanted, Direction.UNDO, state)
            if fatal:
                raise
            done.pop()
    return state
