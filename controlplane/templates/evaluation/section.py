"""Values that may refer to each other by name, each evaluated once and after those that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from controlplane.templates.evaluation.evaluator import Expression, read
from controlplane.templates.language.context import Position
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.functions import NO_FUNCTIONS, Functions
from controlplane.templates.language.printer import is_expression
from controlplane.templates.language.values import Value


class Section:
    """`what` is what one of them is called. `mentions` tells which others one refers to, and `make` evaluates one; both
    take its name in lower case. A long chain of references is followed step by step, not call in call."""

    def __init__(
        self, what: str, names: Iterable[str], mentions: Callable[[str], Iterable[str]], make: Callable[[str], Value]
    ) -> None:
        self._what = what
        self._names = {name.lower(): name for name in names}
        self._mentions = mentions
        self._make = make
        self._values: dict[str, Value] = {}
        self._under_way: set[str] = set()

    def value(self, name: str) -> Value:
        key = name.lower()
        if key not in self._values:
            if key not in self._names:
                raise TemplateError(
                    f"The template {self._what} '{name}' is not found. Please see https://aka.ms/arm-syntax for usage "
                    "details"
                )
            if key in self._under_way:
                raise self._circle(key)
            self._follow(key)
        return self._values[key]

    def known(self, name: str) -> Value:
        """Its value if it has been asked for, otherwise None."""
        return self._values.get(name.lower())

    def _follow(self, key: str) -> None:
        waiting = [key]
        while waiting:
            current = waiting[-1]
            if current not in self._values:
                self._under_way.add(current)
                missing = self._missing(current)
                circle = next((each for each in missing if each in self._under_way), None)
                if circle is not None:
                    raise self._circle(circle)
                if missing:
                    waiting += missing
                    continue
                self._values[current] = self._make(current)
            self._under_way.discard(current)
            waiting.pop()

    def _missing(self, key: str) -> list[str]:
        mentioned = {name.lower(): None for name in self._mentions(key)}
        return [each for each in mentioned if each in self._names and each not in self._values]

    def _circle(self, key: str) -> TemplateError:
        return TemplateError(
            f"The template {self._what} '{self._names[key]}' refers to itself. Please see "
            "https://aka.ms/arm-syntax for usage details"
        )


def expressions(value: Any, place: Position, functions: Functions = NO_FUNCTIONS) -> Iterator[Expression]:
    """All in a piece of a template with these functions of its own."""
    pieces = [value]
    while pieces:
        piece = pieces.pop()
        if isinstance(piece, str):
            if is_expression(piece) and not piece.startswith("[["):
                yield read(piece[1:-1], place, functions)
        elif isinstance(piece, dict):
            pieces += [*piece, *piece.values()]
        elif isinstance(piece, list):
            pieces += piece
