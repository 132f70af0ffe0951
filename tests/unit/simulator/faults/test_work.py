"""A step knows for which job it works, whatever runs in its thread between its waits, and in threads that it begins."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from controlplane import side_threads
from controlplane.jobs.engine.plan import Outcome
from controlplane.jobs.engine.waiting import Wait, Waiting
from simulator.faults import work
from simulator.faults.work import facts_of_job

FACTS = {"job": "Backup", "vault": "/vaults/v", "vm": "/vms/sql01"}


def waits(seen: list[Any]) -> Waiting[Outcome]:
    seen.append(facts_of_job())
    try:
        answer = yield Wait("something", lambda: True, None)
        seen.append((answer, facts_of_job()))
    except ValueError as error:
        seen.append((str(error), facts_of_job()))
    seen.append(side_threads.result_of(side_threads.begin("other", facts_of_job)))
    return Outcome({"done": True})


def ended(generator: Generator[Wait, bool, Outcome], answer: bool) -> Outcome:
    with pytest.raises(StopIteration) as end:
        generator.send(answer)
    outcome: Outcome = end.value.value
    return outcome


def test_the_facts_hold_while_the_step_works_and_not_while_it_waits() -> None:
    seen: list[Any] = []
    step = work._within(FACTS, lambda: waits(seen))
    assert next(step).what == "something"
    assert facts_of_job() == {}
    assert ended(step, True).state == {"done": True}
    assert seen == [FACTS, (True, FACTS), FACTS]
    assert facts_of_job() == {}


def test_what_is_thrown_into_the_step_reaches_it() -> None:
    seen: list[Any] = []
    step = work._within(FACTS, lambda: waits(seen))
    next(step)
    with pytest.raises(StopIteration) as end:
        step.throw(ValueError("stop"))
    assert end.value.value.state == {"done": True}
    assert seen == [FACTS, ("stop", FACTS), FACTS]


def test_a_step_that_does_not_wait_has_its_outcome() -> None:
    step = work._within(FACTS, lambda: Outcome(facts_of_job()))
    with pytest.raises(StopIteration) as end:
        next(step)
    assert end.value.value.state == FACTS
