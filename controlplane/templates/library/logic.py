"""Logical functions. Arguments that cannot change the result are not evaluated."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.signature import ANY, BOOL, INT, TEXT, Unfit, define
from controlplane.templates.language.values import Value

Argument = Callable[[], Value]


def _and(context: object, *arguments: Argument) -> bool:
    return all(argument() for argument in arguments)


def _or(context: object, *arguments: Argument) -> bool:
    return any(argument() for argument in arguments)


def _if(context: object, condition: Argument, then: Argument, otherwise: Argument) -> Value:
    return then() if condition() else otherwise()


def _bool(value: Value) -> bool:
    if isinstance(value, str):
        truth = {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
        if truth is None:
            raise Unfit("the string is neither 'true' nor 'false'")
        return truth
    return bool(value)


def _fail(message: str) -> Value:
    raise TemplateError(message)


FUNCTIONS = (
    define("and", _and, BOOL, BOOL, rest=BOOL, lazy=True),
    define("bool", _bool, (*TEXT, *INT, *BOOL)),
    define("false", lambda: False),
    define("if", _if, BOOL, ANY, ANY, lazy=True),
    define("not", lambda value: not value, BOOL),
    define("or", _or, BOOL, BOOL, rest=BOOL, lazy=True),
    define("true", lambda: True),
)
FLOW_CONTROL = (define("fail", _fail, TEXT),)
