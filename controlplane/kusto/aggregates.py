"""The aggregations of `summarize`: what one value is made of the rows of a group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.domain import errors
from controlplane.domain.errors.queries import UNKNOWN_FUNCTION
from controlplane.kusto import elsewhere, syntax
from controlplane.kusto.expressions import Scope
from controlplane.kusto.failure import QueryError, meaningless
from controlplane.kusto.functions import FUNCTIONS
from controlplane.kusto.syntax import Expression, Named
from controlplane.kusto.typed import Row, Typed, check_scalar, converted
from controlplane.kusto.values import (
    DYNAMIC,
    LONG,
    NUMBERS,
    REAL,
    TIMESPAN,
    Value,
    identity,
    sort_key,
    to_dynamic,
)

MOST_ELEMENTS = 1_048_576
"""A list or set takes no more, as in the service."""
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Aggregated:
    """A column of the result: its name, its type, and its value by the rows of a group."""

    name: str
    type: str
    of: Callable[[Rows], Value]


def compile_all(scope: Scope, aggregations: Sequence[Named]) -> list[Aggregated]:
    columns: list[Aggregated] = []
    for each in aggregations:
        columns += _compile(scope, each)
    return columns


def _compile(scope: Scope, named: Named) -> list[Aggregated]:
    call = named.expression
    if not isinstance(call, syntax.Call) or call.function in FUNCTIONS:
        raise errors.operation_not_simulated("Resource Graph summarize with more than aggregation functions")
    if call.function in {"arg_max", "arg_min"}:
        return _arg_extreme(scope, named.name, call)
    if call.function in {"any", "take_any"} and call.arguments and isinstance(call.arguments[0], syntax.Star):
        return [Aggregated(name, type, _any_of(name)) for name, type in scope.columns.items()]
    if call.function in elsewhere.AGGREGATIONS:
        raise errors.operation_not_simulated(f"Resource Graph aggregation {call.function}")
    if call.function not in _AGGREGATES:
        raise QueryError(UNKNOWN_FUNCTION.error(name=call.function))
    least, most, build = _AGGREGATES[call.function]
    if not least <= len(call.arguments) <= most:
        raise meaningless(f"{call.function}() takes {least} to {most} arguments, and has {len(call.arguments)}")
    column = build(scope, call.arguments)
    return [Aggregated(named.name, column.type, column.of) if named.name else column]


def _named(prefix: str, argument: Typed) -> str:
    return f"{prefix}_{argument.name or ''}"


def _values(rows: Rows, of: Callable[[Row], Value]) -> list[Any]:
    return [value for row in rows if (value := of(row)) is not None]


# ---------------------------------------------------------------------------------------------------------- aggregates


def _count(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    return Aggregated("count_", LONG, len)


def _countif(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    holds = scope.condition(arguments[0]).of
    return Aggregated("countif_", LONG, lambda rows: sum(1 for row in rows if holds(row)))


def _dcount(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    """The service estimates; the number here is exact."""
    argument = scope.compile(arguments[0])
    check_scalar(argument, "The argument of dcount()")
    return Aggregated(
        _named("dcount", argument), LONG, lambda rows: len({identity(value) for value in _values(rows, argument.of)})
    )


def _addable(scope: Scope, expression: Expression, what: str) -> Typed:
    argument = scope.compile(expression)
    if argument.type == DYNAMIC:
        argument = converted(argument, REAL)
    if argument.type not in (*NUMBERS, TIMESPAN):
        raise meaningless(f"{what}() takes numbers, and has values of type {argument.type}")
    return argument


def _total(values: Sequence[Any], type: str) -> Value:
    if not values:
        return None if type == TIMESPAN else _NOTHING[type]
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


_NOTHING: dict[str, Value] = {LONG: 0, REAL: 0.0}


def _sum(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    argument = _addable(scope, arguments[0], "sum")
    return Aggregated(
        _named("sum", argument), argument.type, lambda rows: _total(_values(rows, argument.of), argument.type)
    )


def _sumif(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    argument, holds = _addable(scope, arguments[0], "sumif"), scope.condition(arguments[1]).of

    def total(rows: Rows) -> Value:
        return _total(_values([row for row in rows if holds(row)], argument.of), argument.type)

    return Aggregated(_named("sumif", argument), argument.type, total)


def _avg(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    argument = _addable(scope, arguments[0], "avg")

    def average(rows: Rows) -> Value:
        values = _values(rows, argument.of)
        return _total(values, argument.type) / len(values) if values else None

    return Aggregated(_named("avg", argument), TIMESPAN if argument.type == TIMESPAN else REAL, average)


def _extreme(name: str, choose: Callable[..., Any]) -> Callable[[Scope, Sequence[Expression]], Aggregated]:
    def build(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
        argument = _sortable(scope, arguments[0], name)

        def extreme(rows: Rows) -> Value:
            return choose(_values(rows, argument.of), key=sort_key, default=None)

        return Aggregated(_named(name, argument), argument.type, extreme)

    return build


def _sortable(scope: Scope, expression: Expression, what: str) -> Typed:
    argument = scope.compile(expression)
    if argument.type == DYNAMIC:
        raise meaningless(f"{what}() takes no values of type dynamic. Try an explicit cast")
    return argument


def _list_of(prefix: str, distinct: bool) -> Callable[[Scope, Sequence[Expression]], Aggregated]:
    def build(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
        argument = scope.compile(arguments[0])
        limit = MOST_ELEMENTS
        if len(arguments) > 1:
            most = converted(scope.compile(arguments[1]), LONG)
            limit = min(limit, max(0, most.of({}) or 0)) if most.constant else 0

        def gathered(rows: Rows) -> Value:
            values = [to_dynamic(value) for value in _values(rows, argument.of)]
            if distinct:
                values = list({identity(value): value for value in values}.values())
            return values[:limit]

        return Aggregated(_named(prefix, argument), DYNAMIC, gathered)

    return build


def _take_any(scope: Scope, arguments: Sequence[Expression]) -> Aggregated:
    argument = scope.compile(arguments[0])
    return Aggregated(argument.name or "any_", argument.type, lambda rows: argument.of(rows[0]) if rows else None)


def _any_of(name: str) -> Callable[[Rows], Value]:
    return lambda rows: rows[0][name] if rows else None


def _arg_extreme(scope: Scope, name: str | None, call: syntax.Call) -> list[Aggregated]:
    """The row of a group with the most or the least of something: that, and columns of the row."""
    if len(call.arguments) < 2:
        raise meaningless(f"{call.function}() takes what is the extreme, and what to return of its row")
    by = _sortable(scope, call.arguments[0], call.function)
    choose: Callable[..., Any] = max if call.function == "arg_max" else min

    def row_of(rows: Rows) -> Row | None:
        there = [row for row in rows if by.of(row) is not None]
        chosen: Row | None = choose(there, key=lambda row: sort_key(by.of(row)), default=rows[0] if rows else None)
        return chosen

    def column(typed: Typed, title: str) -> Aggregated:
        def of(rows: Rows) -> Value:
            row = row_of(rows)
            return None if row is None else typed.of(row)

        return Aggregated(title, typed.type, of)

    first = name or by.name or f"{call.function.removeprefix('arg_')}_"
    columns = [column(by, first)]
    for argument in call.arguments[1:]:
        wanted = [syntax.Name(each) for each in scope.columns] if isinstance(argument, syntax.Star) else [argument]
        for expression in wanted:
            typed = scope.compile(expression)
            if typed.name != by.name or typed.name is None:
                columns.append(column(typed, typed.name or f"Column{len(columns)}"))
    return columns


_AGGREGATES: dict[str, tuple[int, int, Callable[[Scope, Sequence[Expression]], Aggregated]]] = {
    "count": (0, 0, _count),
    "countif": (1, 1, _countif),
    "dcount": (1, 2, _dcount),
    "sum": (1, 1, _sum),
    "sumif": (2, 2, _sumif),
    "avg": (1, 1, _avg),
    "min": (1, 1, _extreme("min", min)),
    "max": (1, 1, _extreme("max", max)),
    "make_list": (1, 2, _list_of("list", distinct=False)),
    "makelist": (1, 2, _list_of("list", distinct=False)),
    "make_set": (1, 2, _list_of("set", distinct=True)),
    "makeset": (1, 2, _list_of("set", distinct=True)),
    "any": (1, 1, _take_any),
    "take_any": (1, 1, _take_any),
}
NAMES = (*_AGGREGATES, "arg_max", "arg_min")
