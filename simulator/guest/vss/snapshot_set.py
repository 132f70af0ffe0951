"""Freezes a guest for a requester: prepares the writers, holds the volumes, and releases them on every path.

On Windows this is the VSS service and its snapshot set; on Linux there are no writers, and the file systems alone are
frozen.

A requester opens a session, freezes, takes its snapshots, thaws, and closes. In between anything may end: the
requester dies (its session closes), the limit passes (the gate opens by itself and the next look finds it so), a
writer refuses, the storage does not answer. Each way ends with the gate open and the writers thawed.

All limits of a freeze count real seconds, since programs and storage, which wait for it, do. World time is only what
the guest's own clock shows.

Inside the hold nothing is done but copying the digests: no event is told and no file written until it is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from threading import Lock

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.json_object import Json
from controlplane.ports import Clock, PortError
from extension.contract.bridge import FreezeReport, FreezeRequest, ThawReport
from simulator.clock.real_time import RealTime
from simulator.guest.disk.digests import DigestTable
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.disk import DiskCorrupt, GuestDisk
from simulator.guest.disk.gate import Gate, Hold
from simulator.guest.disk.ground_truth import GroundTruth, GroundTruths
from simulator.guest.disk.write_history import WriteHistory
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.scripting import (
    BEFORE_WRITERS,
    NO_SCRIPT,
    OF_WRITERS,
    Obstacle,
    Step,
    VssScript,
    no_obstacle,
)
from simulator.guest.vss.telling import FreezeTelling, VssTelling
from simulator.guest.vss.writer import HOLD_LIMIT_SECONDS, WRITER_FREEZE_LIMIT_SECONDS, Writer, WriterEvent, Writers
from simulator.guest.vss.writers import guid

_log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""How often a hold is looked after."""

REFUSALS = {
    Hresult.BAD_STATE: "this session is frozen already",
    Hresult.SNAPSHOT_SET_IN_PROGRESS: "another snapshot set is in progress on this machine",
    Hresult.SERVICE_DISABLED: "the Volume Shadow Copy service is disabled",
    Hresult.NOT_IMPLEMENTED: "this system has no VSS and no writers; its file systems are frozen without",
}
REQUESTER_GONE = "the requester is gone"


class NoSuchSession(LookupError):
    """No requester has a session of this id."""


class NotFrozen(RuntimeError):
    """This session has nothing to thaw."""


@dataclass(slots=True)
class _Session:
    """The session of one requester."""

    id: str
    task_id: str
    since: int
    """Number in the order of writes at which it began."""
    closed: bool = False
    ended: ThawReport | None = None
    """Set when its hold ended by itself: the answer to its later thaw."""
    truth: GroundTruth | None = None


@dataclass(frozen=True, slots=True)
class _Hold:
    """Writes are held for this session."""

    session: _Session
    with_writers: bool
    time: datetime
    tables: Mapping[int, DigestTable]
    workloads: Json
    stop_looking: Callable[[], None]


class HostHoldFailed(Exception):
    """A host could not hold the writes of its machine."""


class VssService:
    """Thread-safe. `flush` writes back what the volumes have in memory; `facts` tells what the workloads wrote.

    `has_writers`: False on a system without VSS. `available` and `obstacle` are asked with each freeze; the second is
    told whether writers take part.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        real_time: RealTime,
        chance: Random,
        gate: Gate,
        history: WriteHistory,
        disks: Mapping[int, GuestDisk],
        writers: list[Writer],
        available: Callable[[], bool],
        has_writers: bool = True,
        telling: FreezeTelling | None = None,
        flush: Callable[[], None],
        facts: Callable[[], Json],
        truths: GroundTruths,
        on_event: Callable[[Fact], None],
        obstacle: Callable[[bool], Obstacle | None] = no_obstacle,
        script: VssScript = NO_SCRIPT,
    ) -> None:
        self.event_log: list[str] = []
        self.writers = Writers(real_time, writers, self.event_log.append, self._tell_of_writer, script)
        self._script = script
        self._clock = clock
        self._real_time = real_time
        self._chance = chance
        self._gate = gate
        self._history = history
        self._disks = disks
        self._available = available
        self._obstacle = obstacle
        self._has_writers = has_writers
        self._telling = telling or VssTelling()
        self._flush = flush
        self._facts = facts
        self._truths = truths
        self._on_event = on_event
        self._lock = Lock()
        self._sessions: dict[str, _Session] = {}
        self._busy_with: _Session | None = None
        self._leader = ""
        """Task of the requester that leads the writers."""
        self._hold: _Hold | None = None

    def open_session(self, task_id: str) -> str:
        with self._lock:
            session = _Session(guid(self._chance), task_id, self._history.begin())
            self._sessions[session.id] = session
        self._on_event(events.SessionOpened(task_id))
        return session.id

    def close_session(self, session_id: str) -> None:
        """The requester has ended. A freeze that it left is released."""
        with self._lock:
            session = self._find(session_id)
            del self._sessions[session_id]
            session.closed = True
            hold = self._take_hold(session)
        if hold:
            self._end(hold, REQUESTER_GONE)
        elif session.truth and session.truth.consistency == "application":
            self._leader = session.task_id
            self.writers.complete()
        self._remember_order(session)
        self._on_event(events.SessionClosed(session.task_id, left_frozen=hold is not None))

    def task_of(self, session_id: str) -> str:
        """For which task a requester came."""
        with self._lock:
            return self._find(session_id).task_id

    def restart_service(self, service: str) -> bool:
        """A service is restarted, with the writers in it. False: a snapshot set is in progress, which wants them."""
        with self._lock:
            if self._busy_with:
                return False
            self.writers.restart(service)
            return True

    def close(self) -> None:
        """The guest stops: every freeze is released."""
        self._script.end()
        with self._lock:
            left = list(self._sessions)
        for session_id in left:
            with suppress(NoSuchSession):  # its requester was seen to end at the same moment
                self.close_session(session_id)

    def freeze(self, request: FreezeRequest) -> FreezeReport:
        with self._lock:
            session = self._find(request.session)
            self._on_event(events.FreezeAsked(session.task_id, request.timeout_seconds, request.writers))
            if self._busy_with:
                same = self._busy_with is session
                return self._refused(session, Hresult.BAD_STATE if same else Hresult.SNAPSHOT_SET_IN_PROGRESS)
            if request.writers and not self._has_writers:
                return self._refused(session, Hresult.NOT_IMPLEMENTED)
            if not self._available():
                return self._refused(session, Hresult.SERVICE_DISABLED)
            self._busy_with, session.ended = session, None
            self._leader = session.task_id
        report = FreezeReport(False)
        try:
            report = self._do_snapshot_set(session, request)
        finally:
            if not report.frozen:
                self._busy_with = None
        if session.closed:  # its session was closed while its writers were being frozen
            self._end_unasked(session, REQUESTER_GONE)
        return report

    def thaw(self, session_id: str) -> ThawReport:
        with self._lock:
            session = self._find(session_id)
            hold = self._take_hold(session)
            ended, session.ended = session.ended, None
        if hold:
            self._on_event(events.ThawAsked(session.task_id))
            return self._end(hold)
        if ended:
            return ended
        raise NotFrozen("this session has nothing to thaw")

    def hold_for_host(self, task_id: str, take: Callable[[], None]) -> float:
        """Hold the writes to all disks while `take` has them snapshotted; returns for how many milliseconds.

        The guest has no part in it: nothing is flushed, and no writer is told. Whoever wants to freeze or thaw waits
        so long. HostHoldFailed: the snapshots do not show one instant, or were not taken; what `take` raises goes on.
        """
        with self.still() as over:
            tables = {lun: disk.digests()[0] for lun, disk in self._disks.items()}
            take()
        truth = GroundTruth(
            task_id=task_id,
            time=self._clock.now(),
            consistency="crash",
            held_milliseconds=None,
            disks=self._disk_names(),
            tables=tables,
            workloads=self._facts(),
        )
        self._keep(truth)
        return over[0].held_milliseconds

    @contextmanager
    def still(self) -> Iterator[Sequence[Hold]]:
        """Within this nothing is written to the disks; whoever wants to freeze or thaw waits so long. What is yielded
        has the hold once it is over. HostHoldFailed, also at the end: writes could not be held."""
        over: list[Hold] = []
        with self._lock:
            if self._busy_with is not None:
                raise HostHoldFailed("the guest is being frozen by another requester")
            if not self._gate.hold(self._real_time.now() + timedelta(seconds=HOLD_LIMIT_SECONDS)):
                raise HostHoldFailed("pending writes did not end in time")
            try:
                yield over
            finally:
                over.append(self._gate.release())
        if not over[0].kept:
            raise HostHoldFailed(f"writes could not be held for more than {HOLD_LIMIT_SECONDS:.0f} s")

    def _do_snapshot_set(self, session: _Session, request: FreezeRequest) -> FreezeReport:
        """PrepareForBackup, and DoSnapshotSet up to the hold."""
        with_writers = request.writers
        self.writers.gather()
        for step in BEFORE_WRITERS:
            if with_writers or step not in OF_WRITERS:
                obstacle = self._script.at(step, with_writers)
                if obstacle is not None:
                    return self._given_up(step, obstacle.hresult, obstacle.message)
        limit = timedelta(seconds=min(request.timeout_seconds, WRITER_FREEZE_LIMIT_SECONDS))
        if with_writers and not self.writers.freeze(self._real_time.now() + limit):
            return self._given_up(None, Hresult.UNEXPECTED_WRITER_ERROR, self.writers.failures())
        try:
            self._flush()
            for disk in self._disks.values():
                disk.settle()
        except (PortError, DiskCorrupt, VolumeError) as error:
            return self._given_up(Step.FLUSH, Hresult.FLUSH_WRITES_TIMEOUT, f"a volume could not be flushed: {error}")
        for step in (Step.FLUSH, Step.COMMIT):
            obstacle = self._script.at(step, with_writers)
            if obstacle is None and step is Step.COMMIT:
                obstacle = self._obstacle(with_writers)
            if obstacle is not None:
                return self._given_up(step, obstacle.hresult, obstacle.message)
        return self._held(session, request)

    def _held(self, session: _Session, request: FreezeRequest) -> FreezeReport:
        """Writes stand still from here on."""
        facts, reports = self._facts(), self.writers.reports() if request.writers else ()
        stop_looking = self._real_time.every(LOOK_SECONDS, lambda: self._look(session))
        shorter = self._script.hold_seconds(request.writers)
        hold_seconds = min(request.timeout_seconds, HOLD_LIMIT_SECONDS if shorter is None else shorter)
        if not self._gate.hold(self._real_time.now() + timedelta(seconds=hold_seconds)):
            stop_looking()
            return self._given_up(Step.FLUSH, Hresult.FLUSH_WRITES_TIMEOUT, "pending writes did not finish in time")
        tables = {lun: disk.digests()[0] for lun, disk in self._disks.items()}
        time = self._clock.now()
        with self._lock:
            self._hold = _Hold(session, request.writers, time, tables, facts, stop_looking)
            # Told with the lock, so that whoever takes the hold away tells the thaw behind it.
            real_time = self._real_time.now().isoformat()
            self._on_event(self._telling.frozen(session.task_id, request.writers, time.isoformat(), real_time))
        return FreezeReport(True, writers=reports, frozen_at=time.isoformat())

    def _given_up(self, step: Step | None, hresult: Hresult, message: str) -> FreezeReport:
        """No snapshot set: thaw whom it froze, hold nothing. `step`: where VSS failed; None: writers did, and the log
        has their lines."""
        self.writers.abort()
        if step is not None:
            self._log(step, hresult, message)
        self._on_event(self._telling.refused(self._leader, hresult, message))
        # Before they were asked, writers have nothing to say but what an earlier requester left.
        reports = () if step in BEFORE_WRITERS else self.writers.reports()
        return FreezeReport(False, self._telling.number(hresult), message, reports)

    def _refused(self, session: _Session, hresult: Hresult) -> FreezeReport:
        self._on_event(self._telling.refused(session.task_id, hresult, REFUSALS[hresult]))
        return FreezeReport(False, self._telling.number(hresult), REFUSALS[hresult])

    def _log(self, step: Step, hresult: Hresult, message: str) -> None:
        first = next(iter(self._disks.values()), None)
        self.event_log += self._telling.logged(step, hresult, message, "" if first is None else first.name)

    def _tell_of_writer(self, writer: Writer, event: WriterEvent) -> None:
        name, state, error = writer.writer_class.name, writer.state.name, f"0x{writer.last_error:08x}"
        self._on_event(events.WriterState(self._leader, name, event.value, state, error))

    def _look(self, session: _Session) -> None:
        """Called now and then: end a hold whose gate has opened by itself."""
        if not self._gate.held:
            self._end_unasked(session)

    def _end_unasked(self, session: _Session, gone: str = "") -> None:
        with self._lock:
            hold = self._take_hold(session)
        if hold:
            session.ended = self._end(hold, gone)

    def _end(self, hold: _Hold, gone: str = "") -> ThawReport:
        """Open the gate, then the rest. `gone`: why the requester does not ask for it itself."""
        held = self._gate.release()
        hold.stop_looking()
        self._leader = hold.session.task_id
        obstacle = self._script.at(Step.FINAL_COMMIT, hold.with_writers) if held.kept and not gone else None
        kept = held.kept and not gone and obstacle is None
        if hold.with_writers:
            self.writers.thaw() if kept else self.writers.abort()
        self._busy_with = None
        hresult, message = Hresult.OK, ""
        if kept:
            self._remember_instant(hold, held.held_milliseconds)
        elif obstacle is not None:
            hresult, message = obstacle.hresult, obstacle.message
            self._log(Step.FINAL_COMMIT, hresult, message)
        else:
            hresult = Hresult.BAD_STATE if gone else Hresult.HOLD_WRITES_TIMEOUT
            message = gone or self._telling.hold_limit
            self._log(Step.HOLD, hresult, message)
        task_id, milliseconds = hold.session.task_id, round(held.held_milliseconds, 3)
        self._on_event(self._telling.thawed(task_id, hold.with_writers, kept, milliseconds, hresult, message))
        reports = self.writers.reports() if hold.with_writers else ()
        return ThawReport(kept, held.held_milliseconds, self._telling.number(hresult), message, reports)

    def _remember_instant(self, hold: _Hold, held_milliseconds: float) -> None:
        hold.session.truth = GroundTruth(
            task_id=hold.session.task_id,
            time=hold.time,
            consistency="application" if hold.with_writers else "file-system",
            held_milliseconds=held_milliseconds,
            disks=self._disk_names(),
            tables=hold.tables,
            workloads=hold.workloads,
        )
        self._keep(hold.session.truth)

    def _remember_order(self, session: _Session) -> None:
        """A session without a freeze that lasted leaves the order of its writes instead.

        A second requester with the same task has nothing to do and takes no snapshots: the first one's truth stays.
        """
        ends = {lun: disk.digests() for lun, disk in self._disks.items()}
        history = self._history.end(session.since)
        if session.truth or self._truths.has(session.task_id):
            return
        session.truth = GroundTruth(
            task_id=session.task_id,
            time=self._clock.now(),
            consistency="crash",
            held_milliseconds=None,
            disks=self._disk_names(),
            tables={lun: table for lun, (table, _) in ends.items()},
            workloads=self._facts(),
            history=history.until({lun: number for lun, (_, number) in ends.items()}),
        )
        self._keep(session.truth)

    def _keep(self, truth: GroundTruth) -> None:
        try:
            self._truths.keep(truth)
        except (
            PortError
        ) as problem:  # no program of the guest has a part in it; who verifies is told that it is unknown
            _log.error("what the disks held for task %s is not kept: %s", truth.task_id, problem)

    def _disk_names(self) -> dict[int, str]:
        return {lun: disk.name for lun, disk in self._disks.items()}

    def _find(self, session_id: str) -> _Session:
        if session_id not in self._sessions:
            raise NoSuchSession("no session has this id")
        return self._sessions[session_id]

    def _take_hold(self, session: _Session) -> _Hold | None:
        """Take the hold out, so that only this caller ends it. Call with the lock."""
        hold = self._hold if self._hold and self._hold.session is session else None
        if hold:
            self._hold = None
        return hold
