"""Functions over objects; those that also take arrays stand with the arrays."""

from __future__ import annotations

from controlplane.templates.language.signature import ANY, OBJECT, TEXT, Unfit, define
from controlplane.templates.language.values import Value, load


def _create(*pairs: Value) -> dict[str, Value]:
    keys, values = pairs[::2], pairs[1::2]
    if len(pairs) % 2 or not all(isinstance(key, str) for key in keys):
        raise Unfit("it takes keys, which are strings, and values in turn")
    if len({key.lower() for key in keys}) < len(keys):
        raise Unfit("a key occurs more than once")
    return dict(zip(keys, values, strict=True))


def _items(value: dict[str, Value]) -> list[Value]:
    return [{"key": key, "value": value[key]} for key in sorted(value, key=lambda key: (key.lower(), key))]


def _json(text: str) -> Value:
    try:
        return load(text)
    except ValueError:
        raise Unfit("the string is not valid JSON") from None


def _shallow_merge(parts: list[Value]) -> dict[str, Value]:
    if not all(isinstance(part, dict) for part in parts):
        raise Unfit("every element of the array must be an object")
    merged: dict[str, Value] = {}
    spelling: dict[str, str] = {}
    for part in parts:
        for key, value in part.items():
            merged[spelling.setdefault(key.lower(), key)] = value
    return merged


FUNCTIONS = (
    define("createObject", _create, rest=ANY),
    define("items", _items, OBJECT, deep=True),
    define("json", _json, TEXT, deep=True),
    define("null", lambda: None),
    define("objectKeys", list, OBJECT),
    define("shallowMerge", _shallow_merge, ("Array",), deep=True),
)
