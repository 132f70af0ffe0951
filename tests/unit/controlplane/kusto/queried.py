"""A small table, and queries of it at a time that stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.errors.queries import UNKNOWN_TABLE
from controlplane.kusto.failure import QueryError
from controlplane.kusto.operators import Table, Tables
from controlplane.kusto.query import Result, run

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
JOBS = (
    ("j1", "sql01", "Completed", "2026-11-27T01:00:00Z", 120, True),
    ("j2", "sql01", "Failed", "2026-11-28T01:00:00Z", 30, False),
    ("j3", "web01", "Completed", "2026-11-29T01:00:00Z", 60, None),
    ("j4", "web01", "InProgress", "2026-11-30T11:00:00Z", None, True),
)
COLUMNS = {"id": "string", "name": "string", "group": "string", "properties": "dynamic", "tags": "dynamic"}
MACHINES: tuple[tuple[str, list[str], dict[str, str] | None], ...] = (
    ("sql01", ["os", "data", "log"], {"env": "prod"}),
    ("web01", [], None),
    ("idle01", ["os"], {"env": "test"}),
)


def job_rows() -> list[dict[str, Any]]:
    return [
        {
            "id": f"/vaults/Vault01/backupJobs/{name}",
            "name": name,
            "group": "Demo",
            "properties": {
                "machine": machine,
                "status": status,
                "startTime": start,
                "seconds": seconds,
                "isUserTriggered": triggered,
            },
            "tags": None,
        }
        for name, machine, status, start, seconds, triggered in JOBS
    ]


def machine_rows() -> list[dict[str, Any]]:
    return [
        {"id": f"/vms/{name}", "name": name, "group": "demo", "properties": {"disks": disks, "size": 2}, "tags": tags}
        for name, disks, tags in MACHINES
    ]


ROWS = {"jobs": job_rows, "machines": machine_rows}


def tables(more: Mapping[str, Table] | None = None) -> Tables:
    known = {name: Table(COLUMNS, rows) for name, rows in ROWS.items()} | dict(more or {})

    def find(name: str) -> Table:
        if name not in known:
            raise QueryError(UNKNOWN_TABLE.error(name=name))
        return known[name]

    return Tables(find, "jobs", NOW)


def ask(query: str) -> Result:
    return run(query, tables())


def rows(query: str) -> Sequence[dict[str, Any]]:
    return ask(query).rows


def values(query: str) -> list[Any]:
    """Those of the first column."""
    result = ask(query)
    first = next(iter(result.columns))
    return [row[first] for row in result.rows]


def value(expression: str) -> Any:
    """What an expression is, that names no column."""
    (only,) = values(f"jobs | take 1 | project x = {expression}")
    return only


def refusal(query: str) -> dict[str, Any]:
    try:
        ask(query)
    except QueryError as error:
        return error.detail()
    raise AssertionError(f"nothing is wrong with {query}")
