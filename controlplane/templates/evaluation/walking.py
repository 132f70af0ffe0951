"""Puts values in the place of expressions, everywhere in a piece of a template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controlplane.templates.evaluation.evaluator import evaluate, read
from controlplane.templates.evaluation.folding import fold
from controlplane.templates.evaluation.loops import copies, loops_of
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.limits import DEEPEST
from controlplane.templates.language.parser import Literal, parse
from controlplane.templates.language.printer import escaped, is_expression, show
from controlplane.templates.language.values import Value

Text = Callable[[str, Context], Value]


def evaluated(value: Value, context: Context) -> Value:
    """With every text that is an expression replaced by what it yields, keys too, and every loop over a property by its
    elements."""
    return _walk(value, context, _value, 0)


def closed(value: Value, context: Context) -> Value:
    """The same in closed form: expressions that read resources are folded, texts that look like one are escaped."""
    return _walk(value, context, _closed, 0)


def settled(value: Value, context: Context) -> Value:
    """What a closed form yields once the resources that it reads are there."""
    return _walk(value, context, _settled, 0)


def _walk(value: Value, context: Context, text: Text, depth: int) -> Value:
    if isinstance(value, str):
        return text(value, context) if is_expression(value) else value
    if isinstance(value, dict | list) and depth > DEEPEST:
        raise TemplateError(f"The template is nested more than {DEEPEST} levels deep")
    if isinstance(value, list):
        return [_walk(each, context, text, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    looped = [] if text is _settled or context.is_nested else loops_of(value)
    made: dict[str, Any] = {}
    for key, each in value.items():
        if looped and key.lower() == "copy":
            for loop in looped:
                made.update(
                    copies(loop, context, evaluated, lambda inner, around: _walk(inner, around, text, depth + 1))
                )
        else:
            made[_key(key, context, text)] = _walk(each, context, text, depth + 1)
    return made


def _key(key: str, context: Context, text: Text) -> str:
    if not is_expression(key):
        return key
    name = text(key, context)
    if not isinstance(name, str):
        raise TemplateError("The name of a property must be a string")
    return name


def _value(text: str, context: Context) -> Value:
    if text.startswith("[["):
        return text[1:]
    return evaluate(read(text[1:-1], context.place, context.functions).node, context)


def _closed(text: str, context: Context) -> Value:
    if text.startswith("[["):
        return text
    expression = read(text[1:-1], context.place, context.functions)
    if not expression.late and not context.is_nested:
        return escaped(_measured(evaluate(expression.node, context), context))
    folded = fold(expression.node, context)
    if isinstance(folded, Literal):
        return escaped(_measured(folded.value, context))
    return f"[{show(folded)}]"


def _settled(text: str, context: Context) -> Value:
    if text.startswith("[["):
        return text[1:]
    return evaluate(parse.__wrapped__(text[1:-1]), context.at(Position.SETTLING))


def _measured(value: Value, context: Context) -> Value:
    if isinstance(value, dict | list):
        context.meter.measure(value)
    return value
