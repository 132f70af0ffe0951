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

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from controlplane.templates.evaluator import evaluate
from controlplane.templates.failure import NotSimulated, TemplateError
from controlplane.templates.functions import Context, type_and_name
from controlplane.templates.parameters import Parameters
from controlplane.templates.scope import Deployment
from controlplane.templates.source import Source
from controlplane.templates.variables import Variables

Json = dict[str, Any]

MOST_RESOURCES = 800
NOT_SENT = frozenset({"type", "name", "apiversion", "dependson", "condition", "comments", "metadata"})
"""What a resource of a template says to the planner and not to the resource's provider."""
LEFT_OUT = {
    "copy": "copy loops in a template",
    "resources": "child resources inside a resource of a template",
    "scope": "resources of another scope in a template",
    "existing": "existing resources in a template",
}


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
class Plan:
    """`resources` in an order in which each stands behind all that it waits for: those whose condition holds.
    `existing` are those that the template only reads. `skipped` are the ids of those that a condition leaves out.
    `parameters` are as GET shows them, without secrets; `outputs` in closed form, for `late.settle_outputs`.
    """

    resources: tuple[Resource, ...]
    parameters: Json
    outputs: Json = field(repr=False)
    existing: tuple[Resource, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    key: str
    resource: Resource
    wanted: bool
    waits_for: tuple[str, ...]


def plan(template: Json, values: Json, deployment: Deployment, source: Source | None = None) -> Plan:
    """`values` as a request has them, `{name: {"value": ...}}`, or a whole parameter file. `source` tells an error its
    line and column. TemplateError for what cannot be deployed, NotSimulated for what could be elsewhere."""
    scope = deployment.scope
    _check(template)
    parameters = Parameters(template.get("parameters"), values, lambda value: evaluate(value, context))
    variables = Variables(template.get("variables"), lambda value: evaluate(value, context))
    context = Context(scope, parameters.value, variables.value)
    parameters.resolve()
    drafts = [_draft(each, context) for each in template["resources"]]
    return Plan(_ordered(drafts), parameters.shown(), _outputs(template.get("outputs"), context))


def _check(template: Json) -> None:
    for section in ("$schema", "contentVersion", "resources"):
        if section not in template:
            raise TemplateError(f"Required property '{section}' not found in JSON")
    if template.get("functions"):
        raise NotSimulated("functions of one's own in a template")
    if template.get("languageVersion") or isinstance(template["resources"], dict):
        raise NotSimulated("a template of languageVersion 2.0")
    resources = template["resources"]
    if not isinstance(resources, list) or not all(isinstance(each, dict) for each in resources):
        raise TemplateError("The section 'resources' must be an array of objects")
    if len(resources) > MOST_RESOURCES:
        raise TemplateError(f"The number of template resources exceeds the limit of {MOST_RESOURCES}")


def _draft(resource: Json, context: Context) -> _Draft:
    for key, feature in LEFT_OUT.items():
        if resource.get(key):
            raise NotSimulated(feature)
    kind, name, version = (_required(resource, key, context) for key in ("type", "name", "apiVersion"))
    relative = type_and_name(kind, name.split("/"))
    condition = evaluate(resource.get("condition", True), context)
    if not isinstance(condition, bool):
        raise TemplateError(f"The condition of the template resource '{name}' must be a boolean")
    waits_for = evaluate(resource.get("dependsOn") or [], context)
    if not isinstance(waits_for, list) or not all(isinstance(each, str) for each in waits_for):
        raise TemplateError(f"The dependencies of the template resource '{name}' must be texts")
    sent = {key: value for key, value in resource.items() if key.lower() not in NOT_SENT}
    scope = context.scope
    id = f"/subscriptions/{scope.subscription_id}/resourceGroups/{scope.group_name}/providers/{relative}"
    body = evaluate(sent, context) if condition else {}
    return _Draft(relative.lower(), Resource(id, kind, name, body, (), version), condition, tuple(waits_for))


def _required(resource: Json, key: str, context: Context) -> str:
    value = evaluate(resource.get(key), context)
    if not isinstance(value, str) or not value:
        raise TemplateError(f"Required property '{key}' of a template resource is missing")
    return value


# ---------------------------------------------------------------------------------------------------------------- order


def _ordered(drafts: Sequence[_Draft]) -> tuple[Resource, ...]:
    by_key: dict[str, _Draft] = {}
    for draft in drafts:
        if draft.key in by_key:
            raise TemplateError(f"The resource '{draft.resource.id}' is defined multiple times in a template")
        by_key[draft.key] = draft
    graph = {draft.key: [_target(each, by_key) for each in draft.waits_for] for draft in drafts}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise TemplateError(f"Circular dependency detected on resource: '{by_key[circle[0]].resource.id}'") from None
    return tuple(_planned(by_key[key], graph[key], by_key) for key in order if by_key[key].wanted)


def _planned(draft: _Draft, waits_for: Sequence[str], by_key: dict[str, _Draft]) -> Resource:
    """What a condition leaves out is not waited for."""
    after = tuple(by_key[key].resource.id for key in waits_for if by_key[key].wanted)
    found = draft.resource
    return replace(found, after=after)


def _target(reference: str, by_key: dict[str, _Draft]) -> str:
    """The key of the resource that a dependency means: by its id, by type and name, or by a name that only it has."""
    relative = reference.lower().rpartition("/providers/")[2].strip("/")
    if relative in by_key:
        return relative
    named = [key for key, draft in by_key.items() if draft.resource.name.lower() == reference.lower()]
    if len(named) != 1:
        problem = "is ambiguous" if named else "is not defined in the template"
        raise TemplateError(f"The resource '{reference}' {problem}")
    return named[0]


def _outputs(section: Any, context: Context) -> Json:
    if not isinstance(section or {}, dict) or not all(isinstance(each, dict) for each in (section or {}).values()):
        raise TemplateError("The section 'outputs' must be an object of objects")
    outputs: Json = {}
    for name, output in (section or {}).items():
        kind = str(output.get("type", "")).lower()
        if output.get("copy"):
            raise NotSimulated(LEFT_OUT["copy"])
        if evaluate(output.get("condition", True), context) and not kind.startswith("secure"):
            outputs[name] = {"type": kind.capitalize(), "value": evaluate(output.get("value"), context)}
    return outputs
