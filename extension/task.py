"""Carries out one task: prepares it, runs the snapshot procedure, and reports the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from extension.blobs import DiskSnapshot
from extension.contract.bridge import Facts
from extension.contract.reports import StorageDetails
from extension.contract.settings import Command, ReportSettings, SettingsError, SnapshotMethod, SnapshotSettings
from extension.contract.settings_json import malformed
from extension.files import HandlerFolder
from extension.guest import Guest, GuestError, GuestGone
from extension.guest_provider import WIRE_SERVER_VARIABLE, find_guest, guest_root
from extension.host import DEFAULT_ADDRESS, HostAnswer, HostSnapshots, presnapshot
from extension.log import Log
from extension.outcome import (
    Course,
    Outcome,
    failed,
    installed,
    judge,
    refused,
    stopped_by_scripts,
    unknown_workload,
)
from extension.preconditions import (
    OwnerSettings,
    crash_allowed,
    host_time_counts,
    may_ask_the_host,
    missing_service,
    objection,
    one_by_one,
    owners_method,
)
from extension.procedure import Procedure
from extension.reporter import Reporter
from extension.script_course import NO_SCRIPTS
from extension.snapshot import Action, Signal, run
from extension.takers import GUEST, GuestSnapshots, GuestThenHost, HostTaker, SnapshotTaker
from extension.unseal import Unsealing, certificate_folders

if TYPE_CHECKING:
    from extension.scripts import Scripts


class Refused(Exception):
    """The task ends before the guest is touched."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def _time_of_this_machine() -> datetime:
    return datetime.now(UTC)


class Task:
    """The task of one sequence number. `end_process` is called at once when the guest is gone.

    `machine_time` is the clock of the machine that runs this process. It is the guest's own, unless that is simulated:
    then the guest's may show any date, and only this one, by which the service and the host count too, with what the
    guest's clock is wrong by, says how old a task is."""

    def __init__(
        self,
        package_root: Path,
        environ: Mapping[str, str],
        folder: HandlerFolder,
        number: int,
        version: str,
        end_process: Callable[[], object],
        machine_time: Callable[[], datetime] = _time_of_this_machine,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._package_root = package_root
        self._environ = environ
        self._folder = folder
        self._number = number
        self._end_process = end_process
        self._machine_time = machine_time
        self._ahead = timedelta(0)
        """The guest's clock minus the machine's; they differ where the guest is simulated."""
        self._guest_ahead = timedelta(0)
        """By how much the guest's clock is ahead of the right time; negative: behind."""
        self._log = Log(folder.log_folder, self._now)
        self._reporter = Reporter(folder, number, version, self._log, self._now, pause)
        self._guest: Guest | None = None
        self._guest_problem: GuestError | None = None
        self._procedure: Procedure | None = None
        self._refusal: Outcome | None = None
        self._mistake: Exception | None = None

    def carry_out(self) -> None:
        """Raises GuestGone and nothing else: the guest ended, so no report can be delivered."""
        try:
            run(self._begin(), self._perform)
        finally:
            if self._guest is not None:
                self._guest.close()

    def _now(self) -> datetime:
        return self._machine_time() + self._ahead

    # -------------------------------------------------------------------------------------------- before the procedure

    def _begin(self) -> Signal:
        try:
            return self._prepare()
        except SettingsError as error:
            self._refusal = refused(error)
        except Refused as refusal:
            self._refusal = refusal.outcome
        except GuestError as problem:
            self._refusal = failed(problem)
        except Exception as mistake:  # noqa: BLE001 (any error must be reported to the service)
            self._refusal = self._unforeseen(mistake)
        return Signal.REFUSED

    def _prepare(self) -> Signal:
        settings = self._read_settings()
        self._log.info(f"task {settings.task_id}: {settings.command} of {len(settings.disks)} disks")
        if settings.command is Command.INSTALL:
            raise Refused(installed())
        guest = self._met_guest()
        facts = guest.facts()
        self._learn(facts, guest)
        host = self._ask_the_host(settings)
        ahead = self._guest_ahead
        if host.time is not None and host_time_counts(facts):
            ahead = host.time - self._machine_time()
        owner = self._owner_settings(facts)
        refusal = objection(
            settings,
            facts,
            self._machine_time() + ahead,
            host_usable=host.is_usable,
            method=owner.method,
        )
        if refusal is not None:
            raise Refused(refusal)
        self._reporter.begin()
        scripts = self._find_scripts(facts, guest)
        procedure = self._procedure = Procedure(
            guest,
            self._taker(settings, host, owner),
            self._log,
            crash_allowed=crash_allowed(settings),
            has_vss=facts.has_vss,
            too_late=lambda: settings.too_late(self._machine_time() + ahead),
            scripts=scripts,
            script_course=NO_SCRIPTS if scripts is None else scripts.course,
        )
        if not procedure.connect():
            # A guest is not frozen for snapshots that nobody can take.
            raise Refused(judge(procedure.finish()))
        if missing_service(facts) is not None:
            return Signal.ASKED_WITHOUT_FREEZE
        if scripts is not None and scripts.are_there:
            return Signal.ASKED_WITH_SCRIPTS
        return Signal.ASKED if facts.has_vss else Signal.ASKED_WITHOUT_WRITERS

    def _owner_settings(self, facts: Facts) -> OwnerSettings:
        """What the owner of the machine has set for its backups: in the registry of Windows, in files of Linux."""
        if facts.has_vss:
            return OwnerSettings(owners_method(facts), one_by_one(facts))
        from extension.linux_settings import read_owner_settings  # imported here: a machine with VSS does not wait

        owner = read_owner_settings(guest_root(self._package_root))
        for problem in owner.problems:
            self._log.warning(problem)
        for key in owner.without_effect:
            self._log.warning(f"vmbackup.conf: {key} has no effect")
        if owner.workload:
            raise Refused(unknown_workload(owner.workload))
        return owner

    def _taker(self, settings: SnapshotSettings, host: HostAnswer, owner: OwnerSettings) -> SnapshotTaker:
        """Who takes the snapshots; that it may be the host was checked before, where it must be."""
        method = settings.method(owner.method)
        with_host = host.is_usable and may_ask_the_host(settings)
        if with_host and method in (SnapshotMethod.ONLY_HOST, SnapshotMethod.FIRST_HOST_THEN_GUEST):
            return self._host_taker(settings)
        guest = GuestSnapshots(_requests(settings), one_by_one=owner.one_by_one)
        if with_host and method is SnapshotMethod.FIRST_GUEST_THEN_HOST:
            return GuestThenHost(guest, self._host_taker(settings))
        return guest

    def _host_taker(self, settings: SnapshotSettings) -> HostTaker:
        return HostTaker(HostSnapshots(self._host_address, settings))

    def _find_scripts(self, facts: Facts, guest: Guest) -> Scripts | None:
        """Those of a system without writers; None on any other, as the published handlers have it."""
        if facts.has_vss:
            return None
        from extension.scripts import Scripts  # imported here: a machine with VSS does not wait for it

        def sign_of_life() -> None:
            with suppress(GuestError):
                guest.time()

        scripts = Scripts(guest_root(self._package_root), self._environ, self._log, sign_of_life)
        course = scripts.check()
        self._reporter.telemetry |= scripts.telemetry
        if course.stops:
            raise Refused(stopped_by_scripts(course))
        return scripts

    def _read_settings(self) -> SnapshotSettings:
        """As soon as some of the settings can be read, reports go where they say."""
        sealed = self._folder.settings(self._number)
        report = ReportSettings.parse(sealed.public, None)
        self._reporter.use(report)
        unsealing = Unsealing(sealed, certificate_folders(self._package_root))
        self._meet_guest(report.task_id)
        protected = unsealing.result()
        self._reporter.use(ReportSettings.parse(sealed.public, protected))
        self._wipe_protected_settings()
        return SnapshotSettings.parse(sealed.public, protected)

    def _wipe_protected_settings(self) -> None:
        """On a disk that refuses it they stay there, sealed; that is no reason to have no backup."""
        try:
            self._folder.wipe_protected_settings(self._number)
        except OSError as problem:
            self._log.error(f"the protected settings could not be wiped: {problem}")

    def _meet_guest(self, task_id: str) -> None:
        """A guest without a session is no reason to stop yet: the settings are needed to report it."""
        try:
            self._guest = find_guest(self._package_root, self._environ, self._end_process)
            self._guest.open(task_id)
            time = self._guest.time()
            self._ahead, self._guest_ahead = time.now - self._machine_time(), time.ahead
        except GuestError as problem:
            self._guest_problem = problem

    def _met_guest(self) -> Guest:
        if self._guest_problem is not None:
            raise self._guest_problem
        assert self._guest is not None
        return self._guest

    def _learn(self, facts: Facts, guest: Guest) -> None:
        if self._folder.adopt_machine(facts.machine_id):
            self._log.info("this machine is a copy of another one; the state of the original is discarded")
            self._folder.begin(self._number)
        self._log.info(
            f"machine {facts.computer_name}, {facts.os_name} {facts.os_version}, agent {facts.agent_version}"
        )
        volumes = guest.volumes()
        self._reporter.machine_id = facts.machine_id
        self._reporter.storage = StorageDetails(len(volumes), sum(volume.used_bytes for volume in volumes))
        self._reporter.telemetry |= {
            "guestAgentVersion": facts.agent_version,
            "osVersion": f"{facts.os_name}-{facts.os_version}",
        }

    @property
    def _host_address(self) -> str:
        return self._environ.get(WIRE_SERVER_VARIABLE) or DEFAULT_ADDRESS

    def _ask_the_host(self, settings: SnapshotSettings) -> HostAnswer:
        """Whether the host can take snapshots, and its clock, as well as that can be told in whole seconds."""
        task_id = settings.custom.backup_task_id or settings.task_id
        answer = presnapshot(self._host_address, task_id, settings.snapshot_token)
        self._reporter.telemetry["hostStatusCodePreSnapshot"] = str(answer.status)
        self._log.info(f"host: presnapshot answered {answer.status}")
        return answer

    # --------------------------------------------------------------------------------------------------- the procedure

    def _perform(self, action: Action) -> Signal:
        try:
            if action is Action.REPORT:
                return self._report()
            assert self._procedure is not None
            return self._procedure.perform(action)
        except GuestGone:
            raise
        except Exception as mistake:  # noqa: BLE001 (the table handles any error, and thaws where needed)
            self._mistake = mistake  # described when nothing is frozen any more
            return Signal.BROKE

    def _report(self) -> Signal:
        course = Course() if self._procedure is None else self._procedure.finish()
        if self._procedure is not None:
            self._reporter.telemetry |= {"snapshotCreator": GUEST} | self._procedure.telemetry
        mistake = None if self._mistake is None else self._unforeseen(self._mistake)
        outcome = self._refusal or mistake or judge(course)
        self._reporter.end(outcome, course.disks, early=self._refusal is not None)
        return Signal.REPORTED

    def _unforeseen(self, mistake: Exception) -> Outcome:
        import traceback  # imported here: it takes longer than the handler's own modules, and is needed for bugs only

        self._log.error("".join(traceback.format_exception(mistake)))
        return failed(f"{type(mistake).__name__} inside the handler; see its log")


def _requests(settings: SnapshotSettings) -> tuple[DiskSnapshot, ...]:
    try:
        return tuple(DiskSnapshot(uri, settings.metadata) for uri in settings.disks)
    except ValueError:
        raise malformed("blobSASUri") from None
