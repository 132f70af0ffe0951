"""The values of the language, which are those of JSON: their names, how they are written as text, how they compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.limits import DEEPEST

Value = Any
"""What JSON can hold; whole numbers have 64 bits."""

LEAST_INT, MOST_INT = -(2**63), 2**63 - 1


def kind(value: Value) -> str:
    """How the service calls the type of a value in its messages."""
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Float"
        case str():
            return "String"
        case dict():
            return "Object"
        case _:
            return "Array"


def as_text(value: Value) -> str:
    """As `string()`, `concat()` and `format()` write it: objects and arrays as JSON without blanks, `True`, null as
    nothing."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(value)
        case int():
            return str(value)
        case float():
            return _float(value)
        case _:
            return dump(value)


def dump(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def load(text: str) -> Value:
    """JSON as `json()` reads it. ValueError for what is none, has numbers that do not fit, or half a surrogate pair,
    which no answer could show."""
    try:
        value = json.loads(text, parse_int=whole, parse_float=fraction, parse_constant=_refuse)
        dump(value).encode()
        return value
    except RecursionError:
        raise TemplateError(f"A value is nested more than {DEEPEST} levels deep") from None


def whole(text: str) -> int:
    """ValueError for what is no number, or does not fit into 64 bits."""
    number = int(text) if len(text) <= 20 else LEAST_INT - 1
    if not LEAST_INT <= number <= MOST_INT:
        raise ValueError("a number that does not fit")
    return number


def fraction(text: str) -> float:
    """ValueError for what is no finite number."""
    number = float(text)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("a number that does not fit")
    return number


def same(one: Value, other: Value) -> bool:
    """Equal in type and value, as the service compares: `1` is not `true`, though Python says so; case counts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def among(value: Value, values: Sequence[Value]) -> bool:
    return any(same(value, each) for each in values)


def find_key(mapping: Mapping[str, Any], name: str) -> str | None:
    """The key of this name. Names of members match in any case; the exact one goes first."""
    if name in mapping:
        return name
    lowered = name.lower()
    return next((key for key in mapping if key.lower() == lowered), None)


def _float(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _refuse(text: str) -> Value:
    raise ValueError(text)
