"""Azure Resource Graph's query language, as much of it as clients of Azure Backup send: where, extend, project, take.

A query is a table and operators between bars. What the real language has beyond these is refused by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.resources import BAD_QUERY, INVALID_QUERY
from controlplane.json_object import Json

Rows = Iterable[Json]

TABLE = "recoveryservicesresources"
"""Items, jobs and policies of vaults, and items of deleted vaults; the one table that is simulated."""

_TEXT = r"""(?:"([^"]*)"|'([^']*)')"""
_COLUMN = r"(?:tostring\((?P<inner>[\w.]+)\)|(?P<column>[\w.]+))"
_CONDITION = re.compile(rf"{_COLUMN}\s*(?P<operator>==|=~|!=|contains|startswith)\s*{_TEXT}", re.IGNORECASE)
_BAR = re.compile(r"""\|(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_EXTENSION = re.compile(r"(\w+)\s*=\s*strcat\((.*)\)")
_PART = re.compile(rf"\s*(?:{_TEXT}|([\w.]+))\s*")

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda actual, operand: actual == operand,
    "!=": lambda actual, operand: actual != operand,
    "=~": lambda actual, operand: actual.lower() == operand.lower(),
    "contains": lambda actual, operand: operand.lower() in actual.lower(),
    "startswith": lambda actual, operand: actual.lower().startswith(operand.lower()),
}


def run(query: str, rows: Rows) -> list[Json]:
    """What the query makes of the table's rows."""
    table, *operators = [part.strip() for part in _BAR.split(query)]
    if not re.fullmatch(r"\w+", table):
        raise invalid(f"it does not begin with a table: {table[:40]}")
    if table.lower() != TABLE:
        raise errors.operation_not_simulated(f"Resource Graph table {table}")
    for operator in operators:
        word, _, rest = operator.partition(" ")
        apply = _OPERATORS.get(word.lower())
        if apply is None:
            raise errors.operation_not_simulated(f"Resource Graph operator {word[:40]}")
        rows = apply(rest.strip(), rows)
    return list(rows)


def invalid(reason: str) -> ServiceError:
    return BAD_QUERY.error(details=[INVALID_QUERY.error(reason=reason).envelope()["error"]])


def _where(text: str, rows: Rows) -> Rows:
    conditions = [_CONDITION.fullmatch(part) for part in _AND.split(text)]
    if not all(conditions):
        raise invalid(f"where {text[:80]}")

    def holds(row: Json) -> bool:
        return all(
            _HOLDS[match["operator"].lower()](
                _text(row, match["inner"] or match["column"]), next(g for g in match.groups()[3:] if g is not None)
            )
            for match in conditions
            if match
        )

    return filter(holds, rows)


def _extend(text: str, rows: Rows) -> Rows:
    match = _EXTENSION.fullmatch(text)
    parts = [_PART.fullmatch(part) for part in match[2].split(",")] if match else []
    if match is None or not all(parts):
        raise errors.operation_not_simulated(f"Resource Graph extend {text[:80]}")
    name = match[1]

    def joined(row: Json) -> str:
        return "".join(_text(row, part[3]) if part[3] else part[1] or part[2] or "" for part in parts if part)

    return ({**row, name: joined(row)} for row in rows)


def _project(text: str, rows: Rows) -> Rows:
    names = [name.strip() for name in text.split(",")]
    if not all(re.fullmatch(r"\w+", name) for name in names):
        raise errors.operation_not_simulated(f"Resource Graph project {text[:80]}")
    return ({name: row.get(name) for name in names} for row in rows)


def _take(text: str, rows: Rows) -> Rows:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise invalid(f"take {text[:40]}")
    return islice(rows, int(text))


_OPERATORS: dict[str, Callable[[str, Rows], Rows]] = {
    "where": _where,
    "extend": _extend,
    "project": _project,
    "take": _take,
    "limit": _take,
}


def _text(row: Json, path: str) -> str:
    """The value at a path of keys, as text; empty where there is none."""
    value: Any = row
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return "" if value is None else str(value)
