"""The Chinese README keeps step with the English one: headings, commands, places and measured numbers are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OWN_LINK = "[English](README.md)"
OTHER_LINK = "[简体中文](README.zh-CN.md)"


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    return FENCE.sub("", text_of(path))


def levels(path: Path) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", prose_of(path), re.MULTILINE)]


def rows(path: Path) -> list[str]:
    return [line for line in prose_of(path).splitlines() if line.startswith("| ")]


def spans(text: str) -> list[str]:
    return sorted(re.findall(r"`([^`]+)`", text.replace("\n", " ")))


def places(text: str) -> list[str]:
    """Where links lead; a heading of the page itself has another name in each language."""
    return sorted(
        re.sub(r"^#.*", "#", link)
        for link in re.findall(r"\]\(([^)\s]+)\)", text.replace(OWN_LINK, "").replace(OTHER_LINK, ""))
    )


def numbers(row: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", row))


def test_the_headings_stand_in_the_same_order() -> None:
    assert levels(CHINESE) == levels(ENGLISH)


def test_the_blocks_are_the_same() -> None:
    assert FENCE.findall(text_of(CHINESE)) == FENCE.findall(text_of(ENGLISH))


def test_the_tables_have_the_same_rows() -> None:
    assert len(rows(CHINESE)) == len(rows(ENGLISH))


@pytest.mark.parametrize("number", range(len(rows(ENGLISH))))
def test_a_row_has_the_same_commands_links_and_numbers(number: int) -> None:
    english, chinese = rows(ENGLISH)[number], rows(CHINESE)[number]
    assert spans(chinese) == spans(english)
    assert places(chinese) == places(english)
    assert numbers(chinese) == numbers(english)
    assert english.count(" | ") == chinese.count(" | ")


def test_the_texts_name_the_same_commands_and_places() -> None:
    assert set(spans(prose_of(ENGLISH))) <= set(spans(prose_of(CHINESE)))
    assert places(prose_of(CHINESE)) == places(prose_of(ENGLISH))


def test_each_leads_to_the_other() -> None:
    assert OWN_LINK in text_of(CHINESE)
    assert OTHER_LINK in text_of(ENGLISH)


def test_what_is_said_is_chinese() -> None:
    words = re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>", "", prose_of(CHINESE))
    assert not re.findall(r"\b[a-z]{3,} [a-z]{3,} [a-z]{3,}\b", words)
