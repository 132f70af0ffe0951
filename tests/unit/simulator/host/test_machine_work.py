"""What a machine works on is said without a gap, whoever notes something while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controlplane.domain.events import machines as events
from controlplane.fabric_documents import ObservedExtension, ObservedMachine
from extension.contract.codes import Code
from simulator.host.documents import AgentReport
from simulator.host.goalstate import GoalState
from simulator.host.machine_work import MachineWork

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
GOAL = GoalState(1, "container", "_sql01", "sql01", BEGIN)
REPORT = AgentReport("2.7", "Ready", BEGIN, 1, None, None, None, {})
STATUS = {"status": "success", "code": Code.ExtensionTempTerminalState}
STARTED = ObservedExtension("VMSnapshot", "Microsoft", "VMSnapshot", status=STATUS)
SHOWN = ObservedMachine("sql01", 1, "running", "Succeeded", extensions=(STARTED,))


class OpensWhenRead(list[str]):
    """Sessions to which one comes in the moment after they were read."""

    def __init__(self, work: MachineWork) -> None:
        super().__init__()
        self._work = work

    def __iter__(self) -> Iterator[str]:
        yield from list(super().__iter__())
        if not len(self):
            self._work.note(events.SessionOpened("task"))


@pytest.mark.parametrize("code", [4, "4"])
def test_a_task_that_was_only_accepted_is_at_work_until_its_worker_connects(code: object) -> None:
    """Ours writes the code as text, and that is what the agent passes on."""
    work = MachineWork()
    accepted = replace(SHOWN, extensions=(replace(STARTED, status={"status": "success", "code": code}),))
    assert work.in_words(False, GOAL, REPORT, accepted) == [], "of long ago"
    work.note(events.CommandStarted("VMSnapshot", "1.0", "enable", 0))
    work.note(events.CommandEnded("VMSnapshot", "1.0", "enable", 0, 0.1))
    assert work.in_words(False, GOAL, REPORT, accepted) == ["VMSnapshot is at work"]
    work.note(events.SessionOpened("task"))
    assert work.in_words(False, GOAL, REPORT, accepted) == ["a handler is connected for its task task"]


def test_a_session_that_opens_while_it_is_asked_leaves_no_gap() -> None:
    work = MachineWork()
    work.note(events.CommandStarted("VMSnapshot", "1.0", "enable", 0))
    work.note(events.CommandEnded("VMSnapshot", "1.0", "enable", 0, 0.1))
    work._sessions = OpensWhenRead(work)
    assert work.in_words(False, GOAL, REPORT, SHOWN) == ["VMSnapshot is at work"]
    assert work.in_words(False, GOAL, REPORT, SHOWN) == ["a handler is connected for its task task"]
    ended = replace(SHOWN, extensions=(replace(STARTED, status={"status": "success", "code": 0}),))
    work.note(events.SessionClosed("task", False))
    assert work.in_words(False, GOAL, REPORT, ended) == []
