"""The outcome as JUnit's XML, for programs that collect results of tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from simulator.conformance.outcome import Outcome
from simulator.conformance.suite import FAILED, PASSED, Verdict


def junit(outcome: Outcome) -> str:
    """A test suite for each chapter. A should that is not met is told as a skipped test, not as a failure, unless a
    baseline says what is known: then what is new has failed, and what is known is skipped."""
    counted = [_kind(each, outcome) for each in outcome.verdicts]
    root = ET.Element("testsuites", name="backupsim conform", tests=str(len(counted)))
    root.set("failures", str(counted.count("failure")))
    root.set("skipped", str(counted.count("skipped")))
    root.set("time", f"{outcome.duration_seconds:.3f}")
    for chapter in dict.fromkeys(each.requirement.chapter for each in outcome.verdicts):
        verdicts = [each for each in outcome.verdicts if each.requirement.chapter == chapter]
        kinds = [_kind(each, outcome) for each in verdicts]
        suite = ET.SubElement(root, "testsuite", name=chapter, tests=str(len(verdicts)), timestamp=outcome.begun)
        suite.set("failures", str(kinds.count("failure")))
        suite.set("skipped", str(kinds.count("skipped")))
        for each, kind in zip(verdicts, kinds, strict=True):
            name = f"{each.requirement.id} {each.requirement.expected}"
            case = ET.SubElement(suite, "testcase", classname=f"{outcome.handler}.{chapter}", name=name)
            if kind:
                told = ET.SubElement(case, kind, message=_clean(each.reason or each.result))
                told.text = _clean(f"{each.result}: {each.reason}\n{outcome.reproduce} --select {each.requirement.id}")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _kind(verdict: Verdict, outcome: Outcome) -> str:
    if verdict.result == FAILED:
        bad = outcome.new_failures if outcome.known is not None else outcome.failed_musts
        return "failure" if verdict in bad else "skipped"
    if verdict in outcome.unexpected_passes:
        return "failure"
    return "" if verdict.result == PASSED else "skipped"


def _clean(text: str) -> str:
    """Without the characters that no XML may have."""
    return "".join(each if each in "\n\t" or " " <= each < "\ufffe" else "?" for each in text)
