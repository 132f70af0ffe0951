"""A task on a Linux machine with scripts: what they do to its code, its consistency and its snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extension.contract.bridge import FreezeReport
from extension.contract.codes import Code, Health, health_of
from extension.contract.reports import SnapshotConsistency, StatusReport
from tests.fake_guest import FACTS
from tests.guest_scripts import put_scripts
from tests.handler_rig import MAY_BE_CRASH_CONSISTENT, Rig

LINUX = FACTS._replace(os_name="ubuntu", os_version="24.04", services={}, vss_available=False, has_vss=False)
PRE, POST = 'echo pre >> "$GUEST_ROOT/ran"', 'echo post >> "$GUEST_ROOT/ran"'


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    rig.guest.facts = LINUX
    rig.guest.freezes = [FreezeReport(True)]
    rig.settle()
    yield rig
    rig.close()


def ran(rig: Rig) -> list[str]:
    file = rig.handler.disk / "ran"
    return file.read_text().split() if file.exists() else []


def health(report: StatusReport) -> int:
    code = report.code if report.health_code is None else report.health_code
    assert report.health == health_of(code)
    return code


def test_without_scripts_a_backup_is_file_system_consistent(rig: Rig) -> None:
    report = rig.work()
    assert (report.code, report.consistency, health(report)) == (Code.success, "FileSystemConsistent", Code.success)
    assert "isPrePostEnabled" not in report.telemetry


def test_scripts_that_succeed_make_it_application_consistent(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST, appName="bank")
    seen: dict[str, list[str]] = {}
    rig.guest.on["freeze"] = lambda: seen.update(freeze=ran(rig))
    rig.guest.on["thaw"] = lambda: seen.update(thaw=ran(rig))
    report = rig.work()
    assert (report.code, report.consistency) == (Code.success_appconsistent, "AppConsistent")
    assert report.snapshot_consistency == SnapshotConsistency.application
    assert seen == {"freeze": ["pre"], "thaw": ["pre"]}
    assert ran(rig) == ["pre", "post"]
    assert (report.telemetry["isPrePostEnabled"], report.telemetry["appName"]) == ("true", "bank")
    assert report.telemetry["consistencyType"] == "applicationConsistent"


def test_a_pre_script_that_fails_leaves_a_file_system_consistent_backup(rig: Rig) -> None:
    put_scripts(rig.handler.disk, f"{PRE}; exit 5", POST)
    report = rig.work()
    assert (report.status, report.code, report.consistency) == ("success", Code.success, "FileSystemConsistent")
    assert health(report) == Code.FailedPrepostPreScriptFailed
    assert report.health == Health.yellow
    assert report.error_name == "FailedPrepostPreScriptFailed"
    assert "exit code 5" in report.message
    assert (ran(rig), rig.snapshots()) == (["pre", "post"], 2)


def test_a_pre_script_that_fails_may_stop_the_backup(rig: Rig) -> None:
    put_scripts(rig.handler.disk, f"{PRE}; exit 5", POST, continueBackupOnFailure=False)
    report = rig.work()
    assert (report.progress, report.code, report.consistency) == ("Failed", Code.FailedPrepostPreScriptFailed, None)
    assert report.error_name == "FailedPrepostPreScriptFailed"
    assert "freeze" not in rig.guest.verbs()
    assert (ran(rig), rig.snapshots()) == (["pre", "post"], 0)
    assert rig.handler.status()["code"] == "300"


@pytest.mark.parametrize(
    ("continues", "progress", "code"),
    [(True, "Succeeded", Code.success), (False, "Failed", Code.FailedPrepostPostScriptFailed)],
)
def test_a_post_script_that_fails(rig: Rig, continues: bool, progress: str, code: Code) -> None:
    """Its snapshots exist by then, and the service deletes those of a task that failed."""
    put_scripts(rig.handler.disk, PRE, f"{POST}; exit 1", continueBackupOnFailure=continues)
    report = rig.work()
    assert (report.progress, report.code, health(report)) == (progress, code, Code.FailedPrepostPostScriptFailed)
    assert (ran(rig), rig.snapshots(), len(report.snapshots or ())) == (["pre", "post"], 2, 2)


def test_scripts_may_do_without_a_freeze(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST, fsFreezeEnabled=False)
    report = rig.work()
    assert (report.code, report.consistency) == (Code.success_appconsistent, "AppConsistent")
    assert "freeze" not in rig.guest.verbs()
    assert ran(rig) == ["pre", "post"]


def test_without_a_freeze_a_script_that_fails_leaves_nothing_to_rely_on(rig: Rig) -> None:
    put_scripts(rig.handler.disk, f"{PRE}; exit 1", POST, fsFreezeEnabled=False)
    report = rig.work()
    assert (report.progress, report.code) == ("Failed", Code.FailedPrepostPreScriptFailed)
    assert (ran(rig), rig.snapshots()) == (["pre", "post"], 0)


def test_a_script_that_others_may_change_does_not_run(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST)
    (rig.handler.disk / "etc" / "azure" / "post.sh").chmod(0o777)
    report = rig.work()
    assert (report.code, report.consistency) == (Code.success, "FileSystemConsistent")
    assert health(report) == Code.FailedPrepostPostScriptPermissionError
    assert ran(rig) == []


def test_a_script_that_is_missing_stops_a_backup_that_must_not_go_on_without(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST, continueBackupOnFailure=False)
    (rig.handler.disk / "etc" / "azure" / "pre.sh").unlink()
    report = rig.work()
    assert (report.progress, report.code) == ("Failed", Code.FailedPrepostPreScriptNotFound)
    assert (ran(rig), rig.snapshots()) == ([], 0)
    assert "freeze" not in rig.guest.verbs()


def test_settings_that_cannot_be_read_mean_no_scripts_and_show_nothing(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST, timeoutInSeconds="soon")
    report = rig.work()
    assert (report.code, report.consistency, health(report)) == (Code.success, "FileSystemConsistent", Code.success)
    assert "timeoutInSeconds" in rig.storage.text("log")
    assert ran(rig) == []


def test_a_freeze_that_fails_is_followed_by_the_post_script_and_is_what_is_reported(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST)
    rig.guest.freezes = [FreezeReport(False, 5, "the file system is dirty")]
    report = rig.work()
    assert (report.progress, report.code) == ("Failed", Code.FailedRetryableFsFreezeFailed)
    assert (ran(rig), rig.snapshots()) == (["pre", "post"], 0)


def test_a_second_attempt_may_end_crash_consistent_with_scripts_too(rig: Rig) -> None:
    put_scripts(rig.handler.disk, PRE, POST)
    rig.guest.freezes = [FreezeReport(False, 5, "the file system is dirty")]
    rig.settle(custom=MAY_BE_CRASH_CONSISTENT)
    report = rig.work()
    assert (report.code, report.consistency) == (Code.success, "CrashConsistent")
    assert ran(rig) == ["pre", "post"]


def test_a_machine_with_vss_runs_no_scripts(rig: Rig) -> None:
    rig.guest.facts = FACTS
    put_scripts(rig.handler.disk, PRE, POST)
    report = rig.work()
    assert report.code == Code.success_appconsistent
    assert ran(rig) == []
