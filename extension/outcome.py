"""Decides the result of a run of the snapshot procedure: code, consistency, and the message.

A final report is always made. The published Linux handler loses it in three cases (rate exceeded, host failure, a
missing key in its own books) and lets the service wait for its time-out; its lost reports are not imitated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from extension.contract import fallback
from extension.contract.bridge import FreezeReport, ThawReport, WriterReport
from extension.contract.codes import (
    BITLOCKER_ERROR,
    COM_ERROR,
    MEMORY_ERROR,
    TRANSACTION_COORDINATOR_ERROR,
    VSS_SERVICE_ERROR,
    VSS_WRITER_ERROR,
    Code,
    name_of,
)
from extension.contract.messages import Sentence
from extension.contract.reports import SnapshotConsistency, SnapshotInfo
from extension.contract.settings import FRESHNESS_LIMIT, SettingsError
from extension.host import NOT_THERE
from extension.script_course import NO_SCRIPTS, ScriptCourse
from extension.snapshot import failed_writers

RATE_EXCEEDED = "The rate of snapshot blob calls is exceeded"
LIMIT_REACHED = "The snapshot count against this blob has been exceeded"
"""What the storage says when a disk has too many snapshots, or gets them too quickly."""

FLUSH_TIMED_OUT = (0x80042313, 0x80042314, 110)
"""VSS_E_FLUSH_WRITES_TIMEOUT and VSS_E_HOLD_WRITES_TIMEOUT; ETIMEDOUT of Linux."""

BY_HRESULT: Mapping[int, str] = {
    0x80042302: VSS_SERVICE_ERROR,  # VSS_E_UNEXPECTED
    0x80042318: VSS_SERVICE_ERROR,  # VSS_E_WRITER_INFRASTRUCTURE
    0x80070005: COM_ERROR,  # E_ACCESSDENIED, of a COM+ application
    0x80080005: COM_ERROR,  # CO_E_SERVER_EXEC_FAILURE
    0x8004E00F: TRANSACTION_COORDINATOR_ERROR,  # CONTEXT_E_TMNOTAVAILABLE
    0x8007000E: MEMORY_ERROR,  # E_OUTOFMEMORY
    0x80310000: BITLOCKER_ERROR,  # FVE_E_LOCKED_VOLUME
}
"""What a freeze failed with, where the service has a name of its own for it."""

REASON_CHARACTERS = 300


class Outcome(NamedTuple):
    code: Code
    sentence: Sentence
    values: Mapping[str, object]
    """What stands in the blanks of the sentence."""
    consistency: SnapshotConsistency = SnapshotConsistency.none
    health_code: Code | None = None
    """A finer code than the one that travels in front; None: the same."""
    error_name: str = ""
    """The name of the error where its number is not public."""

    @property
    def succeeded(self) -> bool:
        return self.code in (Code.success, Code.success_appconsistent, Code.SuccessAlreadyProcessedInput)

    @property
    def name(self) -> str:
        return self.error_name or name_of(self.code if self.health_code is None else self.health_code)


class Course(NamedTuple):
    """What happened between the first freeze and the report."""

    taken_as: SnapshotConsistency = SnapshotConsistency.none
    """What the snapshots would be if all went well; none: it did not come to snapshots."""
    crash_allowed: bool = False
    has_vss: bool = True
    """False: the file systems were frozen by the system itself."""
    writers_left_out: tuple[WriterReport, ...] = ()
    freeze: FreezeReport | None = None
    """The last answer to a freeze."""
    freeze_problem: str = ""
    """Why there was no answer to it."""
    too_late: bool = False
    """The freeze took so long that the service no longer waits for the snapshots."""
    disks: tuple[SnapshotInfo, ...] | None = None
    thaw: ThawReport | None = None
    thaw_problem: str = ""
    scripts: ScriptCourse = NO_SCRIPTS
    host_status: int | None = None
    """What the host answered to the order of snapshots; None: the guest took them."""


# ------------------------------------------------------------------------------------------------- before the procedure


def refused(error: SettingsError) -> Outcome:
    return Outcome(error.code, error.sentence, dict(error.values))


def installed() -> Outcome:
    return Outcome(Code.success, Sentence.INSTALLED, {})


def same_task() -> Outcome:
    return Outcome(Code.SuccessAlreadyProcessedInput, Sentence.SAME_TASK, {})


def too_late() -> Outcome:
    minutes = int(FRESHNESS_LIMIT.total_seconds() // 60)
    return Outcome(Code.FailedGuestAgentInvokedCommandTooLate, Sentence.TOO_LATE, {"minutes": minutes})


def no_vss(error_name: str) -> Outcome:
    return Outcome(Code.error, Sentence.NO_VSS, {}, error_name=error_name)


def runtime_missing(error_name: str, what: str) -> Outcome:
    return Outcome(Code.error, Sentence.RUNTIME_MISSING, {"what": what}, error_name=error_name)


def no_disks() -> Outcome:
    return Outcome(Code.FailedRetryableSnapshotFailedNoNetwork, Sentence.NO_DISKS, {})


def only_the_host() -> Outcome:
    return Outcome(Code.FailedRetryableSnapshotFailedNoNetwork, Sentence.HOST_NOT_USABLE, {})


def unknown_workload(name: str) -> Outcome:
    values = {"workload": name[:REASON_CHARACTERS]}
    return Outcome(Code.FailedWorkloadInvalidWorkloadName, Sentence.UNKNOWN_WORKLOAD, values)


def stopped_by_scripts(scripts: ScriptCourse) -> Outcome:
    assert scripts.code is not None
    return Outcome(scripts.code, Sentence.SCRIPTS_FAILED, {"reason": scripts.reason})


def failed(reason: object) -> Outcome:
    return Outcome(Code.error, Sentence.FAILED, {"reason": str(reason)[:REASON_CHARACTERS]})


# -------------------------------------------------------------------------------------------------- after the procedure


def judge(course: Course) -> Outcome:
    if course.too_late:
        return too_late()
    if course.disks is None:
        was_asked = course.freeze is not None or course.freeze_problem
        return stopped_by_scripts(course.scripts) if course.scripts.stops and not was_asked else _not_frozen(course)
    lost = [disk for disk in course.disks if not disk.is_successful]
    if lost:
        return _not_all(course.disks, lost, course.host_status)
    if course.scripts.stops:
        return stopped_by_scripts(course.scripts)
    if course.taken_as is SnapshotConsistency.crash:
        by_scripts = course.scripts.application_consistent and not course.scripts.freezes
        return _application_consistent(course) if by_scripts else _crash_consistent(course)
    left_out = course.writers_left_out + (failed_writers(course.thaw) if course.thaw is not None else ())
    kept = course.thaw is not None and course.thaw.consistent
    then = fallback.then(fallback.THAW, kept=kept, crash_allowed=course.crash_allowed, writers_failed=bool(left_out))
    if then == fallback.REPORT:
        return _not_held(course)
    if then == fallback.CRASH:
        return _crash_consistent(course)
    by_writers = course.taken_as is SnapshotConsistency.application and then == fallback.APPLICATION
    if by_writers or course.scripts.application_consistent:
        return _application_consistent(course)
    sentence = Sentence.WRITERS_LEFT_OUT if left_out else Sentence.FILE_SYSTEM_CONSISTENT
    if course.scripts.is_shown:
        sentence = Sentence.SCRIPTS_LEFT_OUT
    values = {"writers": names(left_out), "reason": course.scripts.reason}
    return _taken(course, Code.success, sentence, SnapshotConsistency.file_system, **values)


def _taken(
    course: Course, code: Code, sentence: Sentence, consistency: SnapshotConsistency, **values: object
) -> Outcome:
    """Snapshots of all disks. Scripts that failed meanwhile show in the health of the machine, and in the name of the
    error, as the published handler has it."""
    values = {"disks": len(course.disks or ()), **values}
    health_code = course.scripts.code if course.scripts.is_shown else None
    return Outcome(code, sentence, values, consistency, health_code)


def _application_consistent(course: Course) -> Outcome:
    return _taken(course, Code.success_appconsistent, Sentence.APPLICATION_CONSISTENT, SnapshotConsistency.application)


def _crash_consistent(course: Course) -> Outcome:
    return _taken(course, Code.success, Sentence.CRASH_CONSISTENT, SnapshotConsistency.crash)


def _not_frozen(course: Course) -> Outcome:
    freeze = course.freeze
    if freeze is None:
        return Outcome(Code.error, _freeze_sentence(course), {"hresult": "-", "reason": course.freeze_problem})
    if course.writers_left_out and freeze.hresult not in FLUSH_TIMED_OUT:
        writers = {"writers": names(course.writers_left_out)}
        return Outcome(Code.error, Sentence.WRITERS_FAILED, writers, error_name=VSS_WRITER_ERROR)
    timed_out = freeze.hresult in FLUSH_TIMED_OUT
    code = Code.FailedRetryableFsFreezeTimeout if timed_out else Code.FailedRetryableFsFreezeFailed
    name = BY_HRESULT.get(freeze.hresult, "")
    values = {"hresult": f"{freeze.hresult:#010x}", "reason": freeze.message}
    return Outcome(Code.error if name else code, _freeze_sentence(course), values, error_name=name)


def _freeze_sentence(course: Course) -> Sentence:
    return Sentence.FREEZE_FAILED if course.has_vss else Sentence.FILE_SYSTEM_FREEZE_FAILED


def _not_held(course: Course) -> Outcome:
    if course.thaw is None and course.thaw_problem:
        return Outcome(Code.error, Sentence.THAW_FAILED, {"reason": course.thaw_problem})
    expired = Sentence.FREEZE_EXPIRED if course.has_vss else Sentence.FILE_SYSTEM_FREEZE_EXPIRED
    return Outcome(Code.error, expired, {})


def _not_all(disks: Sequence[SnapshotInfo], lost: Sequence[SnapshotInfo], host_status: int | None) -> Outcome:
    reasons = [disk.error_message or "" for disk in lost]
    values = {"disks": len(disks), "failed": len(lost), "reason": reason_in(reasons[0])}
    if any(RATE_EXCEEDED in reason for reason in reasons):
        return Outcome(Code.FailedRetryableSnapshotRateExceeded, Sentence.SNAPSHOT_RATE_EXCEEDED, values)
    if any(LIMIT_REACHED in reason for reason in reasons):
        return Outcome(Code.FailedSnapshotLimitReached, Sentence.SNAPSHOT_LIMIT_REACHED, values)
    code = Code.FailedRetryableSnapshotFailedNoNetwork
    if host_status == NOT_THERE:  # it had answered before the snapshot, and is gone now
        code = Code.FailedHostSnapshotRemoteServerError
    if len(lost) == len(disks):
        return Outcome(code, Sentence.ALL_SNAPSHOTS_FAILED, values)
    restricted = Code.FailedRetryableSnapshotFailedRestrictedNetwork
    return Outcome(code, Sentence.SOME_SNAPSHOTS_FAILED, values, health_code=restricted)


def names(writers: Sequence[WriterReport]) -> str:
    """Each writer once, with its error."""
    errors = {writer.name: writer.last_error for writer in writers}
    return ", ".join(f"{name} ({error:#010x})" for name, error in errors.items())


def reason_in(error_message: str) -> str:
    """What a person wants to know of a storage error: its code and first line, without the XML around them."""
    parts = [re.search(rf"<{tag}>([^<\n]*)", error_message) for tag in ("Code", "Message")]
    reason = ": ".join(part[1] for part in parts if part)
    return (reason or error_message)[:REASON_CHARACTERS]
