"""The Chinese pages of the documentation keep step with the English ones: headings, blocks, names, places, numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
CHINESE = sorted((DOCS / "zh-CN").glob("*.md"))
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\|.*\n", re.MULTILINE)
REFERENCE = {"stories.md": "| verb | takes |"}
"""Tables of words of a language that is English, which stand on the English page alone: how each begins."""
pages = pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)


def english(page: Path) -> str:
    text = (DOCS / page.name).read_text(encoding="utf-8")
    begin = text.find(REFERENCE.get(page.name, "\0"))
    return text if begin < 0 else text[:begin] + ROW.sub("", text[begin:])


def prose(text: str) -> str:
    return FENCE.sub("", text)


def spans(text: str) -> set[str]:
    return {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(text))}


def places(text: str, folder: Path) -> set[str]:
    """Where links lead, without the part of the page; a Chinese page stands for the English one of its name."""
    links = (link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text))
    resolved = ((folder / link).resolve() for link in links if link)
    return {str(DOCS / path.name if path.parent == DOCS / "zh-CN" else path) for path in resolved}


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", prose(text)))


def levels(text: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def test_there_are_chinese_pages() -> None:
    assert {"page.md", "stories.md"} <= {page.name for page in CHINESE}


@pages
def test_it_has_the_same_headings_blocks_and_rows(page: Path) -> None:
    ours, theirs = page.read_text(encoding="utf-8"), english(page)
    assert levels(ours) == levels(theirs)
    assert FENCE.findall(ours) == FENCE.findall(theirs)
    assert len(ROW.findall(prose(ours))) == len(ROW.findall(prose(theirs)))


@pages
def test_it_has_the_same_names_numbers_and_places(page: Path) -> None:
    ours, theirs = page.read_text(encoding="utf-8"), english(page)
    assert spans(ours) ^ spans(theirs) == set()
    assert numbers(ours) ^ numbers(theirs) == set()
    assert places(ours, page.parent) - {str(DOCS / page.name)} == places(theirs, DOCS) - {str(DOCS / page.name)}


@pages
def test_it_is_chinese_and_each_leads_to_the_other(page: Path) -> None:
    ours = page.read_text(encoding="utf-8")
    assert f"[English](../{page.name})" in ours
    assert f"[简体中文](zh-CN/{page.name})" in (DOCS / page.name).read_text(encoding="utf-8")
    words = re.sub(r"`[^`]*`|\]\([^)]*\)", "", prose(ours))
    assert not re.findall(r"\b[a-z]{3,} [a-z]{3,} [a-z]{3,}\b", words)
