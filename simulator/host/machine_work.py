"""What one machine works on, and since when nobody needs to wait for it: why it holds world time (`holds.py`)."""

from __future__ import annotations

from datetime import datetime

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.fabric_documents import DesiredMachine, ObservedMachine, given_up_at
from controlplane.json_object import Json
from extension.contract.codes import Code
from extension.contract.protocol import as_integer
from simulator.guest.vss.writer import HOLD_LIMIT_SECONDS, WRITER_FREEZE_LIMIT_SECONDS
from simulator.host.documents import AgentReport
from simulator.host.goalstate import GoalState

LONGEST_OWN_WORK_SECONDS = 600.0
"""How long the host's own part may take, a boot as a rule, and the wait for a thread before it. It hangs for no longer
than the storage does, and is not what a lapse is for."""
LONGEST_FREEZE_SECONDS = WRITER_FREEZE_LIMIT_SECONDS + HOLD_LIMIT_SECONDS
"""How long VSS itself may take for a freeze: till the last writer is frozen, and till pending writes have ended."""


class MachineWork:
    """What its machine has to do, and what it was seen to do. Fields are set by any thread, and read one by one."""

    def __init__(self) -> None:
        self.has_news = False
        """It was told something that it has not looked at."""
        self.acts = False
        """It acts upon what it was told."""
        self.waits = False
        """It failed, and waits for its next try: until then, nobody waits for it."""
        self._freezes = False
        """Its VSS is asked for a freeze or a thaw."""
        self._command = ""
        self._sessions: list[str] = []
        """Tasks whose requesters are connected."""
        self._is_expected = False
        """A handler was enabled, and no requester has connected since."""

    def begin(self, is_other: bool) -> bool:
        """Its machine begins to look, and shall be otherwise than it is, or not; whether there is anything to do."""
        self.waits = False
        if self.has_news:
            self.acts = True  # before the news are taken away, so that one of the two is always said
            self.has_news = False
        self.acts = self.acts or is_other
        return self.acts

    def end(self) -> None:
        """What it was told is done and shown, or is tried again later."""
        self.acts = False

    def note(self, fact: Fact) -> None:
        match fact:
            case events.CommandStarted():
                self._command = f"runs {fact.verb} of {fact.handler}"
                self._is_expected = self._is_expected or fact.verb == "enable"
            case events.CommandEnded():
                self._command = ""
            case events.FreezeAsked() | events.ThawAsked():
                self._freezes = True
            case (
                events.VssFrozen()
                | events.VssRefused()
                | events.VssThawed()
                | events.FileSystemsFrozen()
                | events.FileSystemFreezeRefused()
                | events.FileSystemsThawed()
            ):
                self._freezes = False
            case events.SessionOpened():
                self._sessions.append(fact.task_id)
                self._is_expected = False
            case events.SessionClosed():
                self._sessions.remove(fact.task_id)

    @property
    def longest_silence_seconds(self) -> float:
        """How long it may be silent, beside the usual, because of what it is doing."""
        if self.acts or self.has_news:
            return LONGEST_OWN_WORK_SECONDS
        return LONGEST_FREEZE_SECONDS if self._freezes else 0.0

    def in_words(
        self, is_other: bool, goal: GoalState | None, report: AgentReport | None, shown: ObservedMachine | None
    ) -> list[str]:
        """`goal`: of the agent that runs in it; None: none does."""
        awaited = self._is_expected  # read before the sessions: one that opens is noted there first
        works = [f"a handler is connected for its task {task}" for task in self._sessions]
        if self.acts or self.has_news:
            works.append("becomes what it shall be" if is_other else "looks at what is new")
        if self.waits:
            return works
        if self._command:
            works.append(self._command)
        if goal is not None:
            if report is None or report.incarnation < goal.incarnation:
                works.append(f"has not reported on its goal state {goal.incarnation}")
            extensions = shown.extensions if shown else ()
            works += [f"{each.name} is at work" for each in extensions if _is_unfinished(each.status or {}, awaited)]
        return works


def _is_unfinished(status: Json, is_expected: bool) -> bool:
    """A snapshot handler says success with a code of its own as soon as its worker has been started. How that goes on
    is seen by its session; one that has ended may leave this status for ever. `is_expected`: none has begun yet. The
    code is a number or, from a snapshot handler, its text."""
    match status.get("status"):
        case "transitioning":
            return True
        case "success":
            return is_expected and as_integer(status.get("code"), 0) == Code.ExtensionTempTerminalState
    return False


def earliest_end(desired: DesiredMachine, shown: ObservedMachine) -> datetime | None:
    """World time at which the first of its extensions counts as failed that have not reported their end. A job that
    had one delivered has a deadline of its own."""
    asked = [each for each in desired.extensions if each.cause is None or each.cause.job is None]
    ends = [given_up_at(each, shown.extension(each.name)) for each in asked]
    return min((end for end in ends if end is not None), default=None)
