"""What a handler says: every sentence in every language."""

from __future__ import annotations

import string

import pytest

from extension.contract.messages import LANGUAGES, TEXTS, Sentence, known_locale, say


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("sentence", Sentence)
def test_every_sentence_has_the_same_blanks_in_every_language(sentence: Sentence) -> None:
    assert len({frozenset(blanks(texts[sentence])) for texts in TEXTS.values()}) == 1
    assert len({texts[sentence] for texts in TEXTS.values()}) == len(TEXTS)


def test_every_language_has_its_name() -> None:
    assert set(LANGUAGES) == set(TEXTS)


@pytest.mark.parametrize(
    ("locale", "known"),
    [
        ("en-us", "en-us"),
        ("zh-cn", "zh-cn"),
        ("ZH-CN", "zh-cn"),
        ("zh_Hans", "zh-cn"),
        ("zh", "zh-cn"),
        ("zh-tw", "en-us"),
        ("de-de", "en-us"),
        ("", "en-us"),
        ("<location>", "en-us"),
    ],
)
def test_a_locale_that_is_not_spoken_gets_english(locale: str, known: str) -> None:
    assert known_locale(locale) == known


def test_a_sentence_is_said_in_the_language_that_was_asked_for() -> None:
    assert say(Sentence.TOO_LATE, "en-us", minutes=140) == "The task is older than 140 minutes; no snapshot was taken."
    assert say(Sentence.TOO_LATE, "zh-cn", minutes=140) == "任务已超过 140 分钟，未创建快照。"
