"""Functions that compare."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.templates.language.signature import ANY, INT, TEXT, Unfit, define
from controlplane.templates.language.values import Value, same


def _coalesce(context: object, *arguments: Callable[[], Value]) -> Value:
    for argument in arguments:
        value = argument()
        if value is not None:
            return value
    return None


def _ordered(test: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def compare(one: Value, other: Value) -> bool:
        """Texts by their characters' numbers."""
        if isinstance(one, str) is not isinstance(other, str):
            raise Unfit("both arguments must be integers, or both strings")
        return test(one, other)

    return compare


_EITHER = (*INT, *TEXT)

FUNCTIONS = (
    define("coalesce", _coalesce, ANY, rest=ANY, lazy=True),
    define("equals", same, ANY, ANY, deep=True),
    define("greater", _ordered(lambda one, other: one > other), _EITHER, _EITHER),
    define("greaterOrEquals", _ordered(lambda one, other: one >= other), _EITHER, _EITHER),
    define("less", _ordered(lambda one, other: one < other), _EITHER, _EITHER),
    define("lessOrEquals", _ordered(lambda one, other: one <= other), _EITHER, _EITHER),
)
