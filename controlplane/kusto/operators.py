"""Compiles the operators of a query, one after the other, and runs them.

Each is compiled against the columns that the one before it leaves, and makes rows of rows. A step that could make more
rows than it gets counts them: more than `MOST_ROWS` end the query, so that none takes the memory of the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice, zip_longest
from typing import Any

from controlplane.domain.errors.queries import TOO_MANY_ROWS
from controlplane.kusto import aggregates, syntax
from controlplane.kusto.expressions import Columns, Scope
from controlplane.kusto.failure import QueryError, meaningless
from controlplane.kusto.syntax import Operator, Order, Query
from controlplane.kusto.typed import Row, Typed, check_scalar
from controlplane.kusto.values import CONVERSIONS, DYNAMIC, LONG, STRING, Value, identity, sort_key

MOST_ROWS = 250_000
"""In any step of a query."""
MOST_ELEMENTS, USUAL_ELEMENTS = 400, 128
"""So many rows does mv-expand make of one, as documented."""

Rows = Iterable[Row]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name with their types, and a way to get the rows, each with a value for every column."""

    columns: Columns
    rows: Callable[[], Rows]


@dataclass(frozen=True, slots=True)
class Tables:
    """What queries may be about."""

    find: Callable[[str], Table]
    """A table by its name in lower case; raises where there is none, or not here."""
    default: str
    """The one that a query without a table is about."""
    now: datetime


def compile_query(query: Query, tables: Tables) -> Table:
    table = tables.find((query.table or tables.default).lower())
    for operator in query.operators:
        table = _compile(operator, table, tables)
    return table


def _compile(operator: Operator, table: Table, tables: Tables) -> Table:
    scope = Scope(table.columns, tables.now)
    match operator:
        case syntax.Where(condition):
            holds = scope.condition(condition).of
            return Table(table.columns, lambda: (row for row in table.rows() if holds(row)))
        case syntax.Extend(columns):
            return _extend(table, scope.named(columns))
        case syntax.Project(columns):
            return _project(table, scope.named(columns))
        case syntax.Choose():
            return _choose(table, operator)
        case syntax.Rename(names):
            return _rename(table, names)
        case syntax.Sort():
            return _sort(table, scope, operator)
        case syntax.Take(count):
            return Table(table.columns, lambda: islice(table.rows(), count))
        case syntax.Count():
            return Table({"Count": LONG}, lambda: [{"Count": sum(1 for _ in table.rows())}])
        case syntax.Distinct(columns):
            return _distinct(table, scope, columns)
        case syntax.Summarize():
            return _summarize(table, scope, operator)
        case syntax.MvExpand():
            return _expand(table, scope, operator)
        case syntax.Join():
            return _join(table, operator, tables)


def _counted(rows: Rows) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            raise QueryError(TOO_MANY_ROWS.error(limit=MOST_ROWS))
        yield row


# ------------------------------------------------------------------------------------------------------------- columns


def _extend(table: Table, columns: Sequence[tuple[str, Typed]]) -> Table:
    values = [(name, column.of) for name, column in columns]

    def extended() -> Rows:
        return ({**row, **{name: of(row) for name, of in values}} for row in table.rows())

    return Table({**table.columns, **{name: column.type for name, column in columns}}, extended)


def _project(table: Table, columns: Sequence[tuple[str, Typed]]) -> Table:
    values = [(name, column.of) for name, column in columns]
    types = {name: column.type for name, column in columns}
    return Table(types, lambda: ({name: of(row) for name, of in values} for row in table.rows()))


def _choose(table: Table, choose: syntax.Choose) -> Table:
    for name in choose.names:
        if "*" not in name and name not in table.columns:
            raise meaningless(f"Failed to resolve scalar expression named '{name}'")
    kept = [
        column for column in table.columns if any(fnmatchcase(column, name) for name in choose.names) == choose.keeps
    ]
    return _only(table, {name: name for name in kept})


def _rename(table: Table, names: Sequence[tuple[str, str]]) -> Table:
    new_names = {old: new for new, old in names}
    for old in new_names:
        if old not in table.columns:
            raise meaningless(f"Failed to resolve scalar expression named '{old}'")
    renamed = {new_names.get(column, column): column for column in table.columns}
    if len(renamed) < len(table.columns):
        raise meaningless("two columns would have one name")
    return _only(table, renamed)


def _only(table: Table, columns: Mapping[str, str]) -> Table:
    """Some columns, by their new names."""
    types = {new: table.columns[old] for new, old in columns.items()}
    return Table(types, lambda: ({new: row[old] for new, old in columns.items()} for row in table.rows()))


# ---------------------------------------------------------------------------------------------------- order and groups


def _sort(table: Table, scope: Scope, sort: syntax.Sort) -> Table:
    orders = [(_sorted_by(scope, order), order) for order in sort.orders]

    def ordered() -> Rows:
        rows = list(_counted(table.rows()))
        for key, order in reversed(orders):
            rows.sort(key=partial(_order_key, key, order), reverse=order.descending)
        return rows[: sort.count]

    return Table(table.columns, ordered)


def _sorted_by(scope: Scope, order: Order) -> Callable[[Row], Value]:
    by = scope.compile(order.by)
    check_scalar(by, "The sort key")
    return by.of


def _order_key(of: Callable[[Row], Value], order: Order, row: Row) -> tuple[bool, Any]:
    value = of(row)
    comes_first = (value is None) == order.nulls_first
    # Sorting downwards turns the whole key around.
    return (comes_first if order.descending else not comes_first, 0 if value is None else sort_key(value))


def _distinct(table: Table, scope: Scope, columns: Sequence[syntax.Named]) -> Table:
    if not columns:
        columns = [syntax.Named(None, syntax.Name(name)) for name in table.columns]
    return _summarize(table, scope, syntax.Summarize((), tuple(columns)))


def _summarize(table: Table, scope: Scope, summarize: syntax.Summarize) -> Table:
    keys = scope.named(summarize.by)
    for _, key in keys:
        check_scalar(key, "Summarize group key")
    columns = _renamed([name for name, _ in keys], aggregates.compile_all(scope, summarize.aggregations))
    types = {name: key.type for name, key in keys} | {column.name: column.type for column in columns}
    values = [key.of for _, key in keys]

    def groups() -> Rows:
        found: dict[tuple[Value, ...], list[Row]] = {}
        if not keys:
            found[()] = []
        for row in _counted(table.rows()):
            found.setdefault(tuple(of(row) for of in values), []).append(row)
        for key, rows in found.items():
            group = dict(zip((name for name, _ in keys), key, strict=True))
            yield group | {column.name: column.of(rows) for column in columns}

    return Table(types, groups)


def _renamed(taken: Sequence[str], columns: Sequence[aggregates.Aggregated]) -> list[aggregates.Aggregated]:
    """Aggregations whose name is there already get a number behind it."""
    names = set(taken)
    result: list[aggregates.Aggregated] = []
    for column in columns:
        name = _free(column.name, names)
        names.add(name)
        result.append(aggregates.Aggregated(name, column.type, column.of))
    return result


def _free(name: str, taken: set[str]) -> str:
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}{number}"
    return free


# ----------------------------------------------------------------------------------------------------------- mv-expand


def _expand(table: Table, scope: Scope, expand: syntax.MvExpand) -> Table:
    limit = USUAL_ELEMENTS if expand.limit is None else expand.limit
    if limit > MOST_ELEMENTS:
        raise meaningless(f"mv-expand makes at most {MOST_ELEMENTS} rows of one, and is to make {limit}")
    columns = scope.named([each.column for each in expand.columns])
    types = dict(table.columns)
    for (name, column), each in zip(columns, expand.columns, strict=True):
        if column.type != DYNAMIC:
            raise meaningless(f"mv-expand takes dynamic values, and '{name}' is of type {column.type}")
        types[name] = each.type or DYNAMIC
    if expand.index:
        types[expand.index] = LONG
    converters = [CONVERSIONS[each.type or DYNAMIC] for each in expand.columns]

    def expanded() -> Rows:
        for row in table.rows():
            lists = [_elements(column.of(row), expand.as_arrays) for _, column in columns]
            for index, elements in enumerate(islice(zip_longest(*lists), limit)):
                new = {
                    name: convert(element)
                    for (name, _), convert, element in zip(columns, converters, elements, strict=True)
                }
                yield {**row, **new, **({expand.index: index} if expand.index else {})}

    return Table(types, lambda: _counted(expanded()))


def _elements(value: Value, as_arrays: bool) -> list[Value]:
    """What is expanded: of nothing, one null."""
    if isinstance(value, dict):
        return [[key, each] if as_arrays else {key: each} for key, each in value.items()] or [None]
    if isinstance(value, list):
        return value or [None]
    return [value]


# ---------------------------------------------------------------------------------------------------------------- join


def _join(left: Table, join: syntax.Join, tables: Tables) -> Table:
    right = compile_query(join.right, tables)
    keys = [(_join_key(left, first, tables.now), _join_key(right, second, tables.now)) for first, second in join.on]
    for first, second in keys:
        if first.type != second.type:
            raise meaningless(f"a join compares {first.type} with {second.type}. Try explicit casts")
    left_keys, right_keys = [first.of for first, _ in keys], [second.of for _, second in keys]
    names = _right_names(left.columns, right.columns)
    types = {**left.columns, **{names[column]: type for column, type in right.columns.items()}}

    def joined() -> Rows:
        matches: dict[tuple[Any, ...], list[Row]] = {}
        for row in _counted(right.rows()):
            matches.setdefault(_key_of(row, right_keys), []).append({names[name]: row[name] for name in names})
        nothing = {name: _missing(types[name]) for name in names.values()}
        seen: set[tuple[Any, ...]] = set()
        for row in left.rows():
            key = _key_of(row, left_keys)
            if join.kind == "innerunique" and key in seen:
                continue
            seen.add(key)
            found = matches.get(key) if None not in key else None
            if found is None and join.kind in {"leftouter", "fullouter"}:
                yield {**row, **nothing}
            for match in found or ():
                yield {**row, **match}
        if join.kind == "fullouter":
            nowhere = {name: _missing(type) for name, type in left.columns.items()}
            for key, rows in matches.items():
                if key not in seen or None in key:
                    yield from ({**nowhere, **match} for match in rows)

    return Table(types, lambda: _counted(joined()))


def _join_key(table: Table, key: syntax.Expression, now: datetime) -> Typed:
    compiled = Scope(table.columns, now).compile(key)
    check_scalar(compiled, "The join key")
    return compiled


def _key_of(row: Row, keys: Sequence[Callable[[Row], Value]]) -> tuple[Any, ...]:
    """A null is equal to nothing."""
    return tuple(None if (value := of(row)) is None else identity(value) for of in keys)


def _right_names(left: Columns, right: Columns) -> dict[str, str]:
    """What the columns of the right side are called: with a number where the left side has one of this name."""
    taken, names = set(left), {}
    for column in right:
        names[column] = _free(column, taken)
        taken.add(names[column])
    return names


def _missing(type: str) -> Value:
    return "" if type == STRING else None
