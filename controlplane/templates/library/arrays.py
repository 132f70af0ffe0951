"""Functions over arrays."""

from __future__ import annotations

from itertools import chain

from controlplane.templates.language.limits import MOST_ELEMENTS
from controlplane.templates.language.signature import ANY, ARRAY, INT, OBJECT, SCALAR, TEXT, Unfit, define
from controlplane.templates.language.values import Value, among, as_text, find_key, same

MOST_IN_RANGE = 10_000
MOST_RANGE_END = 2_147_483_647


def union(*parts: Value) -> Value:
    """Of arrays each element once; of objects all members, later ones over earlier, nested objects member by member."""
    if all(isinstance(part, list) for part in parts):
        return _distinct(list(chain.from_iterable(parts)))
    if all(isinstance(part, dict) for part in parts):
        merged: dict[str, Value] = {}
        for part in parts:
            merged = _merge(merged, part)
        return merged
    raise Unfit("all arguments must be arrays, or all objects")


def intersection(*parts: Value) -> Value:
    """What all have in common; of objects members with the same name and value."""
    first, *others = parts
    if all(isinstance(part, list) for part in parts):
        lookups = [_Lookup(other) for other in others]
        return _distinct([each for each in first if all(each in lookup for lookup in lookups)])
    if all(isinstance(part, dict) for part in parts):
        return {
            key: value
            for key, value in first.items()
            if all(key in other and same(value, other[key]) for other in others)
        }
    raise Unfit("all arguments must be arrays, or all objects")


def contains(container: Value, item: Value) -> bool:
    """Text in text and key of an object (in any case), or element of an array."""
    if isinstance(container, list):
        return among(item, container)
    if isinstance(item, dict | list) or item is None:
        raise Unfit("only an array can contain an array, an object or null")
    if isinstance(container, dict):
        return find_key(container, as_text(item)) is not None
    return as_text(item) in container


def length(value: Value) -> int:
    return len(value)


def empty(value: Value) -> bool:
    return value is None or len(value) == 0


def first(value: Value) -> Value:
    return value[0] if value else ("" if isinstance(value, str) else None)


def last(value: Value) -> Value:
    return value[-1] if value else ("" if isinstance(value, str) else None)


def skip(value: Value, count: int) -> Value:
    return value[max(count, 0) :]


def take(value: Value, count: int) -> Value:
    return value[: max(count, 0)]


def index_of(container: Value, item: Value) -> int:
    """-1 where it is not. Text is searched in any case, an array for the same value."""
    if isinstance(container, str):
        return container.lower().find(_text(item).lower())
    return next((index for index, each in enumerate(container) if same(each, item)), -1)


def last_index_of(container: Value, item: Value) -> int:
    if isinstance(container, str):
        return container.lower().rfind(_text(item).lower())
    return next((index for index in range(len(container) - 1, -1, -1) if same(container[index], item)), -1)


def least(*numbers: Value) -> int:
    return min(_numbers(numbers))


def greatest(*numbers: Value) -> int:
    return max(_numbers(numbers))


def try_get(container: Value, *path: Value) -> Value:
    """Null where a key or index of the path leads nowhere."""
    for step in path:
        if isinstance(container, dict) and isinstance(step, str):
            key = find_key(container, step)
            container = None if key is None else container[key]
        elif isinstance(container, list) and isinstance(step, int):
            container = container[step] if 0 <= step < len(container) else None
        elif container is None:
            return None
        else:
            raise Unfit("a key of an object must be a string, an index of an array an integer")
    return container


def _concat(*parts: Value) -> Value:
    if all(isinstance(part, list) for part in parts):
        return list(chain.from_iterable(parts))
    if any(isinstance(part, list) for part in parts):
        raise Unfit("arguments must be all strings, integers or booleans, or all arrays")
    return "".join(map(as_text, parts))


def _range(start: int, count: int) -> list[int]:
    if not 0 <= count <= MOST_IN_RANGE:
        raise Unfit(f"the count must be between 0 and {MOST_IN_RANGE}")
    if start + count > MOST_RANGE_END:
        raise Unfit(f"start and count must not exceed {MOST_RANGE_END} together")
    return list(range(start, start + count))


def _from_end(array: list[Value], index: int) -> Value:
    if not 1 <= index <= len(array):
        raise Unfit("the index from the end is out of bounds")
    return array[-index]


def _try_from_end(array: list[Value], index: int) -> Value:
    return array[-index] if 1 <= index <= len(array) else None


def _array(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _flatten(arrays: list[Value]) -> list[Value]:
    if not all(isinstance(each, list) for each in arrays):
        raise Unfit("every element must be an array")
    if sum(map(len, arrays)) > MOST_ELEMENTS:
        raise Unfit(f"an array can have {MOST_ELEMENTS} elements")
    return list(chain.from_iterable(arrays))


def _text(item: Value) -> str:
    if not isinstance(item, str):
        raise Unfit("only a string can be searched for in a string")
    return item


def _numbers(arguments: tuple[Value, ...]) -> list[int]:
    numbers = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else list(arguments)
    if not numbers or not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
        raise Unfit("it takes integers, or one array of integers that is not empty")
    return list(numbers)


def _merge(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    """Names of members match in any case; the first spelling stays."""
    merged = dict(one)
    spelling = {key.lower(): key for key in one}
    for key, value in other.items():
        spelled = spelling.setdefault(key.lower(), key)
        both = isinstance(value, dict) and isinstance(merged.get(spelled), dict)
        merged[spelled] = _merge(merged[spelled], value) if both else value
    return merged


class _Lookup:
    """Whether a value is among many, without comparing it to each: most values are texts and numbers."""

    def __init__(self, values: list[Value]) -> None:
        self._simple = {(type(each), each) for each in values if not isinstance(each, dict | list)}
        self._others = [each for each in values if isinstance(each, dict | list)]

    def __contains__(self, value: Value) -> bool:
        if isinstance(value, dict | list):
            return among(value, self._others)
        return (type(value), value) in self._simple

    def add(self, value: Value) -> None:
        if isinstance(value, dict | list):
            self._others.append(value)
        else:
            self._simple.add((type(value), value))


def _distinct(values: list[Value]) -> list[Value]:
    seen, distinct = _Lookup([]), []
    for each in values:
        if each not in seen:
            seen.add(each)
            distinct.append(each)
    return distinct


FUNCTIONS = (
    define("array", _array, ANY),
    define("concat", _concat, (*SCALAR, *ARRAY), rest=(*SCALAR, *ARRAY)),
    define("contains", contains, (*TEXT, *ARRAY, *OBJECT), ANY, deep=True),
    define("createArray", lambda *values: list(values), rest=ANY),
    define("empty", empty, (*TEXT, *ARRAY, *OBJECT, "Null")),
    define("first", first, (*TEXT, *ARRAY)),
    define("flatten", _flatten, ARRAY),
    define("indexFromEnd", _from_end, ARRAY, INT),
    define("indexOf", index_of, (*TEXT, *ARRAY), ANY, deep=True),
    define("intersection", intersection, (*ARRAY, *OBJECT), rest=(*ARRAY, *OBJECT), deep=True),
    define("last", last, (*TEXT, *ARRAY)),
    define("lastIndexOf", last_index_of, (*TEXT, *ARRAY), ANY, deep=True),
    define("length", length, (*TEXT, *ARRAY, *OBJECT)),
    define("max", greatest, (*INT, *ARRAY), rest=INT),
    define("min", least, (*INT, *ARRAY), rest=INT),
    define("range", _range, INT, INT),
    define("skip", skip, (*TEXT, *ARRAY), INT),
    define("take", take, (*TEXT, *ARRAY), INT),
    define("tryGet", try_get, (*ARRAY, *OBJECT, "Null"), (*TEXT, *INT), rest=(*TEXT, *INT)),
    define("tryIndexFromEnd", _try_from_end, ARRAY, INT),
    define("union", union, (*ARRAY, *OBJECT), rest=(*ARRAY, *OBJECT), deep=True),
)
