"""The state machine of VSS writers: states, events, result codes, and a writer that follows it.

A requester leads every writer through the same events; what a writer is afterwards depends on where it was and on
whether it could do what the event asks. The whole law is the table LAW; a pair not in it is a call out of order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from extension.contract.bridge import WriterReport
from simulator.clock.real_time import RealTime

HOLD_LIMIT_SECONDS = 10.0
"""The kernel releases held writes after this, whatever the provider does."""
WRITER_FREEZE_LIMIT_SECONDS = 60.0
"""A writer that was frozen and is not thawed within this counts as failed."""


class Hresult(IntEnum):
    """Results of VSS, and of COM below it; those of VSS bear their names without VSS_E_."""

    OK = 0
    NOT_IMPLEMENTED = 0x80004001
    BAD_STATE = 0x80042301
    UNEXPECTED = 0x80042302
    PROVIDER_NOT_REGISTERED = 0x80042304
    PROVIDER_VETO = 0x80042306
    PROVIDER_IN_USE = 0x80042307
    OBJECT_NOT_FOUND = 0x80042308
    VOLUME_NOT_SUPPORTED = 0x8004230C
    VOLUME_NOT_SUPPORTED_BY_PROVIDER = 0x8004230E
    UNEXPECTED_PROVIDER_ERROR = 0x8004230F
    TOO_MANY_VOLUMES = 0x80042312
    FLUSH_WRITES_TIMEOUT = 0x80042313
    HOLD_WRITES_TIMEOUT = 0x80042314
    UNEXPECTED_WRITER_ERROR = 0x80042315
    SNAPSHOT_SET_IN_PROGRESS = 0x80042316
    TOO_MANY_SNAPSHOTS = 0x80042317
    WRITER_INFRASTRUCTURE = 0x80042318
    WRITER_NOT_RESPONDING = 0x80042319
    VOLUME_IN_USE = 0x8004231D
    MAXIMUM_DIFFAREA_ASSOCIATIONS = 0x8004231E
    INSUFFICIENT_STORAGE = 0x8004231F
    REMOTE_SERVER_UNAVAILABLE = 0x80042323
    REMOTE_SERVER_UNSUPPORTED = 0x80042324
    REVERT_IN_PROGRESS = 0x80042325
    REBOOT_REQUIRED = 0x80042327
    TRANSACTION_FREEZE_TIMEOUT = 0x80042328
    TRANSACTION_THAW_TIMEOUT = 0x80042329
    VOLUME_NOT_LOCAL = 0x8004232D
    CLUSTER_TIMEOUT = 0x8004232E
    NOT_SUPPORTED = 0x8004232F
    WRITER_PARTIAL_FAILURE = 0x80042336
    WRITER_INCONSISTENT_SNAPSHOT = 0x800423F0
    WRITER_OUT_OF_RESOURCES = 0x800423F1
    WRITER_TIMEOUT = 0x800423F2
    WRITER_RETRYABLE = 0x800423F3
    WRITER_NON_RETRYABLE = 0x800423F4
    WRITER_RECOVERY_FAILED = 0x800423F5
    MISSING_DISK = 0x800423F8
    WRITER_STATUS_NOT_AVAILABLE = 0x80042409
    FSS_TIMEOUT = 0x80042417
    TRANSACTION_COORDINATOR_NOT_AVAILABLE = 0x8004E00F
    ACCESS_DENIED = 0x80070005
    OUT_OF_MEMORY = 0x8007000E
    SERVICE_DISABLED = 0x80070422
    SERVER_EXECUTION_FAILED = 0x80080005
    DRIVE_LOCKED = 0x80310000


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

    def handle(self, event: WriterEvent, real_time: RealTime, deadline: datetime) -> bool:
        """Run the program's part of the event, and change state by the table. False: it failed, or too late."""
        if (self.state, event) not in LAW:
            raise OutOfOrder(f"{self.writer_class.name}: {event} in state {self.state.name}")
        done, failed = LAW[self.state, event]
        if event is WriterEvent.IDENTIFY:
            self.last_error, self.problem = Hresult.OK, ""
        try:
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
        longest = timedelta(seconds=WRITER_FREEZE_LIMIT_SECONDS)
        if event is WriterEvent.THAW and self._frozen and now - self._frozen > longest:
            raise WriterFailed(Hresult.WRITER_TIMEOUT, "it was frozen for too long")


class Writers:
    """All writers of a guest, led through the events together."""

    def __init__(
        self,
        real_time: RealTime,
        members: list[Writer],
        log: Callable[[str], None],
        on_change: Callable[[Writer, WriterEvent], None] = lambda writer, event: None,
    ) -> None:
        self.members = members
        self._real_time = real_time
        self._log = log
        self._on_change = on_change

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
        self._tell(waiting, WriterEvent.BACKUP_COMPLETE, self._real_time.now())

    def failures(self) -> str:
        return "; ".join(
            f"{member.writer_class.name} ({member.state.name}, 0x{member.last_error:08x}): {member.problem}"
            for member in self.members
            if member.state.failed
        )

    def reports(self) -> tuple[WriterReport, ...]:
        return tuple(member.report() for member in self.members)

    def _at(self, level: Level) -> list[Writer]:
        return [member for member in self.members if member.writer_class.level is level]

    def _tell(self, members: list[Writer], event: WriterEvent, deadline: datetime) -> bool:
        """Send an event to every writer, also after one failed. False if any failed."""
        failed = []
        for member in members:
            if not member.handle(event, self._real_time, deadline):
                failed.append(member)
            self._on_change(member, event)
        for member in failed:
            self._log(
                f"VSS 8229: {member.writer_class.name} rejected the event {event} "
                f"with 0x{member.last_error:08x}: {member.problem}"
            )
        return not failed
