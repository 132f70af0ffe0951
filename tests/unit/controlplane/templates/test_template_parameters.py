"""Parameters: their types and rules, what they are given, and what is shown of them."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.late import settle_outputs
from controlplane.templates.planner import plan
from tests.unit.controlplane.templates.template_world import (
    DEPLOYMENT,
    SCOPE,
    Shelf,
    outputs_of,
    planned,
    template,
)

VALUES: dict[str, Any] = {
    "string": "text",
    "secureString": "s3cret",
    "int": 5,
    "bool": False,
    "object": {"a": [1]},
    "secureObject": {"key": "s3cret"},
    "array": ["x", 1],
}


def defined(rules: Json, **sections: Any) -> Json:
    return template(parameters={"p": rules}, **sections)


@pytest.mark.parametrize("kind", VALUES)
def test_a_parameter_of_each_type_takes_its_values(kind: str) -> None:
    for spelled in (kind, kind.upper()):
        found = planned(defined({"type": spelled, "metadata": {"description": "d"}}), {"P": VALUES[kind]})
        shown = found.parameters["p"]
        assert shown["type"].lower() == kind.lower()
        assert shown.get("value") == (None if kind.startswith("secure") else VALUES[kind])


@pytest.mark.parametrize("kind", VALUES)
def test_a_parameter_of_each_type_refuses_the_values_of_others(kind: str) -> None:
    for other, value in VALUES.items():
        if other.lower().removeprefix("secure") != kind.lower().removeprefix("secure"):
            told = "parameter 'p' is not valid. Expected a value of type '[A-Za-z, ]+', but received a value of type"
            with pytest.raises(TemplateError, match=told) as refusal:
                planned(defined({"type": kind}), {"p": value})
            assert "s3cret" not in refusal.value.message


@pytest.mark.parametrize(
    ("rules", "value", "told"),
    [
        (
            {"type": "string", "allowedValues": ["a", "b"]},
            "c",
            "The value 'c' is not part of the allowed value.s.: 'a,b'",
        ),
        ({"type": "string", "allowedValues": ["a"]}, "A", "not part of the allowed"),
        ({"type": "securestring", "allowedValues": ["a"]}, "s3cret", "The value is not part of the allowed"),
        ({"type": "array", "allowedValues": ["a", "b"]}, ["a", "c"], "not part of the allowed"),
        ({"type": "string", "minLength": 3}, "ab", "greater than or equal to '3'"),
        ({"type": "securestring", "maxLength": 3}, "s3cret", "less than or equal to '3'"),
        ({"type": "array", "maxLength": 1}, [1, 2], "less than or equal to '1'"),
        ({"type": "int", "minValue": 3}, 2, "greater than or equal to '3'"),
        ({"type": "int", "maxValue": 3}, 4, "less than or equal to '3'"),
    ],
)
def test_a_value_outside_of_the_rules_is_refused(rules: Json, value: Any, told: str) -> None:
    with pytest.raises(TemplateError, match=told) as refusal:
        planned(defined(rules), {"p": value})
    assert "s3cret" not in refusal.value.message


def test_a_value_within_the_rules_is_taken() -> None:
    planned(defined({"type": "array", "allowedValues": ["a", "b"]}), {"p": ["b", "a"]})
    planned(defined({"type": "int", "minValue": 3, "maxValue": 3, "allowedValues": [3]}), {"p": 3})


def test_defaults_may_use_other_parameters_the_clock_and_chance() -> None:
    parameters = {
        "full": {"type": "string", "defaultValue": "[concat(parameters('base'), '-', parameters('DAY'))]"},
        "base": {"type": "string", "defaultValue": "b"},
        "day": {"type": "string", "defaultValue": "[utcNow('yyyyMMdd')]"},
        "one": {"type": "string", "defaultValue": "[newGuid()]"},
        "other": {"type": "string", "defaultValue": "[newGuid()]"},
    }
    shown = planned(template(parameters=parameters)).parameters
    assert shown["full"]["value"] == "b-20260102"
    assert shown["one"]["value"] != shown["other"]["value"]
    assert planned(template(parameters=parameters)).parameters == shown


@pytest.mark.parametrize("value", ["[utcNow()]", "[newGuid()]"])
def test_clock_and_chance_are_for_defaults_alone(value: str) -> None:
    with pytest.raises(TemplateError, match="not expected at this location"):
        planned(template(variables={"v": value}))


def test_a_default_is_checked_like_any_value() -> None:
    with pytest.raises(TemplateError, match="greater than or equal to '5'"):
        planned(defined({"type": "int", "minValue": 5, "defaultValue": "[length('abc')]"}))


def test_a_parameter_file_is_taken_as_it_is() -> None:
    file = {"$schema": "https://x#", "contentVersion": "1.0.0.0", "parameters": {"p": {"value": 5}}}
    assert plan(defined({"type": "int"}), file, DEPLOYMENT).parameters["p"]["value"] == 5


@pytest.mark.parametrize("given", [{"p": 5}, {"p": {}}, {"p": None}, {"p": {"value": None}}, {}])
def test_a_parameter_without_a_value_is_named(given: Json) -> None:
    with pytest.raises(TemplateError, match="'p' is not provided"):
        plan(defined({"type": "int"}), given, DEPLOYMENT)


def test_null_stands_for_the_default_or_for_nothing() -> None:
    assert planned(defined({"type": "int", "defaultValue": 4}), {"p": None}).parameters["p"]["value"] == 4
    nullable = {"type": "int", "nullable": True}
    for values in ({}, {"p": None}):
        assert planned(defined(nullable), values).parameters["p"] == {"type": "Int", "value": None}
    with pytest.raises(TemplateError, match="of type 'Integer'"):
        planned(defined(nullable, variables={"v": "[add(parameters('p'), 1)]"}))


def test_a_key_vault_is_refused_by_name() -> None:
    reference = {"p": {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}}
    with pytest.raises(NotSimulated, match="key vault"):
        plan(defined({"type": "securestring"}), reference, DEPLOYMENT)


# ------------------------------------------------------------------------------------------------ types as Bicep writes

TYPES = {
    "port": {"type": "int", "minValue": 1, "maxValue": 65535},
    "secret": {"type": "securestring"},
    "label": {"type": "string"},
    "disk": {
        "type": "object",
        "properties": {
            "size": {"type": "int"},
            "sku": {"type": "string", "allowedValues": ["S", "P"]},
            "label": {"$ref": "#/definitions/label", "nullable": True},
        },
        "additionalProperties": False,
    },
    "disks": {"type": "array", "items": {"$ref": "#/definitions/disk"}, "maxLength": 2},
    "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "int"}], "items": False},
    "map": {"type": "object", "additionalProperties": {"$ref": "#/definitions/port"}},
    "shape": {
        "type": "object",
        "discriminator": {
            "propertyName": "kind",
            "mapping": {
                "round": {"type": "object", "properties": {"radius": {"type": "int"}}},
                "square": {"$ref": "#/definitions/square"},
            },
        },
    },
    "square": {"type": "object", "properties": {"side": {"type": "int"}}},
    "loop": {"$ref": "#/definitions/loop"},
    "tree": {"type": "object", "properties": {"inner": {"$ref": "#/definitions/tree", "nullable": True}}},
    "account": {"type": "object", "properties": {"user": {"type": "string"}, "key": {"$ref": "#/definitions/secret"}}},
    "accounts": {"type": "array", "items": {"$ref": "#/definitions/account"}},
    "one of two": {"type": "array", "prefixItems": [{"type": "string"}, {"$ref": "#/definitions/secret"}]},
    "any": {"type": "object", "additionalProperties": {"$ref": "#/definitions/accounts"}},
    "either": {
        "type": "object",
        "discriminator": {"propertyName": "kind", "mapping": {"key": {"$ref": "#/definitions/account"}}},
    },
}


def typed(name: str) -> Json:
    return {
        **defined({"$ref": f"#/definitions/{name}"}),
        "definitions": TYPES,
        "languageVersion": "2.0",
        "resources": {},
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 443),
        ("disk", {"size": 1, "SKU": "P"}),
        ("disk", {"size": 1, "sku": "S", "label": None}),
        ("disks", []),
        ("pair", ["a", 1]),
        ("map", {"http": 80}),
        ("shape", {"kind": "round", "radius": 1}),
        ("shape", {"kind": "square", "side": 1}),
        ("tree", {"inner": {"inner": {}}}),
    ],
)
def test_a_type_by_reference_takes_its_values(name: str, value: Any) -> None:
    assert planned(typed(name), {"p": value}).parameters["p"]["value"] == value


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("port", 0, "parameter 'p' is not valid. The value should be greater"),
        ("disk", {"size": 1, "sku": "X"}, "'p.sku'"),
        ("disk", {"size": 1}, "required property 'sku'"),
        ("disk", {"size": 1, "sku": "S", "more": 1}, "'more' is not expected"),
        ("disk", {"size": "1", "sku": "S"}, "template parameter 'p.size' is not valid"),
        ("disks", [{"size": 1, "sku": "S"}, {"size": 1, "sku": "X"}], r"'p\[1\].sku'"),
        ("disks", [1, 2, 3], "Length"),
        ("pair", ["a", 1, 2], "at most '2'"),
        ("pair", [1, 1], r"'p\[0\]'"),
        ("map", {"http": 0}, "'p.http'"),
        ("shape", {"kind": "oval"}, "'kind' does not tell"),
        ("shape", {"kind": "round", "side": 1}, "'radius'"),
        ("loop", 1, "refers to itself"),
        ("gone", 1, "'#/definitions/gone'"),
    ],
)
def test_a_type_by_reference_tells_where_a_value_is_wrong(name: str, value: Any, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        planned(typed(name), {"p": value})


def test_a_secret_by_reference_is_not_shown() -> None:
    assert planned(typed("secret"), {"p": "s3cret"}).parameters == {"p": {"type": "SecureString"}}


ACCOUNT = {"user": "me", "key": "s3cret"}
WITH_A_SECRET = [
    ("account", ACCOUNT, "Object"),
    ("accounts", [ACCOUNT], "Array"),
    ("one of two", ["me", "s3cret"], "Array"),
    ("any", {"mine": [ACCOUNT]}, "Object"),
    ("either", {"kind": "key", **ACCOUNT}, "Object"),
]


@pytest.mark.parametrize(("name", "value", "shown"), WITH_A_SECRET)
def test_a_value_with_a_secret_in_it_is_not_shown(name: str, value: Any, shown: str) -> None:
    outputs = {"o": {"$ref": f"#/definitions/{name}", "value": "[parameters('p')]"}}
    found = planned(typed(name) | {"outputs": outputs}, {"p": value})
    assert found.parameters == {"p": {"type": shown}}
    assert settle_outputs(found.outputs, SCOPE, Shelf()) == {"o": {"type": shown}}
    assert "s3cret" in found.secrets
    assert "s3cret" not in repr(found)


def test_what_is_given_and_not_defined_is_refused() -> None:
    with pytest.raises(TemplateError, match="The template parameters 'q, r' in the parameters file are not valid"):
        planned(defined({"type": "int"}), {"p": 1, "q": 1, "r": 2})


def test_the_parameters_of_a_deployment_are_told_by_their_functions() -> None:
    outputs = {
        "name": {"type": "string", "value": "[deployment().name]"},
        "tags": {"type": "object", "value": "[resourceGroup().tags]"},
    }
    assert outputs_of(planned(template(outputs=outputs))) == {"name": "d", "tags": {"team": "ops"}}
