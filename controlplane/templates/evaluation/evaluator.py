"""Evaluates expressions: every call is checked against the table, and nothing but TemplateError comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.functions import NO_FUNCTIONS, Functions
from controlplane.templates.language.limits import LONGEST_EXPRESSION
from controlplane.templates.language.parser import Element, FunctionCall, Literal, Member, Node, children, parse
from controlplane.templates.language.signature import LAMBDA, Function, Unfit
from controlplane.templates.language.values import Value, find_key, kind
from controlplane.templates.library.lambdas import Lambda
from controlplane.templates.library.table import NOT_SIMULATED, find


@dataclass(frozen=True, slots=True)
class Expression:
    """`late` tells that it reads resources; `parameters` and `variables` those that it names outright."""

    node: Node
    late: bool
    parameters: tuple[str, ...]
    variables: tuple[str, ...]


@lru_cache(maxsize=1024)
def read(expression: str, place: Position, functions: Functions = NO_FUNCTIONS) -> Expression:
    """An expression without its brackets, all of whose functions are known, have as many arguments as they take, and
    may stand where it stands; also in branches that are never evaluated. `functions` are those of its template."""
    if len(expression) + 2 > LONGEST_EXPRESSION:
        raise TemplateError(
            f"The language expression length limit exceeded. Limit: '{LONGEST_EXPRESSION}' and actual: "
            f"'{len(expression) + 2}'"
        )
    node = functions.expanded(parse(expression))
    _check(node, place)
    calls = [each for each in _nodes(node) if isinstance(each, FunctionCall)]
    late = any(function_of(call).late for call in calls)
    return Expression(node, late, _named("parameters", calls), _named("variables", calls))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _nodes(child)


def _named(function: str, calls: list[FunctionCall]) -> tuple[str, ...]:
    return tuple(
        call.arguments[0].value
        for call in calls
        if call.key == function and isinstance(call.arguments[0], Literal) and isinstance(call.arguments[0].value, str)
    )


def function_of(call: FunctionCall) -> Function:
    function = find(call.function)
    if function is not None and call.key not in NOT_SIMULATED:
        return function
    if call.key in NOT_SIMULATED:
        raise NotSimulated(f"the template function '{call.function}'")
    raise TemplateError(
        f"The template function '{call.function}' is not valid. Please see https://aka.ms/arm-functions for usage "
        "details"
    )


def evaluate(node: Node, context: Context) -> Value:
    match node:
        case Literal(value):
            return value
        case FunctionCall():
            return _call(node, context)
        case Member(target, name, safe):
            return member(evaluate(target, context), name, safe)
        case Element(target, index, safe):
            return element(evaluate(target, context), evaluate(index, context), safe)


def member(target: Value, name: str, safe: bool) -> Value:
    """Names of members match in any case. Those that there are, are told; no value is."""
    if isinstance(target, dict):
        key = find_key(target, name)
        if key is not None:
            return target[key]
        if safe:
            return None
        available = f", available properties are '{', '.join(target)}'" if len(target) <= 50 else ""
        raise TemplateError(
            f"The language expression property '{name}' doesn't exist{available}. Please see "
            "https://aka.ms/arm-functions for usage details"
        )
    if target is None and safe:
        return None
    raise TemplateError(
        f"The language expression property '{name}' can't be evaluated: its object is of type '{kind(target)}'"
    )


def element(target: Value, index: Value, safe: bool) -> Value:
    if target is None and safe:
        return None
    if isinstance(index, str):
        return member(target, index, safe)
    if isinstance(target, list) and isinstance(index, int) and not isinstance(index, bool):
        if 0 <= index < len(target):
            return target[index]
        if safe:
            return None
        raise TemplateError(f"The language expression property array index '{index}' is out of bounds")
    raise TemplateError(
        f"The language expression property can't be evaluated: a value of type '{kind(target)}' has no element for an "
        f"index of type '{kind(index)}'"
    )


def invoke(call: FunctionCall, function: Function, values: list[Value], context: Context) -> Value:
    """FunctionCall with arguments that are evaluated already."""
    for index, value in enumerate(values):
        _check_kind(function, index, value)
    sized = [value for value in values if isinstance(value, str | list | dict)]
    context.meter.call(iter(sized))
    if function.deep:
        for value in sized:
            context.meter.measure(value)
    try:
        result = function.run(context, *values) if function.in_context else function.run(*values)
    except Unfit as problem:
        raise unfit(call, problem) from None
    if isinstance(result, str | list | dict) and not function.in_context:
        context.meter.spend(len(result))
    return result


def unfit(call: FunctionCall, problem: object) -> TemplateError:
    return TemplateError(
        f"Unable to evaluate template language function '{call.function}': {problem}. Please see "
        f"https://aka.ms/arm-function-{call.key} for usage details"
    )


def _call(call: FunctionCall, context: Context) -> Value:
    function = function_of(call)
    if function.lazy:
        return _lazy(call, function, context)
    values = [
        _lambda(node, context) if function.kinds_at(index) == LAMBDA else evaluate(node, context)
        for index, node in enumerate(call.arguments)
    ]
    return invoke(call, function, values, context)


def _lazy(call: FunctionCall, function: Function, context: Context) -> Value:
    def argument(index: int) -> Value:
        value = evaluate(call.arguments[index], context)
        _check_kind(function, index, value)
        return value

    context.meter.call(iter(()))
    return function.run(context, *[lambda index=index: argument(index) for index in range(len(call.arguments))])


def _lambda(node: Node, context: Context) -> Lambda:
    assert isinstance(node, FunctionCall)

    def body(values: dict[str, Value]) -> Value:
        context.meter.lap()
        return evaluate(node.arguments[-1], context.binding(values))

    return Lambda(lambda_names(node), body)


def lambda_names(call: FunctionCall) -> tuple[str, ...]:
    return tuple(
        node.value for node in call.arguments[:-1] if isinstance(node, Literal) and isinstance(node.value, str)
    )


def _check_kind(function: Function, index: int, value: Value) -> None:
    kinds = function.kinds_at(index)
    if isinstance(value, Lambda):
        return
    actual = kind(value)
    if actual not in kinds:
        raise TemplateError(
            f"The template language function '{function.name}' expects its {_parameter(index)} to be of type "
            f"'{', '.join(kinds)}'. The provided value is of type '{actual}'. Please see "
            f"https://aka.ms/arm-function-{function.name.lower()} for usage details"
        )


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


def _parameter(index: int) -> str:
    return f"{_ORDINALS[index]} parameter" if index < len(_ORDINALS) else f"parameter {index + 1}"


# --------------------------------------------------------------------------------------------------- before evaluation


def _check(node: Node, place: Position, lambda_expected: bool = False) -> None:
    """A lambda stands where a function takes one, and nowhere else; its names are written out."""
    is_lambda = isinstance(node, FunctionCall) and node.key == "lambda"
    if isinstance(node, FunctionCall):
        function = function_of(node)
        problem = function.arity_problem(len(node.arguments))
        if problem:
            raise unfit(node, problem)
        if is_lambda is not lambda_expected or (function.only is not None and place not in function.only):
            raise _unexpected(node)
        if is_lambda and len(lambda_names(node)) != len(node.arguments) - 1:
            raise unfit(node, "all arguments but the last must be names, as string literals")
        for index, argument in enumerate(node.arguments):
            expected = function.kinds_at(index) == LAMBDA
            if expected and not isinstance(argument, FunctionCall):
                raise unfit(node, f"its argument {index + 1} must be a lambda")
            _check(argument, place, expected)
        return
    for child in children(node):
        _check(child, place)


def _unexpected(call: FunctionCall) -> TemplateError:
    return TemplateError(
        f"The template function '{call.function}' is not expected at this location. Please see "
        "https://aka.ms/arm-functions for usage details"
    )
