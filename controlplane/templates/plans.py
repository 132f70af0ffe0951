"""The parts of a plan: resources of a template, each with its body in closed form and its dependencies."""

from __future__ import annotations

from dataclasses import dataclass, field

from controlplane.json_object import Json


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource to be written.

    `body` is in closed form: `late.settle_body` makes of it what to send. It may hold secrets. `after` are the ids of
    those resources of the plan that must be there before it, `reads` those of all resources that its body reads, in
    the plan or not. `symbol` is its symbolic name; `loop` and `index` name the copy loop it comes from and its place.
    """

    id: str
    type: str
    name: str
    body: Json = field(repr=False)
    after: tuple[str, ...]
    api_version: str = ""
    symbol: str | None = None
    loop: str | None = None
    index: int | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplatePlan:
    """`resources` in an order in which each stands behind all that it waits for: those whose condition holds.
    `existing` are those that the template only reads. `skipped` are the ids of those that a condition leaves out.
    `parameters` are as GET shows them, without secrets; `outputs` in closed form, for `late.settle_outputs`. `secrets`
    are the texts that no error of the deployment may tell (`secrets.hide_in_error`), the longest first.
    """

    resources: tuple[Resource, ...]
    parameters: Json
    outputs: Json = field(repr=False)
    existing: tuple[Resource, ...] = ()
    skipped: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
