"""Drafts the resources of a template: loops unrolled, children beside their parents, names and conditions evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from controlplane.json_object import Json
from controlplane.templates.evaluation.loops import Loop, field, read_loop
from controlplane.templates.evaluation.walking import evaluated
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import AT, NotSimulated, Path, TemplateError, telling
from controlplane.templates.language.limits import check_count
from controlplane.templates.language.signature import Unfit
from controlplane.templates.library.resources import type_and_name
from controlplane.templates.sections import Sections, children

NESTED = "microsoft.resources/deployments"
GROUPS = "microsoft.resources/resourcegroups"
_LEFT_OUT = {
    "asserts": "asserts of a resource",
    "import": "resources of a template extension",
    "extension": "resources of a template extension",
    "options": "options of a resource",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One resource before its body is evaluated, which may name every other. `waits_for` is as the template has it.
    `loop` is the copy loop that it comes from; a child that comes with its parent has none. `id` is empty for one that
    only exists, is not wanted, and has no name then."""

    id: str
    type: str
    name: str
    api_version: str
    definition: Json
    context: Context
    path: Path
    wanted: bool
    existing: bool
    waits_for: tuple[str, ...]
    symbol: str | None = None
    loop: Loop | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class _Parent:
    """What a child takes from the resource that it stands in."""

    type: str
    name: str
    definition: Json


@dataclass(frozen=True, slots=True)
class EmptyLoop:
    """A loop that makes nothing; others may wait for it all the same."""

    name: str
    symbol: str | None


def draft_all(sections: Sections, context: Context) -> tuple[list[Draft], list[EmptyLoop]]:
    """In the order of the template. TemplateError for what names no resource, or for too many."""
    drafts: list[Draft] = []
    empty: list[EmptyLoop] = []
    for each in _level(sections.resources, ("resources",), context, None, sections.is_symbolic):
        if isinstance(each, EmptyLoop):
            empty.append(each)
        else:
            drafts.append(each)
            check_count("resources", len(drafts))
    return drafts, empty


def _level(
    pairs: list[tuple[str | int, Json]], path: Path, context: Context, parent: _Parent | None, is_symbolic: bool
) -> Iterator[Draft | EmptyLoop]:
    for key, definition in pairs:
        here = (*path, key)
        symbol = str(key) if is_symbolic else None
        name = field(definition, "name")
        with telling(f"The template resource '{name if isinstance(name, str) else key}'", here):
            _refuse_left_out(definition)
            loop = _loop(definition, context, symbol)
        if loop is not None and not loop.count:
            yield EmptyLoop(loop.name, symbol)
        for index in range(loop.count) if loop else (None,):
            inside = context if loop is None or index is None else context.looping(loop.name, index)
            yield from _one(definition, here, inside, parent, (symbol, loop, index))


def _one(
    definition: Json,
    path: Path,
    context: Context,
    parent: _Parent | None,
    origin: tuple[str | None, Loop | None, int | None],
) -> Iterator[Draft | EmptyLoop]:
    name = field(definition, "name")
    symbol, loop, index = origin
    with telling(f"The template resource '{name if isinstance(name, str) else path[-1]}'", path):
        draft = _draft(definition, path, context, parent)
        inner = field(definition, "resources")
        beneath = children(inner, symbol is not None, "The children of a resource") if inner else []
    yield replace(draft, symbol=symbol, loop=loop, index=index)
    around = _Parent(draft.type, draft.name, definition)
    yield from _level(beneath, (*path, "resources"), context, around, symbol is not None)


def _draft(definition: Json, path: Path, context: Context, parent: _Parent | None) -> Draft:
    kind, version = _text(definition, "type", context), _text(definition, "apiVersion", context)
    condition = evaluated(field(definition, "condition"), context)
    if condition is not None and not isinstance(condition, bool):
        raise TemplateError("its condition must be a boolean")
    waits_for = evaluated(field(definition, "dependsOn") or [], context)
    if not isinstance(waits_for, list) or not all(isinstance(each, str) for each in waits_for):
        raise TemplateError("its dependencies must be an array of strings")
    existing = field(definition, "existing")
    if not isinstance(existing or False, bool):
        raise TemplateError("its member 'existing' must be a boolean")
    try:
        name = _text(definition, "name", context)
        if parent is not None:
            kind, name = f"{parent.type}/{kind}", f"{parent.name}/{name}"
        id = _id(kind, name, definition if parent is None else {**parent.definition, **definition}, context)
    except TemplateError:
        # What Bicep calls existing is only looked at where it is needed: its name may be made of a parameter that is
        # null unless its condition holds.
        if not existing or condition is not False:
            raise
        id, name = "", str(field(definition, "name"))
    return Draft(
        id=id,
        type=kind,
        name=name,
        api_version=version,
        definition=definition,
        context=context,
        path=path,
        wanted=condition is not False,
        existing=bool(existing),
        waits_for=tuple(waits_for),
    )


def _loop(definition: Json, context: Context, symbol: str | None) -> Loop | None:
    copy = field(definition, "copy")
    if copy is None:
        return None
    return read_loop(copy, lambda value: evaluated(value, context), symbol or "")


def _refuse_left_out(definition: Json) -> None:
    for name, feature in _LEFT_OUT.items():
        if field(definition, name):
            raise NotSimulated(feature)


def _text(definition: Json, key: str, context: Context) -> str:
    value = evaluated(field(definition, key), context.at(Position.EARLY))
    if not isinstance(value, str) or not value:
        raise TemplateError(f"its property '{key}' must be a string that is not empty")
    return value


# ------------------------------------------------------------------------------------------------------------------ ids


def _id(kind: str, name: str, definition: Json, context: Context) -> str:
    try:
        relative = type_and_name(kind, name.split("/"))
    except Unfit:
        raise TemplateError(
            f"The template resource '{name}' for type '{kind}'{AT} has incorrect segment lengths. A nested resource "
            "type must have identical number of segments as its resource name. A root resource type must have segment "
            "length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage "
            "details"
        ) from None
    base = _base(kind, definition, context)
    if kind.lower() == GROUPS:
        return f"{base}/resourceGroups/{name}"
    return f"{base}/providers/{relative}"


def _base(kind: str, definition: Json, context: Context) -> str:
    """What its id begins with: where the template is deployed to, unless it says otherwise."""
    deployed = context.deployment.scope
    scope, group, subscription = (
        evaluated(field(definition, key), context.at(Position.EARLY))
        for key in ("scope", "resourceGroup", "subscriptionId")
    )
    for each in (scope, group, subscription):
        if each is not None and not isinstance(each, str):
            raise TemplateError("its scope must be a string")
    if scope:
        return scope.rstrip("/") if scope.startswith("/") else f"{deployed.id}/providers/{scope}"
    if not group and not subscription:
        return deployed.id
    start = f"/subscriptions/{subscription or deployed.subscription_id}"
    return f"{start}/resourceGroups/{group}" if group else start
