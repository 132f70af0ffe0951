"""An entry of the table of functions: name, parameters, where it may be used, and where it is documented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controlplane.templates.language.context import Position
from controlplane.templates.language.values import Value

Kinds = tuple[str, ...]
"""Names as `values.kind` has them."""

TEXT: Kinds = ("String",)
INT: Kinds = ("Integer",)
BOOL: Kinds = ("Boolean",)
ARRAY: Kinds = ("Array",)
OBJECT: Kinds = ("Object",)
NULL: Kinds = ("Null",)
NUMBER: Kinds = ("Integer", "Float")
SCALAR: Kinds = ("String", "Integer", "Float", "Boolean")
LAMBDA: Kinds = ("Lambda",)
ANY: Kinds = ("String", "Integer", "Float", "Boolean", "Array", "Object", "Null")

PAGES = "https://learn.microsoft.com/azure/azure-resource-manager/"
BICEP_ONLY = frozenset({"flow-control"})
"""Groups that are described for Bicep, which compiles to them, and not for templates."""

DEFAULTS_ONLY = frozenset({Position.PARAMETER})
LATE_ONLY = frozenset({Position.BODY, Position.OUTPUT, Position.SETTLING})


class Unfit(Exception):
    """Arguments of the right type that a function cannot work with; the text says why, and tells no value."""


@dataclass(frozen=True, slots=True)
class Function:
    """`kinds` are those of the arguments in their order; `rest` those of any number more. Of them `least` are needed.

    `run` takes the arguments, after the context if `in_context`. A `lazy` one takes context and one callable for each
    argument, which evaluates it. A `late` one reads resources. `deep` walks through its arguments or makes new
    structures, and is charged for it.
    """

    name: str
    group: str
    run: Callable[..., Value]
    kinds: tuple[Kinds, ...]
    least: int
    rest: Kinds | None = None
    in_context: bool = False
    lazy: bool = False
    late: bool = False
    deep: bool = False
    only: frozenset[Position] | None = None

    @property
    def most(self) -> int | None:
        return None if self.rest is not None else len(self.kinds)

    @property
    def page(self) -> str:
        """The public description that it follows."""
        anchor = "list" if self.late and self.name.startswith("list") else self.name.lower()
        language = "bicep/bicep" if self.group in BICEP_ONLY else "templates/template"
        return f"{PAGES}{language}-functions-{self.group}#{anchor}"

    def kinds_at(self, index: int) -> Kinds:
        return self.kinds[index] if index < len(self.kinds) else self.rest or ()

    def arity_problem(self, count: int) -> str | None:
        """Why it cannot be called with so many arguments, or None."""
        if self.least <= count and (self.most is None or count <= self.most):
            return None
        if self.most is None:
            needs = f"at least {self.least}"
        else:
            needs = str(self.least) if self.least == self.most else f"between {self.least} and {self.most}"
        return f"function requires {needs} argument(s) while {count} were provided"


def define(
    name: str,
    run: Callable[..., Value],
    *kinds: Kinds,
    optional: tuple[Kinds, ...] = (),
    rest: Kinds | None = None,
    **more: Any,
) -> Function:
    """A row of the table; the group is set when the groups are put together."""
    return Function(name, "", run, kinds + optional, len(kinds), rest, **more)
