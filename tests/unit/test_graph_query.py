"""Queries of Resource Graph: the forms that are understood, and that no other is guessed at."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.graph_query import NotUnderstood, run, table_of

ROWS: list[dict[str, Any]] = [
    {"id": "/vaults/One", "type": "a/b", "properties": {"kind": "VM", "size": 3}},
    {"id": "/vaults/Two", "type": "A/B", "properties": {"kind": "Share"}},
    {"id": "/vaults/Three", "type": "c", "properties": {}},
]


def ids(stages: str) -> list[str]:
    return [row["id"].rpartition("/")[2] for row in run(f"Things\n| {stages}", ROWS)]


def test_a_query_names_its_table() -> None:
    assert table_of("RecoveryServicesResources\n| where type == 'x'") == "recoveryservicesresources"
    assert table_of("") == ""


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ('where type == "a/b"', ["One", "Two"]),
        ("where properties.kind =~ 'vm'", ["One"]),
        ('where tostring(id) contains "vaults/t"', ["Two", "Three"]),
        ("where type == 'a/b' | where tostring(id) contains 'TWO'", ["Two"]),
        ("where properties.kind == 'V|M'", []),
    ],
)
def test_rows_are_chosen(stages: str, expected: list[str]) -> None:
    assert ids(stages) == expected


def test_columns_are_made_and_chosen() -> None:
    query = "Things | extend what = strcat(properties.kind, '/', type) | project what, properties.size"
    assert run(query, ROWS[:1]) == [{"what": "VM/a/b", "properties.size": 3}]


@pytest.mark.parametrize(
    "stage", ["summarize count()", "where type != 'a'", "extend x = tolower(id)", "project", "where type == a", ""]
)
def test_what_is_not_understood_is_said(stage: str) -> None:
    with pytest.raises(NotUnderstood):
        run(f"Things | where type == 'a/b' | {stage or 'take 5'}", ROWS)
