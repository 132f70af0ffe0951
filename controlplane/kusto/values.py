"""The values of the query language: their types, how they are converted and compared, and how an answer shows them.

A string is never null; all other types have null, which is None here. A dynamic value is what JSON holds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from controlplane.domain.times import countdown, instant, parse_instant

Value = Any
"""str, int, float, bool, datetime, timedelta, None, and of a dynamic value also list and dict."""

STRING, LONG, REAL, BOOL = "string", "long", "real", "bool"
DATETIME, TIMESPAN, DYNAMIC = "datetime", "timespan", "dynamic"
NUMBERS = (LONG, REAL)
SCALARS = (STRING, LONG, REAL, BOOL, DATETIME, TIMESPAN)

MOST_LONG = 2**63 - 1
COLUMN_TYPES = {
    STRING: "string",
    LONG: "integer",
    REAL: "number",
    BOOL: "boolean",
    DATETIME: "datetime",
    TIMESPAN: "string",
    DYNAMIC: "object",
}
"""What an answer in the form of a table calls the types."""

_TIMESPAN = re.compile(r"(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?", re.ASCII)


def parse_timespan(text: str) -> timedelta:
    """`1.02:30:00` or `02:30`; ValueError for anything else."""
    match = _TIMESPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    sign, days, hours, minutes, seconds, fraction = match.groups()
    span = timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    span += timedelta(microseconds=int((fraction or "0").ljust(7, "0")) // 10)
    return -span if sign else span


# ---------------------------------------------------------------------------------------------------------- conversion


def to_string(value: Value) -> str:
    """What `tostring` makes of a value of any type; nothing of null."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return instant(value)
        case timedelta():
            return _span_text(value)
        case list() | dict():
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        case _:
            return str(value)


def to_long(value: Value) -> int | None:
    match value:
        case bool() | int():
            return int(value)
        case float():
            return int(value) if math.isfinite(value) and abs(value) <= MOST_LONG else None
        case str():
            return int(value) if re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value, re.ASCII) else to_long(to_real(value))
        case timedelta():
            return value // timedelta(microseconds=1) * 10
        case _:
            return None


def to_real(value: Value) -> float | None:
    match value:
        case bool() | int() | float():
            return float(value)
        case str():
            try:
                return float(value) if re.fullmatch(r"\s*[+-]?[\d.]{1,40}([eE][+-]?\d{1,3})?\s*", value) else None
            except ValueError:
                return None
        case _:
            return None


def to_bool(value: Value) -> bool | None:
    match value:
        case bool():
            return value
        case int() | float():
            return value != 0
        case str():
            return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
        case _:
            return None


def to_datetime(value: Value) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        return parse_instant(value.strip())
    except (ValueError, OverflowError):
        return None


def to_timespan(value: Value) -> timedelta | None:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_timespan(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def to_dynamic(value: Value) -> Value:
    """A value inside a dynamic one, where times are texts."""
    return to_string(value) if isinstance(value, datetime | timedelta) else value


def parsed(value: Value) -> Value:
    """What `parse_json` makes of a value: a text that is no JSON stays a text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        return value


CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    STRING: to_string,
    LONG: to_long,
    REAL: to_real,
    BOOL: to_bool,
    DATETIME: to_datetime,
    TIMESPAN: to_timespan,
    DYNAMIC: to_dynamic,
}


# ------------------------------------------------------------------------------------------------- order and appearance


def sort_key(value: Value) -> Any:
    """Values of one type in their order; never of null."""
    return int(value) if isinstance(value, bool) else value


def identity(value: Value) -> Any:
    """The same for values that are one and the same in a group or a join; hashable."""
    if isinstance(value, list | dict):
        return ("json", json.dumps(value, sort_keys=True))
    return (value is None, value)


def shown(value: Value) -> Value:
    """As an answer in JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return to_string(value) if isinstance(value, datetime | timedelta) else value


def _span_text(span: timedelta) -> str:
    """`1.02:03:04.5000000`, as .NET writes it."""
    return f"-{countdown(-span.total_seconds())}" if span < timedelta(0) else countdown(span.total_seconds())
