"""What a handler says: every sentence in every language, and nothing that should stay secret."""

from __future__ import annotations

import string

import pytest

from extension.contract.messages import LANGUAGES, TEXTS, Sentence, known_locale, say
from extension.contract.redaction import redact


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


SECRET = "c2VjcmV0LzEr+w%3D%3D"


@pytest.mark.parametrize(
    "text",
    [
        f"PUT https://a/b?sv=1&sig={SECRET}&sp=rw failed",
        f"sig={SECRET}",
        f'{{"uri": "https://a/b?SIG={SECRET}"}}',
        f"<Url>https://a/b?sv=1&amp;sig={SECRET}</Url>",
        f"next=https%3A%2F%2Fa%3Fsig%3D{SECRET}",
        f"The MAC signature found in the HTTP request '{SECRET}' is not the same as any computed signature.",
        f"AccountName=a;AccountKey={SECRET};EndpointSuffix=b",
        f"Authorization: Bearer {SECRET}",
        f"Authorization: SharedKey account1:{SECRET}",
    ],
)
def test_secrets_do_not_survive(text: str) -> None:
    assert SECRET not in redact(text)
    assert "REDACTED" in redact(text)


@pytest.mark.parametrize(
    "text",
    ["", "design=round", "the signature is wrong", "https://a/b?sv=1&sp=rw&snapshot=2026-03-01T02:03:04.5670000Z"],
)
def test_everything_else_does(text: str) -> None:
    assert redact(text) == text


def test_the_rest_of_a_uri_stays_readable() -> None:
    assert redact("https://a/b?sv=1&sig=abc%3D&sp=rw") == "https://a/b?sv=1&sig=REDACTED&sp=rw"
