"""For which job the service works at this moment: seams of the storage tell attempts apart by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial

from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Action, Outcome, Plan, State
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.ports import Ports
from simulator.faults.board import Board
from simulator.faults.seam import Facts

_NOTHING: Facts = {}
_facts: ContextVar[Facts] = ContextVar("job_at_work", default=_NOTHING)


def facts_of_job() -> Facts:
    """Kind of job, vault and machine, as far as this thread works for a job."""
    return _facts.get()


Asks = Callable[[], bool]
"""Whether anybody wants to know for which job a step works."""


def known(plans: Mapping[str, Plan], board: Board, rules: Asks = lambda: False) -> Mapping[str, Plan]:
    """The same plans, whose steps say for which job they work while any fault is set, or other `rules` ask for it."""

    def asks() -> bool:
        return not board.is_empty or rules()

    def of(plan: Plan) -> Plan:
        steps = (
            replace(step, do=_telling(step.do, asks), undo=None if step.undo is None else _telling(step.undo, asks))
            for step in plan.steps
        )
        return replace(plan, steps=tuple(steps))

    return {name: plan if plan.job_log is not None else of(plan) for name, plan in plans.items()}


def _telling(act: Action, asks: Asks) -> Action:
    def do(ports: Ports, state: State) -> Outcome | Waiting[Outcome]:
        return _within(_of(ports, state), partial(act, ports, state)) if asks() else act(ports, state)

    return do


def _of(ports: Ports, state: State) -> Facts:
    job = records.read(ports.store, state["job_document"])
    return {"job": job.operation, "vault": job.vault, "vm": str(state.get("vm", ""))}


def _within(facts: Facts, act: Callable[[], Outcome | Waiting[Outcome]]) -> Waiting[Outcome]:
    """Each piece of the step runs with these facts; between two pieces others run in this thread."""
    with _set(facts):
        work = act()
    if isinstance(work, Outcome):
        return work
    go_on: Callable[[], Wait] = partial(next, work)
    while True:
        with _set(facts):
            try:
                wait = go_on()
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
        try:
            answer = yield wait
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the step's to handle
            go_on = partial(work.throw, error)
        else:
            go_on = partial(work.send, answer)


@contextmanager
def _set(facts: Facts) -> Iterator[None]:
    token = _facts.set(facts)
    try:
        yield
    finally:
        _facts.reset(token)
