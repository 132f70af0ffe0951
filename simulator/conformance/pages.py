"""The outcome as files for others: JUnit's XML, and one page of HTML that needs nothing beside it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import escape

from simulator.conformance.outcome import SKIPPED, Outcome
from simulator.conformance.recording import Recording
from simulator.conformance.requirement import SHOULD
from simulator.conformance.scenes import SCENES
from simulator.conformance.suite import FAILED, NOT_APPLICABLE, PASSED, SUITE_VERSION, Verdict

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --good: #2e7d32; --warn: #b26a00; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem .25rem 0;
vertical-align: top; border-bottom: 1px solid var(--line); } td:first-child { white-space: nowrap; }
.failed { color: var(--bad); } .passed { color: var(--good); } .advice { color: var(--warn); } .quiet { opacity: .65; }
code, .trace td { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; } details { margin: .2rem 0 .6rem; } .verdict { font-size: 1.15rem; }
"""


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


# ----------------------------------------------------------------------------------------------------------------- HTML


def html(outcome: Outcome) -> str:
    return "".join(_page(outcome))


def _page(outcome: Outcome) -> Iterator[str]:
    title = f"{outcome.handler} {outcome.version}"
    yield '<!doctype html><html lang="en"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}: conformance</title><style>{STYLE}</style><h1>{escape(title)}</h1>"
    facts = f"profile {outcome.profile}, suite {SUITE_VERSION}, seed {outcome.seed}, runs {outcome.repeat}"
    took = f"{outcome.begun}, {outcome.duration_seconds:.0f} seconds, {outcome.platform}"
    yield f'<p class="quiet">{escape(facts)}; {escape(took)}</p>'
    kind = "passed" if outcome.is_well else "failed"
    counts = ", ".join(f"{len(outcome.of(each))} {each}" for each in (PASSED, FAILED, NOT_APPLICABLE, SKIPPED))
    word = "Conforms" if outcome.is_well else "Does not conform"
    yield f'<p class="verdict {kind}">{word}: {counts}, of {outcome.total} requirements.</p>'
    if outcome.known is not None:
        new = ", ".join(each.requirement.id for each in outcome.new_failures) or "none"
        better = ", ".join(each.requirement.id for each in outcome.unexpected_passes) or "none"
        yield f"<p>Beside the baseline: new failures: {new}; unexpected passes: {better}.</p>"
    failed = outcome.of(FAILED)
    if failed:
        yield "<h2>Failed</h2>"
        for each in failed:
            yield from _failure(each, outcome)
    for chapter in dict.fromkeys(each.requirement.chapter for each in outcome.verdicts):
        yield f"<h2>{escape(chapter.capitalize())}</h2><table>"
        for each in outcome.verdicts:
            if each.requirement.chapter == chapter:
                yield _row(each)
        yield "</table>"
    yield "</html>\n"


def _row(verdict: Verdict) -> str:
    requirement = verdict.requirement
    reason = f"<br>{escape(verdict.reason)}" if verdict.reason else ""
    cells = f"<td>{requirement.id}</td><td>{requirement.level}</td><td>{escape(requirement.expected)}{reason}</td>"
    return f'<tr>{cells}<td class="{_class(verdict)}">{verdict.result}</td></tr>'


def _class(verdict: Verdict) -> str:
    if verdict.result == FAILED:
        return "advice" if verdict.requirement.level == SHOULD else "failed"
    return "passed" if verdict.result == PASSED else "quiet"


def _failure(verdict: Verdict, outcome: Outcome) -> Iterator[str]:
    requirement = verdict.requirement
    head = f'<b class="{_class(verdict)}">{requirement.id}</b> {requirement.level}: {escape(requirement.expected)}'
    yield f"<details open><summary>{head}</summary><p>{escape(verdict.reason.capitalize())}.<br>"
    yield f"Done: {escape(SCENES[requirement.scene].done)}.<br>Known from: {escape(requirement.source)}.<br>"
    yield f"<code>{escape(outcome.reproduce)} --select {requirement.id}</code></p>"
    recording = outcome.recordings.get(requirement.scene)
    if recording is not None:
        yield "<details><summary>What was seen</summary>"
        yield from _trace(recording)
        yield "</details>"
    yield "</details>"


def _trace(recording: Recording) -> Iterator[str]:
    """Every message and command of a scene in the order of time. Without addresses and bodies, which have secrets."""
    rows = [
        (each.at, each.party, each.what, str(each.status) if each.status else "closed") for each in recording.exchanges
    ]
    for run in recording.commands:
        ended = "ended by force" if run.exit_code is None else f"exit code {run.exit_code}"
        rows.append((run.at, "agent", f"{run.verb} {run.number}", ended))
    seen = [each for each in recording.happenings if each.what != "process"]
    rows += [(each.at, "", f"{each.what} {each.detail}".strip(), "") for each in seen]
    yield '<table class="trace">'
    for at, party, what, answer in sorted(rows):
        yield f"<tr><td>{at:9.3f}</td><td>{party}</td><td>{escape(what)}</td><td>{escape(answer)}</td></tr>"
    yield "</table>"
    if recording.problem:
        yield f"<p>{escape(recording.problem)}</p>"
