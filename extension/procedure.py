"""Carries out the actions of the snapshot procedure on one guest: freeze, snapshot, thaw.

From the request to freeze until the answer to the thaw nothing is written to a file: a write to a frozen volume would
wait for the thaw, and the thaw for the write. Log lines wait in memory, and nothing is imported here that was not
imported before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Protocol

from extension.blobs import REQUEST_SECONDS
from extension.contract.bridge import FreezeReport, ThawReport
from extension.contract.reports import SnapshotConsistency
from extension.guest import Guest, GuestError, GuestGone
from extension.log import Log
from extension.outcome import Course, names
from extension.script_course import NO_SCRIPTS, ScriptCourse
from extension.snapshot import Action, Signal, failed_writers, judge_freeze
from extension.takers import SnapshotTaker

FREEZE_SECONDS = 60.0
"""For how long VSS lets its writers stay frozen."""
HOLD_SECONDS = 9.0
"""What the snapshots may use of the ten seconds for which VSS holds the volumes."""

CONSISTENCY = {
    Action.TAKE_APPLICATION_CONSISTENT: SnapshotConsistency.application,
    Action.TAKE_FILE_SYSTEM_CONSISTENT: SnapshotConsistency.file_system,
    Action.TAKE_CRASH_CONSISTENT: SnapshotConsistency.crash,
}


class ScriptPair(Protocol):
    """The pre- and the post-script of a task."""

    telemetry: dict[str, str]

    def pre(self) -> ScriptCourse: ...

    def post(self) -> ScriptCourse:
        """Does nothing where the pre-script was not started."""


class Procedure:
    """Everything between "may be frozen" and "is thawed". What happens is kept in `course` and `telemetry`."""

    def __init__(
        self,
        guest: Guest,
        taker: SnapshotTaker,
        log: Log,
        *,
        crash_allowed: bool,
        has_vss: bool = True,
        too_late: Callable[[], bool],
        scripts: ScriptPair | None = None,
        script_course: ScriptCourse = NO_SCRIPTS,
    ) -> None:
        """`scripts`: None where there are none, or they may not run; `script_course` then says why."""
        self.course = Course(crash_allowed=crash_allowed, has_vss=has_vss, scripts=script_course)
        self.telemetry: dict[str, str] = {}
        self._guest = guest
        self._taker = taker
        self._log = log
        self._too_late = too_late
        self._scripts = scripts
        self._reachable = True
        self._frozen = float("-inf")
        self._asked = False

    def connect(self) -> bool:
        """Get ready to take; False when no snapshot can be taken at all."""
        self._reachable = self._taker.connect()
        return self._reachable

    def perform(self, action: Action) -> Signal:
        if action is Action.FREEZE or action is Action.FLUSH:
            return self._freeze(writers=action is Action.FREEZE)
        if action is Action.PRE_SCRIPT:
            return self._pre_script()
        if action is Action.POST_SCRIPT:
            return self._post_script()
        return self._thaw() if action is Action.THAW else self._take(CONSISTENCY[action])

    def finish(self) -> Course:
        """What happened, with the storage's answers read to their ends. To be called when nothing is frozen."""
        if self.course.disks is None and (self._asked or not self._reachable):
            self.course = self.course._replace(disks=self._taker.results(), host_status=self._taker.host_status)
            for place, result in zip(self._taker.places(), self.course.disks or (), strict=True):
                end = f"snapshot {result.stamp}" if result.is_successful else f"failed: {result.error_message}"
                self._log.info(f"disk {place}: {end}")
            self.telemetry["snapshotCreator"] = self._taker.creator
            if self.course.host_status is not None:
                self.telemetry["hostStatusCodeDoSnapshot"] = str(self.course.host_status)
        return self.course

    # ----------------------------------------------------------------------------------------------------- the actions

    def _pre_script(self) -> Signal:
        assert self._scripts is not None, "asked with scripts"
        course = self._scripts.pre()
        self.course = self.course._replace(scripts=course)
        if course.stops:
            return Signal.SCRIPT_FORBIDS
        return Signal.PREPARED if course.freezes else Signal.PREPARED_WITHOUT_FREEZE

    def _post_script(self) -> Signal:
        if self._scripts is not None:
            self.course = self.course._replace(scripts=self._scripts.post())
            self.telemetry |= self._scripts.telemetry
        return Signal.CLOSED

    def _freeze(self, *, writers: bool) -> Signal:
        self.connect()
        self._log.hold()
        self._log.info(f"freeze {'with' if writers else 'without'} writers")
        begun = monotonic()
        report, problem = None, ""
        try:
            report = self._guest.freeze(FREEZE_SECONDS, writers)
        except GuestError as error:
            problem = str(error)
        self._frozen = monotonic()
        self.telemetry["FreezeTime"] = _duration(begun)
        self._log.info(problem or _told(report))
        left_out = self.course.writers_left_out + (failed_writers(report) if report else ())
        self.course = self.course._replace(freeze=report, freeze_problem=problem, writers_left_out=left_out)
        return judge_freeze(report, writers_asked=writers, crash_allowed=self.course.crash_allowed)

    def _take(self, taken_as: SnapshotConsistency) -> Signal:
        in_freeze = taken_as is not SnapshotConsistency.crash
        seconds = HOLD_SECONDS - (monotonic() - self._frozen) if in_freeze else REQUEST_SECONDS
        if not in_freeze:
            self.connect()
        if self._too_late():
            self.course = self.course._replace(too_late=True)
            return Signal.TOO_LATE
        self.course = self.course._replace(taken_as=taken_as)
        self._asked = True
        begun = monotonic()
        unanswered = self._taker.take(seconds)
        self.telemetry["snapshotTimeTaken"] = _duration(begun)
        count = self._taker.count
        self._log.info(f"snapshots by {self._taker.creator}: {count - unanswered} of {count} disks answered")
        return Signal.SOME_FAILED if unanswered else Signal.TAKEN

    def _thaw(self) -> Signal:
        begun = monotonic()
        report, problem = None, ""
        try:
            report = self._guest.thaw()
        except GuestGone:
            raise
        except GuestError as error:
            problem = str(error)
        finally:
            self._log.release()
        self.telemetry["ThawTime"] = _duration(begun)
        if report is not None:
            self.telemetry["freezeWindowMilliseconds"] = f"{report.held_milliseconds:.3f}"
        self.course = self.course._replace(thaw=report, thaw_problem=problem)
        self._log.info(problem or _told(report))
        return Signal.THAW_FAILED if problem else Signal.THAWED


def _duration(since: float) -> str:
    """As the published handlers write it: 0:00:01.004292."""
    return str(timedelta(seconds=monotonic() - since))


def _told(report: FreezeReport | ThawReport | None) -> str:
    """A guest's answer as a line of the log."""
    if report is None:
        return "thaw: nothing was frozen"
    if isinstance(report, FreezeReport):
        told = f"freeze: {'frozen' if report.frozen else 'not frozen'}"
    else:
        held = "held until now" if report.consistent else "let go before"
        told = f"thaw: {held}, {report.held_milliseconds:.1f} ms"
    error = f", {report.hresult:#010x} {report.message}" if report.hresult or report.message else ""
    writers = failed_writers(report)
    return f"{told}{error}{', failed writers: ' + names(writers) if writers else ''}"
