"""The operators of the query language, one by one and after each other."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.kusto.operators import MOST_ROWS, Table
from controlplane.kusto.query import run
from tests.unit.controlplane.kusto.queried import COLUMNS, ask, machine_rows, refusal, rows, tables, values


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("jobs | project name", ["j1", "j2", "j3", "j4"]),
        ("JOBS | project name", ["j1", "j2", "j3", "j4"]),
        ("where name == 'j2' | project name", ["j2"]),
        ("jobs // all of them\n| where name == 'j2'\n// one\n| project name", ["j2"]),
        ("jobs | where properties.status == 'Completed' | project name", ["j1", "j3"]),
        ("jobs | filter properties.status =~ 'failed' | project name", ["j2"]),
        ("jobs | where properties['status'] != 'Completed' | project name", ["j2", "j4"]),
        ("jobs | where name in ('j1', 'J2') | project name", ["j1"]),
        ("jobs | where name in~ ('j1', 'J2') | project name", ["j1", "j2"]),
        ("jobs | where name !in ('j1', 'j2') | project name", ["j3", "j4"]),
        (
            "jobs | where name in (dynamic(['j1', 'j4']))".replace("'j1', 'j4'", '"j1", "j4"') + " | project name",
            ["j1", "j4"],
        ),
        ("jobs | where id contains 'VAULT01' and name endswith '3' | project name", ["j3"]),
        ("jobs | where id !contains 'vault01' | project name", []),
        ("jobs | where id contains_cs 'vault01' | project name", []),
        ("jobs | where id has 'vault01' | project name", ["j1", "j2", "j3", "j4"]),
        ("jobs | where id has 'vault' | project name", []),
        ("jobs | where id hasprefix 'vault' | project name", ["j1", "j2", "j3", "j4"]),
        ("jobs | where id has_any ('nothing', 'j1', 'j2') | project name", ["j1", "j2"]),
        ("jobs | where id has_all ('vault01', 'j2') | project name", ["j2"]),
        ("jobs | where properties.seconds > 30 | project name", ["j1", "j3"]),
        ("jobs | where 60 <= properties.seconds | project name", ["j1", "j3"]),
        ("jobs | where properties.seconds between (30 .. 60) | project name", ["j2", "j3"]),
        ("jobs | where properties.seconds !between (30 .. 60) | project name", ["j1", "j4"]),
        ("jobs | where properties.isUserTriggered == true | project name", ["j1", "j4"]),
        ("jobs | where properties.isUserTriggered == 'true' | project name", ["j1", "j4"]),
        ("jobs | where not(properties.isUserTriggered) | project name", ["j2"]),
        ("jobs | where isnull(properties.isUserTriggered) | project name", ["j3"]),
        ("jobs | where isnotempty(properties.seconds) | project name", ["j1", "j2", "j3"]),
        ("jobs | where properties.missing.deeper == 'x' | project name", []),
        ("jobs | where properties.missing != 'x' | project name", ["j1", "j2", "j3", "j4"]),
        ("jobs | where todatetime(properties.startTime) > ago(2d) | project name", ["j3", "j4"]),
        ("jobs | where properties.startTime < ago(3d) | project name", ["j1"]),
        ("jobs | where todatetime(properties.startTime) between (datetime(2026-11-28) .. 1d) | project name", ["j2"]),
        ("jobs | where name == 'j1' or name == 'j2' and name == 'j3' | project name", ["j1"]),
        ("jobs | where (name == 'j1' or name == 'j2') and name == 'j2' | project name", ["j2"]),
        ("jobs | where name == 'j1' | where name == 'j2' | project name", []),
        ("jobs | take 2 | project name", ["j1", "j2"]),
        ("jobs | limit 0 | project name", []),
        ("jobs | order by name | project name", ["j4", "j3", "j2", "j1"]),
        ("jobs | sort by name asc | project name", ["j1", "j2", "j3", "j4"]),
        ("jobs | order by tolong(properties.seconds) asc | project name", ["j4", "j2", "j3", "j1"]),
        ("jobs | order by tolong(properties.seconds) desc | project name", ["j1", "j3", "j2", "j4"]),
        ("jobs | order by tolong(properties.seconds) asc nulls last | project name", ["j2", "j3", "j1", "j4"]),
        ("jobs | order by tolong(properties.seconds) desc nulls first | project name", ["j4", "j1", "j3", "j2"]),
        ("jobs | order by tostring(properties.machine) asc, name desc | project name", ["j2", "j1", "j4", "j3"]),
        ("jobs | top 2 by todatetime(properties.startTime) | project name", ["j4", "j3"]),
        ("jobs | top 1 by name asc | project name", ["j1"]),
    ],
)
def test_rows_are_chosen_and_ordered(query: str, names: list[str]) -> None:
    assert values(query) == names


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("jobs | count", [{"Count": 4}]),
        ("jobs | where false | count", [{"Count": 0}]),
        ("jobs | summarize count()", [{"count_": 4}]),
        ("jobs | where false | summarize count()", [{"count_": 0}]),
        ("jobs | where false | summarize count() by name", []),
        (
            "jobs | summarize count() by tostring(properties.status) | order by count_, properties_status asc",
            [
                {"properties_status": "Completed", "count_": 2},
                {"properties_status": "Failed", "count_": 1},
                {"properties_status": "InProgress", "count_": 1},
            ],
        ),
        (
            "jobs | summarize jobs = count(), last = max(todatetime(properties.startTime)) "
            "by machine = tostring(properties.machine)",
            [
                {"machine": "sql01", "jobs": 2, "last": "2026-11-28T01:00:00Z"},
                {"machine": "web01", "jobs": 2, "last": "2026-11-30T11:00:00Z"},
            ],
        ),
        (
            "jobs | summarize countif(properties.seconds > 50), dcount(tostring(properties.machine))",
            [{"countif_": 2, "dcount_properties_machine": 2}],
        ),
        (
            "jobs | summarize sum(tolong(properties.seconds)), avg(tolong(properties.seconds))",
            [{"sum_properties_seconds": 210, "avg_properties_seconds": 70.0}],
        ),
        ("jobs | summarize sumif(tolong(properties.seconds), name != 'j1')", [{"sumif_properties_seconds": 90}]),
        (
            "jobs | summarize make_set(tostring(properties.machine)), make_list(name, 3)",
            [{"set_properties_machine": ["sql01", "web01"], "list_name": ["j1", "j2", "j3"]}],
        ),
        ("jobs | summarize count(), count()", [{"count_": 4, "count_1": 4}]),
        (
            "jobs | summarize arg_max(todatetime(properties.startTime), name) by tostring(properties.machine)",
            [
                {"properties_machine": "sql01", "properties_startTime": "2026-11-28T01:00:00Z", "name": "j2"},
                {"properties_machine": "web01", "properties_startTime": "2026-11-30T11:00:00Z", "name": "j4"},
            ],
        ),
        ("jobs | summarize by day = bin(todatetime(properties.startTime), 2d) | count", [{"Count": 2}]),
        (
            "jobs | distinct tostring(properties.machine)",
            [{"properties_machine": "sql01"}, {"properties_machine": "web01"}],
        ),
        ("jobs | project name | distinct * | count", [{"Count": 4}]),
        (
            "jobs | where name == 'j1' | project n = name, properties.status",
            [{"n": "j1", "properties_status": "Completed"}],
        ),
        ("jobs | where name == 'j1' | project strcat(name, 1), strlen(name) + 1", [{"Column1": "j11", "Column2": 3}]),
        ("jobs | where name == 'j1' | project name, group | project-away n*", [{"group": "Demo"}]),
        ("jobs | where name == 'j1' | project-keep gr*, name", [{"name": "j1", "group": "Demo"}]),
        ("jobs | where name == 'j1' | project name | project-rename job = name", [{"job": "j1"}]),
        (
            "jobs | where name == 'j1' | project name | extend name = toupper(name), x = name",
            [{"name": "J1", "x": "j1"}],
        ),
    ],
)
def test_columns_are_made_and_groups_are_told(query: str, expected: list[dict[str, Any]]) -> None:
    assert rows(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "mv-expand disk = properties.disks | project name, disk",
            [("sql01", "os"), ("sql01", "data"), ("sql01", "log"), ("web01", None), ("idle01", "os")],
        ),
        (
            "mv-expand disk = properties.disks to typeof(string) limit 2 | project name, disk",
            [("sql01", "os"), ("sql01", "data"), ("web01", ""), ("idle01", "os")],
        ),
        (
            "mv-expand with_itemindex=i disk = properties.disks | where name == 'sql01' | project i, disk",
            [(0, "os"), (1, "data"), (2, "log")],
        ),
        (
            "mv-expand tags | project name, tags",
            [("sql01", {"env": "prod"}), ("web01", None), ("idle01", {"env": "test"})],
        ),
        ("mv-expand kind=array tags | where name == 'sql01' | project name, tags[1]", [("sql01", "prod")]),
        (
            "mv-expand a = properties.disks, b = dynamic([1]) | where name == 'sql01' | project a, b",
            [("os", 1), ("data", None), ("log", None)],
        ),
    ],
)
def test_lists_become_rows(query: str, expected: list[tuple[Any, ...]]) -> None:
    assert [tuple(row.values()) for row in rows(f"machines | {query}")] == expected


JOINED = """
    machines
    | project name, size = properties.size
    | join {kind} (jobs | project name = tostring(properties.machine), job = name) on name
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", [("sql01", "j1"), ("sql01", "j2"), ("web01", "j3"), ("web01", "j4")]),
        ("kind=inner", [("sql01", "j1"), ("sql01", "j2"), ("web01", "j3"), ("web01", "j4")]),
        ("kind=leftouter", [("sql01", "j1"), ("sql01", "j2"), ("web01", "j3"), ("web01", "j4"), ("idle01", "")]),
        ("kind = fullouter", [("sql01", "j1"), ("sql01", "j2"), ("web01", "j3"), ("web01", "j4"), ("idle01", "")]),
    ],
)
def test_tables_are_joined(kind: str, expected: list[tuple[str, str]]) -> None:
    found = rows(JOINED.format(kind=kind))
    assert [(row["name"], row["job"]) for row in found] == expected
    assert list(found[0]) == ["name", "size", "name1", "job"]


def test_the_usual_join_takes_one_row_of_each_key_on_the_left() -> None:
    query = """
        jobs
        | project machine = tostring(properties.machine)
        | join kind={kind} machines on $left.machine == $right.name
        | count
    """
    assert values(query.format(kind="innerunique")) == [2]
    assert values(query.format(kind="inner")) == [4]


def test_a_full_join_has_what_is_on_one_side_only() -> None:
    query = """
        jobs | where name == 'j1' | project machine = tostring(properties.machine), job = name
        | join kind=fullouter (machines | project machine = name) on machine
    """
    assert [(row["machine"], row["job"], row["machine1"]) for row in rows(query)] == [
        ("sql01", "j1", "sql01"),
        ("", "", "web01"),
        ("", "", "idle01"),
    ]


def test_a_null_joins_with_nothing() -> None:
    side = "jobs | project job = name, seconds = tolong(properties.seconds)"
    assert values(f"{side} | join kind=inner ({side}) on seconds | project job") == ["j1", "j2", "j3"]


def test_two_keys_must_both_be_equal() -> None:
    query = """
        jobs
        | project name, group
        | join kind=inner (jobs | where name == 'j1' | project n = name, group) on group, $left.name == $right.n
    """
    assert values(query) == ["j1"]


def test_machines_without_a_backup_since_three_days() -> None:
    query = """
        machines
        | join kind=leftouter (
            jobs
            | where properties.status == 'Completed'
            | summarize last = max(todatetime(properties.startTime)) by machine = tostring(properties.machine)
          ) on $left.name == $right.machine
        | where isnull(last) or last < ago(3d)
        | project name, last
    """
    assert rows(query) == [{"name": "sql01", "last": "2026-11-27T01:00:00Z"}, {"name": "idle01", "last": None}]


def test_columns_have_types_also_where_there_is_no_row() -> None:
    query = "jobs | where false | project id, n = 1, r = 1.5, b = true, t = now(), s = 1d, properties"
    assert dict(ask(query).columns) == {
        "id": "string",
        "n": "integer",
        "r": "number",
        "b": "boolean",
        "t": "datetime",
        "s": "string",
        "properties": "object",
    }


def test_a_query_is_wrong_also_where_there_is_no_row() -> None:
    nobody = {"jobs": Table(COLUMNS, list)}
    assert run("jobs | where name == 'x'", tables(nobody)).rows == []
    assert "nothing" in refusal("jobs | where false | where nothing == 1")["message"]


def test_no_step_makes_more_rows_than_it_may() -> None:
    many = {"many": Table(COLUMNS, lambda: machine_rows() * 400)}
    query = "many | join kind=inner many on group | count"
    detail: dict[str, Any] = {}
    try:
        run(query, tables(many))
    except Exception as error:  # noqa: BLE001 - whatever it is, the assertion below shows it
        detail = error.detail()  # type: ignore[attr-defined]
    assert detail["code"] == "QueryLimitsExceeded"
    assert str(MOST_ROWS) in detail["message"]
