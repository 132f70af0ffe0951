"""Decides the snapshot procedure as a table: freeze, snapshot, thaw, report; no I/O.

    Ready ──asked──► Freezing ──frozen──► Frozen ──taken──► Thawing ──thawed──► Closing ──► Reporting ──► Done
      │                 │                   ▲
      │                 └─writers failed─► Flushing
      ├──asked without writers─────────────┤
      └──asked with scripts──► Preparing ──┘

The driver carries out one action at a time and says what came of it; the table answers with the next action. So the
promise that matters stands in one place: whoever asks the guest to freeze asks it to thaw exactly once, whichever way
the run goes. A failed freeze is thawed as well, for two reasons: its answer may have got lost on the way back, and VSS
wants a backup that stops early to be aborted.

A second promise is like it: a pre-script that was started is followed by the post-script exactly once, after the thaw
and before the report. Where there are no scripts, that step does nothing.

Snapshots without a freeze (crash-consistent) are taken when its VSS is unusable, or when the freeze failed for good,
and only where the service allowed it for this attempt. The published Linux handler asks for exactly one disk as well;
this one doesn't, since disks that were not frozen together are no less consistent for being several: the report says
"crash-consistent", and that is what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from extension.contract import fallback
from extension.contract.bridge import FreezeReport, ThawReport, WriterReport


class State(StrEnum):
    READY = "Ready"
    PREPARING = "Preparing"
    """The pre-script brings the applications to rest."""
    FREEZING = "Freezing"
    FLUSHING = "Flushing"
    """A freeze of the volumes alone: the system has no writers, or they failed the first one."""
    FROZEN = "Frozen"
    THAWING = "Thawing"
    ABORTING = "Aborting"
    """Thaws after a freeze that failed, to go on without one."""
    UNFROZEN = "Unfrozen"
    """Snapshots are taken while the guest runs on."""
    CLOSING = "Closing"
    """The post-script lets the applications go on."""
    REPORTING = "Reporting"
    DONE = "Done"


class Signal(StrEnum):
    ASKED = "asked"
    REFUSED = "refused"
    """Something forbids the snapshot before the guest was touched: settings, age, preconditions."""
    ASKED_WITHOUT_WRITERS = "asked without writers"
    """The system has none: its file systems alone are to be frozen."""
    ASKED_WITHOUT_FREEZE = "no freeze requested"
    ASKED_WITH_SCRIPTS = "asked with scripts"
    """The system has no writers, and its owner has put scripts in their place."""
    PREPARED = "prepared"
    PREPARED_WITHOUT_FREEZE = "prepared, no freeze wanted"
    """The owner wants the file systems to go on: the scripts alone see to what is consistent."""
    SCRIPT_FORBIDS = "script forbids"
    """The pre-script failed, and its owner wants no backup then."""
    CLOSED = "closed"
    FROZEN = "frozen"
    FROZEN_WITHOUT_WRITERS = "frozen without writers"
    """The volumes are held, but not every writer is frozen."""
    WRITERS_FAILED = "writers failed"
    FREEZE_FAILED = "freeze failed"
    FREEZE_FAILED_CRASH_ALLOWED = "freeze failed, crash-consistent allowed"
    TAKEN = "taken"
    SOME_FAILED = "some failed"
    TOO_LATE = "too late"
    THAWED = "thawed"
    THAW_FAILED = "thaw failed"
    REPORTED = "reported"
    BROKE = "broke"
    """The action ended with an unexpected error."""


class Action(StrEnum):
    FREEZE = "freeze"
    FLUSH = "flush"
    TAKE_APPLICATION_CONSISTENT = "take application-consistent"
    TAKE_FILE_SYSTEM_CONSISTENT = "take file-system-consistent"
    TAKE_CRASH_CONSISTENT = "take crash-consistent"
    THAW = "thaw"
    PRE_SCRIPT = "run pre-script"
    POST_SCRIPT = "run post-script"
    REPORT = "report"


TABLE: dict[State, dict[Signal, tuple[State, Action | None]]] = {
    State.READY: {
        Signal.ASKED: (State.FREEZING, Action.FREEZE),
        Signal.ASKED_WITHOUT_WRITERS: (State.FLUSHING, Action.FLUSH),
        Signal.ASKED_WITHOUT_FREEZE: (State.UNFROZEN, Action.TAKE_CRASH_CONSISTENT),
        Signal.ASKED_WITH_SCRIPTS: (State.PREPARING, Action.PRE_SCRIPT),
        Signal.REFUSED: (State.REPORTING, Action.REPORT),
        Signal.BROKE: (State.REPORTING, Action.REPORT),
    },
    State.PREPARING: {
        Signal.PREPARED: (State.FLUSHING, Action.FLUSH),
        Signal.PREPARED_WITHOUT_FREEZE: (State.UNFROZEN, Action.TAKE_CRASH_CONSISTENT),
        Signal.SCRIPT_FORBIDS: (State.CLOSING, Action.POST_SCRIPT),
        Signal.BROKE: (State.CLOSING, Action.POST_SCRIPT),
    },
    State.FREEZING: {
        Signal.FROZEN: (State.FROZEN, Action.TAKE_APPLICATION_CONSISTENT),
        Signal.FROZEN_WITHOUT_WRITERS: (State.FROZEN, Action.TAKE_FILE_SYSTEM_CONSISTENT),
        Signal.WRITERS_FAILED: (State.FLUSHING, Action.FLUSH),
        Signal.FREEZE_FAILED: (State.THAWING, Action.THAW),
        Signal.FREEZE_FAILED_CRASH_ALLOWED: (State.ABORTING, Action.THAW),
        Signal.BROKE: (State.THAWING, Action.THAW),
    },
    State.FLUSHING: {
        Signal.FROZEN_WITHOUT_WRITERS: (State.FROZEN, Action.TAKE_FILE_SYSTEM_CONSISTENT),
        Signal.FREEZE_FAILED: (State.THAWING, Action.THAW),
        Signal.FREEZE_FAILED_CRASH_ALLOWED: (State.ABORTING, Action.THAW),
        Signal.BROKE: (State.THAWING, Action.THAW),
    },
    State.FROZEN: {
        Signal.TAKEN: (State.THAWING, Action.THAW),
        Signal.SOME_FAILED: (State.THAWING, Action.THAW),
        Signal.TOO_LATE: (State.THAWING, Action.THAW),
        Signal.BROKE: (State.THAWING, Action.THAW),
    },
    State.THAWING: {
        Signal.THAWED: (State.CLOSING, Action.POST_SCRIPT),
        Signal.THAW_FAILED: (State.CLOSING, Action.POST_SCRIPT),
        Signal.BROKE: (State.CLOSING, Action.POST_SCRIPT),
    },
    State.ABORTING: {
        Signal.THAWED: (State.UNFROZEN, Action.TAKE_CRASH_CONSISTENT),
        Signal.THAW_FAILED: (State.UNFROZEN, Action.TAKE_CRASH_CONSISTENT),
        Signal.BROKE: (State.CLOSING, Action.POST_SCRIPT),
    },
    State.UNFROZEN: {
        Signal.TAKEN: (State.CLOSING, Action.POST_SCRIPT),
        Signal.SOME_FAILED: (State.CLOSING, Action.POST_SCRIPT),
        Signal.TOO_LATE: (State.CLOSING, Action.POST_SCRIPT),
        Signal.BROKE: (State.CLOSING, Action.POST_SCRIPT),
    },
    State.CLOSING: {
        Signal.CLOSED: (State.REPORTING, Action.REPORT),
        Signal.BROKE: (State.REPORTING, Action.REPORT),
    },
    State.REPORTING: {
        Signal.REPORTED: (State.DONE, None),
        Signal.BROKE: (State.DONE, None),
    },
    State.DONE: {},
}

OWES_THAW = frozenset({State.FREEZING, State.FLUSHING, State.FROZEN})


class UnexpectedEvent(Exception):
    """An event that the table does not have for this state: a bug in the driver."""


def advance(state: State, event: Signal) -> tuple[State, Action | None]:
    try:
        return TABLE[state][event]
    except KeyError:
        raise UnexpectedEvent(f"{event} in {state}") from None


def run(first: Signal, perform: Callable[[Action], Signal]) -> None:
    """Drive the procedure to its end. `perform` carries out an action; whatever it raises ends the run, after a thaw
    where one is owed."""
    state, action = advance(State.READY, first)
    try:
        while action is not None:
            state, action = advance(state, perform(action))
    finally:
        if state in OWES_THAW:
            perform(Action.THAW)


def judge_freeze(report: FreezeReport | None, *, writers_asked: bool, crash_allowed: bool) -> Signal:
    """The event for the result of a freeze; no report = no answer, which does not mean not frozen."""
    writers_failed = bool(report is not None and writers_asked and failed_writers(report))
    held = report is not None and report.frozen
    return AFTER_FREEZE[
        fallback.then(
            fallback.FREEZE,
            held=held,
            all_writers=writers_asked and not writers_failed,
            writers_failed=writers_failed,
            crash_allowed=crash_allowed,
        )
    ]


AFTER_FREEZE = {
    fallback.APPLICATION: Signal.FROZEN,
    fallback.FILE_SYSTEM: Signal.FROZEN_WITHOUT_WRITERS,
    fallback.WITHOUT_WRITERS: Signal.WRITERS_FAILED,
    fallback.CRASH: Signal.FREEZE_FAILED_CRASH_ALLOWED,
    fallback.REPORT: Signal.FREEZE_FAILED,
}


def failed_writers(report: FreezeReport | ThawReport) -> tuple[WriterReport, ...]:
    return tuple(writer for writer in report.writers if writer.failed)
