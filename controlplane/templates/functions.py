"""The functions of the template language: a table of names, numbers of arguments, and what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.templates.failure import TemplateError
from controlplane.templates.scope import Scope

Value = Any
"""What JSON can hold."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression may refer to. `parameters` and `variables` look a name up, or raise TemplateError."""

    scope: Scope
    parameters: Callable[[str], Value]
    variables: Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Function:
    """`most` is None where there is no limit."""

    least: int
    most: int | None
    run: Callable[[Context, Sequence[Value]], Value]


def find(name: str) -> Function | None:
    return FUNCTIONS.get(name.lower())


def resource_id(scope: Scope, arguments: Sequence[Value]) -> str:
    """`resourceId([subscription], [group], type, name, ...)`: the type is the first that holds a slash."""
    if not all(isinstance(argument, str) for argument in arguments):
        raise TemplateError("The function 'resourceId' takes texts")
    at = next((index for index, argument in enumerate(arguments) if "/" in argument), len(arguments))
    if at > 2 or at == len(arguments):
        raise TemplateError("The function 'resourceId' takes a fully qualified resource type")
    before, (kind, *names) = arguments[:at], arguments[at:]
    group = before[-1] if before else scope.group_name
    subscription = before[0] if len(before) == 2 else scope.subscription_id
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{type_and_name(kind, names)}"


def type_and_name(kind: str, names: Sequence[str]) -> str:
    """`Namespace/type/name`, for a nested resource type by type and name in turn."""
    namespace, *types = kind.split("/")
    if len(types) != len(names) or not all((namespace, *types, *names)):
        raise TemplateError(
            f"The template resource '{'/'.join(names)}' for type '{kind}' has incorrect segment lengths. A nested "
            "resource type must have identical number of segments as its resource name. A root resource type must have "
            "segment length one greater than its resource name"
        )
    return "/".join([namespace, *(f"{each}/{name}" for each, name in zip(types, names, strict=True))])


def _concat(context: Context, arguments: Sequence[Value]) -> Value:
    if all(isinstance(argument, list) for argument in arguments):
        return [element for argument in arguments for element in argument]
    if all(isinstance(argument, str | int) for argument in arguments):
        return "".join(_text(argument) for argument in arguments)
    raise TemplateError("The function 'concat' takes either texts or arrays")


def _text(value: str | int) -> str:
    return str(value) if not isinstance(value, bool) else str(value).capitalize()


def _subscription(context: Context, arguments: Sequence[Value]) -> Value:
    id = context.scope.subscription_id
    return {"id": f"/subscriptions/{id}", "subscriptionId": id, "tenantId": context.scope.tenant_id}


FUNCTIONS: Mapping[str, Function] = {
    "concat": Function(1, None, _concat),
    "parameters": Function(1, 1, lambda context, arguments: context.parameters(str(arguments[0]))),
    "resourcegroup": Function(0, 0, lambda context, arguments: dict(context.scope.group or {})),
    "resourceid": Function(2, None, lambda context, arguments: resource_id(context.scope, arguments)),
    "subscription": Function(0, 0, _subscription),
    "variables": Function(1, 1, lambda context, arguments: context.variables(str(arguments[0]))),
}
"""By name in lower case: names of functions match in any case."""
