"""Copy loops: how often, in which batches, and those over properties and variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.language.context import Context
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.limits import MOST_COPIES
from controlplane.templates.language.values import find_key, kind

Evaluate = Callable[[Any, Context], Any]


@dataclass(frozen=True, slots=True)
class Loop:
    """`batch` is how many are made at a time, None for all at once."""

    name: str
    count: int
    batch: int | None = None


def field(mapping: Json, name: str) -> Any:
    """The member of a definition, whose name matches in any case; None where it is missing."""
    key = find_key(mapping, name)
    return None if key is None else mapping[key]


def read_loop(definition: Any, evaluate: Callable[[Any], Any], default_name: str = "") -> Loop:
    """`evaluate` evaluates expressions in name, count and batch size."""
    if not isinstance(definition, dict):
        raise TemplateError("The 'copy' must be an object")
    name = evaluate(field(definition, "name")) or default_name
    if not isinstance(name, str) or not name:
        raise TemplateError("The 'copy' must have a name")
    count = evaluate(field(definition, "count"))
    if not isinstance(count, int) or isinstance(count, bool):
        raise TemplateError(f"The count of the copy loop '{name}' must be an integer, and is of type '{kind(count)}'")
    if not 0 <= count <= MOST_COPIES:
        raise TemplateError(
            f"The count of the copy loop '{name}' must be between '0' and '{MOST_COPIES}', and is '{count}'"
        )
    mode = str(field(definition, "mode") or "Parallel").lower()
    if mode not in ("parallel", "serial"):
        raise TemplateError(f"The mode of the copy loop '{name}' must be 'Parallel' or 'Serial'")
    batch = evaluate(field(definition, "batchSize"))
    if batch is not None and (not isinstance(batch, int) or isinstance(batch, bool) or batch < 1):
        raise TemplateError(f"The batchSize of the copy loop '{name}' must be an integer greater than '0'")
    return Loop(name, count, (batch or 1) if mode == "serial" else None)


def loops_of(value: Json) -> list[Json]:
    """The loops that an object has over its properties; a property that is only called `copy` is none."""
    copies = field(value, "copy")
    if not isinstance(copies, list) or not copies:
        return []
    return copies if all(isinstance(each, dict) and find_key(each, "input") for each in copies) else []


def copies(definition: Json, context: Context, early: Evaluate, evaluate: Evaluate) -> Iterator[tuple[str, list[Any]]]:
    """One loop over a property: its name and elements. `early` is for name and count, `evaluate` for the input."""
    loop = read_loop(definition, lambda value: early(value, context))
    inside = field(definition, "input")
    elements: list[Any] = []
    for index in range(loop.count):
        context.meter.lap()
        elements.append(evaluate(inside, context.looping(loop.name, index, named_only=True)))
    yield loop.name, elements
