"""Reads a template's outermost level: its sections, and the features that are not simulated."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.evaluation.loops import field
from controlplane.templates.language.failure import NO_TEMPLATE, NotSimulated, TemplateError
from controlplane.templates.language.functions import NO_FUNCTIONS, Functions, read_functions
from controlplane.templates.language.limits import Meter, check_count, check_template_size

SYMBOLIC = "2.0"
"""The languageVersion in which resources have symbolic names."""

_SCHEMA = re.compile(r"/schemas/([^/]+)/\w*deploymenttemplate\.json")
_SCHEMAS = ("2014-04-01-preview", "2015-01-01", "2018-05-01", "2019-04-01", "2019-08-01")
"""The versions of the template's schema, as the service's refusal of others lists them."""
_KNOWN = frozenset(
    (
        *("$schema", "contentversion", "languageversion", "apiprofile", "metadata", "definitions", "functions"),
        *("parameters", "variables", "resources", "outputs", "imports", "extensions", "extensionconfigs", "asserts"),
    )
)
_LEFT_OUT = {
    "imports": "extensions of the template language",
    "extensions": "extensions of the template language",
    "asserts": "asserts in a template",
    "apiProfile": "an apiProfile in a template",
}


@dataclass(frozen=True, slots=True)
class Sections:
    """What there is in a template. `resources` are pairs of symbolic name, or index, and definition."""

    parameters: Json
    variables: Json
    definitions: Json
    outputs: Json
    resources: list[tuple[str | int, Json]]
    is_symbolic: bool
    functions: Functions = NO_FUNCTIONS
    """Those of its own."""


def read_sections(template: Any, meter: Meter) -> Sections:
    if not isinstance(template, dict):
        raise _malformed("The template must be an object")
    for name in ("$schema", "contentVersion", "resources"):
        if field(template, name) is None:
            raise _malformed(f"Required property '{name}' not found in JSON")
    for name in template:
        if name.lower() not in _KNOWN:
            raise _malformed(f"Could not find member '{name}' on object of type 'Template'", name)
    _check_size(template, meter)
    _refuse_left_out(template)
    version = field(template, "languageVersion")
    if version not in (None, "1.0", SYMBOLIC):
        raise NotSimulated(f"a template of languageVersion '{version}'")
    return Sections(
        _section(template, "parameters"),
        _section(template, "variables"),
        _section(template, "definitions"),
        _outputs(template),
        _resources(template, version == SYMBOLIC),
        version == SYMBOLIC,
        read_functions(field(template, "functions")),
    )


def _check_size(template: Json, meter: Meter) -> None:
    meter.measure(template)
    check_template_size(len(json.dumps(template, separators=(",", ":"), ensure_ascii=False)))


def _refuse_left_out(template: Json) -> None:
    for name, feature in _LEFT_OUT.items():
        if field(template, name):
            raise NotSimulated(feature)
    schema = str(field(template, "$schema")).lower()
    version = _SCHEMA.search(schema)
    if version is None or version[1] not in _SCHEMAS:
        raise TemplateError(
            f"Template schema '{field(template, '$schema')}' is not supported. Supported versions are "
            f"'{','.join(_SCHEMAS)}'. Please see https://aka.ms/arm-template for usage details"
        )
    for scope in ("managementGroup", "tenant"):
        if f"{scope.lower()}deploymenttemplate" in schema:
            raise NotSimulated(f"a template for a deployment to a {scope}")


def _section(template: Json, name: str) -> Json:
    section = field(template, name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise _malformed(f"The section '{name}' must be an object", name)
    lowered = [key.lower() for key in section]
    if len(set(lowered)) < len(lowered):
        raise _malformed(f"The section '{name}' has a name more than once, in any case", name)
    return section


def _outputs(template: Json) -> Json:
    outputs = _section(template, "outputs")
    if not all(isinstance(each, dict) for each in outputs.values()):
        raise _malformed("The section 'outputs' must be an object of objects", "outputs")
    check_count("outputs", len(outputs))
    return outputs


def _resources(template: Json, is_symbolic: bool) -> list[tuple[str | int, Json]]:
    resources = field(template, "resources")
    return children(resources, is_symbolic, "The section 'resources'")


def children(resources: Any, is_symbolic: bool, subject: str) -> list[tuple[str | int, Json]]:
    """Resources as pairs of symbolic name, or index, and definition."""
    if is_symbolic and isinstance(resources, dict):
        entries: list[tuple[str | int, Any]] = list(resources.items())
    elif not is_symbolic and isinstance(resources, list):
        entries = list(enumerate(resources))
    else:
        shape = f"an object, as languageVersion is '{SYMBOLIC}'" if is_symbolic else "an array of objects"
        raise _malformed(f"{subject} must be {shape}", "resources")
    if not all(isinstance(each, dict) for _, each in entries):
        raise _malformed(f"{subject} must be {'an object' if is_symbolic else 'an array'} of objects", "resources")
    return entries


def _malformed(reason: str, *path: str) -> TemplateError:
    return TemplateError(reason, path=path, form=NO_TEMPLATE)
