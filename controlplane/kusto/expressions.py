"""Compiles an expression against the columns of a table: its type, the name it gives a column, and how it is computed.

Facts: a null in a comparison for equality is unequal to any value; in other comparisons and in arithmetic it gives
null, which no condition takes for true. A dynamic value is converted to the type that it is compared with; two of them
cannot be compared, nor one be sorted, grouped or joined by.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controlplane.kusto import functions, syntax
from controlplane.kusto.failure import meaningless
from controlplane.kusto.syntax import Expression, Named
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
    sort_key,
    to_long,
)

Columns = Mapping[str, str]
"""Name -> type, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name."""

    columns: Columns
    now: datetime

    def compile(self, expression: Expression) -> Typed:
        match expression:
            case syntax.Literal(value, type):
                return Typed(type, lambda row: value, constant=True)
            case syntax.Name(text):
                return self._column(text)
            case syntax.Member():
                return self._member(expression)
            case syntax.Element():
                return self._element(expression)
            case syntax.Call():
                return self._call(expression)
            case syntax.Unary(operand):
                return self._negative(operand)
            case syntax.Binary(sign, left, right):
                return binary(sign, self.compile(left), self.compile(right))
            case syntax.Logic(word, parts):
                return _logic(word, [self.condition(part) for part in parts])
            case syntax.Among():
                return self._among(expression)
            case syntax.Between():
                return self._between(expression)
            case syntax.Star():
                raise meaningless("'*' stands for all columns only in an aggregation or after distinct")

    def condition(self, expression: Expression) -> Typed:
        """An expression that is true or false."""
        compiled = self.compile(expression)
        if compiled.type not in (BOOL, LONG, DYNAMIC):
            raise meaningless(f"a condition must be of type bool, and this one is of type {compiled.type}")
        return converted(compiled, BOOL)

    def named(self, columns: Sequence[Named]) -> list[tuple[str, Typed]]:
        """Columns with the names that they get; those without one are Column1, Column2 and so on."""
        result: list[tuple[str, Typed]] = []
        for column in columns:
            compiled = self.compile(column.expression)
            name = column.name or compiled.name or f"Column{len(result) + 1}"
            if any(name == other for other, _ in result):
                raise meaningless(f"a column with the name '{name}' is there already")
            result.append((name, compiled))
        return result

    # ---------------------------------------------------------------------------------------------------------- places

    def _column(self, name: str) -> Typed:
        if name not in self.columns:
            raise meaningless(f"Failed to resolve scalar expression named '{name}'")
        return Typed(self.columns[name], operator.itemgetter(name), name)

    def _member(self, member: syntax.Member) -> Typed:
        target = self.compile(member.target)
        _check_dynamic(target, member.key)
        name = f"{target.name}_{member.key}" if target.name else None

        def find(row: Row) -> Value:
            value = target.of(row)
            return value.get(member.key) if isinstance(value, dict) else None

        return Typed(DYNAMIC, find, name)

    def _element(self, element: syntax.Element) -> Typed:
        target, index = self.compile(element.target), self.compile(element.index)
        _check_dynamic(target, "[]")

        def find(row: Row) -> Value:
            value, place = target.of(row), index.of(row)
            if isinstance(value, dict):
                return value.get(place) if isinstance(place, str) else None
            place = to_long(place)
            if not isinstance(value, list) or place is None or not -len(value) <= place < len(value):
                return None
            return value[place]

        fixed = element.index.value if isinstance(element.index, syntax.Literal) else None
        return Typed(DYNAMIC, find, f"{target.name}_{fixed}" if target.name and fixed is not None else None)

    # ------------------------------------------------------------------------------------------------------- functions

    def _call(self, call: syntax.Call) -> Typed:
        function = functions.find(call.function)
        if not function.fits(len(call.arguments)):
            raise meaningless(f"{call.function}() takes {function.arity} arguments, and has {len(call.arguments)}")
        arguments = [self.compile(argument) for argument in call.arguments]
        return function.build(functions.Building(call.function, self.now, arguments))

    # ------------------------------------------------------------------------------------------------------- operators

    def _negative(self, operand: Expression) -> Typed:
        compiled = self.compile(operand)
        if compiled.type == DYNAMIC:
            compiled = converted(compiled, REAL)
        if compiled.type not in (*NUMBERS, TIMESPAN):
            raise meaningless(f"a value of type {compiled.type} has no negative")
        return Typed(compiled.type, _unless_null(lambda value: -value, compiled))

    def _among(self, among: syntax.Among) -> Typed:
        if among.operator in {"has_any", "has_all"}:
            return self._has_several(among)
        plain = among.operator.lstrip("!")
        equal = "=~" if plain == "in~" else "=="
        left = self.compile(among.left)
        candidates = [flat for candidate in among.candidates for flat in _flattened(self.compile(candidate))]
        parts = [binary(equal, left, candidate) for candidate in candidates]
        found = _logic("or", parts) if parts else Typed(BOOL, lambda row: False)
        if not among.operator.startswith("!"):
            return found
        return Typed(BOOL, lambda row: not found.of(row))

    def _has_several(self, among: syntax.Among) -> Typed:
        left = self.compile(among.left)
        parts = [binary("has", left, flat) for each in among.candidates for flat in _flattened(self.compile(each))]
        return _logic("or" if among.operator == "has_any" else "and", parts)

    def _between(self, between: syntax.Between) -> Typed:
        operand, low, high = (self.compile(each) for each in (between.operand, between.low, between.high))
        if operand.type == DATETIME and high.type == TIMESPAN:
            high = binary("+", low, high)
        inside = _logic("and", [binary(">=", operand, low), binary("<=", operand, high)])
        return Typed(BOOL, (lambda row: not inside.of(row)) if between.negated else inside.of)


def _flattened(candidate: Typed) -> list[Typed]:
    """A list that is written out as a dynamic value stands for its elements."""
    if candidate.constant and candidate.type == DYNAMIC and isinstance(values := candidate.of({}), list):
        return [_fixed(value) for value in values]
    return [candidate]


def _fixed(value: Value) -> Typed:
    return Typed(DYNAMIC, lambda row: value, constant=True)


def _check_dynamic(target: Typed, key: str) -> None:
    if target.type != DYNAMIC:
        raise meaningless(f"a value of type {target.type} has no member '{key}'")


def _logic(word: str, parts: Sequence[Typed]) -> Typed:
    values = [part.of for part in parts]
    if word == "and":
        return Typed(BOOL, lambda row: all(value(row) for value in values))
    return Typed(BOOL, lambda row: any(value(row) for value in values))


def _unless_null(compute: Callable[[Any], Value], operand: Typed) -> Callable[[Row], Value]:
    def of(row: Row) -> Value:
        value = operand.of(row)
        return None if value is None else compute(value)

    return of


# ---------------------------------------------------------------------------------------------------- binary operators


def binary(sign: str, left: Typed, right: Typed) -> Typed:
    """`left sign right`, with types that go together."""
    plain = sign.lstrip("!") if sign not in {"!=", "!~"} else sign
    if plain in _TEXTS:
        return _text_comparison(sign, left, right)
    if sign in {"+", "-", "*", "/", "%"}:
        return _arithmetic(sign, left, right)
    left, right = _comparable(left, right)
    if sign in {"==", "!="}:
        return _equality(sign, left, right)
    compare: Callable[[Any, Any], bool] = _ORDERS[sign]
    if left.type == STRING:
        raise meaningless(f"Cannot compare values of types string and string by '{sign}'")

    def of(row: Row) -> Value:
        first, second = left.of(row), right.of(row)
        return None if first is None or second is None else compare(sort_key(first), sort_key(second))

    return Typed(BOOL, of)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _equality(sign: str, left: Typed, right: Typed) -> Typed:
    differs = sign == "!="

    def of(row: Row) -> Value:
        first, second = left.of(row), right.of(row)
        if first is None and second is None:
            return None
        return (first == second) != differs

    return Typed(BOOL, of)


def _comparable(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both sides in the type in which they are compared."""
    if left.type == DYNAMIC and right.type == DYNAMIC and (left.constant or right.constant):
        return converted(left, STRING), converted(right, STRING)
    if left.type == DYNAMIC != right.type:
        return converted(left, _read_as(right.type)), right
    if right.type == DYNAMIC != left.type:
        return left, converted(right, _read_as(left.type))
    numeric = {*NUMBERS, BOOL}
    if (left.type == right.type != DYNAMIC) or {left.type, right.type} <= numeric:
        return left, right
    raise meaningless(f"Cannot compare values of types {left.type} and {right.type}. Try adding explicit casts")


def _read_as(type: str) -> str:
    """A dynamic value is compared with a whole number as a number: 1.5 is not 1."""
    return REAL if type == LONG else type


def _text_comparison(sign: str, left: Typed, right: Typed) -> Typed:
    negated = sign.startswith("!")
    plain = "=~" if sign == "!~" else sign.lstrip("!")
    holds = _TEXTS[plain]
    first, second = text_of(left, f"'{sign}'"), text_of(right, f"'{sign}'")
    return Typed(BOOL, lambda row: holds(first(row), second(row)) != negated)


def _without_case(holds: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    return lambda left, right: holds(left.lower(), right.lower())


_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "=~": _without_case(operator.eq),
    "!~": _without_case(operator.eq),
    "contains": _without_case(lambda left, right: right in left),
    "contains_cs": lambda left, right: right in left,
    "startswith": _without_case(str.startswith),
    "startswith_cs": str.startswith,
    "endswith": _without_case(str.endswith),
    "endswith_cs": str.endswith,
    "has": _without_case(lambda left, right: _has(left, right, True, True)),
    "has_cs": lambda left, right: _has(left, right, True, True),
    "hasprefix": _without_case(lambda left, right: _has(left, right, True, False)),
    "hasprefix_cs": lambda left, right: _has(left, right, True, False),
    "hassuffix": _without_case(lambda left, right: _has(left, right, False, True)),
    "hassuffix_cs": lambda left, right: _has(left, right, False, True),
}


def _has(text: str, term: str, begins: bool, ends: bool) -> bool:
    """Whether a text has a term: runs of letters and digits are what terms are made of."""
    at = text.find(term)
    while at >= 0:
        end = at + len(term)
        is_start = not begins or at == 0 or not (text[at - 1].isalnum() and term[:1].isalnum())
        is_end = not ends or end == len(text) or not (text[end].isalnum() and term[-1:].isalnum())
        if is_start and is_end:
            return True
        at = text.find(term, at + 1)
    return False


# ---------------------------------------------------------------------------------------------------------- arithmetic


def _arithmetic(sign: str, left: Typed, right: Typed) -> Typed:
    if left.type == DYNAMIC:
        left = converted(left, REAL if right.type in (*NUMBERS, DYNAMIC) else right.type)
    if right.type == DYNAMIC:
        right = converted(right, REAL if left.type in NUMBERS else left.type)
    type = _SUMS.get((sign, left.type, right.type))
    if type is None:
        raise meaningless(f"'{left.type} {sign} {right.type}' means nothing")
    compute = _COMPUTED[sign, type == LONG]

    def of(row: Row) -> Value:
        first, second = left.of(row), right.of(row)
        if first is None or second is None:
            return None
        try:
            return compute(first, second)
        except (ZeroDivisionError, OverflowError):
            return None

    return Typed(type, of)


_SUMS = {
    **{(sign, LONG, LONG): LONG for sign in "+-*/%"},
    **{(sign, first, second): REAL for sign in "+-*/%" for first, second in ((REAL, REAL), (REAL, LONG), (LONG, REAL))},
    ("-", DATETIME, DATETIME): TIMESPAN,
    ("-", DATETIME, TIMESPAN): DATETIME,
    ("+", DATETIME, TIMESPAN): DATETIME,
    ("+", TIMESPAN, DATETIME): DATETIME,
    ("+", TIMESPAN, TIMESPAN): TIMESPAN,
    ("-", TIMESPAN, TIMESPAN): TIMESPAN,
    ("/", TIMESPAN, TIMESPAN): REAL,
    **{("*", TIMESPAN, number): TIMESPAN for number in NUMBERS},
    **{("*", number, TIMESPAN): TIMESPAN for number in NUMBERS},
    **{("/", TIMESPAN, number): TIMESPAN for number in NUMBERS},
}
"""Sign, types of the operands -> type of the result."""


def _in_64_bits(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def _divided(first: int, second: int) -> int:
    """Whole numbers are divided towards zero."""
    quotient = abs(first) // abs(second)
    return quotient if (first < 0) == (second < 0) else -quotient


_COMPUTED: dict[tuple[str, bool], Callable[[Any, Any], Any]] = {
    **{
        (sign, whole): compute
        for whole in (True, False)
        for sign, compute in {
            "+": operator.add,
            "-": operator.sub,
            "*": operator.mul,
            "/": operator.truediv,
            "%": operator.mod,
        }.items()
    },
    ("+", True): lambda first, second: _in_64_bits(first + second),
    ("-", True): lambda first, second: _in_64_bits(first - second),
    ("*", True): lambda first, second: _in_64_bits(first * second),
    ("/", True): _divided,
    ("%", True): lambda first, second: first - second * _divided(first, second),
}
"""Sign, whether the result is a whole number -> the computation."""
