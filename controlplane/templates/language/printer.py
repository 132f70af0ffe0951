"""Writes an expression from its tree, so that parsing it again makes the same tree, and text so that it stays text."""

from __future__ import annotations

from controlplane.templates.language.parser import Element, FunctionCall, Literal, Member, Node
from controlplane.templates.language.values import Value, dump


def show(node: Node) -> str:
    """The expression without the brackets around it. Values that no literal can have come by `json()`."""
    match node:
        case Literal(value):
            return _literal(value)
        case FunctionCall(function, arguments):
            return f"{function}({', '.join(map(show, arguments))})"
        case Member(target, name, safe):
            return f"{show(target)}{'.?' if safe else '.'}{name}"
        case Element(target, index, safe):
            return f"{show(target)}{'[?' if safe else '['}{show(index)}]"


def is_expression(text: str) -> bool:
    """`[...]`; `[[...]` is text that looks like one."""
    return text.startswith("[") and text.endswith("]")


def escaped(value: Value) -> Value:
    """The value with every text in it, keys too, written so that it is not taken for an expression."""
    if isinstance(value, str):
        return f"[{value}" if is_expression(value) else value
    if isinstance(value, dict):
        return {escaped(key): escaped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [escaped(each) for each in value]
    return value


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool) or value is None:
        return {True: "true()", False: "false()", None: "null()"}[value]
    if isinstance(value, int):
        return str(value)
    return f"json({_literal(dump(value))})"
