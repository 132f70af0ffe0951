"""The outcome of a run as one page of HTML, in English or Chinese, that needs nothing beside it and runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from simulator.command import texts
from simulator.command.conforming import wording
from simulator.conformance.outcome import SKIPPED, Outcome
from simulator.conformance.recording import Recording
from simulator.conformance.requirement import MUST, SHOULD
from simulator.conformance.suite import FAILED, NOT_APPLICABLE, PASSED, SUITE_VERSION, Verdict
from simulator.conformance.views import without_secrets

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f9; --text: #1b1f24; --quiet: #57606a; --line: #d5dae0;
--bad: #b3261e; --good: #1a7037; --warn: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2127; --text: #e6e8eb; --quiet: #a2abb5;
--line: #363d46; --bad: #ff8a80; --good: #6fd08c; --warn: #f0b35a; } }
* { box-sizing: border-box; }
body { font: 15px/1.55 system-ui, sans-serif; max-width: 66rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
background: var(--ground); color: var(--text); }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.quiet { color: var(--quiet); } .failed { color: var(--bad); } .passed { color: var(--good); }
.advice { color: var(--warn); }
.verdict { background: var(--card); border-left: .35rem solid; border-radius: .3rem; padding: .8rem 1rem;
margin: 1rem 0; }
.verdict strong { font-size: 1.2rem; display: block; }
.counts { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .3rem 0 0; padding: 0; list-style: none; }
.counts b { font-variant-numeric: tabular-nums; }
details { border: 1px solid var(--line); border-radius: .3rem; margin: .5rem 0; padding: 0 .9rem; }
details > summary { cursor: pointer; padding: .5rem 0; }
details[open] > summary { border-bottom: 1px solid var(--line); }
details details { background: var(--card); }
.wide { overflow-x: auto; margin: .4rem 0 .8rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .9rem .3rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; } th { font-weight: 600; color: var(--quiet); }
td:first-child, td:nth-child(2), td:last-child { white-space: nowrap; } td { overflow-wrap: anywhere; }
code, .trace td { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.trace td:first-child { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .6rem 0 .8rem; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; } }
"""


def html(outcome: Outcome, language: str) -> str:
    return "".join(_Page(outcome, language).parts())


class _Page:
    def __init__(self, outcome: Outcome, language: str) -> None:
        self._outcome = outcome
        self._language = language

    def parts(self) -> Iterator[str]:
        title = f"{self._outcome.handler} {self._outcome.version}"
        code = "zh-CN" if self._language == "zh-cn" else "en"
        yield f'<!doctype html><html lang="{code}"><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{escape(title)}: {self._say('title')}</title><style>{STYLE}</style>"
        yield f"<main><h1>{escape(title)}</h1>"
        yield from self._head()
        failed = self._outcome.of(FAILED)
        if failed:
            yield f"<h2>{self._say('failed')}</h2>"
            for each in failed:
                yield from self._failure(each)
        yield f"<h2>{self._say('all')}</h2>"
        for chapter in dict.fromkeys(each.requirement.chapter for each in self._outcome.verdicts):
            yield from self._chapter(chapter)
        yield "</main></html>\n"

    # --------------------------------------------------------------------------------------------------------- the head

    def _head(self) -> Iterator[str]:
        outcome = self._outcome
        facts = self._say(
            "facts",
            profile=outcome.profile,
            suite=SUITE_VERSION,
            seed=outcome.seed,
            runs=outcome.repeat,
            begun=outcome.begun,
            seconds=f"{outcome.duration_seconds:.0f}",
            platform=outcome.platform,
        )
        yield f'<p class="quiet">{facts}</p>'
        kind, word = ("passed", "well") if outcome.is_well else ("failed", "bad")
        yield f'<div class="verdict {kind}"><strong>{self._say(word)}</strong><ul class="counts">'
        advice = len(outcome.of(FAILED)) - len(outcome.failed_musts)
        counts = (
            (PASSED, "passed", len(outcome.of(PASSED))),
            (FAILED, "failed", len(outcome.failed_musts)),
            ("advice", "advice", advice),
            (NOT_APPLICABLE, "quiet", len(outcome.of(NOT_APPLICABLE))),
            (SKIPPED, "quiet", len(outcome.of(SKIPPED))),
        )
        for result, style, count in counts:
            yield f'<li class="{style}"><b>{count}</b> {self._result(result)}</li>'
        yield f'<li class="quiet">{self._say("total", total=outcome.total)}</li></ul></div>'
        if outcome.known is not None:
            none = self._say("none")
            new = ", ".join(each.requirement.id for each in outcome.new_failures) or none
            better = ", ".join(each.requirement.id for each in outcome.unexpected_passes) or none
            yield f"<p>{self._say('baseline', new=new, better=better)}</p>"

    # ----------------------------------------------------------------------------------------------------- the chapters

    def _chapter(self, chapter: str) -> Iterator[str]:
        verdicts = [each for each in self._outcome.verdicts if each.requirement.chapter == chapter]
        failed = sum(each.result == FAILED for each in verdicts)
        name = escape(wording.chapter(chapter, self._language))
        judged = [each for each in verdicts if each.result in (PASSED, FAILED)]
        count = self._say("of_chapter", passed=len(judged) - failed, total=len(judged))
        if not judged:
            count = self._result(verdicts[0].result)
        yield f'<details{" open" if failed else ""}><summary><b>{name}</b> <span class="quiet">{count}</span></summary>'
        heads = "".join(f'<th scope="col">{self._say(key)}</th>' for key in ("id", "level", "expected", "result"))
        yield f"{_scrolls(name)}<table><thead><tr>{heads}</tr></thead><tbody>"
        for each in verdicts:
            yield self._row(each)
        yield "</tbody></table></div></details>"

    def _row(self, verdict: Verdict) -> str:
        requirement = verdict.requirement
        reason = escape(wording.reason(verdict.reason, self._language))
        more = f'<br><span class="quiet">{reason}</span>' if reason else ""
        expected = escape(wording.expected(requirement, self._language))
        cells = f"<td>{requirement.id}</td><td>{self._level(verdict)}</td><td>{expected}{more}</td>"
        return f'<tr>{cells}<td class="{_style(verdict)}">{self._result(verdict.result)}</td></tr>'

    # ----------------------------------------------------------------------------------------------------- the failures

    def _failure(self, verdict: Verdict) -> Iterator[str]:
        requirement = verdict.requirement
        expected = escape(wording.expected(requirement, self._language))
        head = f'<b class="{_style(verdict)}">{requirement.id} {self._level(verdict)}</b> {expected}'
        rows = (
            ("reason", escape(wording.reason(verdict.reason, self._language))),
            ("done", escape(wording.done(requirement.scene, self._language))),
            ("source", escape(wording.source(requirement.source, self._language))),
            ("again", f"<code>{escape(self._outcome.reproduce)} --select {requirement.id}</code>"),
        )
        told = "".join(f"<dt>{self._say(key)}</dt><dd>{text}</dd>" for key, text in rows)
        yield f"<details open><summary>{head}</summary><dl>{told}</dl>"
        recording = self._outcome.recordings.get(requirement.scene)
        if recording is not None:
            yield f"<details><summary>{self._say('seen', scene=requirement.scene)}</summary>"
            yield from self._trace(recording)
            yield "</details>"
        yield "</details>"

    def _trace(self, recording: Recording) -> Iterator[str]:
        """Every message and command of a scene in the order of time. Addresses and bodies have secrets."""
        closed, forced = self._say("closed"), self._say("forced")
        rows = [
            (each.at, each.party, each.what, str(each.status) if each.status else closed)
            for each in recording.exchanges
        ]
        for run in recording.commands:
            ended = forced if run.exit_code is None else self._say("exit", code=run.exit_code)
            rows.append((run.at, "agent", f"{run.verb} {run.number}", ended))
        seen = [each for each in recording.happenings if each.what != "process"]
        rows += [(each.at, "", f"{each.what} {each.detail}".strip(), "") for each in seen]
        heads = "".join(f'<th scope="col">{self._say(key)}</th>' for key in ("at", "party", "what", "answer"))
        yield _scrolls(self._say("seen", scene=recording.scene))
        yield f'<table class="trace"><thead><tr>{heads}</tr></thead><tbody>'
        for at, party, what, answer in sorted(rows):
            told = escape(without_secrets(recording, what))
            yield f"<tr><td>{at:.3f}</td><td>{party}</td><td>{told}</td><td>{escape(answer)}</td></tr>"
        yield "</tbody></table></div>"
        if recording.problem:
            yield f"<p>{escape(wording.reason(recording.problem, self._language))}</p>"

    # ------------------------------------------------------------------------------------------------------------ words

    def _say(self, key: str, **values: object) -> str:
        return escape(texts.label(f"conform_page_{key}", self._language, **values))

    def _result(self, result: str) -> str:
        return self._say(f"result_{result.replace(' ', '_')}")

    def _level(self, verdict: Verdict) -> str:
        return self._say(MUST if verdict.requirement.level == MUST else SHOULD)


def _scrolls(label: str) -> str:
    """Around a table that may be wider than the screen; the keyboard reaches it, too."""
    return f'<div class="wide" tabindex="0" role="group" aria-label="{label}">'


def _style(verdict: Verdict) -> str:
    if verdict.result == FAILED:
        return "advice" if verdict.requirement.level == SHOULD else "failed"
    return "passed" if verdict.result == PASSED else "quiet"
