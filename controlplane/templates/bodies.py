"""Brings the body of a resource into closed form, and the template of a nested deployment too."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.drafts import NESTED, Draft
from controlplane.templates.evaluation.loops import field
from controlplane.templates.evaluation.walking import closed, evaluated
from controlplane.templates.language.context import Context, Names, Position
from controlplane.templates.language.failure import UNPROCESSED, NotSimulated, TemplateError, telling
from controlplane.templates.language.limits import LARGEST_RESOURCE
from controlplane.templates.language.printer import escaped
from controlplane.templates.language.values import find_key

_NOT_SENT = frozenset(
    (
        *("type", "name", "apiversion", "dependson", "condition", "comments", "metadata", "copy", "resources", "scope"),
        *("existing", "resourcegroup", "subscriptionid"),
    )
)
"""What a resource of a template says to the planner and not to the resource's provider."""
_EARLY = frozenset({"location", "sku", "kind", "plan", "zones"})
"""What must be known before a resource is written; nothing in it can read another."""


def close_body(draft: Draft, names: Names) -> tuple[Json, dict[str, bool]]:
    """The body, and the ids of what it reads: whether these have to be waited for."""
    reads: dict[str, bool] = {}
    context = replace(draft.context, place=Position.BODY, names=names, reads=reads)
    with telling("", draft.path, form=UNPROCESSED, resource=draft.id):
        sent = {key: value for key, value in draft.definition.items() if key.lower() not in _NOT_SENT}
        body = _closed_nested(sent, context) if draft.type.lower() == NESTED else _closed(sent, context)
        size = context.meter.measure(body)
        if size > LARGEST_RESOURCE and len(json.dumps(body, separators=(",", ":"))) > LARGEST_RESOURCE:
            raise TemplateError(f"The resource is larger than the limit of {LARGEST_RESOURCE} characters")
    return body, reads


def _closed(sent: Json, context: Context) -> Json:
    early = closed({key: each for key, each in sent.items() if key.lower() in _EARLY}, context.at(Position.EARLY))
    late = closed({key: each for key, each in sent.items() if key.lower() not in _EARLY}, context)
    return {key: early[key] if key in early else late.get(key) for key in (*sent, *late) if key in early or key in late}


def _closed_nested(sent: Json, context: Context) -> Json:
    """A nested deployment evaluates its template itself (inner scope), or finds it evaluated (outer scope, as long as
    nothing else is said). Either way it is text to this one, whose brackets stay. A linked template is always of inner
    scope, and is not here yet."""
    properties = field(sent, "properties")
    if not isinstance(properties, dict):
        raise TemplateError("The properties of a nested deployment must be an object")
    _refuse_left_out(properties, context)
    key = find_key(properties, "template")
    template = None if key is None else properties[key]
    if key is None and field(properties, "templateLink"):
        return _closed(sent, context)
    if key is None or not isinstance(template, dict):
        raise TemplateError("The template of a nested deployment must be an object")
    others = {name: value for name, value in properties.items() if name != key}
    options = evaluated(field(properties, "expressionEvaluationOptions") or {}, context.at(Position.EARLY))
    if _is_outer(options):
        template = closed(template, replace(context, is_nested=True))
    section = next(name for name in sent if name.lower() == "properties")
    body = _closed({name: value for name, value in sent.items() if name != section}, context)
    return {**body, section: {**closed(others, context), key: escaped(template)}}


def _is_outer(options: Any) -> bool:
    scope = str(field(options, "scope") or "outer").lower() if isinstance(options, dict) else ""
    if scope not in ("inner", "outer", "notspecified"):
        raise TemplateError("The scope of the expressionEvaluationOptions must be 'Inner' or 'Outer'")
    return scope != "inner"


def _refuse_left_out(properties: Json, context: Context) -> None:
    mode = evaluated(field(properties, "mode"), context.at(Position.EARLY))
    if str(mode or "Incremental").lower() != "incremental":
        raise NotSimulated(f"a nested deployment of mode '{mode}'")
