"""The context of an evaluation: what the expression may refer to, and where in the template it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol

from controlplane.json_object import Json
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.functions import NO_FUNCTIONS, Functions
from controlplane.templates.language.limits import Meter
from controlplane.templates.language.scope import Deployment
from controlplane.templates.language.values import Value


class Position(Enum):
    """Where in a template an expression stands: some functions are not expected everywhere."""

    PARAMETER = "the default of a parameter"
    VARIABLE = "a variable"
    EARLY = "what must be known before anything is deployed: names, types, conditions, counts of loops"
    BODY = "the properties of a resource"
    OUTPUT = "an output"
    SETTLING = "what the planner left in closed form"


class Resolver(Protocol):
    """How the caller reads resources. What these raise passes through."""

    def get(self, id: str, api_version: str | None) -> Json:
        """The resource as ARM shows it. `api_version` is None where neither expression nor template names one."""

    def act(self, action: str, id: str, api_version: str, body: Json | None) -> Json:
        """What `POST {id}/{action}` answers, for `listKeys` and its like; `action` as written."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that an expression names, by its id, with the api-version that the template gives it."""

    id: str
    api_version: str


class Names(Protocol):
    """The resources of the template, by what an expression may call them."""

    def target(self, name: str) -> Target | None:
        """The one with this symbolic name (`name[index]` in a loop), id, or name."""

    def targets(self, symbol: str) -> list[Target] | None:
        """All of a loop with this symbolic name."""


def _no_name(name: str) -> Value:
    raise TemplateError(f"The template parameter '{name}' is not found")


@dataclass(frozen=True, slots=True)
class Context:
    """`parameters` and `variables` look a name up, or raise TemplateError. `loops` are those around the expression, by
    name in lower case, the innermost last; `loop` names the one of the resource or output itself. `bound` are the
    variables of lambdas around it. `reads` collects the ids of what late expressions read, and whether these have to be
    waited for."""

    deployment: Deployment
    meter: Meter
    place: Position
    parameters: Callable[[str], Value] = _no_name
    variables: Callable[[str], Value] = _no_name
    loops: Mapping[str, int] = field(default_factory=dict)
    loop: str | None = None
    bound: Mapping[str, Value] = field(default_factory=dict)
    template: Mapping[str, Any] = field(default_factory=dict)
    functions: Functions = NO_FUNCTIONS
    names: Names | None = None
    reads: dict[str, bool] | None = None
    resolver: Resolver | None = None
    is_nested: bool = False
    """Inside a nested template whose expressions the outer one evaluates: what it cannot know is left as it is."""

    def at(self, place: Position) -> Context:
        return replace(self, place=place)

    def binding(self, values: Mapping[str, Value]) -> Context:
        return replace(self, bound={**self.bound, **values})

    def looping(self, name: str, index: int, *, named_only: bool = False) -> Context:
        """Inside a copy loop. In one over a property the loop has to be named, unless no other is there."""
        loops = {**self.loops, name.lower(): index}
        if named_only and self.loop is not None:
            return replace(self, loops=loops)
        return replace(self, loops=loops, loop=name.lower())
