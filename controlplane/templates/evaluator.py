"""Puts values in the place of expressions, everywhere in a piece of a template."""

from __future__ import annotations

from controlplane.templates import functions, parser
from controlplane.templates.failure import NotSimulated, TemplateError
from controlplane.templates.functions import Context, Value

DEEPEST = 100
"""Levels of objects and arrays in a template."""


def evaluate(value: Value, context: Context, depth: int = 0) -> Value:
    """The value with every text that is an expression replaced by what it yields; keys stay as they are."""
    if depth > DEEPEST:
        raise TemplateError(f"The template is nested more than {DEEPEST} levels deep")
    if isinstance(value, dict):
        return {key: evaluate(item, context, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, context, depth + 1) for item in value]
    return _text(value, context) if isinstance(value, str) else value


def _text(text: str, context: Context) -> Value:
    """`[...]` is an expression, `[[...]` the text `[...]`."""
    if not (text.startswith("[") and text.endswith("]")):
        return text
    if text.startswith("[["):
        return text[1:]
    return _yield(parser.parse(text[1:-1]), context)


def _yield(node: parser.Node, context: Context) -> Value:
    match node:
        case parser.Literal(value):
            return value
        case parser.Call(name, arguments):
            return _call(name, [_yield(argument, context) for argument in arguments], context)
        case parser.Member(target, name):
            return _member(_yield(target, context), name)
        case parser.Element(target, index):
            return _element(_yield(target, context), _yield(index, context))


def _call(name: str, arguments: list[Value], context: Context) -> Value:
    function = functions.find(name)
    if function is None:
        raise NotSimulated(f"the template function '{name}'")
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        raise TemplateError(f"The template function '{name}' cannot be called with {len(arguments)} argument(s)")
    return function.run(context, arguments)


def _member(target: Value, name: str) -> Value:
    """Names of members match in any case."""
    if isinstance(target, dict):
        for key, value in target.items():
            if key.lower() == name.lower():
                return value
    raise TemplateError(f"The language expression property '{name}' doesn't exist")


def _element(target: Value, index: Value) -> Value:
    if isinstance(index, str):
        return _member(target, index)
    if isinstance(target, list) and isinstance(index, int) and 0 <= index < len(target):
        return target[index]
    raise TemplateError(f"The language expression property array index '{index}' is out of bounds")
