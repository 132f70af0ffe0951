"""The variables of a template, each evaluated at its first use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.evaluation.loops import copies
from controlplane.templates.evaluation.section import Section, expressions
from controlplane.templates.evaluation.walking import evaluated
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import TemplateError, telling
from controlplane.templates.language.limits import check_count
from controlplane.templates.language.values import Value


class Variables:
    """`context` is then one that knows them. `copy` among them makes variables of its own, by loops."""

    def __init__(self, definitions: Json, context: Context) -> None:
        self.context = replace(context, variables=self.value)
        self._definitions = {name.lower(): (name, each) for name, each in definitions.items() if name.lower() != "copy"}
        self._loops = {str(each["name"]).lower(): each for each in _loops(definitions)}
        names = [name for name, _ in self._definitions.values()] + [str(each["name"]) for each in self._loops.values()]
        check_count("variables", len(names))
        self._section = Section("variable", names, self._mentions, self._make)

    def value(self, name: str) -> Value:
        return self._section.value(name)

    def resolve(self) -> None:
        """Evaluate all, so that what is wrong with one that nobody asks for is told."""
        for name in (*self._definitions, *self._loops):
            self.value(name)

    def _mentions(self, key: str) -> Iterable[str]:
        with self._telling(key):
            definition = self._loops[key] if key in self._loops else self._definitions[key][1]
            return [
                name
                for each in expressions(definition, Position.VARIABLE, self.context.functions)
                for name in each.variables
            ]

    def _make(self, key: str) -> Value:
        context = self.context.at(Position.VARIABLE)
        with self._telling(key):
            if key in self._loops:
                ((_, value),) = copies(self._loops[key], context, evaluated, evaluated)
            else:
                value = evaluated(self._definitions[key][1], context)
            context.meter.measure(value)
            return value

    def _telling(self, key: str) -> Any:
        name = str(self._loops[key]["name"]) if key in self._loops else self._definitions[key][0]
        return telling(f"The template variable '{name}'", ("variables", "copy" if key in self._loops else name))


def _loops(definitions: Json) -> Iterator[Json]:
    key = next((key for key in definitions if key.lower() == "copy"), None)
    loops = definitions[key] if key is not None else []
    if not isinstance(loops, list) or not all(isinstance(each, dict) and "name" in each for each in loops):
        raise TemplateError(
            "The 'copy' of the variables must be an array of objects with a name", path=("variables", "copy")
        )
    yield from loops
