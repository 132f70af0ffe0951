"""All functions of the language by name, and the names of those that are not simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from controlplane.templates.language.signature import Function
from controlplane.templates.library import (
    arrays,
    cidr,
    comparison,
    dates,
    deployments,
    lambdas,
    logic,
    numbers,
    objects,
    resources,
    scopes,
    texts,
)

GROUPS: Mapping[str, Sequence[Function]] = {
    "array": arrays.FUNCTIONS,
    "cidr": cidr.FUNCTIONS,
    "comparison": comparison.FUNCTIONS,
    "date": dates.FUNCTIONS,
    "deployment": deployments.FUNCTIONS,
    "flow-control": logic.FLOW_CONTROL,
    "lambda": lambdas.FUNCTIONS,
    "logical": logic.FUNCTIONS,
    "numeric": numbers.FUNCTIONS,
    "object": objects.FUNCTIONS,
    "resource": resources.FUNCTIONS,
    "scope": scopes.FUNCTIONS,
    "string": texts.FUNCTIONS,
}
"""By the last part of the address of the page that describes them."""

FUNCTIONS: Mapping[str, Function] = {
    function.name.lower(): replace(function, group=group)
    for group, functions in GROUPS.items()
    for function in functions
}

NOT_SIMULATED = frozenset(
    name.lower()
    for name in (
        "externalInput",
        "listAccountSas",
        "listServiceSas",
        "managementGroup",
        "managementGroupResourceId",
        "providers",
        "toLogicalZone",
        "toLogicalZones",
        "toPhysicalZone",
        "toPhysicalZones",
    )
)
"""Functions that need what is not here: management groups, the list of providers, zones of a real subscription."""


@lru_cache(maxsize=256)
def find(name: str) -> Function | None:
    """The function of this name, in any case. Whatever begins with `list` is an action of a resource's provider."""
    lowered = name.lower()
    if lowered in FUNCTIONS:
        return FUNCTIONS[lowered]
    if lowered.startswith("list") and lowered != "list":
        return replace(resources.listing(name), group="resource")
    return None
