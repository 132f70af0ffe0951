"""The outputs of a template: in closed form during the deployment, with their values at its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.evaluation.loops import field, read_loop
from controlplane.templates.evaluation.types import Type
from controlplane.templates.evaluation.walking import closed, evaluated, settled
from controlplane.templates.language.context import Context, Names, Position
from controlplane.templates.language.failure import TemplateError, telling
from controlplane.templates.language.values import find_key, kind


def close_outputs(outputs: Json, types: Json, context: Context, names: Names) -> Json:
    """`{name: {type, value, nullable, secure}}` of those whose condition holds; values in closed form."""
    around = replace(context, place=Position.OUTPUT, names=names)
    return dict(pair for name, each in outputs.items() for pair in _close(name, each, types, around))


def _close(name: str, output: Json, types: Json, context: Context) -> Iterator[tuple[str, Json]]:
    with telling(f"The template output '{name}'", ("outputs", name)):
        type = Type.read(output, types, f"the output '{name}'")
        condition = evaluated(field(output, "condition"), context.at(Position.EARLY))
        if condition is not None and not isinstance(condition, bool):
            raise TemplateError("its condition must be a boolean")
        if condition is False:
            return
        value = _value(name, output, context)
        context.meter.measure(value)
        flags = {"nullable": type.is_nullable, "secure": type.holds_secret}
        yield name, {"type": type.shown, "value": value} | {flag: True for flag, holds in flags.items() if holds}


def _value(name: str, output: Json, context: Context) -> Any:
    copy = field(output, "copy")
    if copy is None:
        if find_key(output, "value") is None:
            raise TemplateError("it has no value")
        return closed(field(output, "value"), context)
    loop = read_loop(copy, lambda value: evaluated(value, context.at(Position.EARLY)), name)
    return [closed(field(copy, "input"), context.looping(loop.name, index)) for index in range(loop.count)]


def settle(name: str, output: Json, context: Context) -> Any:
    """The value of one output; TemplateError when it is not of the type that the template says."""
    value = settled(output["value"], context)
    expected = Type.read(output, {}, f"the output '{name}'").expects_instead_of(value)
    if expected:
        raise TemplateError(
            f"Template output JToken type is not valid. Expected '{expected}'. Actual '{kind(value)}'. Please see "
            "https://aka.ms/arm-syntax-outputs for usage details"
        )
    return value
