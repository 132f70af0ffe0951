"""The little of Resource Graph's query language that clients of Azure Backup write: where, extend, project on a table.

A query is a table and stages behind bars. What is not of these forms raises NotUnderstood: a guess would be worse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

Json = dict[str, Any]

_NAME = r"[A-Za-z_][\w.]*"
_TEXT = r"\"[^\"]*\"|'[^']*'"
_EQUALS = re.compile(rf"where\s+({_NAME})\s*=[=~]\s*({_TEXT})")
_CONTAINS = re.compile(rf"where\s+tostring\(({_NAME})\)\s+contains\s+({_TEXT})")
_EXTEND = re.compile(rf"extend\s+({_NAME})\s*=\s*strcat\(((?:{_NAME}|{_TEXT})(?:\s*,\s*(?:{_NAME}|{_TEXT}))*)\)")
_PROJECT = re.compile(rf"project\s+({_NAME}(?:\s*,\s*{_NAME})*)")

Stage = Callable[[Iterable[Json]], list[Json]]


class NotUnderstood(ValueError):
    """A query, or a part of one, of another form."""


def table_of(query: str) -> str:
    """The table that a query reads, in lower case."""
    return _parts(query)[0].lower()


def run(query: str, rows: Iterable[Json]) -> list[Json]:
    """What a query makes of its table's rows."""
    found = list(rows)
    for part in _parts(query)[1:]:
        found = _stage(part)(found)
    return found


def _parts(query: str) -> list[str]:
    """The table and the stages; a bar inside a text separates nothing."""
    parts = re.findall(rf"(?:{_TEXT}|[^|\"'])+", query)
    return [" ".join(part.split()) for part in parts] or [""]


def _stage(text: str) -> Stage:
    if match := _EQUALS.fullmatch(text):
        name, wanted = match[1], _literal(match[2])
        return lambda rows: [row for row in rows if str(_value(row, name)).lower() == wanted.lower()]
    if match := _CONTAINS.fullmatch(text):
        name, part = match[1], _literal(match[2])
        return lambda rows: [row for row in rows if part.lower() in str(_value(row, name)).lower()]
    if match := _EXTEND.fullmatch(text):
        name, pieces = match[1], re.findall(rf"{_TEXT}|{_NAME}", match[2])
        return lambda rows: [row | {name: "".join(_piece(row, piece) for piece in pieces)} for row in rows]
    if match := _PROJECT.fullmatch(text):
        names = re.split(r"\s*,\s*", match[1])
        return lambda rows: [{name: _value(row, name) for name in names} for row in rows]
    raise NotUnderstood(text)


def _literal(text: str) -> str:
    return text[1:-1]


def _piece(row: Json, text: str) -> str:
    return _literal(text) if text[0] in "\"'" else str(_value(row, text) or "")


def _value(row: Json, path: str) -> Any:
    found: Any = row
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found
