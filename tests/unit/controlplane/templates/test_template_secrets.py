"""What is told of a deployment holds none of its secrets: their texts, errors without them, templates without them."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.late import settle_body, settle_outputs
from controlplane.templates.secrets import hide, hide_in_error, texts_in, without_defaults
from tests.unit.controlplane.templates.template_world import SCOPE, THINGS, Shelf, planned, resource, template

SECRET = "s3cret"


def test_the_longest_secret_is_hidden_first() -> None:
    secrets = texts_in(["s3cret", {"pin": 1234, "of": ["s3cret-too", None, True]}])
    assert secrets == ("s3cret-too", "s3cret", "1234")
    assert hide("neither s3cret-too nor 's3cret'", secrets) == "neither *** nor '***'"


def test_a_secret_of_a_letter_or_two_would_only_make_an_error_unreadable() -> None:
    assert texts_in(["a", "bc", 12, ""]) == ()


def test_an_error_is_told_with_its_details_and_without_secrets() -> None:
    inner = {"code": "s3cret", "message": "of s3cret", "target": "/s3cret"}
    error = {"code": "DeploymentFailed", "message": "s3cret", "details": [inner | {"details": [inner]}]}
    told = {"code": "s3cret", "message": "of ***", "target": "/s3cret"}
    assert hide_in_error(error, [SECRET]) == {
        "code": "DeploymentFailed",
        "message": "***",
        "details": [told | {"details": [told]}],
    }
    assert error["message"] == SECRET


@pytest.mark.parametrize(
    "rules",
    [
        {"type": "secureString"},
        {"TYPE": "secureObject", "type": "SecureObject"},
        {"$ref": "#/definitions/secret"},
        {"type": "object", "properties": {"key": {"$ref": "#/definitions/secret"}}},
        {"$ref": "#/definitions/gone"},
    ],
)
def test_a_template_is_shown_without_the_defaults_of_secure_parameters(rules: Json) -> None:
    parameters = {"key": rules | {"defaultValue": SECRET}, "size": {"type": "int", "defaultValue": 3}}
    types = {"secret": {"type": "securestring", "nullable": True}}
    written = template(
        resource("r", properties={"template": template(parameters=parameters, definitions=types)}),
        parameters=parameters,
        definitions=types,
    )
    shown = without_defaults(written)
    assert SECRET not in str(shown)
    assert shown["parameters"] == {"key": rules, "size": {"type": "int", "defaultValue": 3}}
    assert shown["resources"][0]["properties"]["template"]["parameters"] == shown["parameters"]
    assert str(written).count(SECRET) == 2


def test_what_only_looks_like_parameters_is_left_alone() -> None:
    written = {"parameters": {"a": {"value": 1}, "b": [1]}, "PARAMETERS": None, "resources": [{"parameters": "x"}]}
    assert without_defaults(written) == written


PARAMETERS = {"key": {"type": "secureString"}}


@pytest.mark.parametrize(
    "expression",
    [
        "[reference('a')[parameters('key')]]",
        "[reference('a')[concat('x', parameters('key'))]]",
        "[reference('a')[concat('it''s ', parameters('key'))].y]",
        "[listKeys('a', '2023-01-01')[parameters('key')]]",
    ],
)
def test_the_secrets_of_a_plan_are_those_that_late_errors_would_tell(expression: str) -> None:
    outputs: Json = {"o": {"type": "int", "value": expression}}
    written = template(
        resource("a"), resource("r", properties={"x": expression}), parameters=PARAMETERS, outputs=outputs
    )
    found = planned(written, {"key": SECRET})
    shelf = Shelf()
    shelf.put(f"{THINGS}/a", {"x": "up"})
    body = next(each.body for each in found.resources if each.name == "r")
    failures: list[Any] = []
    with pytest.raises(TemplateError, match=SECRET) as in_body:
        settle_body("r", body, SCOPE, shelf)
    failures.append({"message": in_body.value.message})
    with pytest.raises(TemplateError) as in_output:
        settle_outputs(found.outputs, SCOPE, shelf)
    failures.append({"message": in_output.value.message, "details": list(in_output.value.details)})
    assert SECRET in str(failures[1])
    assert SECRET not in str([hide_in_error(each, found.secrets) for each in failures])
