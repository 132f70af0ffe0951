"""What is wrong with a template: said as the service says it, with line and column, and what is left out by name."""

from __future__ import annotations

import json

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.planner import plan
from controlplane.templates.relaxed_json import to_json
from controlplane.templates.source import Source
from tests.unit.controlplane.templates.template_world import (
    DEPLOYMENT,
    SCHEMA,
    THINGS,
    planned,
    resource,
    template,
)

ONE = {"p": {"type": "string", "allowedValues": ["x"]}}


@pytest.mark.parametrize(
    ("bad", "values", "told"),
    [
        ({"resources": []}, {}, "schema"),
        (template() | {"resources": [1]}, {}, "array of objects"),
        (template({"type": "A/b", "name": "n"}), {}, "apiVersion"),
        (template(resource("a/b")), {}, "segment lengths"),
        (template(resource("a"), resource("A")), {}, "multiple times"),
        (template(resource("a", "b"), resource("b", "a")), {}, "Circular"),
        (template(resource("a", "a")), {}, "Circular"),
        (template(resource("a", "nobody")), {}, "not defined"),
        (template(resource("a", "n"), resource("n"), resource("n", kind="A/b")), {}, "ambiguous"),
        (template(resource("a", condition="yes")), {}, "boolean"),
        (template(parameters=ONE), {}, "not provided"),
        (template(parameters=ONE), {"p": {"value": "y"}}, "allowed"),
        (template(parameters=ONE), {"p": {"value": 1}}, "Expected a value of type 'String, Uri'"),
        (template(parameters=ONE), {"q": {"value": 1}}, "not present in the original"),
        (template(parameters={"p": {"type": "int", "minValue": 3}}), {"p": {"value": 2}}, "greater than"),
        (template(parameters={"p": {"type": "int"}}), {"p": {"value": True}}, "Expected a value of type 'Integer'"),
        (template(parameters={"p": {"type": "string", "maxLength": 1}}), {"p": {"value": "ab"}}, "less than"),
        (template(parameters={"p": {"type": "colour"}}), {}, "type"),
        (template(parameters={"p": {"type": "string", "defaultValue": "[parameters('p')]"}}), {}, "itself"),
        (template(resource("[variables('v')]"), variables={"v": "[variables('v')]"}), {}, "itself"),
        (template(outputs=[1]), {}, "outputs"),
    ],
)
def test_a_bad_template_says_what_is_wrong(bad: Json, values: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        plan(bad, values, DEPLOYMENT)


def test_what_is_left_out_is_refused_by_name() -> None:
    for written, told in [
        (template(languageVersion="1.10-experimental"), "1.10-experimental"),
        (template(apiProfile="2018-03-01-hybrid"), "apiProfile"),
        (template(extensions={"e": {}}), "extensions"),
        (template(resource("a", options={"onlyIfNotExists": True})), "options"),
        ({**template(), "$schema": SCHEMA_OF_TENANT}, "tenant"),
    ]:
        with pytest.raises(NotSimulated, match=told):
            planned(written)


SCHEMA_OF_TENANT = "https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            template(resource("[concat(]")),
            "Deployment template validation failed: 'The template resource '[concat(]' is not valid: Unable to parse "
            "language expression 'concat(': expected token 'Identifier' and actual 'EndOfData'.'.",
        ),
        (
            template(resource("a", properties={"x": "[variables('no')]"})),
            f"Unable to process template language expressions for resource '{THINGS}/a'. 'The template variable 'no' "
            "is not found. Please see https://aka.ms/arm-syntax for usage details.'",
        ),
        (
            template(variables={"v": "[frob()]"}),
            "Deployment template validation failed: 'The template variable 'v' is not valid: The template function "
            "'frob' is not valid. Please see https://aka.ms/arm-functions for usage details.'.",
        ),
        ({"resources": []}, "Deployment template parse failed: 'Required property '$schema' not found in JSON.'."),
        (
            {**template(), "$schema": SCHEMA.replace("2019-04-01", "2020-01-01")},
            "Deployment template validation failed: 'Template schema 'https://schema.management.azure.com/schemas/"
            "2020-01-01/deploymentTemplate.json#' is not supported. Supported versions are '2014-04-01-preview,"
            "2015-01-01,2018-05-01,2019-04-01,2019-08-01'. Please see https://aka.ms/arm-template for usage details.'.",
        ),
        (
            template(colour=1),
            "Deployment template parse failed: 'Could not find member 'colour' on object of type 'Template'.'.",
        ),
    ],
)
def test_an_error_says_it_as_the_service_does(written: Json, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        planned(written)
    assert (refusal.value.code, refusal.value.message) == ("InvalidTemplate", message)


# ---------------------------------------------------------------------------------------------------- where an error is

REQUEST = """{"properties": {"mode": "Incremental", template:{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", // a comment: { [
  "contentVersion": "1.0.0.0",
  "parameters": { "p": { "type": "string", "allowedValues": ["a"] } },
  "variables": {
    "v": "[length(
      'a', 'b')]"
  },
  "resources": [
    { "type": "A.B/c", "apiVersion": "1", "name": "one" },
    { "type": "A.B/c", "apiVersion": "1", "name": "two",
      "dependsOn": ["three"] }
  ] } } }"""


@pytest.mark.parametrize(
    ("change", "place", "path", "told"),
    [
        ({}, (6, 10), "variables.v", "The template variable 'v' at line '6' and column '10' is not valid: "),
        ({"variables": None}, (11, 5), "resources[1]", "The resource 'three' is not defined in the template"),
    ],
)
def test_an_error_knows_its_line_and_column(change: Json, place: tuple[int, int], path: str, told: str) -> None:
    written = json.loads(to_json(REQUEST))["properties"]["template"] | change
    with pytest.raises(TemplateError) as refusal:
        plan(written, {"p": {"value": "a"}}, DEPLOYMENT, Source(REQUEST, ("properties", "template")))
    assert told in refusal.value.message
    assert refusal.value.violation() == {
        "type": "TemplateViolation",
        "info": {"lineNumber": place[0], "linePosition": place[1], "path": path},
    }


def test_a_place_is_that_of_the_value_or_of_the_nearest_above() -> None:
    source = Source('{"a": {"b": [1,\n {"c": 2}]}}')
    assert source.place(("a", "b", 1, "c")) == (2, 8)
    assert source.place(("a", "b", 1, "gone")) == (2, 2)
    assert source.place(()) == (1, 1)
    assert Source("").place(("a",)) is None
