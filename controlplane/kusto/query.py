"""Answers a query: its columns, and its rows as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controlplane.json_object import Json
from controlplane.kusto import syntax
from controlplane.kusto.operators import Tables, compile_query
from controlplane.kusto.parser import parse
from controlplane.kusto.values import COLUMN_TYPES, shown


@dataclass(frozen=True, slots=True)
class Result:
    columns: Mapping[str, str]
    """Name -> type as an answer in the form of a table calls it."""
    rows: Sequence[Json]
    is_limited: bool
    """Whether the query itself says how many rows it wants."""


def run(text: str, tables: Tables) -> Result:
    """QueryError for what is no query, or means nothing; OperationNotSimulated for what is not here."""
    query = parse(text)
    table = compile_query(query, tables)
    rows = [{name: shown(row[name]) for name in table.columns} for row in table.rows()]
    types = {name: COLUMN_TYPES[type] for name, type in table.columns.items()}
    limited = any(isinstance(each, syntax.Take) for each in query.operators)
    return Result(types, rows, limited)
