"""The page of a run of the conformance suite: whole, in both languages, and without a secret."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from simulator.command.chinese.requirements import CHAPTERS, REQUIREMENTS
from simulator.command.conforming import wording
from simulator.command.conforming.page import html
from simulator.conformance import suite
from simulator.conformance.scenes import SCENES
from tests.conformance_outcome import FAILURES, SECRET, outcome

CHINESE = "zh-cn"
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,}\b")
"""Two words in lower case."""
OF_THE_WIRE = re.compile(r'<table class="trace">.*?</table>|<style>.*?</style>|<code>.*?</code>', re.DOTALL)
"""What was sent and typed is the same in every language."""


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Text:
    text = Text()
    text.feed(page)
    text.close()
    return text


@pytest.mark.parametrize("language", ["en", CHINESE])
def test_each_tag_is_closed_and_each_requirement_is_there(language: str) -> None:
    page = html(outcome(), language)
    assert read(page).open == []
    assert [id for id in suite.REQUIREMENTS if f"<td>{id}</td>" not in page] == []
    for id in FAILURES:
        assert f"--select {id}</code>" in page
    assert "&lt;released&gt;" in page
    assert "snapshot &lt;disk0&gt;" in page


@pytest.mark.parametrize("language", ["en", CHINESE])
def test_it_has_no_secret_and_needs_nothing_beside_it(language: str) -> None:
    page = html(outcome(), language)
    assert SECRET not in page
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|src=|href=", page)


def test_a_chapter_counts_what_was_judged_of_it() -> None:
    heads = dict(re.findall(r"<summary><b>([^<]+)</b> <span class=\"quiet\">([^<]+)<", html(outcome(), "en")))
    assert heads["Scripts of the owner"] == "not applicable"
    assert heads["Age of a task"] == "8 of 8 passed", "the ninth is skipped"
    assert heads["Lifecycle"] == "18 of 19 passed"


def test_it_says_what_a_baseline_makes_of_it() -> None:
    assert "baseline" not in html(outcome(), "en")
    told = html(outcome(frozenset({"FRZ-02", "MAN-01"})), "en")
    assert "new failures: LIF-02, SNP-01, STB-02; unexpected passes: MAN-01." in told


def test_a_chinese_page_is_chinese() -> None:
    page = html(outcome(), CHINESE)
    assert '<html lang="zh-CN">' in page
    texts = read(OF_THE_WIRE.sub("", page)).texts
    assert [text for text in texts if ENGLISH.search(text)] == []
    assert all(text in page for text in CHAPTERS.values())
    assert REQUIREMENTS["FRZ-02"] in page


def test_each_scene_and_each_source_has_its_chinese() -> None:
    assert [name for name in SCENES if wording.done(name, CHINESE) == SCENES[name].done] == []
    assert {wording.done(name, "en") for name in SCENES} == {scene.done for scene in SCENES.values()}
    sources = {each.source for each in suite.REQUIREMENTS.values()}
    assert [each for each in sources if ENGLISH.search(wording.source(each, CHINESE))] == []
