"""Reports the state of a task to agent and service: N.status, status blob, log blob.

Whatever can't be told on one way is still told on the others; a report that fails is a line in the log, no more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from time import sleep

from extension.blobs import ReportBlob, ReportRefused
from extension.contract.codes import Code
from extension.contract.messages import LANGUAGES, Sentence, known_locale, say
from extension.contract.reports import (
    ERROR_NAME_KEY,
    SnapshotConsistency,
    SnapshotInfo,
    StatusReport,
    StorageDetails,
    log_blob,
)
from extension.contract.settings import ReportSettings
from extension.files import HandlerFolder
from extension.log import Log
from extension.outcome import Outcome

CONSISTENCY_NAMES = {
    SnapshotConsistency.none: "none",
    SnapshotConsistency.file_system: "fileSystemConsistent",
    SnapshotConsistency.application: "applicationConsistent",
    SnapshotConsistency.crash: "crashConsistent",
}
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""The service waits for the final report until its limit, and judges by nothing else; so a storage that fails for a
moment is asked again, after these pauses."""
IN_PROGRESS = Outcome(Code.ExtensionTempTerminalState, Sentence.IN_PROGRESS, {})


class Reporter:
    """Reports on one task. `telemetry`, `storage` and `machine_id` grow while the handler learns about its machine."""

    def __init__(
        self,
        folder: HandlerFolder,
        number: int,
        version: str,
        log: Log,
        now: Callable[[], datetime],
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._pause = pause
        self._folder = folder
        self._number = number
        self._log = log
        self._now = now
        self._version = version
        self._settings = ReportSettings.parse({}, None)
        self._status_blob: ReportBlob | None = None
        self._log_blob: ReportBlob | None = None
        self.machine_id = ""
        self.storage = StorageDetails()
        self.telemetry = {
            "pythonVersion": ".".join(map(str, sys.version_info[:3])),
            "platformArchitecture": "64bit" if sys.maxsize > 2**32 else "32bit",
            "extensionVersion": version,
        }

    def use(self, settings: ReportSettings) -> None:
        """Report by these settings from now on."""
        self._settings = settings
        self._status_blob = self._blob(settings.status_uri)
        self._log_blob = self._blob(settings.logs_uri)

    def tell_agent(self, outcome: Outcome) -> None:
        """Write the status file, and nothing else."""
        self._folder.write_status(self._number, self._report(outcome, None).status_file(self._settings.vm_type))

    def begin(self) -> None:
        """Tell the service that the snapshot is about to be taken."""
        self._write_status_blob(self._report(IN_PROGRESS, None))
        self._write_log_blob()

    def end(self, outcome: Outcome, disks: tuple[SnapshotInfo, ...] | None, *, early: bool) -> None:
        """Write the final report to agent and service.

        `early`: the guest was not touched; the log then goes first, as nothing else explains such an end.
        """
        self.telemetry["consistencyType"] = CONSISTENCY_NAMES[outcome.consistency]
        self.telemetry[ERROR_NAME_KEY] = outcome.name
        report = self._report(outcome, disks)
        self._log.info(f"result: code {int(outcome.code)} ({outcome.name}): {report.message}")
        if early:
            self._write_log_blob()
        self._write_status_file(report)
        self._write_status_blob(report, PAUSES_SECONDS)
        if not early:
            self._write_log_blob()
        self._write_event(report, outcome)

    def _report(self, outcome: Outcome, disks: tuple[SnapshotInfo, ...] | None) -> StatusReport:
        in_progress = outcome.code is Code.ExtensionTempTerminalState
        locale = known_locale(self._settings.locale)
        return StatusReport(
            name=self._folder.environment.name,
            status="success" if outcome.succeeded or in_progress else "error",
            code=outcome.code,
            task_id=self._settings.task_id,
            time=self._now(),
            message=say(outcome.sentence, locale, **outcome.values),
            started_ticks=self._settings.started_ticks,
            machine_id=self.machine_id,
            snapshots=disks,
            telemetry=dict(self.telemetry),
            storage=self.storage,
            snapshot_consistency=outcome.consistency,
            health_code=Code.success if in_progress else outcome.health_code,
            lang=LANGUAGES[locale],
            version=self._folder.environment.version,
        )

    # ---------------------------------------------------------------------------------------------------- the four ways

    def _write_status_file(self, report: StatusReport) -> None:
        try:
            self._folder.write_status(self._number, report.status_file(self._settings.vm_type), only_over_old=True)
        except OSError as problem:
            self._log.error(f"the status file could not be written: {problem}")

    def _write_status_blob(self, report: StatusReport, pauses: Sequence[float] = ()) -> None:
        text = report.render().encode()
        problem = self._write("status", self._status_blob, text)
        for seconds in pauses:
            if problem is None or not problem.passing:
                break
            self._pause(seconds)
            problem = self._write("status", self._status_blob, text)
        if problem is not None:
            self.telemetry["statusBlobUploadError"] = "true"

    def _write_log_blob(self) -> None:
        self._write("log", self._log_blob, log_blob(self._log.lines))

    def _write_event(self, report: StatusReport, outcome: Outcome) -> None:
        level = "Info" if outcome.succeeded else "Error"
        try:
            self._folder.write_event(
                f"{outcome.name}: {report.message}",
                level=level,
                operation_id=self._settings.task_id,
                handler_version=self._version,
                at=report.time,
            )
        except OSError as problem:
            self._log.warning(f"the event could not be written: {problem}")

    def _write(self, what: str, blob: ReportBlob | None, text: bytes) -> ReportRefused | None:
        """Why it was not written, which the log has; None where it was."""
        try:
            if blob is None:
                raise ReportRefused(f"there is no {what} blob to write to")
            blob.write(text)
        except ReportRefused as problem:
            self._log.error(f"the {what} blob could not be written: {problem}")
            return problem
        return None

    def _blob(self, uri: str | None) -> ReportBlob | None:
        try:
            return ReportBlob(uri) if uri else None
        except ValueError:
            return None
