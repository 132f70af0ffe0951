"""Reads template text, which is JSON with comments, strings over several lines, commas at the end, and bare keys.

Bare keys come from az: it puts the text of a template file into its request as it is, behind a key without quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

# An unfinished string or comment extends to the end of the text, so that no character is read twice.
_TOKEN = re.compile(
    r"""
    (?P<string>"(?:[^"\\]|\\.)*(?:"|\Z))
    |(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<space>\s+)
    |(?P<word>[A-Za-z_$][\w$]*)
    |(?P<number>[-+\d.][-+\d.eE]*)
    |(?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f]")


def to_json(text: str) -> str:
    """The same as JSON proper; what is no template text becomes no JSON either."""
    tokens = list(_tokens(text))
    following = [token for _, token in (*tokens[1:], ("", ""))]
    return " ".join(
        f'"{token}"' if kind == "word" and after == ":" else token
        for (kind, token), after in zip(tokens, following, strict=False)
        if not (token == "," and after and after in "}]")
    )


def positions(text: str) -> Iterator[tuple[str, int]]:
    """The tokens that count, each with the place where it begins."""
    for token in _TOKEN.finditer(text):
        if token.lastgroup not in ("comment", "space"):
            yield token.group(), token.start()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup or "", match.group()
        if kind == "string":
            yield kind, _CONTROL.sub(lambda control: json.dumps(control.group())[1:-1], token)
        elif kind not in ("comment", "space"):
            yield kind, token
