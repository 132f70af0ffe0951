"""The page of messages leaves no sentence out: texts that code puts together are read as people will read them."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from docs.generator.texts import Reader, calls


def read(code: str) -> list[tuple[str, str]]:
    return [(text.by, text.text) for _, text in Reader(ast.parse(dedent(code))).texts()]


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ('raise Failure(f"{path} is {state.name}; stop it")', [("Failure", "{path} is {name}; stop it")]),
        ('say("one " + ("two" if both else "three"))', [("say", "one two"), ("say", "one three")]),
        ('say(problem or "no reason")', [("say", "{problem}"), ("say", "no reason")]),
        ('TEXTS = {1: "the first"}', [("TEXTS", "the first")]),
        ('say(", ".join(["a b"]))', [("say", ","), ("say", "a b")]),
    ],
)
def test_a_text_is_read_with_its_choices(code: str, texts: list[tuple[str, str]]) -> None:
    assert read(code) == texts


def test_a_text_is_read_with_what_variables_put_in() -> None:
    code = """
    REMEDY = "try again"
    def run(self):
        try:
            work()
        except First:
            reason = "the first"
        except Second as problem:
            reason = f"the second ({problem})"
        raise Failure(f"{reason}; {REMEDY}")
    """
    assert read(code) == [("Failure", "the first; try again"), ("Failure", "the second ({problem}); try again")]


def test_a_text_that_is_only_passed_on_belongs_to_who_shows_it() -> None:
    code = """
    class Ended(Exception):
        def __init__(self, name):
            super().__init__(f"{name} ended")
    def run():
        message = "it is full"
        raise Failure(400, message)
    """
    assert read(code) == [("Ended", "{name} ended"), ("Failure", "it is full")]


def test_a_later_text_replaces_an_earlier_one() -> None:
    code = """
    def run(kind):
        message = "one"
        if kind:
            raise Refusal(1, message)
        message = "two"
        raise Refusal(2, message)
    """
    assert calls(ast.parse(dedent(code)), "Refusal") == [("1", "one"), ("2", "two")]
