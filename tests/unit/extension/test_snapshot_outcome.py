"""What a run amounts to: code, consistency and sentence follow from what happened, and from nothing else."""

from __future__ import annotations

import pytest

from extension.contract.bridge import FreezeReport, ThawReport, WriterReport
from extension.contract.codes import Code, Health, health_of
from extension.contract.messages import ENGLISH, TEXTS, say
from extension.contract.reports import SnapshotConsistency, SnapshotInfo
from extension.outcome import (
    BY_HRESULT,
    LIMIT_REACHED,
    RATE_EXCEEDED,
    REASON_CHARACTERS,
    Course,
    Outcome,
    failed,
    judge,
    no_vss,
    reason_in,
)

TAKEN = SnapshotInfo.taken("http://storage/vhds/disk.vhd?sig=x", "2026-11-22T19:13:38.0010000Z")
SQL = WriterReport("SqlServerWriter", "id", "instance", 9, 0x800423F2)
HELD = ThawReport(True, 12.5)
LET_GO = ThawReport(False, 10_000.0)
APPLICATION, FILE_SYSTEM, CRASH = (
    SnapshotConsistency.application,
    SnapshotConsistency.file_system,
    SnapshotConsistency.crash,
)
TWO = (TAKEN, TAKEN)


def said(outcome: Outcome) -> str:
    return say(outcome.sentence, ENGLISH, **outcome.values)


def lost(message: str | None = "timed out") -> SnapshotInfo:
    return SnapshotInfo.failed(message)


SUCCESSES = {
    "all writers": (Course(APPLICATION, disks=TWO, thaw=HELD), Code.success_appconsistent, APPLICATION),
    "volumes only": (Course(FILE_SYSTEM, disks=TWO, thaw=HELD), Code.success, FILE_SYSTEM),
    "a writer left out": (
        Course(FILE_SYSTEM, writers_left_out=(SQL,), disks=TWO, thaw=HELD),
        Code.success,
        FILE_SYSTEM,
    ),
    "a writer failed at the thaw": (
        Course(APPLICATION, disks=TWO, thaw=HELD._replace(writers=(SQL,))),
        Code.success,
        FILE_SYSTEM,
    ),
    "without a freeze": (Course(CRASH, crash_allowed=True, disks=TWO), Code.success, CRASH),
    "let go, crash allowed": (Course(APPLICATION, crash_allowed=True, disks=TWO, thaw=LET_GO), Code.success, CRASH),
}


@pytest.mark.parametrize(("course", "code", "consistency"), SUCCESSES.values(), ids=SUCCESSES)
def test_a_success_says_what_it_reached(course: Course, code: Code, consistency: SnapshotConsistency) -> None:
    outcome = judge(course)

    assert (outcome.code, outcome.consistency, outcome.succeeded) == (code, consistency, True)
    assert "2 disks" in said(outcome)
    assert ("SqlServerWriter (0x800423f2)" in said(outcome)) == (SQL in (*course.writers_left_out, *_thawed(course)))


def _thawed(course: Course) -> tuple[WriterReport, ...]:
    return course.thaw.writers if course.thaw else ()


RATE, LIMIT = lost(f"<Message>{RATE_EXCEEDED}.</Message>"), lost(f"<Message>{LIMIT_REACHED}.</Message>")
NO_NETWORK = Code.FailedRetryableSnapshotFailedNoNetwork
FREEZE_FAILED = FreezeReport(False, 0x80042306, "veto")
FAILURES = {
    "some disks": (Course(APPLICATION, disks=(TAKEN, lost()), thaw=HELD), NO_NETWORK, "1 of 2 disks"),
    "all disks": (Course(APPLICATION, disks=(lost(), lost()), thaw=HELD), NO_NETWORK, "None of the 2 disks"),
    "too quickly": (
        Course(APPLICATION, disks=(TAKEN, lost(), RATE), thaw=HELD),
        Code.FailedRetryableSnapshotRateExceeded,
        "in a short time",
    ),
    "too many": (
        Course(APPLICATION, disks=(lost(), LIMIT), thaw=HELD),
        Code.FailedSnapshotLimitReached,
        "number of snapshots",
    ),
    "disks first": (Course(APPLICATION, disks=(TAKEN, lost()), thaw=LET_GO), NO_NETWORK, "1 of 2 disks"),
    "crash, some disks": (Course(CRASH, crash_allowed=True, disks=(TAKEN, lost())), NO_NETWORK, "1 of 2 disks"),
    "let go": (Course(APPLICATION, disks=TWO, thaw=LET_GO), Code.error, "released the volumes"),
    "never frozen": (Course(APPLICATION, disks=TWO, thaw=None), Code.error, "released the volumes"),
    "no answer to the thaw": (Course(APPLICATION, disks=TWO, thaw_problem="broken line"), Code.error, "broken line"),
    "no answer to the freeze": (Course(freeze_problem="broken line"), Code.error, "broken line"),
    "not frozen": (Course(freeze=FREEZE_FAILED), Code.FailedRetryableFsFreezeFailed, "(0x80042306): veto"),
    "held too late": (
        Course(freeze=FreezeReport(False, 0x80042313)),
        Code.FailedRetryableFsFreezeTimeout,
        "(0x80042313)",
    ),
    "writers and volumes": (Course(freeze=FREEZE_FAILED, writers_left_out=(SQL,)), Code.error, "SqlServerWriter"),
    "too late": (Course(too_late=True), Code.FailedGuestAgentInvokedCommandTooLate, "140 minutes"),
}


@pytest.mark.parametrize(("course", "code", "words"), FAILURES.values(), ids=FAILURES)
def test_a_failure_says_why(course: Course, code: Code, words: str) -> None:
    outcome = judge(course)

    assert (outcome.code, outcome.consistency, outcome.succeeded) == (code, SnapshotConsistency.none, False)
    assert words in said(outcome)


def test_a_part_of_the_disks_has_a_health_code_of_its_own() -> None:
    outcome = judge(Course(APPLICATION, disks=(TAKEN, lost()), thaw=HELD))

    assert outcome.health_code is Code.FailedRetryableSnapshotFailedRestrictedNetwork
    assert outcome.name == "FailedRetryableSnapshotFailedRestrictedNetwork"
    assert health_of(outcome.health_code) is Health.red


def test_failures_of_windows_go_by_name() -> None:
    assert judge(Course(freeze=FREEZE_FAILED, writers_left_out=(SQL,))).name == "ExtensionFailedVssWriterInBadState"
    assert no_vss("ExtensionSnapshotFailedCOM").name == "ExtensionSnapshotFailedCOM"
    assert "VSS" in said(no_vss("ExtensionFailedVssServiceInBadState"))


@pytest.mark.parametrize("locale", TEXTS)
def test_every_outcome_can_be_said_in_every_language(locale: str) -> None:
    for course, *_ in (*SUCCESSES.values(), *FAILURES.values()):
        outcome = judge(course)
        assert "{" not in say(outcome.sentence, locale, **outcome.values)


def test_the_reason_of_a_storage_error_is_its_code_and_first_line() -> None:
    xml = (
        "<?xml?>\n<Error>\n  <Code>AuthorizationFailure</Code>\n  <Message>Not allowed.\nRequestId:1</Message></Error>"
    )

    assert reason_in(xml) == "AuthorizationFailure: Not allowed."
    assert reason_in("timed out") == "timed out"
    assert len(reason_in("x" * 5000)) == len(str(failed("x" * 5000).values["reason"])) == REASON_CHARACTERS


@pytest.mark.parametrize(("hresult", "name"), BY_HRESULT.items())
def test_a_freeze_that_failed_for_a_reason_of_its_own_bears_its_name(hresult: int, name: str) -> None:
    outcome = judge(Course(freeze=FreezeReport(False, hresult, "it said why")))
    assert (outcome.code, outcome.name) == (Code.error, name)
    assert f"({hresult:#010x}): it said why" in said(outcome)
