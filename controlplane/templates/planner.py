"""Plans a deployment: which resources there are to be, what each waits for, and what the deployment shows.

`plan(template, values, deployment, source)` is the early half: it checks the template and the values of its
parameters, evaluates all that is known beforehand, and puts the resources into order. `late.settle_body` and
`late.settle_outputs` are the late half: they evaluate what reads other resources (`reference()`, `listKeys()`), when
these are there. Between the two everything is JSON and may be stored.

A nested deployment is a resource of type Microsoft.Resources/deployments like any other: its body, once settled, is
what `PUT` of a deployment takes, its template as the nested deployment itself has to plan it (expressions of outer
scope are already evaluated).
"""

from __future__ import annotations

import json

from controlplane.json_object import Json
from controlplane.templates.bodies import close_body
from controlplane.templates.drafts import Draft, draft_all
from controlplane.templates.graph import DependencyOrder, Directory, after, order
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.limits import Meter, check_template_size
from controlplane.templates.language.scope import Deployment
from controlplane.templates.outputs import close_outputs
from controlplane.templates.parameters import Parameters, given_values
from controlplane.templates.plans import Resource, TemplatePlan
from controlplane.templates.sections import Sections, read_sections
from controlplane.templates.source import Source
from controlplane.templates.variables import Variables

__all__ = ["Resource", "TemplatePlan", "plan"]


def plan(template: Json, values: Json, deployment: Deployment, source: Source | None = None) -> TemplatePlan:
    """`values` as a request has them, `{name: {"value": ...}}`, or a whole parameter file. `source` tells an error its
    line and column. TemplateError for what cannot be deployed, NotSimulated for what could be elsewhere."""
    try:
        return _plan(template, values, deployment)
    except RecursionError:
        raise TemplateError("The template is nested too deeply") from None
    except TemplateError as error:
        place = source.place(error.path) if source is not None else None
        if place is not None:
            error.line, error.column = place
        raise


def _plan(template: Json, values: Json, deployment: Deployment) -> TemplatePlan:
    meter = Meter()
    sections = read_sections(template, meter)
    blank = Context(deployment, meter, Position.EARLY, template=template, functions=sections.functions)
    parameters = Parameters(sections.parameters, sections.definitions, given_values(values), blank)
    with parameters.hiding_secrets():
        parameters.resolve()
        variables = Variables(sections.variables, parameters.context)
        variables.resolve()
        return _planned(sections, parameters, variables.context)


def _planned(sections: Sections, parameters: Parameters, context: Context) -> TemplatePlan:
    drafts, empty = draft_all(sections, context)
    directory = Directory(drafts, empty)
    closed = _close_all(drafts, directory)
    waited = {number: [id for id, implied in reads.items() if implied] for number, (_, reads) in enumerate(closed)}
    ordered = order(drafts, directory, waited)
    resources = [
        _resource(number, drafts, ordered, *closed[number]) for number in ordered.numbers if drafts[number].wanted
    ]
    return TemplatePlan(
        tuple(each for number, each in resources if not drafts[number].existing),
        parameters.shown(),
        close_outputs(sections.outputs, sections.definitions, context, directory),
        tuple(each for number, each in resources if drafts[number].existing),
        tuple(draft.id for draft in drafts if draft.id and not draft.wanted),
        parameters.secrets(),
    )


def _close_all(drafts: list[Draft], directory: Directory) -> list[tuple[Json, dict[str, bool]]]:
    """The body of each that is to be written, and what it reads. They make up the expanded template."""
    closed: list[tuple[Json, dict[str, bool]]] = []
    size = 0
    for draft in drafts:
        closed.append(close_body(draft, directory) if draft.wanted and not draft.existing else ({}, {}))
        size += len(json.dumps(closed[-1][0], separators=(",", ":"), ensure_ascii=False))
        check_template_size(size)
    return closed


def _resource(
    number: int, drafts: list[Draft], ordered: DependencyOrder, body: Json, reads: dict[str, bool]
) -> tuple[int, Resource]:
    draft = drafts[number]
    return number, Resource(
        id=draft.id,
        type=draft.type,
        name=draft.name,
        body=body,
        after=after(number, drafts, ordered.waits),
        api_version=draft.api_version,
        symbol=draft.symbol,
        loop=draft.loop.name if draft.loop else None,
        index=draft.index,
        reads=tuple(reads),
    )
