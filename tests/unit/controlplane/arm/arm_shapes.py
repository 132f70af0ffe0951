"""Shapes of ARM answers: which keys there are, what kind of value each has, which words a field may take.

A shape is JSON. An object lists its keys (an empty one may hold anything), a list the shapes of its elements, in any
number and order; a text is the name of a kind, or `=` and the words allowed, parted by `|`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"

_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?"
PATTERNS = {
    "text": r"(?s).*",
    "digits": r"\d+",
    "guid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "time": rf"{_INSTANT}Z",
    "time with offset": rf"{_INSTANT}\+00:00",
    "american time": r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M",
    "countdown": r"(\d+\.)?\d\d:\d\d:\d\d(\.\d{7})?",
    "duration": r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
}
TYPES: dict[str, type | tuple[type, ...]] = {"integer": int, "number": (int, float), "boolean": bool}


def shape(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def differences(wanted: Any, actual: Any, path: str = "") -> Iterator[str]:
    """`-path` for what is missing, `+path` for what is more, `path: value` for a value of another kind."""
    if isinstance(wanted, dict):
        yield from _object_differences(wanted, actual, path)
    elif isinstance(wanted, list):
        yield from _list_differences(wanted, actual, path)
    elif not _is_a(wanted, actual):
        yield f"{path}: {actual!r} is not {wanted}"


def _object_differences(wanted: dict[str, Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{path}: {actual!r} is no object"
        return
    if not wanted:
        return
    for key in wanted.keys() - actual.keys():
        yield f"-{path}.{key}"
    for key in actual.keys() - wanted.keys():
        yield f"+{path}.{key}"
    for key in wanted.keys() & actual.keys():
        yield from differences(wanted[key], actual[key], f"{path}.{key}")


def _list_differences(wanted: list[Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, list):
        yield f"{path}: {actual!r} is no list"
        return
    for element in actual:
        found = [list(differences(each, element, f"{path}[]")) for each in wanted]
        # Where several shapes are allowed, the nearest one speaks.
        yield from min(found, key=len)


def _is_a(kind: str, actual: Any) -> bool:
    if kind == "anything":
        return True
    if kind.startswith("="):
        return actual in kind[1:].split("|")
    if kind in TYPES:
        return isinstance(actual, TYPES[kind]) and (kind == "boolean" or not isinstance(actual, bool))
    return isinstance(actual, str) and re.fullmatch(PATTERNS[kind], actual) is not None
