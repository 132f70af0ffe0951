"""What a run comes to: exit by levels and baseline, JUnit, and no secret in any of them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from simulator.conformance.junit import junit
from simulator.conformance.outcome import SKIPPED, BadBaseline, Outcome, known_failures, worst_of
from simulator.conformance.recording import Exchange, Recording
from simulator.conformance.suite import FAILED, NOT_APPLICABLE, PASSED, REQUIREMENTS, Verdict, judged

MUST, SHOULD = REQUIREMENTS["FRZ-02"], REQUIREMENTS["STB-02"]
SECRET = "c2lnbmF0dXJl/x=="


def outcome(*verdicts: Verdict, known: frozenset[str] | None = None) -> Outcome:
    return Outcome(
        handler="Contoso.Backup",
        version="1.0",
        profile="windows",
        seed=7,
        repeat=1,
        platform="Linux",
        begun="2026-11-30T12:00:00Z",
        duration_seconds=1.5,
        reproduce="backupsim conform ./mine",
        total=len(REQUIREMENTS),
        verdicts=verdicts,
        known=known,
    )


def test_a_must_that_is_not_met_fails_a_run_and_a_should_does_not() -> None:
    assert outcome(Verdict(MUST, PASSED), Verdict(SHOULD, FAILED, "it is not")).is_well
    assert not outcome(Verdict(MUST, FAILED, "the freeze was released"), Verdict(SHOULD, PASSED)).is_well


@pytest.mark.parametrize(
    ("result", "known", "is_well"),
    [(FAILED, {"FRZ-02"}, True), (FAILED, set(), False), (PASSED, {"FRZ-02"}, False), (PASSED, set(), True)],
)
def test_a_baseline_lets_nothing_but_known_failures_pass(result: str, known: set[str], is_well: bool) -> None:
    assert outcome(Verdict(MUST, result, "x"), known=frozenset(known)).is_well == is_well


def test_a_known_failure_that_was_not_judged_is_no_unexpected_pass() -> None:
    assert outcome(Verdict(MUST, SKIPPED, "by --skip"), known=frozenset({"FRZ-02", "STB-01"})).is_well


def test_a_baseline_is_what_json_wrote() -> None:
    written = outcome(Verdict(MUST, FAILED, "x"), Verdict(SHOULD, PASSED)).to_json()
    assert known_failures(json.dumps(written)) == {"FRZ-02"}
    for text in ("", "[]", '{"requirements": [1]}', "null"):
        with pytest.raises(BadBaseline):
            known_failures(text)


def test_of_several_runs_one_failure_is_enough() -> None:
    merged = worst_of([[Verdict(MUST, PASSED)], [Verdict(MUST, FAILED, "the freeze was released")]])
    assert [(each.result, each.reason) for each in merged] == [(FAILED, "the freeze was released; in 1 of 2 runs")]


def test_junit_counts_what_it_has() -> None:
    verdicts = (Verdict(MUST, FAILED, "bad \x07 & <x>"), Verdict(SHOULD, FAILED, "no"), Verdict(MUST, NOT_APPLICABLE))
    root = ET.fromstring(junit(outcome(*verdicts)))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "2")
    assert len(root.findall(".//failure")) == 1
    assert len(root.findall(".//skipped")) == 2
    failure = root.find(".//failure")
    assert failure is not None
    assert "--select FRZ-02" in (failure.text or "")


def test_a_reason_shows_no_secret() -> None:
    requirement = REQUIREMENTS["FRZ-05"]
    session = Exchange(1.0, 1.0, "guest", "session", "GET", "/x", f"task_id={SECRET}", (), "", 200, "")
    recording = Recording("backup", "windows", 7, "n", "1", secrets={"a": SECRET}, exchanges=(session,))
    task = {"number": 1, "task_id": "t", "locale": "", "ticks": "", "disks": [], "uris": [], "queries": []}
    data = recording.to_json() | {"tasks": [task | {"metadata": [], "status_blob": "status1", "log_blob": "log1"}]}
    verdict = judged({"backup": Recording.from_json(data)}, [requirement], "windows")[0]
    assert verdict.result == FAILED
    assert verdict.reason == "with task_id=..."


def test_what_cannot_be_read_has_failed_and_what_a_profile_lacks_is_not_applicable() -> None:
    nothing = Recording("backup", "linux", 7, "n", "1")
    verdicts = judged({"backup": nothing}, [REQUIREMENTS["STB-01"], REQUIREMENTS["STB-05"]], "linux")
    assert [each.result for each in verdicts] == [FAILED, NOT_APPLICABLE]


def test_a_scene_that_could_not_be_played_fails_what_it_serves() -> None:
    broken = Recording("install", "windows", 7, "n", "1", problem="install cannot be started: Permission denied")
    verdict = judged({"install": broken}, [REQUIREMENTS["LIF-03"]], "windows")[0]
    assert (verdict.result, "Permission denied" in verdict.reason) == (FAILED, True)


def test_a_recording_is_the_same_after_json() -> None:
    message = Exchange(1.0, 1.1, "storage", "read log1", "GET", "/x", "", (("Host", "a"),), "", 200, "")
    recording = Recording("backup", "windows", 7, "n", "1", exchanges=(message,), secrets={"a": "b"})
    assert Recording.from_json(json.loads(json.dumps(recording.to_json()))).exchanges == recording.exchanges
    with pytest.raises(ValueError, match="format 2"):
        Recording.from_json(recording.to_json() | {"schema_version": 2})
