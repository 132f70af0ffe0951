"""Functions that take a lambda: a piece of an expression, evaluated for each element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cmp_to_key

from controlplane.templates.language.context import Context
from controlplane.templates.language.limits import MOST_ELEMENTS
from controlplane.templates.language.signature import ANY, ARRAY, LAMBDA, OBJECT, TEXT, Unfit, define
from controlplane.templates.language.values import Value


class Lambda:
    """`lambda('name', ..., expression)`, with what is around it."""

    def __init__(self, names: tuple[str, ...], body: Callable[[dict[str, Value]], Value]) -> None:
        self.names = names
        self._body = body

    def __call__(self, *values: Value) -> Value:
        """With as many of the values as it has names for."""
        return self._body(dict(zip((name.lower() for name in self.names), values, strict=False)))

    def takes(self, *counts: int) -> None:
        if len(self.names) not in counts:
            raise Unfit(f"its lambda takes {' or '.join(map(str, counts))} argument(s)")


def _filter(array: list[Value], test: Lambda) -> list[Value]:
    test.takes(1, 2)
    return [each for index, each in enumerate(array) if _truth(test(each, index))]


def _map(array: list[Value], make: Lambda) -> list[Value]:
    make.takes(1, 2)
    return [make(each, index) for index, each in enumerate(array)]


def _map_values(value: dict[str, Value], make: Lambda) -> dict[str, Value]:
    make.takes(1)
    return {key: make(each) for key, each in value.items()}


def _reduce(array: list[Value], initial: Value, step: Lambda) -> Value:
    step.takes(2, 3)
    so_far = initial
    for index, each in enumerate(array):
        so_far = step(so_far, each, index)
    return so_far


def _sort(array: list[Value], before: Lambda) -> list[Value]:
    """Stable, which what is described leaves open."""
    before.takes(2)
    if len(array) > MOST_ELEMENTS // 10:
        raise Unfit(f"it sorts {MOST_ELEMENTS // 10} elements at most")

    def compare(one: Value, other: Value) -> int:
        if _truth(before(one, other)):
            return -1
        return 1 if _truth(before(other, one)) else 0

    return sorted(array, key=cmp_to_key(compare))


def _group_by(array: list[Value], key: Lambda) -> dict[str, Value]:
    key.takes(1, 2)
    groups: dict[str, Value] = {}
    for name, each in _keyed(array, key):
        groups.setdefault(name, []).append(each)
    return groups


def _to_object(array: list[Value], key: Lambda, value: Lambda | None = None) -> dict[str, Value]:
    key.takes(1)
    if value is not None:
        value.takes(1)
    return {name: each if value is None else value(each) for name, each in _keyed(array, key)}


def _variable(context: Context, name: str) -> Value:
    if name.lower() not in context.bound:
        raise Unfit(f"there is no lambda with the variable '{name}' around it")
    return context.bound[name.lower()]


def _keyed(array: list[Value], key: Lambda) -> Iterator[tuple[str, Value]]:
    for index, each in enumerate(array):
        name = key(each, index)
        if not isinstance(name, str):
            raise Unfit("its lambda for the keys must return strings")
        yield name, each


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise Unfit("its lambda must return a boolean")
    return value


FUNCTIONS = (
    define("filter", _filter, ARRAY, LAMBDA),
    define("groupBy", _group_by, ARRAY, LAMBDA),
    define("lambda", lambda *nothing: None, ANY, rest=ANY, lazy=True),
    define("lambdaVariables", _variable, TEXT, in_context=True),
    define("map", _map, ARRAY, LAMBDA),
    define("mapValues", _map_values, OBJECT, LAMBDA),
    define("reduce", _reduce, ARRAY, ANY, LAMBDA),
    define("sort", _sort, ARRAY, LAMBDA),
    define("toObject", _to_object, ARRAY, LAMBDA, optional=(LAMBDA,)),
)
