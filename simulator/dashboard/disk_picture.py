"""A disk as a picture: a square for each group of its blocks that holds data or has changed."""

from __future__ import annotations

from controlplane.json_object import Json

COLUMNS = 128
CELL = 10
"""Of a picture, in its own units."""
LEVELS = 4
"""Of shading: how much of a group is used."""
MOST_ROWS = 200
"""Of the table beside the picture: groups that changed."""
MEBIBYTE = 1024 * 1024


def drawn(disk: Json) -> Json:
    """A disk of `GET /_sim/vms/map` with `width`, `height`, `cells` and `rows`; as it came where it has no map."""
    if disk["problem"]:
        return disk
    columns = min(COLUMNS, max(8, disk["group_count"]))
    block_count = disk["group_bytes"] // (64 * 1024)
    lines = -(-disk["group_count"] // columns)
    rows = [_row(group, disk["group_bytes"]) for group in disk["groups"] if group[2]]
    return disk | {
        "width": columns * CELL,
        "height": lines * CELL,
        "cells": [_cell(group, columns, block_count) for group in disk["groups"]],
        "rows": rows[:MOST_ROWS],
        "row_count": len(rows),
        "changes_known": disk["changed_bytes"] is not None,
        "allocated_mib": mebibytes(disk["allocated_bytes"]),
        "changed_mib": mebibytes(disk["changed_bytes"] or 0),
        "group_mib": disk["group_bytes"] // MEBIBYTE,
    }


def mebibytes(count: int) -> str:
    return f"{count / MEBIBYTE:,.1f}"


def _cell(group: list[int], columns: int, block_count: int) -> Json:
    """`used` and `mark` are levels from 0 on; a mark is a square in the middle, as large as what changed."""
    number, allocated, changed = group
    line, column = divmod(number, columns)
    size = 2 + _level(changed, block_count) if changed else 0
    return {
        "x": column * CELL,
        "y": line * CELL,
        "used": _level(allocated, block_count),
        "mark": size,
        "mark_x": column * CELL + (CELL - size) / 2,
        "mark_y": line * CELL + (CELL - size) / 2,
        "allocated": mebibytes(allocated * 64 * 1024),
        "changed": mebibytes(changed * 64 * 1024),
    }


def _level(count: int, of: int) -> int:
    """0 for none, else 1 to LEVELS."""
    return -(-LEVELS * min(count, of) // of)


def _row(group: list[int], group_bytes: int) -> Json:
    number, allocated, changed = group
    return {
        "from_mib": f"{number * group_bytes // MEBIBYTE:,}",
        "allocated": mebibytes(allocated * 64 * 1024),
        "changed": mebibytes(changed * 64 * 1024),
    }
