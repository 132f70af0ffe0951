"""The scalar functions: how many arguments each takes, and how a call of it is compiled.

Names are those of the language and are told apart by case, as there. None searches by a regular expression: a pattern
that somebody else wrote may take any time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controlplane.domain import errors
from controlplane.domain.errors.queries import UNKNOWN_FUNCTION
from controlplane.kusto import elsewhere
from controlplane.kusto.failure import QueryError, meaningless
from controlplane.kusto.typed import Row, Typed, converted, text_of
from controlplane.kusto.values import (
    BOOL,
    DATETIME,
    DYNAMIC,
    LONG,
    NUMBERS,
    REAL,
    STRING,
    TIMESPAN,
    Value,
    identity,
    parsed,
    to_dynamic,
    to_string,
)

MANY = 64
"""So many arguments may a function have that takes any number."""


@dataclass(frozen=True, slots=True)
class Building:
    """A call that is being compiled."""

    name: str
    now: datetime
    arguments: Sequence[Typed]

    def text(self, index: int) -> Callable[[Row], str]:
        return text_of(self.arguments[index], f"{self.name}()")

    def as_type(self, index: int, type: str) -> Typed:
        """An argument of this type, or a dynamic one read so."""
        argument = self.arguments[index]
        if argument.type == DYNAMIC or {argument.type, type} <= {*NUMBERS, BOOL}:
            return converted(argument, type)
        if argument.type != type:
            raise meaningless(f"{self.name}() takes a value of type {type}, and has one of type {argument.type}")
        return argument

    def constant(self, index: int) -> Value:
        argument = self.arguments[index]
        if not argument.constant:
            raise meaningless(f"argument {index + 1} of {self.name}() must be a constant")
        return argument.of({})


@dataclass(frozen=True, slots=True)
class Function:
    least: int
    most: int
    build: Callable[[Building], Typed]

    def fits(self, count: int) -> bool:
        return self.least <= count <= self.most

    @property
    def arity(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


def find(name: str) -> Function:
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name in elsewhere.FUNCTIONS:
        raise errors.operation_not_simulated(f"Resource Graph function {name}")
    raise QueryError(UNKNOWN_FUNCTION.error(name=name))


# -------------------------------------------------------------------------------------------------------------- makers


def _conversion(type: str) -> Function:
    return Function(1, 1, lambda call: converted(call.arguments[0], type))


def _of_text(compute: Callable[[str], Value], type: str) -> Function:
    def build(call: Building) -> Typed:
        text = call.text(0)
        return Typed(type, lambda row: compute(text(row)), call.arguments[0].name)

    return Function(1, 1, build)


def _of_any(compute: Callable[[Value], Value], type: str) -> Function:
    def build(call: Building) -> Typed:
        of = call.arguments[0].of
        return Typed(type, lambda row: compute(of(row)))

    return Function(1, 1, build)


def _of(type: str, compute: Callable[[Any], Value], result: str) -> Function:
    """Of one value of a type; null of null."""

    def build(call: Building) -> Typed:
        of = call.as_type(0, type).of

        def computed(row: Row) -> Value:
            value = of(row)
            return None if value is None else compute(value)

        return Typed(result, computed, call.arguments[0].name)

    return Function(1, 1, build)


# ------------------------------------------------------------------------------------------------------------ functions


def _strcat(call: Building) -> Typed:
    parts = [argument.of for argument in call.arguments]
    return Typed(STRING, lambda row: "".join(to_string(part(row)) for part in parts))


def _strcat_delim(call: Building) -> Typed:
    delimiter, parts = call.text(0), [argument.of for argument in call.arguments[1:]]
    return Typed(STRING, lambda row: delimiter(row).join(to_string(part(row)) for part in parts))


def _split(call: Building) -> Typed:
    text, delimiter = call.text(0), call.text(1)
    chosen = call.as_type(2, LONG).of if len(call.arguments) > 2 else None

    def pieces(row: Row) -> Value:
        sign = delimiter(row)
        parts = text(row).split(sign) if sign else [text(row)]
        if chosen is None:
            return parts
        index = chosen(row)
        return [parts[index]] if index is not None and 0 <= index < len(parts) else []

    return Typed(DYNAMIC, pieces)


def _substring(call: Building) -> Typed:
    text, start = call.text(0), call.as_type(1, LONG).of
    length = call.as_type(2, LONG).of if len(call.arguments) > 2 else None

    def part(row: Row) -> Value:
        whole, first = text(row), start(row) or 0
        begin = max(0, len(whole) + first if first < 0 else first)
        return whole[begin:] if length is None else whole[begin : begin + max(0, length(row) or 0)]

    return Typed(STRING, part)


def _replace_string(call: Building) -> Typed:
    text, old, new = call.text(0), call.text(1), call.text(2)
    return Typed(STRING, lambda row: text(row).replace(old(row), new(row)) if old(row) else text(row))


def _indexof(call: Building) -> Typed:
    text, part = call.text(0), call.text(1)
    return Typed(LONG, lambda row: text(row).find(part(row)))


def _common_type(call: Building, values: Sequence[Typed]) -> str:
    types = {value.type for value in values}
    if len(types) == 1:
        return types.pop()
    if types <= set(NUMBERS):
        return REAL
    if DYNAMIC in types:
        return DYNAMIC
    raise meaningless(f"the values of {call.name}() are of the types {', '.join(sorted(types))}. Try explicit casts")


def _condition(call: Building, index: int) -> Callable[[Row], Value]:
    return call.as_type(index, BOOL).of


def _iff(call: Building) -> Typed:
    holds, values = _condition(call, 0), call.arguments[1:]
    type = _common_type(call, values)
    yes, no = (converted(value, type).of for value in values)
    return Typed(type, lambda row: yes(row) if holds(row) else no(row))


def _case(call: Building) -> Typed:
    if len(call.arguments) % 2 == 0:
        raise meaningless("case() takes pairs of a condition and a value, and a last value")
    conditions = [_condition(call, index) for index in range(0, len(call.arguments) - 1, 2)]
    values = [*call.arguments[1:-1:2], call.arguments[-1]]
    type = _common_type(call, values)
    *chosen, otherwise = (converted(value, type).of for value in values)

    def pick(row: Row) -> Value:
        for holds, value in zip(conditions, chosen, strict=True):
            if holds(row):
                return value(row)
        return otherwise(row)

    return Typed(type, pick)


def _coalesce(call: Building) -> Typed:
    type = _common_type(call, call.arguments)
    values = [converted(argument, type).of for argument in call.arguments]
    missing = "" if type == STRING else None

    def first(row: Row) -> Value:
        return next((found for value in values if (found := value(row)) != missing), missing)

    return Typed(type, first)


def _not(call: Building) -> Typed:
    holds = _condition(call, 0)

    def opposite(row: Row) -> Value:
        value = holds(row)
        return None if value is None else not value

    return Typed(BOOL, opposite)


def _now(call: Building) -> Typed:
    offset = call.as_type(0, TIMESPAN).of if call.arguments else None
    return Typed(DATETIME, lambda row: call.now + (offset(row) or timedelta(0)) if offset else call.now)


def _ago(call: Building) -> Typed:
    span = call.as_type(0, TIMESPAN).of

    def before(row: Row) -> Value:
        length = span(row)
        try:
            return None if length is None else call.now - length
        except OverflowError:
            return None

    return Typed(DATETIME, before)


_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


def _bin(call: Building) -> Typed:
    """A value rounded down to a multiple of a size."""
    value = call.arguments[0]
    type = value.type if value.type in (*NUMBERS, DATETIME, TIMESPAN) else REAL
    size = call.as_type(1, TIMESPAN if type in (DATETIME, TIMESPAN) else call.arguments[1].type)
    amount, step = call.as_type(0, type).of, size.of

    def floor(row: Row) -> Value:
        actual, width = amount(row), step(row)
        if actual is None or not width or width < width * 0:
            return None
        if type == DATETIME:
            return actual - (actual - _EPOCH) % width
        return actual - actual % width

    return Typed(REAL if type == LONG and size.type == REAL else type, floor, value.name)


def _start_of(unit: str) -> Function:
    def build(call: Building) -> Typed:
        of = call.as_type(0, DATETIME).of
        offset = call.as_type(1, LONG).of if len(call.arguments) > 1 else lambda row: 0

        def start(row: Row) -> Value:
            time, steps = of(row), offset(row)
            try:
                return None if time is None or steps is None else _begin(unit, time, steps)
            except (OverflowError, ValueError):
                return None

        return Typed(DATETIME, start, call.arguments[0].name)

    return Function(1, 2, build)


def _begin(unit: str, time: datetime, steps: int) -> datetime:
    day = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "day":
            return day + timedelta(days=steps)
        case "week":  # which begins on Sunday
            return day - timedelta(days=(day.weekday() + 1) % 7) + timedelta(weeks=steps)
        case "month":
            year, month = divmod(day.year * 12 + day.month - 1 + steps, 12)
            return day.replace(year=year, month=month + 1, day=1)
        case _:
            return day.replace(year=day.year + steps, month=1, day=1)


_SPANS = {
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


def _datetime_diff(call: Building) -> Typed:
    """How many borders of a period lie between two times."""
    period = to_string(call.constant(0)).lower()
    if period not in {*_SPANS, "week", "month", "year"}:
        raise errors.operation_not_simulated(f"Resource Graph datetime_diff of {period[:40]}")
    first, second = call.as_type(1, DATETIME).of, call.as_type(2, DATETIME).of

    def count(row: Row) -> Value:
        times = first(row), second(row)
        return None if None in times else _index(period, times[0]) - _index(period, times[1])

    return Typed(LONG, count)


def _index(period: str, time: datetime) -> int:
    if period == "month":
        return time.year * 12 + time.month
    if period == "year":
        return time.year
    if period == "week":
        return (_begin("week", time, 0) - _EPOCH) // timedelta(weeks=1)
    return (time - _EPOCH) // _SPANS[period]


def _datetime_add(call: Building) -> Typed:
    period, amount, base = to_string(call.constant(0)).lower(), call.as_type(1, LONG).of, call.as_type(2, DATETIME).of
    span = _SPANS.get(period) or {"week": timedelta(weeks=1)}.get(period)
    if span is None:
        raise errors.operation_not_simulated(f"Resource Graph datetime_add of {period[:40]}")

    def later(row: Row) -> Value:
        steps, time = amount(row), base(row)
        try:
            return None if steps is None or time is None else time + span * steps
        except OverflowError:
            return None

    return Typed(DATETIME, later)


def _bag(call: Building) -> Typed:
    if len(call.arguments) % 2:
        raise meaningless(f"{call.name}() takes pairs of a key and a value")
    keys = [call.text(index) for index in range(0, len(call.arguments), 2)]
    values = [argument.of for argument in call.arguments[1::2]]
    return Typed(
        DYNAMIC, lambda row: {key(row): to_dynamic(value(row)) for key, value in zip(keys, values, strict=True)}
    )


def _array_index_of(call: Building) -> Typed:
    array, wanted = call.as_type(0, DYNAMIC).of, call.arguments[1].of

    def index(row: Row) -> Value:
        values, value = array(row), identity(to_dynamic(wanted(row)))
        if not isinstance(values, list):
            return None
        return next((place for place, each in enumerate(values) if identity(each) == value), -1)

    return Typed(LONG, index)


def _set_has_element(call: Building) -> Typed:
    index = _array_index_of(call).of

    def has(row: Row) -> Value:
        place = index(row)
        return None if place is None else place >= 0

    return Typed(BOOL, has)


def _extreme(choose: Callable[..., Any]) -> Function:
    def build(call: Building) -> Typed:
        type = _common_type(call, call.arguments)
        if type == DYNAMIC:
            raise meaningless(f"{call.name}() takes no values of type dynamic. Try explicit casts")
        values = [converted(argument, type).of for argument in call.arguments]

        def extreme(row: Row) -> Value:
            there = [value for of in values if (value := of(row)) is not None]
            return choose(there) if there else None

        return Typed(type, extreme)

    return Function(2, MANY, build)


def _round(call: Building) -> Typed:
    value = call.as_type(0, REAL).of
    digits = call.as_type(1, LONG).of if len(call.arguments) > 1 else lambda row: 0

    def rounded(row: Row) -> Value:
        number, places = value(row), digits(row)
        if number is None or places is None or not math.isfinite(number):
            return number
        return round(number, max(-30, min(places, 30)))

    return Typed(REAL, rounded)


def _abs(call: Building) -> Typed:
    type = call.arguments[0].type if call.arguments[0].type in (LONG, TIMESPAN) else REAL
    of = call.as_type(0, type).of
    return Typed(type, lambda row: None if (value := of(row)) is None else abs(value), call.arguments[0].name)


def _is_empty(value: Value) -> bool:
    return value is None or value == ""


def _length(value: Value) -> int | None:
    return len(value) if isinstance(value, list) else None


_ISNULL = _of_any(lambda value: value is None, BOOL)
_ISNOTNULL = _of_any(lambda value: value is not None, BOOL)
_ISNOTEMPTY = _of_any(lambda value: not _is_empty(value), BOOL)

FUNCTIONS: dict[str, Function] = {
    # conversion
    "tostring": _conversion(STRING),
    "toint": _conversion(LONG),
    "tolong": _conversion(LONG),
    "toreal": _conversion(REAL),
    "todouble": _conversion(REAL),
    "tobool": _conversion(BOOL),
    "toboolean": _conversion(BOOL),
    "todatetime": _conversion(DATETIME),
    "totimespan": _conversion(TIMESPAN),
    "bool": _conversion(BOOL),
    "int": _conversion(LONG),
    "long": _conversion(LONG),
    "real": _conversion(REAL),
    "double": _conversion(REAL),
    "parse_json": _of_any(parsed, DYNAMIC),
    "todynamic": _of_any(parsed, DYNAMIC),
    "toobject": _of_any(parsed, DYNAMIC),
    # text
    "tolower": _of_text(str.lower, STRING),
    "toupper": _of_text(str.upper, STRING),
    "strlen": _of_text(len, LONG),
    "strcat": Function(1, MANY, _strcat),
    "strcat_delim": Function(3, MANY, _strcat_delim),
    "split": Function(2, 3, _split),
    "substring": Function(2, 3, _substring),
    "replace_string": Function(3, 3, _replace_string),
    "indexof": Function(2, 2, _indexof),
    # conditions
    "not": Function(1, 1, _not),
    "iff": Function(3, 3, _iff),
    "iif": Function(3, 3, _iff),
    "case": Function(3, MANY, _case),
    "coalesce": Function(2, MANY, _coalesce),
    "isnull": _ISNULL,
    "isnotnull": _ISNOTNULL,
    "notnull": _ISNOTNULL,
    "isempty": _of_any(_is_empty, BOOL),
    "isnotempty": _ISNOTEMPTY,
    "notempty": _ISNOTEMPTY,
    # times
    "now": Function(0, 1, _now),
    "ago": Function(1, 1, _ago),
    "startofday": _start_of("day"),
    "startofweek": _start_of("week"),
    "startofmonth": _start_of("month"),
    "startofyear": _start_of("year"),
    "hourofday": _of(DATETIME, lambda time: time.hour, LONG),
    "dayofmonth": _of(DATETIME, lambda time: time.day, LONG),
    "dayofweek": _of(DATETIME, lambda time: timedelta(days=(time.weekday() + 1) % 7), TIMESPAN),
    "dayofyear": _of(DATETIME, lambda time: time.timetuple().tm_yday, LONG),
    "monthofyear": _of(DATETIME, lambda time: time.month, LONG),
    "getmonth": _of(DATETIME, lambda time: time.month, LONG),
    "getyear": _of(DATETIME, lambda time: time.year, LONG),
    "datetime_diff": Function(3, 3, _datetime_diff),
    "datetime_add": Function(3, 3, _datetime_add),
    # numbers
    "bin": Function(2, 2, _bin),
    "floor": Function(2, 2, _bin),
    "abs": Function(1, 1, _abs),
    "round": Function(1, 2, _round),
    "min_of": _extreme(min),
    "max_of": _extreme(max),
    # lists and bags
    "array_length": _of_any(_length, LONG),
    "array_index_of": Function(2, 2, _array_index_of),
    "set_has_element": Function(2, 2, _set_has_element),
    "bag_keys": _of_any(lambda value: list(value) if isinstance(value, dict) else None, DYNAMIC),
    "bag_pack": Function(2, MANY, _bag),
    "pack": Function(2, MANY, _bag),
}
