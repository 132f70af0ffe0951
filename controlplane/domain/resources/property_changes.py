"""The difference between two states of a resource, as a what-if tells it: a change for each property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.json_object import Json

VOLATILE = frozenset({"etag", "provisioningstate", "systemdata", "uniqueid", "instanceview"})
"""What changes with each write, or by itself, and is no change of the resource."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Json]:
    """Each with `path` in dots, `propertyChangeType` (Create, Delete, Modify or Array), `before`, `after` and, of an
    array, its `children` by their indexes."""
    return list(_of_objects(before, after, ""))


def _of_objects(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Json]:
    for key in sorted({*before, *after}):
        if key.lower() in VOLATILE:
            continue
        place = f"{path}.{key}" if path else key
        if key not in before:
            yield _change(place, "Create", None, after[key])
        elif key not in after:
            yield _change(place, "Delete", before[key], None)
        else:
            yield from _of_values(before[key], after[key], place)


def _of_values(before: Any, after: Any, path: str) -> Iterator[Json]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_objects(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        children = list(_of_elements(before, after))
        if children:
            yield _change(path, "Array", None, None) | {"children": children}
    elif before != after:
        yield _change(path, "Modify", before, after)


def _of_elements(before: list[Any], after: list[Any]) -> Iterator[Json]:
    for index in range(max(len(before), len(after))):
        path = str(index)
        if index >= len(before):
            yield _change(path, "Create", None, after[index])
        elif index >= len(after):
            yield _change(path, "Delete", before[index], None)
        elif isinstance(before[index], dict) and isinstance(after[index], dict):
            inner = list(_of_objects(before[index], after[index], ""))
            if inner:
                yield _change(path, "Modify", None, None) | {"children": inner}
        else:
            yield from _of_values(before[index], after[index], path)


def _change(path: str, kind: str, before: Any, after: Any) -> Json:
    return {"path": path, "propertyChangeType": kind, "before": before, "after": after, "children": None}
