"""Functions that a template defines itself: each is a formula, put in the place of its calls before any evaluation.

So whatever comes later, evaluation, folding and closed forms, knows the functions of the language alone. A function
sees its own parameters and no variables, no resources and no other state; it may call others of its template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.parser import Element, FunctionCall, Literal, Member, Node, children, parse
from controlplane.templates.language.printer import is_expression
from controlplane.templates.language.values import find_key

MOST_NODES = 20_000
"""Calls, members and literals of an expression once every function of the template is put into it."""
_NOT_IN_FUNCTIONS = frozenset({"variables", "reference", "references", "copyindex", "deployment", "resourcegroup"})


@dataclass(frozen=True, slots=True)
class Formula:
    """A function: its name as it is called, `namespace.name`, the names of its parameters, and what it yields."""

    name: str
    parameters: tuple[str, ...]
    output: Node


class Functions:
    """Those of one template, by their names in lower case."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self._formulas = formulas

    def expanded(self, node: Node) -> Node:
        """The expression without a call of any of them. TemplateError for a call with other arguments than it takes."""
        if not self._formulas:
            return node
        made = self._expand(node, ())
        _check_size(made)
        return made

    def _expand(self, node: Node, around: tuple[str, ...]) -> Node:
        match node:
            case FunctionCall(name, arguments):
                made = tuple(self._expand(each, around) for each in arguments)
                formula = self._formulas.get(node.key)
                return FunctionCall(name, made) if formula is None else self._applied(formula, made, around)
            case Member(target, name, safe):
                return Member(self._expand(target, around), name, safe)
            case Element(target, index, safe):
                return Element(self._expand(target, around), self._expand(index, around), safe)
            case Literal():
                return node

    def _applied(self, formula: Formula, arguments: tuple[Node, ...], around: tuple[str, ...]) -> Node:
        if formula.name in around:
            raise TemplateError(f"The template function '{formula.name}' refers to itself")
        if len(arguments) != len(formula.parameters):
            raise TemplateError(
                f"Unable to evaluate template language function '{formula.name}': it takes "
                f"{len(formula.parameters)} arguments and is given {len(arguments)}. Please see "
                "https://aka.ms/arm-syntax-functions for usage details"
            )
        _check_no_capture(formula, arguments)
        given = {name.lower(): each for name, each in zip(formula.parameters, arguments, strict=True)}
        made = _filled(self._expand(formula.output, (*around, formula.name)), given, formula.name)
        _check_size(made)
        return made


NO_FUNCTIONS = Functions({})


def read_functions(section: Any) -> Functions:
    """The section `functions` of a template: namespaces, each with members."""
    formulas: dict[str, Formula] = {}
    if section is None:
        return NO_FUNCTIONS
    if not isinstance(section, list) or not all(isinstance(each, dict) for each in section):
        raise _malformed("The section 'functions' must be an array of objects")
    for each in section:
        namespace, members = _field(each, "namespace"), _field(each, "members")
        if not isinstance(namespace, str) or not namespace or not isinstance(members, dict):
            raise _malformed("A namespace of functions must have a 'namespace' and 'members'")
        for member, rules in members.items():
            name = f"{namespace}.{member}"
            if name.lower() in formulas:
                raise _malformed(f"The function '{name}' is defined more than once")
            formulas[name.lower()] = _formula(name, rules)
    return Functions(formulas)


def _formula(name: str, rules: Any) -> Formula:
    output = _field(rules, "output") if isinstance(rules, dict) else None
    if not isinstance(output, dict) or find_key(output, "value") is None:
        raise _malformed(f"The function '{name}' must have an output with a value")
    parameters = _field(rules, "parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(_field(each, "name"), str) for each in parameters):
        raise _malformed(f"The parameters of the function '{name}' must be an array of objects with a name")
    body = _node(_field(output, "value"))
    for node in _nodes(body):
        if isinstance(node, FunctionCall) and (node.key in _NOT_IN_FUNCTIONS or node.key.startswith("list")):
            raise _malformed(
                f"The template function '{node.function}' is not expected at this location: a function of a template "
                "sees its own parameters alone"
            )
    return Formula(name, tuple(str(_field(each, "name")) for each in parameters), body)


def _node(value: Any) -> Node:
    """A piece of a template as one expression."""
    if isinstance(value, str):
        if not is_expression(value):
            return Literal(value)
        return Literal(value[1:]) if value.startswith("[[") else parse(value[1:-1])
    if isinstance(value, list) and value:
        return FunctionCall("createArray", tuple(_node(each) for each in value))
    if isinstance(value, dict) and value:
        pairs = [part for key, each in value.items() for part in (Literal(key), _node(each))]
        return FunctionCall("createObject", tuple(pairs))
    return Literal(value)


def _filled(node: Node, given: Mapping[str, Node], function: str) -> Node:
    """With the arguments in the places of the parameters."""
    match node:
        case FunctionCall(name, arguments):
            if node.key == "parameters" and len(arguments) == 1 and isinstance(arguments[0], Literal):
                parameter = str(arguments[0].value)
                if parameter.lower() not in given:
                    raise TemplateError(f"The function '{function}' has no parameter '{parameter}'")
                return given[parameter.lower()]
            return FunctionCall(name, tuple(_filled(each, given, function) for each in arguments))
        case Member(target, name, safe):
            return Member(_filled(target, given, function), name, safe)
        case Element(target, index, safe):
            return Element(_filled(target, given, function), _filled(index, given, function), safe)
        case Literal():
            return node


def _check_size(node: Node) -> None:
    """Arguments that a function repeats, and functions that call others, would otherwise grow without end."""
    if next(islice(_nodes(node), MOST_NODES, None), None) is not None:
        raise TemplateError("An expression is too long once the functions of the template are put into it")


def _check_no_capture(formula: Formula, arguments: tuple[Node, ...]) -> None:
    """A variable of a lambda around the call must not become one of a lambda inside the function."""
    has_lambda = any(isinstance(each, FunctionCall) and each.key == "lambda" for each in _nodes(formula.output))
    inner = (each for argument in arguments for each in _nodes(argument))
    if has_lambda and any(isinstance(each, FunctionCall) and each.key == "lambdavariables" for each in inner):
        raise NotSimulated(f"a lambda variable as an argument of '{formula.name}', which has lambdas itself")


def _nodes(node: Node) -> Iterator[Node]:
    left = [node]
    while left:
        node = left.pop()
        yield node
        left += children(node)


def _field(value: Any, name: str) -> Any:
    key = find_key(value, name) if isinstance(value, dict) else None
    return None if key is None else value[key]


def _malformed(reason: str) -> TemplateError:
    return TemplateError(reason, path=("functions",))
