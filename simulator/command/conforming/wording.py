"""What a run of the conformance suite says of requirements and reasons, in English and in Chinese.

Requirements are known by their ids, chapters by their names. A reason is an English sentence of a check with what was
found in its blanks; it is translated by its template, and so are the words in the blanks that have one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from simulator.command import texts
from simulator.command.chinese.reasons import REASONS, WORDS
from simulator.command.chinese.requirements import CHAPTERS, REQUIREMENTS
from simulator.command.chinese.scenes import DONE, SOURCES
from simulator.conformance.requirement import Requirement
from simulator.conformance.scenes import SCENES

ENGLISH = "en"
RUNS = re.compile(r"; (?P<runs>in \d+ of \d+ runs)$")
"""Stands behind the reason where a scene was played several times."""


def expected(requirement: Requirement, language: str) -> str:
    return requirement.expected if language == ENGLISH else REQUIREMENTS[requirement.id]


def chapter(name: str, language: str) -> str:
    """The heading of a chapter."""
    return name.capitalize() if language == ENGLISH else CHAPTERS[name]


def done(scene: str, language: str) -> str:
    """What is done in a scene."""
    return SCENES[scene].done if language == ENGLISH else DONE[scene]


def source(text: str, language: str) -> str:
    """Where a requirement is known from; the name of a document stays."""
    return text if language == ENGLISH else SOURCES.get(text, text)


def reason(text: str, language: str) -> str:
    """Why a requirement is not met. One without a template stays English, behind a remark that it is."""
    if language == ENGLISH or not text:
        return text
    runs = RUNS.search(text)
    what, when = (text[: runs.start()], runs["runs"]) if runs else (text, "")
    told = [_translated(part, REASONS) for part in (what, when) if part]
    if None in told:
        return texts.label("conform_english", language, reason=text)
    return "；".join(each for each in told if each)


def _translated(text: str, table: Mapping[str, str]) -> str | None:
    for english, chinese in sorted(table.items(), key=_words):
        if match := _pattern(english).fullmatch(text):
            return chinese.format(**{blank: _word(blank, value) for blank, value in match.groupdict().items()})
    return None


def _word(blank: str, value: str) -> str:
    """The Chinese of what stands in a blank; names and numbers stay as they are."""
    return _translated(value, WORDS) or (_translated(value, REASONS) if blank == "problem" else None) or value


def _words(entry: tuple[str, str]) -> int:
    """The templates with the most words come first: another that fits as well says less of the text."""
    return -len(re.sub(r"{\w+}", "", entry[0]))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    literal = re.split(r"{(\w+)}", template)
    words = [f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(literal)]
    return re.compile("".join(words), re.DOTALL)
