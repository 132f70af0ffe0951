"""Cuts a query into tokens."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

from controlplane.domain.times import parse_instant
from controlplane.kusto import elsewhere
from controlplane.kusto.failure import Position, unparsed
from controlplane.kusto.values import MOST_LONG, parse_timespan

Kind = Literal["name", "literal", "mark", "end"]

MARKS = (
    *("!startswith_cs", "!endswith_cs", "!hasprefix_cs", "!hassuffix_cs", "!contains_cs", "!has_cs"),
    *("!startswith", "!endswith", "!hasprefix", "!hassuffix", "!contains", "!between", "!has", "!in~", "!in"),
    *("==", "=~", "!=", "!~", "<>", "<=", ">=", "..", "in~"),
    *("(", ")", "[", "]", "{", "}", "|", ",", ".", ";", ":", "=", "<", ">", "+", "-", "*", "/", "%"),
)
"""The longest first. Operators that are words without a mark in them are names."""

HYPHENATED = ("mv-expand", "project-away", "project-keep", "project-rename")
"""Operators with a hyphen in their names, which elsewhere is a minus."""

_SPACE = re.compile(r"(?:\s+|//[^\n]*)+")
_TEXT = re.compile(r"""@"((?:[^"]|"")*)"|@'((?:[^']|'')*)'|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'""")
_TIMESPAN = re.compile(r"(\d+(?:\.\d+)?)(days?|hours?|minutes?|seconds?|ms|microseconds?|ticks?|d|h|m|s)\b")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_TYPED = re.compile(r"(datetime|date|timespan|time|bool|boolean|int|long|real|double|guid|decimal)\(([^()'\"]*)\)")
_DYNAMIC = re.compile(r"dynamic\(\s*")
_MARK = re.compile("|".join(re.escape(mark) + (r"(?!\w)" if mark[-1].isalpha() else "") for mark in MARKS))
_HYPHENATED = re.compile("|".join((*HYPHENATED, *(word for word in elsewhere.OPERATORS if "-" in word))))
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "0": "\0", "a": "\a", "b": "\b", "/": "/"}
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "microsecond": timedelta(microseconds=1),
    "tick": timedelta(microseconds=0.1),
}


@dataclass(frozen=True, slots=True)
class Token:
    """`value` and `type` are those of a literal."""

    kind: Kind
    text: str
    position: Position
    value: Any = None
    type: str = ""


def tokens(query: str) -> Iterator[Token]:
    """Everything but spaces and comments, and a token at the end."""
    at, end = _skip_space(query, 0), len(query)
    while at < end:
        token, length = _next(query, at)
        yield token
        at = _skip_space(query, at + length)
    yield Token("end", "<EOF>", _position(query, end))


def _skip_space(query: str, at: int) -> int:
    match = _SPACE.match(query, at)
    return match.end() if match else at


def _position(query: str, at: int) -> Position:
    starts = _line_starts(query)
    line = bisect_right(starts, at)
    return Position(line, at - starts[line - 1])


@lru_cache(maxsize=4)
def _line_starts(query: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", query))]


def _next(query: str, at: int) -> tuple[Token, int]:
    """The token at a place, and how long it is."""
    position = _position(query, at)
    for read in (_typed, _dynamic, _text, _timespan, _number):
        if (literal := read(query, at, position)) is not None:
            return literal
    if (mark := _MARK.match(query, at)) is not None:
        return Token("mark", mark[0], position), len(mark[0])
    if (name := _NAME.match(query, at)) is not None:
        word = _HYPHENATED.match(query, at)
        text = word[0] if word else name[0]
        return _named(text, position), len(text)
    raise unparsed(position, query[at])


def _named(text: str, position: Position) -> Token:
    if text in {"true", "false"}:
        return Token("literal", text, position, text == "true", "bool")
    return Token("name", text, position)


def _literal(match: re.Match[str], position: Position, value: Any, type: str) -> tuple[Token, int]:
    return Token("literal", match[0], position, value, type), len(match[0])


def _text(query: str, at: int, position: Position) -> tuple[Token, int] | None:
    match = _TEXT.match(query, at)
    if match is None:
        return None
    if match[0].startswith("@"):
        quote = match[0][1]
        verbatim = (match[1] if match[1] is not None else match[2]).replace(quote * 2, quote)
        return _literal(match, position, verbatim, "string")
    escaped = match[3] if match[3] is not None else match[4]
    return _literal(match, position, _unescaped(escaped, position), "string")


def _unescaped(text: str, position: Position) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1], 16))
        if match[0][1] not in _ESCAPES:
            raise unparsed(position, match[0])
        return _ESCAPES[match[0][1]]

    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|.)", replaced, text)


def _timespan(query: str, at: int, position: Position) -> tuple[Token, int] | None:
    match = _TIMESPAN.match(query, at)
    if match is None:
        return None
    unit = match[2] if match[2] in _UNITS else match[2].rstrip("s")
    unit = unit if unit in _UNITS else unit[0]
    try:
        return _literal(match, position, _UNITS[unit] * float(match[1]), "timespan")
    except OverflowError:
        raise unparsed(position, match[0]) from None


def _number(query: str, at: int, position: Position) -> tuple[Token, int] | None:
    match = _NUMBER.match(query, at)
    if match is None:
        return None
    if re.fullmatch(r"\d+|0[xX].*", match[0]):
        value = int(match[0], 0) if match[0][:2].lower() == "0x" else int(match[0]) if len(match[0]) < 20 else MOST_LONG
        if value > MOST_LONG or len(match[0]) >= 20:
            raise unparsed(position, match[0])
        return _literal(match, position, value, "long")
    return _literal(match, position, float(match[0]), "real")


def _typed(query: str, at: int, position: Position) -> tuple[Token, int] | None:
    """`datetime(2026-11-30)`, `timespan(1.02:00:00)`, `long(null)` and their like."""
    match = _TYPED.match(query, at)
    if match is None:
        return None
    name, text = match[1], match[2].strip()
    type = {"date": "datetime", "time": "timespan", "boolean": "bool", "int": "long", "double": "real"}.get(name, name)
    if text == "null":
        return _literal(match, position, None, type)
    if type == "timespan" and (short := _TIMESPAN.fullmatch(text)) is not None:
        value = _timespan(short[0], 0, position)
        assert value is not None
        return _literal(match, position, value[0].value, type)
    readers: dict[str, Callable[[str], Any]] = {
        "datetime": parse_instant,
        "timespan": parse_timespan,
        "bool": {"true": True, "false": False, "1": True, "0": False}.__getitem__,
        "long": int,
        "real": float,
    }
    reader = readers.get(type)
    if reader is None:
        return None
    try:
        return _literal(match, position, reader(text), type)
    except (ValueError, KeyError, OverflowError):
        # A column in parentheses, as in bool(properties.flag), is no literal: a function has this name then.
        if re.fullmatch(r"[A-Za-z_][\w.\[\]]*", text):
            return None
        raise unparsed(position, match[0]) from None


def _dynamic(query: str, at: int, position: Position) -> tuple[Token, int] | None:
    match = _DYNAMIC.match(query, at)
    if match is None:
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(query, match.end())
    except (ValueError, RecursionError):
        raise unparsed(position, "dynamic(") from None
    end = _skip_space(query, end)
    if query[end : end + 1] != ")":
        raise unparsed(_position(query, end), query[end : end + 1] or "<EOF>")
    return Token("literal", "dynamic(...)", position, value, "dynamic"), end + 1 - at
