"""Folds an expression that reads resources: what is known becomes literals, names of resources become their ids.

What is left names no parameter, variable or loop any more, so that it can be evaluated at any later time.
"""

from __future__ import annotations

from controlplane.templates.evaluation.evaluator import evaluate, function_of, invoke, lambda_names
from controlplane.templates.language.context import Context, Target
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.parser import Element, FunctionCall, Literal, Member, Node, children
from controlplane.templates.language.values import Value

_FROM_TEMPLATE = frozenset({"parameters", "variables", "copyindex", "deployment"})
_NOTHING: frozenset[str] = frozenset()


def fold(node: Node, context: Context, unbound: frozenset[str] = _NOTHING, *, may_rest: bool = False) -> Node:
    """`unbound` are the variables of lambdas around it, in lower case, whose values are not known yet. `may_rest`: it
    is not known whether it will ever be evaluated, so that it may fail and still be right."""
    if isinstance(node, FunctionCall) and node.key == "lambda":
        inner = unbound | {name.lower() for name in lambda_names(node)}
        return FunctionCall(
            node.function, (*node.arguments[:-1], fold(node.arguments[-1], context, inner, may_rest=True))
        )
    if not _waits(node, context, unbound):
        try:
            return Literal(evaluate(node, context))
        except TemplateError:
            if not may_rest or (isinstance(node, FunctionCall) and node.key in _FROM_TEMPLATE):
                raise
    match node:
        case Member(target, name, safe):
            return Member(fold(target, context, unbound, may_rest=may_rest), name, safe)
        case Element(target, index, safe):
            folded = fold(target, context, unbound, may_rest=may_rest)
            return Element(folded, fold(index, context, unbound, may_rest=may_rest), safe)
        case FunctionCall():
            return _call(node, context, unbound, may_rest)
        case _:
            return node


def _call(call: FunctionCall, context: Context, unbound: frozenset[str], may_rest: bool) -> Node:
    function = function_of(call)
    if call.key == "if":
        condition = fold(call.arguments[0], context, unbound, may_rest=may_rest)
        if isinstance(condition, Literal) and isinstance(condition.value, bool):
            return fold(call.arguments[1 if condition.value else 2], context, unbound, may_rest=may_rest)
    arguments = tuple(
        fold(argument, context, unbound, may_rest=may_rest or (function.lazy and index > 0))
        for index, argument in enumerate(call.arguments)
    )
    if call.key == "references":
        return _collection(arguments, context)
    if function.late:
        return _reading(call, arguments, context)
    if call.key in _FROM_TEMPLATE and not (context.is_nested and call.key == "copyindex"):
        raise TemplateError(
            f"The template function '{call.function}' is not expected at this location: its argument is not known "
            "before the deployment begins"
        )
    return FunctionCall(call.function, arguments)


def _waits(node: Node, context: Context, unbound: frozenset[str]) -> bool:
    if isinstance(node, FunctionCall):
        if function_of(node).late:
            return True
        if node.key == "lambdavariables" and unbound:
            return _literal(node.arguments[0]).lower() in unbound
        if node.key == "copyindex" and context.is_nested:
            return _is_of_another_loop(node, context)
    return any(_waits(child, context, unbound) for child in children(node))


def _is_of_another_loop(call: FunctionCall, context: Context) -> bool:
    name = _literal(call.arguments[0]).lower() if call.arguments else ""
    return (name or context.loop) not in context.loops


def _literal(node: Node) -> str:
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else ""


# ------------------------------------------------------------------------------------------------------ what is read


def _reading(call: FunctionCall, arguments: tuple[Node, ...], context: Context) -> Node:
    """A resource that is named is meant by its id; one of the template has the template's api-version."""
    name = arguments[0]
    if not isinstance(name, Literal):
        return FunctionCall(call.function, arguments)
    given = arguments[1].value if len(arguments) > 1 and isinstance(arguments[1], Literal) else None
    is_known = len(arguments) > 1 and not (isinstance(arguments[1], Literal) and not given)
    target = _target(call, name.value, is_known, context)
    if target is None:
        return FunctionCall(call.function, arguments)
    _note(context, name.value, target, is_known)
    version = arguments[1] if is_known else Literal(target.api_version)
    return FunctionCall(call.function, (Literal(target.id), version, *arguments[2:]))


def _target(call: FunctionCall, name: Value, has_version: bool, context: Context) -> Target | None:
    """None where an outer template cannot know it."""
    if not isinstance(name, str):
        invoke(call, function_of(call), [name], context)
        return None
    target = context.names.target(name) if context.names is not None else None
    if target is not None or context.is_nested:
        return target
    if not name.startswith("/"):
        raise TemplateError(
            f"The resource '{name}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage "
            "details"
        )
    if not has_version:
        raise TemplateError(
            f"The reference to '{name}' requires an API version. Please see "
            f"https://aka.ms/arm-function-{call.key} for usage details"
        )
    return Target(name, "")


def _note(context: Context, name: str, target: Target, has_version: bool) -> None:
    """Whether it has to be waited for: by name, or by the id of a resource without a version, which must be of this
    template. By id and version it is read as it is."""
    if context.reads is not None:
        implied = not (name.startswith("/") and has_version)
        context.reads[target.id] = context.reads.get(target.id, False) or implied


def _collection(arguments: tuple[Node, ...], context: Context) -> Node:
    """`references('symbol', ['Full'])`: all resources of a loop."""
    symbol = _literal(arguments[0])
    targets = context.names.targets(symbol) if context.names is not None else None
    if targets is None:
        raise TemplateError(f"The resource collection '{symbol}' is not defined in the template")
    reads: list[Node] = []
    for target in targets:
        _note(context, symbol, target, has_version=False)
        reads.append(FunctionCall("reference", (Literal(target.id), Literal(target.api_version), *arguments[1:])))
    return FunctionCall("createArray", tuple(reads))
