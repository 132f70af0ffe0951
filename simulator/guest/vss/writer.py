"""The state machine of VSS writers: states, events, result codes, and a writer that follows it.

A requester leads every writer through the same events; what a writer is afterwards depends on where it was and on
whether it could do what the event asks. The whole law is the table LAW; a pair not in it is a call out of order.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from extension.contract.bridge import WriterReport
from simulator.clock.real_time import RealTime
from simulator.guest.vss.event_log import of_writer
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.scripting import NO_SCRIPT, Change, VssScript

HOLD_LIMIT_SECONDS = 10.0
"""The kernel releases held writes after this, whatever the provider does."""
WRITER_FREEZE_LIMIT_SECONDS = 60.0
"""A writer that was frozen and is not thawed within this counts as failed."""


class State(IntEnum):
    """VSS_WRITER_STATE."""

    UNKNOWN = 0
    STABLE = 1
    WAITING_FOR_FREEZE = 2
    WAITING_FOR_THAW = 3
    WAITING_FOR_POST_SNAPSHOT = 4
    WAITING_FOR_BACKUP_COMPLETE = 5
    FAILED_AT_IDENTIFY = 6
    FAILED_AT_PREPARE_BACKUP = 7
    FAILED_AT_PREPARE_SNAPSHOT = 8
    FAILED_AT_FREEZE = 9
    FAILED_AT_THAW = 10
    FAILED_AT_POST_SNAPSHOT = 11
    FAILED_AT_BACKUP_COMPLETE = 12

    @property
    def failed(self) -> bool:
        return self >= State.FAILED_AT_IDENTIFY


class WriterEvent(StrEnum):
    IDENTIFY = "Identify"
    PREPARE_BACKUP = "PrepareBackup"
    PREPARE_SNAPSHOT = "PrepareSnapshot"
    FREEZE = "Freeze"
    THAW = "Thaw"
    POST_SNAPSHOT = "PostSnapshot"
    BACKUP_COMPLETE = "BackupComplete"
    ABORT = "Abort"


AT_REST = tuple(state for state in State if state.failed or state in (State.STABLE, State.WAITING_FOR_BACKUP_COMPLETE))
"""Where a new requester may find a writer: the one before may have left without completing."""

LAW: dict[tuple[State, WriterEvent], tuple[State, State]] = {
    # (where the writer is, what happens): (where it then is, where it is if it could not)
    **{(state, WriterEvent.IDENTIFY): (State.STABLE, State.FAILED_AT_IDENTIFY) for state in AT_REST},
    (State.STABLE, WriterEvent.PREPARE_BACKUP): (State.STABLE, State.FAILED_AT_PREPARE_BACKUP),
    (State.STABLE, WriterEvent.PREPARE_SNAPSHOT): (State.WAITING_FOR_FREEZE, State.FAILED_AT_PREPARE_SNAPSHOT),
    (State.WAITING_FOR_FREEZE, WriterEvent.FREEZE): (State.WAITING_FOR_THAW, State.FAILED_AT_FREEZE),
    (State.WAITING_FOR_THAW, WriterEvent.THAW): (State.WAITING_FOR_POST_SNAPSHOT, State.FAILED_AT_THAW),
    (State.WAITING_FOR_POST_SNAPSHOT, WriterEvent.POST_SNAPSHOT): (
        State.WAITING_FOR_BACKUP_COMPLETE,
        State.FAILED_AT_POST_SNAPSHOT,
    ),
    (State.WAITING_FOR_BACKUP_COMPLETE, WriterEvent.BACKUP_COMPLETE): (State.STABLE, State.FAILED_AT_BACKUP_COMPLETE),
    # An abort cannot be refused. A writer that failed before keeps its state until the next requester comes.
    **{
        (state, WriterEvent.ABORT): (state, state) if state.failed else (State.STABLE, State.STABLE)
        for state in State
        if state is not State.UNKNOWN
    },
}


class Level(IntEnum):
    """Application level: the highest is frozen first and thawed last."""

    SYSTEM = 1
    BACK_END = 2
    FRONT_END = 3


class OutOfOrder(Exception):
    """The table has no such event in this state."""


class WriterFailed(Exception):
    """A writer could not do what an event asked; `hresult` is its last error."""

    def __init__(self, hresult: Hresult, message: str) -> None:
        super().__init__(message)
        self.hresult = hresult


Participant = Callable[[WriterEvent, datetime], None]
"""What a program does at an event, until a deadline in real time; raises WriterFailed."""


@dataclass(frozen=True, slots=True)
class WriterClass:
    name: str
    writer_id: str
    service: str
    """The service to restart when the writer fails; empty where it has none of its own."""
    level: Level = Level.SYSTEM
    instance_id: str | None = None
    """Only for those whose instance is the same on every machine."""
    freeze_limit_seconds: float = WRITER_FREEZE_LIMIT_SECONDS
    """From freeze to thaw; dwTimeoutFreeze of CVssWriter::Initialize."""


class Writer:
    """One writer of one guest."""

    def __init__(self, writer_class: WriterClass, instance_id: str, participant: Participant | None = None) -> None:
        self.writer_class = writer_class
        self.instance_id = instance_id
        self.state = State.STABLE
        self.last_error = Hresult.OK
        self.problem = ""
        self.participant = participant
        self._frozen: datetime | None = None

    def handle(
        self, event: WriterEvent, real_time: RealTime, deadline: datetime, script: VssScript = NO_SCRIPT
    ) -> bool:
        """Run the program's part of the event, and change state by the table. False: it failed, or too late."""
        if (self.state, event) not in LAW:
            raise OutOfOrder(f"{self.writer_class.name}: {event} in state {self.state.name}")
        done, failed = LAW[self.state, event]
        if event is WriterEvent.IDENTIFY:
            self.last_error, self.problem = Hresult.OK, ""
        if event is WriterEvent.FREEZE:
            limit = timedelta(seconds=self.writer_class.freeze_limit_seconds)
            deadline = min(deadline, real_time.now() + limit)
        try:
            script.before(self.writer_class, event, deadline)
            if self.participant:
                self.participant(event, deadline)
            self._check_time(event, real_time.now(), deadline)
        except WriterFailed as failure:
            self.state = failed
            if event is not WriterEvent.ABORT:
                self.last_error, self.problem = failure.hresult, str(failure)
            return False
        self.state = done
        return True

    def change(self, change: Change, now: datetime) -> None:
        """It fails by itself. Its program is told to give up, since nobody thaws a writer that has failed."""
        self.state, self.last_error, self.problem = change.state, change.hresult, change.why
        if self.participant:
            with suppress(WriterFailed):  # the error that it has is the one that counts
                self.participant(WriterEvent.ABORT, now)

    def restart(self) -> None:
        """The service that it runs in was restarted: it knows of nothing that went before."""
        self.state, self.last_error, self.problem = State.STABLE, Hresult.OK, ""

    def report(self) -> WriterReport:
        return WriterReport(
            self.writer_class.name,
            self.writer_class.writer_id,
            self.instance_id,
            int(self.state),
            int(self.last_error),
        )

    def _check_time(self, event: WriterEvent, now: datetime, deadline: datetime) -> None:
        if event is WriterEvent.FREEZE:
            self._frozen = now
            if now > deadline:
                raise WriterFailed(Hresult.WRITER_TIMEOUT, "the freeze took too long")
        longest = timedelta(seconds=self.writer_class.freeze_limit_seconds)
        if event is WriterEvent.THAW and self._frozen and now - self._frozen > longest:
            raise WriterFailed(Hresult.WRITER_TIMEOUT, "it was frozen for too long")


class Writers:
    """All writers of a guest, led through the events together. `members` are those of the newest snapshot set."""

    def __init__(
        self,
        real_time: RealTime,
        members: list[Writer],
        log: Callable[[str], None],
        on_change: Callable[[Writer, WriterEvent], None] = lambda writer, event: None,
        script: VssScript = NO_SCRIPT,
    ) -> None:
        self.members = members
        self._installed = members
        self._real_time = real_time
        self._log = log
        self._on_change = on_change
        self._script = script

    def listed(self) -> list[Writer]:
        """Those that answer now."""
        return self._script.roster(self._installed)

    def gather(self) -> None:
        """A requester comes: those that answer now take part in its snapshot set."""
        self.members = self.listed()

    def freeze(self, deadline: datetime) -> bool:
        """From PrepareForBackup to the last Freeze. False: some failed; the others wait for an abort."""
        for event in (WriterEvent.IDENTIFY, WriterEvent.PREPARE_BACKUP, WriterEvent.PREPARE_SNAPSHOT):
            if not self._tell(self.members, event, deadline):
                return False
        return all(self._tell(self._at(level), WriterEvent.FREEZE, deadline) for level in sorted(Level, reverse=True))

    def thaw(self) -> None:
        """Thaw and PostSnapshot; a failed thaw aborts the others."""
        deadline = self._real_time.now() + timedelta(seconds=WRITER_FREEZE_LIMIT_SECONDS)
        thawed = [self._tell(self._at(level), WriterEvent.THAW, deadline) for level in sorted(Level)]
        if all(thawed):
            self._tell(self.members, WriterEvent.POST_SNAPSHOT, deadline)
        else:
            self.abort()

    def abort(self) -> None:
        self._tell(self.members, WriterEvent.ABORT, self._real_time.now())

    def complete(self) -> None:
        """The requester has its backup."""
        waiting = [member for member in self.members if member.state is State.WAITING_FOR_BACKUP_COMPLETE]
        deadline = self._real_time.now() + timedelta(seconds=WRITER_FREEZE_LIMIT_SECONDS)
        self._tell(waiting, WriterEvent.BACKUP_COMPLETE, deadline)

    def failures(self) -> str:
        return "; ".join(
            f"{member.writer_class.name} ({member.state.name}, 0x{member.last_error:08x}): {member.problem}"
            for member in self.members
            if member.state.failed
        )

    def reports(self) -> tuple[WriterReport, ...]:
        return tuple(member.report() for member in self.members)

    def restart(self, service: str) -> None:
        """A service was restarted; the writers in it are as new."""
        self._script.restarted(service)
        for member in {id(each): each for each in (*self._installed, *self.listed())}.values():
            if service and member.writer_class.service.lower() == service.lower():
                member.restart()

    def _at(self, level: Level) -> list[Writer]:
        return [member for member in self.members if member.writer_class.level is level]

    def _tell(self, members: list[Writer], event: WriterEvent, deadline: datetime) -> bool:
        """Send an event to every writer, also after one failed. False if any failed. One that has failed before hears
        of nothing but an abort and the next requester."""
        failed = []
        for member in members:
            if member.state.failed and event not in (WriterEvent.IDENTIFY, WriterEvent.ABORT):
                continue
            if not member.handle(event, self._real_time, deadline, self._script):
                failed.append(member)
            else:
                change = self._script.after(member.writer_class, event)
                if change is not None:
                    member.change(change, self._real_time.now())
                    self._log(of_writer(member, event))
            self._on_change(member, event)
        for member in failed:
            self._log(of_writer(member, event))
        return not failed
