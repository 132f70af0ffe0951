"""A task as a worker carries it out: what the guest, the storage, the service and the agent see of it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extension.contract.bridge import FreezeReport, ThawReport
from extension.contract.codes import Code, Health
from extension.contract.reports import SnapshotConsistency, StatusReport
from extension.guest import GuestGone
from extension.guest_simulated import SimulatedGuest
from extension.preconditions import PERSISTENT_KEYS
from extension.reporter import PAUSES_SECONDS
from tests.fake_guest import FACTS, TOKEN, writer
from tests.fake_storage import SECRET, Answer, Request, refusal
from tests.handler_rig import MAY_BE_CRASH_CONSISTENT, TASK, Rig
from tests.unit.extension.test_unseal import Machine

LINUX = FACTS._replace(os_name="ubuntu", os_version="24.04", services={}, vss_available=False, has_vss=False)

SQL_FAILED = writer("SqlServerWriter", 0x800423F2)
NOT_FROZEN = FreezeReport(False, 0x80042306, "a provider vetoed")
WRITER_FAILED = FreezeReport(False, 0x800423F2, "a writer failed", (SQL_FAILED, writer("System Writer")))
VOLUMES_FROZEN = FreezeReport(True)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def outcome(report: StatusReport) -> tuple[str, int, int]:
    return report.status, report.code, report.snapshot_consistency


# -------------------------------------------------------------------------------------------------------- what succeeds


def test_a_backup_from_the_session_to_the_last_report(rig: Rig) -> None:
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("success", Code.success_appconsistent, SnapshotConsistency.application)
    assert (report.progress, report.consistency) == ("Succeeded", "AppConsistent")
    assert report.task_id == TASK
    assert [disk.blob_uri for disk in report.snapshots or ()] == [
        f"{rig.storage.url}/account/vhds/disk{number}.vhd" for number in (0, 1)
    ]
    assert rig.storage.blob("disk0.vhd").snapshots == [{"taskid": TASK}]
    order = ["session", "now", "facts", "volumes", "presnapshot", "freeze", "thaw"]
    assert rig.guest.verbs() == order
    assert rig.guest.session_ended.wait(5)
    assert (rig.guest.thaws, rig.guest.ended_while_frozen) == (1, False)


def test_reports_come_in_the_order_in_which_the_service_reads_them(rig: Rig) -> None:
    rig.settle()
    texts: list[str] = []
    rig.storage.before = lambda request: texts.append(request.body.decode())
    rig.work()

    what = [request.what.replace("/account/vhds/", "") for request in rig.storage.requests]
    assert what[:4] == ["GET blob status", "PUT blob status", "GET blob log", "PUT blob log"]
    assert sorted(what[4:6]) == ["PUT snapshot disk0.vhd", "PUT snapshot disk1.vhd"]
    assert what[6:] == ["PUT blob status", "PUT blob log"]
    begun = json.loads(texts[1])[0]["status"]
    assert (begun["status"], begun["code"], begun["snapshotInfo"]) == ("success", "4", None)


def test_the_agent_is_told_the_same_with_the_whole_status_blob_inside(rig: Rig) -> None:
    rig.settle()
    rig.work()

    status = rig.handler.status()
    assert (status["status"], status["code"], status["snapshotInfo"]) == ("success", "0", None)
    assert status["substatus"][0]["name"] == rig.storage.text("status")


def test_telemetry_tells_what_was_measured_and_met(rig: Rig) -> None:
    rig.settle()
    telemetry = rig.work().telemetry

    assert telemetry["extensionVersion"] == rig.package().version
    assert telemetry["guestAgentVersion"] == FACTS.agent_version
    assert telemetry["osVersion"] == f"{FACTS.os_name}-{FACTS.os_version}"
    assert telemetry["consistencyType"] == "applicationConsistent"
    assert telemetry["snapshotCreator"] == "guestExtension"
    assert telemetry["hostStatusCodePreSnapshot"] == "557"
    assert telemetry["extErrorCode"] == "success_appconsistent"
    for key in ("FreezeTime", "ThawTime", "snapshotTimeTaken"):
        assert telemetry[key].startswith("0:00:00.")
    assert 0 < float(telemetry["freezeWindowMilliseconds"]) < 5000
    assert "statusBlobUploadError" not in telemetry


def test_the_machine_is_described_as_the_guest_describes_it(rig: Rig) -> None:
    rig.settle()
    report = rig.work()

    assert report.machine_id == FACTS.machine_id
    assert (report.storage.partition_count, report.storage.total_used_bytes) == (2, 25 << 30)


@pytest.mark.parametrize(
    ("locale", "lang", "words"), [("zh-cn", "zh-CN", "应用程序一致"), ("pt-br", "en-US", "2 disks")]
)
def test_it_speaks_the_language_that_was_asked_for(rig: Rig, locale: str, lang: str, words: str) -> None:
    rig.settle(locale=locale)
    report = rig.work()

    assert report.lang == lang
    assert words in report.message


def test_the_log_blob_holds_the_log_and_marks_what_was_written_in_the_freeze(rig: Rig) -> None:
    rig.settle()
    rig.work()

    log = rig.storage.text("log")
    frozen = [line for line in log.splitlines() if line[4:5] == "/"]
    assert any("freeze: frozen" in line for line in frozen)
    assert any("2 of 2 disks" in line for line in frozen)
    assert "result: code 0" in log
    assert "disk0.vhd: snapshot 2026-" in log
    file = rig.handler.log()
    assert all(line in file for line in log.splitlines()[:-1])


def test_an_event_is_left_for_the_agent(rig: Rig) -> None:
    rig.settle()
    rig.work()

    (path,) = (rig.handler.logs / "Events").glob("*.json")
    event = json.loads(path.read_text())[0]
    assert (event["OperationId"], event["EventLevel"]) == (TASK, "Info")


def test_no_signature_and_no_token_is_left_anywhere(rig: Rig) -> None:
    rig.settle()
    rig.storage.before = lambda request: (
        refusal(403, "AuthorizationFailure", f"You sent sig={SECRET}%3D") if "disk1" in request.path else None
    )
    rig.work()

    left = rig.storage.text("status") + rig.storage.text("log")
    for path in rig.handler.disk.rglob("*"):
        if path.is_file() and path.suffix != ".settings" and path.name != "bridge.token":
            left += path.read_bytes().decode(errors="replace")
    assert SECRET not in left
    assert TOKEN not in left


# -------------------------------------------------------------------------------------------- freezes that go otherwise


def test_a_failed_writer_costs_application_consistency_and_is_named(rig: Rig) -> None:
    rig.guest.freezes = [WRITER_FAILED, VOLUMES_FROZEN]
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("success", Code.success, SnapshotConsistency.file_system)
    assert report.consistency == "FileSystemConsistent"
    assert "SqlServerWriter (0x800423f2)" in report.message
    assert [body["writers"] for verb, body, _ in rig.guest.calls if verb == "freeze"] == [True, False]
    assert rig.guest.thaws == 1


def test_volumes_held_without_all_writers_are_file_system_consistent(rig: Rig) -> None:
    rig.guest.freezes = [FreezeReport(True, writers=(SQL_FAILED,))]
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("success", Code.success, SnapshotConsistency.file_system)
    assert rig.guest.verbs().count("freeze") == 1


def test_a_freeze_that_fails_ends_the_task_and_is_thawed_all_the_same(rig: Rig) -> None:
    rig.guest.freezes = [NOT_FROZEN]
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("error", Code.FailedRetryableFsFreezeFailed, SnapshotConsistency.none)
    assert "(0x80042306)" in report.message
    assert (rig.guest.thaws, rig.snapshots(), report.snapshots) == (1, 0, None)


def test_a_freeze_without_an_answer_is_thawed(rig: Rig) -> None:
    rig.guest.refuse["freeze"] = (500, "no idea")
    rig.settle()
    report = rig.work()

    assert report.code == Code.error
    assert "no idea" in report.message
    assert rig.guest.thaws == 1


def test_writers_and_volumes_failing_name_the_writers(rig: Rig) -> None:
    rig.guest.freezes = [WRITER_FAILED, NOT_FROZEN]
    rig.settle()
    report = rig.work()

    assert report.code == Code.error
    assert report.error_name == "ExtensionFailedVssWriterInBadState"
    assert "SqlServerWriter" in report.message


def test_a_freeze_that_the_guest_gave_up_is_no_backup(rig: Rig) -> None:
    rig.guest.thaw = ThawReport(False, 0.0, 0x80042314, "writes could not be held")
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("error", Code.error, SnapshotConsistency.none)
    assert [disk.is_successful for disk in report.snapshots or ()] == [True, True], "for the service to delete"


def test_a_thaw_without_an_answer_is_no_backup(rig: Rig) -> None:
    rig.guest.refuse["thaw"] = (500, "no idea")
    rig.settle()
    report = rig.work()

    assert report.code == Code.error
    assert "no idea" in report.message
    assert rig.guest.verbs().count("thaw") == 1


def test_a_guest_that_ends_while_frozen_is_thawed_and_nobody_is_told(rig: Rig) -> None:
    def end(request: Request) -> None:
        if "snapshot" in request.what:
            rig.guest.end_sessions()
            for thread in threading.enumerate():
                if thread.name == SimulatedGuest.WATCHER:  # the handler has seen the end, too
                    thread.join(5)

    rig.storage.before = end
    rig.guest.on["thaw"] = lambda: rig.guest.refuse.update(thaw=(409, "this machine is not running"))
    rig.settle(disks=1)
    with pytest.raises(GuestGone):
        rig.carry_out()
    assert rig.report().progress == "InProgress"


# ---------------------------------------------------------------------------------------------------------- without VSS


def test_a_system_that_has_no_vss_is_frozen_without_writers(rig: Rig) -> None:
    rig.guest.facts = LINUX
    rig.guest.freezes = [FreezeReport(True)]
    rig.guest.thaw = ThawReport(True, 0.0)
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("success", Code.success, SnapshotConsistency.file_system)
    assert report.consistency == "FileSystemConsistent"
    assert [body["writers"] for verb, body, _ in rig.guest.calls if verb == "freeze"] == [False]
    assert "VSS" not in report.message


def test_file_systems_that_cannot_be_frozen_are_no_failure_of_vss(rig: Rig) -> None:
    rig.guest.facts = LINUX
    rig.guest.freezes = [FreezeReport(False, 110, "pending writes did not finish in time")]
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("error", Code.FailedRetryableFsFreezeTimeout, SnapshotConsistency.none)
    assert report.message == "The file systems could not be frozen: pending writes did not finish in time"


def test_without_vss_the_first_attempt_fails_by_name(rig: Rig) -> None:
    rig.guest.facts = FACTS._replace(vss_available=False)
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("error", Code.error, SnapshotConsistency.none)
    assert report.error_name == "ExtensionFailedVssServiceInBadState"
    assert "VSS" in report.message
    assert "freeze" not in rig.guest.verbs()


def test_without_vss_the_second_attempt_is_crash_consistent_without_a_freeze(rig: Rig) -> None:
    rig.guest.facts = FACTS._replace(services={"VSS": "Disabled"})
    rig.settle(custom=MAY_BE_CRASH_CONSISTENT)
    report = rig.work()

    assert outcome(report) == ("success", Code.success, SnapshotConsistency.crash)
    assert report.consistency == "CrashConsistent"
    assert rig.snapshots() == 2
    assert not {"freeze", "thaw"} & set(rig.guest.verbs())


def test_a_freeze_that_fails_for_good_may_end_crash_consistent_after_its_thaw(rig: Rig) -> None:
    rig.guest.freezes = [NOT_FROZEN]
    thawed_first: list[bool] = []
    rig.storage.before = lambda request: (
        thawed_first.append(rig.guest.thaws == 1) if "snapshot" in request.what else None
    )
    rig.settle(custom=MAY_BE_CRASH_CONSISTENT)
    report = rig.work()

    assert outcome(report) == ("success", Code.success, SnapshotConsistency.crash)
    assert thawed_first == [True, True]
    assert rig.guest.thaws == 1


# -------------------------------------------------------------------------------------------------- snapshots that fail


def test_one_lost_disk_fails_the_task_and_leaves_the_others_snapshots(rig: Rig) -> None:
    rig.settle(disks=3)
    rig.storage.before = lambda request: refusal(409, "SnapshotsPresent") if "disk1" in request.path else None
    report = rig.work()

    assert outcome(report) == ("error", Code.FailedRetryableSnapshotFailedNoNetwork, SnapshotConsistency.none)
    assert report.health_code == Code.FailedRetryableSnapshotFailedRestrictedNetwork
    assert report.health == Health.red
    assert report.failed_disks == (1,)
    assert report.telemetry["extErrorCode"] == "FailedRetryableSnapshotFailedRestrictedNetwork"
    assert rig.guest.thaws == 1


@pytest.mark.parametrize("why", ["AuthorizationFailure", "AuthorizationPermissionMismatch"])
def test_a_sas_that_is_expired_or_for_reading_only_fails_every_disk(rig: Rig, why: str) -> None:
    rig.settle()
    rig.storage.before = lambda request: refusal(403, why) if "snapshot" in request.what else None
    report = rig.work()

    assert report.code == Code.FailedRetryableSnapshotFailedNoNetwork
    assert why in report.message
    assert report.failed_disks == (0, 1)
    assert rig.guest.thaws == 1


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("The rate of snapshot blob calls is exceeded.", Code.FailedRetryableSnapshotRateExceeded),
        ("The snapshot count against this blob has been exceeded.", Code.FailedSnapshotLimitReached),
    ],
)
def test_the_storages_own_limits_have_codes_of_their_own(rig: Rig, sentence: str, code: Code) -> None:
    rig.settle()
    rig.storage.before = lambda request: refusal(409, "Limit", sentence) if "disk1" in request.path else None

    assert rig.work().code == code


def test_a_guest_is_not_frozen_for_storage_that_can_not_be_reached(rig: Rig) -> None:
    settings = rig.settle()
    other = Rig(rig.handler.disk / "other")
    other.settle()
    settings["objectStr"] = other.settle()["objectStr"]
    other.close()
    rig.handler.settle(1, settings)
    report = rig.work()

    assert report.code == Code.FailedRetryableSnapshotFailedNoNetwork
    assert report.failed_disks == (0, 1)
    assert "freeze" not in rig.guest.verbs()


def test_snapshots_one_after_another_where_the_owner_wants_it(rig: Rig) -> None:
    key = r"HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys\SnapshotWithoutThreads"
    rig.guest.facts = FACTS._replace(registry={key: "True"})
    rig.settle(disks=8)

    assert rig.work().progress == "Succeeded"
    asked = [request.path for request in rig.storage.requests if "snapshot" in request.what]
    assert asked == [f"/account/vhds/disk{number}.vhd" for number in range(8)]


# ------------------------------------------------------------------------------------------------------------ freshness

LONG_AGO = timedelta(minutes=141)


def host_time(time: datetime) -> tuple[int, bytes]:
    parts = ("year", "month", "day", "hour", "minute", "second")
    return 200, json.dumps({"responseTime": {part: getattr(time, part) for part in parts}}).encode()


def test_a_task_that_is_too_old_is_left_alone(rig: Rig) -> None:
    rig.settle(started=datetime.now(UTC) - LONG_AGO)
    report = rig.work()

    assert report.code == Code.FailedGuestAgentInvokedCommandTooLate
    assert report.health == Health.red
    assert "freeze" not in rig.guest.verbs()


CLOCK_OF_THE_HOST = {rf"{PERSISTENT_KEYS}\CalculateSnapshotTimeFromHost": "True"}


def let_the_host_s_clock_count(rig: Rig, system: str) -> None:
    """Linux has it so; on Windows the owner of the machine asks for it."""
    if system == "Linux":
        rig.guest.facts = rig.guest.facts._replace(os_name="ubuntu", services={}, vss_available=False, has_vss=False)
        rig.guest.freezes = [FreezeReport(True)]
    else:
        rig.guest.facts = rig.guest.facts._replace(registry=CLOCK_OF_THE_HOST)


@pytest.mark.parametrize("system", ["Windows", "Linux"])
def test_the_hosts_clock_counts_and_not_the_machines(rig: Rig, system: str) -> None:
    let_the_host_s_clock_count(rig, system)
    rig.guest.presnapshot = host_time(datetime.now(UTC) + LONG_AGO)
    rig.settle()
    assert rig.work().code == Code.FailedGuestAgentInvokedCommandTooLate

    rig.guest.presnapshot = host_time(datetime.now(UTC))
    rig.machine_time = lambda: datetime.now(UTC) + LONG_AGO
    rig.guest.ahead = LONG_AGO
    rig.settle(2)
    assert rig.work(2).progress == "Succeeded"


@pytest.mark.parametrize("host_ahead", [timedelta(0), LONG_AGO])
def test_on_windows_the_clock_of_the_guest_counts_unless_its_owner_says_otherwise(
    rig: Rig, host_ahead: timedelta
) -> None:
    rig.guest.presnapshot = host_time(datetime.now(UTC) + host_ahead)
    for number, (ahead, ends) in enumerate(((LONG_AGO, "Failed"), (-LONG_AGO, "Succeeded")), 1):
        rig.guest.ahead = ahead
        rig.settle(number)
        assert rig.work(number).progress == ends


NO_HOST = [(500, b"no"), (200, b""), (200, b"nonsense"), (404, b"{}")]


@pytest.mark.parametrize("answer", NO_HOST)
def test_without_a_host_the_machines_clock_counts(rig: Rig, answer: tuple[int, bytes]) -> None:
    rig.guest.presnapshot = answer
    rig.machine_time = lambda: datetime.now(UTC) + LONG_AGO
    rig.settle()

    assert rig.work().code == Code.FailedGuestAgentInvokedCommandTooLate


@pytest.mark.parametrize("answer", [*NO_HOST, None])
@pytest.mark.parametrize("years", [-20, 20])
def test_the_date_in_a_simulated_guest_makes_no_task_old(
    rig: Rig, answer: tuple[int, bytes] | None, years: int
) -> None:
    """Its clock is the world's, and service and host count real time."""
    rig.guest.presnapshot = answer or host_time(datetime.now(UTC))
    rig.guest.clock = lambda: datetime.now(UTC) + timedelta(days=365 * years)
    rig.settle()
    report = rig.work()

    assert report.progress == "Succeeded"
    assert abs(report.time - rig.guest.clock()) < timedelta(minutes=5)


def test_a_guest_whose_date_moves_in_a_freeze_has_its_snapshots(rig: Rig) -> None:
    later = datetime.now(UTC) + timedelta(days=365)
    rig.guest.freezes = [FreezeReport(True, frozen_at=later.isoformat())]
    rig.guest.on["freeze"] = lambda: setattr(rig.guest, "clock", lambda: later)
    rig.settle()

    assert rig.work().progress == "Succeeded"


def test_a_freeze_that_took_hours_is_thawed_without_a_snapshot(rig: Rig) -> None:
    later = datetime.now(UTC) + LONG_AGO
    rig.guest.on["freeze"] = lambda: setattr(rig, "machine_time", lambda: later)
    rig.settle()
    report = rig.work()

    assert report.code == Code.FailedGuestAgentInvokedCommandTooLate
    assert (rig.guest.thaws, rig.snapshots(), report.snapshots) == (1, 0, None)


# ------------------------------------------------------------------------------------------------------------- settings


def changed(rig: Rig, **changes: Any) -> StatusReport:
    rig.handler.settle(1, {**rig.settle(), **changes})
    return rig.work()


@pytest.mark.parametrize(
    "changes",
    [
        {"commandToExecute": "format c:"},
        {"commandToExecute": None},
        {"vmType": ""},
        {"commandStartTimeUTCTicks": "soon"},
        {"objectStr": "no base64!"},
        {"customSettings": "{"},
    ],
    ids=str,
)
def test_settings_that_can_not_be_used_are_refused_where_the_service_sees_it(rig: Rig, changes: dict[str, Any]) -> None:
    report = changed(rig, **changes)

    assert outcome(report) == ("error", Code.error_parameter, SnapshotConsistency.none)
    assert report.health == Health.yellow
    assert "result: code 11" in rig.storage.text("log")
    assert rig.handler.status()["code"] == "11"
    assert "freeze" not in rig.guest.verbs()


def test_an_early_end_is_logged_first(rig: Rig) -> None:
    changed(rig, commandToExecute="format c:")

    assert [request.what for request in rig.storage.requests if request.method == "PUT"] == [
        "PUT blob /account/vhds/log",
        "PUT blob /account/vhds/status",
    ]


def test_the_install_command_is_answered_and_nothing_is_done(rig: Rig) -> None:
    report = changed(rig, commandToExecute="Install")

    assert outcome(report) == ("success", Code.success, SnapshotConsistency.none)
    assert rig.guest.verbs() == ["session", "now"]


def test_ticks_are_read_in_every_form_and_returned_as_they_came(rig: Rig) -> None:
    report = changed(rig, commandStartTimeUTCTicks="6.40458E+17")

    assert report.progress == "Succeeded", "a start in the future is accepted"
    assert report.started_ticks == "6.40458E+17"


def test_a_certificate_that_is_not_here_is_reported_where_the_public_part_says(rig: Rig) -> None:
    rig.handler.settle(1, rig.settle(), protected="c2VhbGVk", thumbprint="A" * 40)
    report = rig.work()

    assert report.code == Code.FailedHandlerGuestAgentCertificateNotFound
    assert rig.handler.status()["code"] == "16"


def test_settings_that_cannot_be_wiped_are_read_and_reported_on_all_the_same(rig: Rig) -> None:
    public, protected = rig.request()
    folder = rig.handler.disk / "WindowsAzure" / "Certificates"
    folder.parent.mkdir(exist_ok=True)
    machine = Machine(folder)
    sealed = machine.seal(json.dumps(protected).encode())
    rig.handler.settle(1, public, sealed.protected, sealed.thumbprint)
    obstacle = rig.handler.root / "RuntimeSettings" / f".1.settings.{os.getpid()}.tmp"
    obstacle.mkdir()
    report = rig.work()

    assert outcome(report) == ("success", Code.success_appconsistent, SnapshotConsistency.application)
    assert "the protected settings could not be wiped" in rig.storage.text("log")


# ---------------------------------------------------------------------------------------- reports that can't be written


def test_a_status_blob_that_is_not_empty_is_left_alone_and_the_agent_is_told(rig: Rig) -> None:
    rig.settle()
    rig.storage.blob("status").content[:] = b"[]"
    rig.carry_out()

    assert rig.storage.text("status") == "[]"
    assert rig.handler.status()["code"] == "0"
    inner = json.loads(rig.handler.status()["substatus"][0]["name"])[0]["status"]
    assert {"Key": "statusBlobUploadError", "Value": "true"} in inner["telemetryData"]
    assert "not empty" in rig.storage.text("log")


def test_storage_that_takes_no_report_does_not_keep_the_guest_frozen(rig: Rig) -> None:
    rig.settle()
    rig.storage.before = lambda request: refusal(403, "AuthorizationFailure")
    rig.carry_out()

    assert rig.handler.status()["code"] == "76"
    assert rig.guest.thaws == 1


@pytest.mark.parametrize("fails_times", [1, 2, 5, 6])
def test_a_storage_that_fails_for_a_moment_gets_the_final_report_after_it(rig: Rig, fails_times: int) -> None:
    rig.settle()
    paused: list[float] = []
    rig.guest.on["thaw"] = lambda: setattr(rig.storage, "before", fail)
    rig.on_pause = paused.append

    def fail(request: Request) -> Answer | None:
        is_status = request.path.endswith("/status")
        return refusal(507, "InsufficientStorage") if is_status and len(paused) < fails_times else None

    rig.carry_out()
    arrives = fails_times <= len(PAUSES_SECONDS)
    assert rig.report().code == (Code.success_appconsistent if arrives else Code.ExtensionTempTerminalState)
    assert paused == list(PAUSES_SECONDS[:fails_times])


def test_a_storage_that_refuses_the_final_report_is_not_asked_again(rig: Rig) -> None:
    rig.settle()
    paused: list[float] = []
    rig.guest.on["thaw"] = lambda: setattr(rig.storage, "before", lambda request: refusal(403, "AuthorizationFailure"))
    rig.on_pause = paused.append
    rig.carry_out()
    assert paused == []


def test_a_status_file_that_was_put_aside_stays_away(rig: Rig) -> None:
    rig.settle()
    rig.guest.on["thaw"] = (rig.handler.root / "Status" / "1.status").unlink
    rig.work()

    assert not (rig.handler.root / "Status" / "1.status").exists()


# -------------------------------------------------------------------------------------------------- what nobody foresaw


@pytest.mark.parametrize("verb", ["facts", "volumes", "freeze"])
def test_a_guest_that_answers_nonsense_is_reported_and_left_unfrozen(rig: Rig, verb: str) -> None:
    rig.guest.nonsense = verb
    rig.settle()
    report = rig.work()

    assert outcome(report) == ("error", Code.error, SnapshotConsistency.none)
    assert "see its log" in report.message
    assert "Traceback" in rig.storage.text("log")
    assert rig.guest.thaws == (1 if verb == "freeze" else 0)


def test_without_a_provider_the_status_says_so(rig: Rig) -> None:
    rig.settle()
    (rig.handler.disk / "bridge.token").unlink()
    report = rig.work()

    assert report.code == Code.error
    assert "no guest provider" in report.message


def test_settings_for_a_copy_of_the_machine_begin_anew(rig: Rig) -> None:
    rig.settle()
    rig.work()
    rig.guest.facts = FACTS._replace(machine_id="another")
    rig.settle(2)
    rig.work(2)

    assert rig.package().folder.last_sequence_number() == 2
    assert "copy of another" in rig.handler.log()
