"""Functions over whole numbers, which have 64 bits; division is towards zero."""

from __future__ import annotations

from controlplane.templates.language.context import Context
from controlplane.templates.language.signature import BOOL, INT, NUMBER, TEXT, Unfit, define
from controlplane.templates.language.values import LEAST_INT, MOST_INT, Value, fraction, whole


def _fitting(number: int) -> int:
    if not LEAST_INT <= number <= MOST_INT:
        raise Unfit("the result does not fit into 64 bits")
    return number


def _div(one: int, other: int) -> int:
    if other == 0:
        raise Unfit("the divisor is zero")
    quotient = abs(one) // abs(other)
    return _fitting(quotient if (one < 0) == (other < 0) else -quotient)


def _mod(one: int, other: int) -> int:
    return one - _div(one, other) * other if other != -1 else 0


def _int(value: Value) -> int:
    if not isinstance(value, str):
        return int(value)
    try:
        return whole(value.strip())
    except ValueError:
        raise Unfit("the string is not a 64-bit integer") from None


def _float(value: Value) -> float:
    try:
        return fraction(value.strip()) if isinstance(value, str) else float(value)
    except ValueError:
        raise Unfit("the string is not a number") from None


def _copy_index(context: Context, *arguments: Value) -> int:
    """`copyIndex([loop], [offset])`, or the offset alone."""
    *names, offset = arguments if arguments and not isinstance(arguments[-1], str) else (*arguments, 0)
    if not isinstance(offset, int) or (names and not isinstance(names[0], str)):
        raise Unfit("it takes the name of a loop and an offset")
    loop = str(names[0]) if names else context.loop
    if loop is None or loop.lower() not in context.loops:
        raise Unfit(f"there is no copy loop {f'{loop!r} ' if loop else ''}around it")
    return _fitting(context.loops[loop.lower()] + offset)


FUNCTIONS = (
    define("add", lambda one, other: _fitting(one + other), INT, INT),
    define("copyIndex", _copy_index, optional=((*TEXT, *INT), INT), in_context=True),
    define("div", _div, INT, INT),
    define("float", _float, (*TEXT, *NUMBER)),
    define("int", _int, (*TEXT, *NUMBER, *BOOL)),
    define("mod", _mod, INT, INT),
    define("mul", lambda one, other: _fitting(one * other), INT, INT),
    define("sub", lambda one, other: _fitting(one - other), INT, INT),
)
