"""A compiled expression, and conversions of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controlplane.kusto.failure import meaningless
from controlplane.kusto.values import CONVERSIONS, DYNAMIC, SCALARS, STRING, Value, to_string

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Typed:
    type: str
    of: Callable[[Row], Value]
    """Its value in a row."""
    name: str | None = None
    """What a column is called that has no other name; None: Column1 and so on."""
    constant: bool = False
    """Whether it is the same in every row."""


def converted(expression: Typed, type: str) -> Typed:
    """The expression in another type, null where a value cannot be converted."""
    if expression.type == type:
        return expression
    convert, of = CONVERSIONS[type], expression.of
    return Typed(type, lambda row: convert(of(row)), expression.name, expression.constant)


def text_of(expression: Typed, what: str) -> Callable[[Row], str]:
    """The value as a text, for an operator or function that takes texts and dynamic values."""
    if expression.type == STRING:
        return expression.of
    if expression.type != DYNAMIC:
        raise meaningless(f"{what} takes a string, and has a value of type {expression.type}")
    of = expression.of
    return lambda row: to_string(of(row))


def check_scalar(expression: Typed, what: str) -> None:
    """Refuse a dynamic value where rows are sorted, grouped or joined by it."""
    if expression.type not in SCALARS:
        name = expression.name or "the expression"
        raise meaningless(
            f"{what} '{name}' is of a 'dynamic' type. Please use an explicit cast (for example, 'tostring({name})')"
        )
