"""Cuts an expression of the template language into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from controlplane.templates.language.failure import TemplateError

Kind = Literal["name", "text", "number", "mark"]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)|(?P<text>'(?:[^']|'')*')|(?P<number>[+-]?\d{1,19}(?!\d))"
    r"|(?P<mark>\.\?|\[\?|[()\[\].,]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str


def tokens(expression: str) -> Iterator[Token]:
    """`expression` stands without the brackets around it. Text comes unquoted, `''` in it as one quote."""
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None:
            raise TemplateError(
                f"Unable to parse language expression '{expression}': unexpected character at position {position + 1}"
            )
        position = match.end()
        if match["name"] is not None:
            yield Token("name", match["name"])
        elif match["text"] is not None:
            yield Token("text", match["text"][1:-1].replace("''", "'"))
        elif match["number"] is not None:
            yield Token("number", match["number"])
        else:
            yield Token("mark", match["mark"])
