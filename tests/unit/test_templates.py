"""Templates: from the text to the resources in their order, and what is wrong with those that cannot be deployed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.templates.context import Context, Place
from controlplane.templates.failure import NotSimulated, TemplateError
from controlplane.templates.limits import Meter
from controlplane.templates.planner import Plan, plan
from controlplane.templates.relaxed_json import to_json
from controlplane.templates.scope import Deployment, Scope
from controlplane.templates.walking import evaluated as evaluate

Json = dict[str, Any]

GROUP = {"id": "/subscriptions/s/resourceGroups/rg", "name": "rg", "location": "westus"}
SCOPE = Scope("s", "t", GROUP)
DEPLOYMENT = Deployment(SCOPE, "d", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "seed")
PARAMETERS = {"name": "sql01", "list": ["a", "b"], "object": {"Inner": {"x": 1}}}


def evaluated(value: Any) -> Any:
    context = Context(DEPLOYMENT, Meter(), Place.BODY, lambda name: PARAMETERS[name], lambda name: {"v": 7}[name])
    return evaluate(value, context)


# ---------------------------------------------------------------------------------------------------------- expressions


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[not an expression]"),
        ("[half", "[half"),
        (5, 5),
        (None, None),
        ("[parameters('name')]", "sql01"),
        ("[ PARAMETERS ( 'name' ) ]", "sql01"),
        ("[parameters('list')[1]]", "b"),
        ("[parameters('object').inner['X']]", 1),
        ("[variables('v')]", 7),
        ("[concat('it''s ', parameters('name'), '-', 3)]", "it's sql01-3"),
        ("[concat(parameters('list'), parameters('list'))]", ["a", "b", "a", "b"]),
        ("[resourceGroup().location]", "westus"),
        ("[subscription().subscriptionId]", "s"),
        (
            "[resourceId('Contoso.X/things/parts', 'a', 'b')]",
            "/subscriptions/s/resourceGroups/rg/providers/Contoso.X/things/a/parts/b",
        ),
        (
            "[resourceId('other', 'Contoso.X/things', 'a')]",
            "/subscriptions/s/resourceGroups/other/providers/Contoso.X/things/a",
        ),
        (
            "[resourceId('s2', 'other', 'Contoso.X/things', 'a')]",
            "/subscriptions/s2/resourceGroups/other/providers/Contoso.X/things/a",
        ),
        ({"k": ["[parameters('name')]", {"n": None}]}, {"k": ["sql01", {"n": None}]}),
    ],
)
def test_an_expression_yields_its_value(expression: Any, expected: Any) -> None:
    assert evaluated(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "[]",
        "[parameters(]",
        "[parameters('name') 'more']",
        "[parameters('name'). ]",
        "[parameters('name',)]",
        "[parameters('name').length]",
        "[parameters('list')[2]]",
        "[parameters('list')[parameters('list')]]",
        "[parameters()]",
        "[concat(parameters('list'), 'a')]",
        "[resourceId('things', 'a')]",
        "[resourceId('Contoso.X/things', 'a', 'b')]",
        "['unfinished]",
        "[name]",
        "[#]",
        "[concat(" + "9" * 5000 + ")]",
        "[" + "concat(" * 200 + "'a'" + ")" * 200 + "]",
        "[parameters('object')" + ".inner" * 200 + "]",
    ],
)
def test_a_bad_expression_is_refused(expression: str) -> None:
    with pytest.raises(TemplateError):
        evaluated(expression)


def test_a_function_that_is_missing_is_named() -> None:
    with pytest.raises(NotSimulated, match="providers"):
        evaluated("[providers('a')]")


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    for value in (text, f"[{text}]"):
        try:
            evaluate(value, Context(DEPLOYMENT, Meter(), Place.BODY, lambda name: name, lambda name: name))
        except (TemplateError, NotSimulated):
            continue


# --------------------------------------------------------------------------------------------------------- relaxed JSON


def test_template_text_may_be_more_than_json() -> None:
    text = """{"properties": {"mode": "Incremental", template:{ // a comment with a " in it
        "a": "http://x/*y*/", /* over
        two lines */ "b": "first
second", "list": [1, -2.5e3, true, null,], } }, }"""
    assert json.loads(to_json(text)) == {
        "properties": {
            "mode": "Incremental",
            "template": {"a": "http://x/*y*/", "b": "first\nsecond", "list": [1, -2500.0, True, None]},
        }
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_stays_what_it_is(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        assert json.loads(to_json(text)) == value


@given(st.text(alphabet='{}[]",:/*\\\n ab1', max_size=40))
def test_broken_text_is_read_to_its_end(text: str) -> None:
    to_json(text)


# ------------------------------------------------------------------------------------------------------------- planning


def template(*resources: Json, **sections: Any) -> Json:
    return {"$schema": "https://x#", "contentVersion": "1.0.0.0", "resources": list(resources), **sections}


def resource(name: str, *after: str, kind: str = "Contoso.X/things", **more: Any) -> Json:
    return {"type": kind, "name": name, "apiVersion": "2024-01-01", "dependsOn": list(after), **more}


def names(found: Plan) -> list[str]:
    return [each.name for each in found.resources]


def test_resources_stand_behind_what_they_wait_for() -> None:
    found = plan(
        template(
            resource("c", "[resourceId('Contoso.X/things', 'b')]", "Contoso.X/Things/A"),
            resource("b", "a"),
            resource("a", properties={"n": "[resourceGroup().name]"}, tags={}),
        ),
        {},
        DEPLOYMENT,
    )
    assert names(found) == ["a", "b", "c"]
    base = "/subscriptions/s/resourceGroups/rg/providers/Contoso.X/things"
    assert found.resources[2].after == (f"{base}/b", f"{base}/a")
    assert found.resources[0].body == {"properties": {"n": "rg"}, "tags": {}}


def test_a_nested_type_goes_by_type_and_name_in_turn() -> None:
    child = resource("a/b", "Contoso.X/things/a", kind="Contoso.X/things/parts")
    found = plan(template(child, resource("a")), {}, DEPLOYMENT)
    assert found.resources[1].id.endswith("/providers/Contoso.X/things/a/parts/b")


def test_what_a_condition_leaves_out_is_not_waited_for() -> None:
    off = resource("off", condition="[parameters('on')]", properties={"x": "y"})
    found = plan(
        template(off, resource("b", "off"), parameters={"on": {"type": "bool"}}), {"on": {"value": False}}, DEPLOYMENT
    )
    assert [(each.name, each.after) for each in found.resources] == [("b", ())]


def test_parameters_have_defaults_and_secrets_are_not_shown() -> None:
    definitions = {
        "Name": {"type": "String", "defaultValue": "[concat('vm-', parameters('suffix'))]"},
        "suffix": {"type": "string"},
        "password": {"type": "secureString"},
    }
    found = plan(
        template(
            resource("[parameters('name')]", properties={"p": "[parameters('password')]"}),
            parameters=definitions,
            outputs={
                "name": {"type": "string", "value": "[parameters('name')]"},
                "hidden": {"type": "securestring", "value": "[parameters('password')]"},
            },
        ),
        {"suffix": {"value": "1"}, "password": {"value": "s3cret"}},
        DEPLOYMENT,
    )
    assert found.resources[0].body == {"properties": {"p": "s3cret"}}
    assert found.parameters == {
        "Name": {"type": "String", "value": "vm-1"},
        "suffix": {"type": "String", "value": "1"},
        "password": {"type": "SecureString"},
    }
    assert found.outputs["name"] == {"type": "String", "value": "vm-1"}


ONE = {"p": {"type": "string", "allowedValues": ["x"]}}


@pytest.mark.parametrize(
    ("bad", "values", "told"),
    [
        ({"resources": []}, {}, "schema"),
        (template(1), {}, "array of objects"),  # type: ignore[arg-type]
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
        (template(parameters=ONE), {"p": {"value": 1}}, "Expected 'String, Uri'"),
        (template(parameters=ONE), {"q": {"value": 1}}, "not present in the original"),
        (template(parameters={"p": {"type": "int", "minValue": 3}}), {"p": {"value": 2}}, "greater than"),
        (template(parameters={"p": {"type": "int"}}), {"p": {"value": True}}, "Expected 'Integer'"),
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


def test_a_refused_value_is_not_told() -> None:
    definitions = {"p": {"type": "securestring", "minLength": 20}}
    with pytest.raises(TemplateError) as refusal:
        plan(template(parameters=definitions), {"p": {"value": "s3cret"}}, DEPLOYMENT)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("bad", "values"),
    [
        (template(functions=[{"namespace": "n"}]), {}),
        (template(languageVersion="1.10-experimental"), {}),
        (template(parameters={"p": {"type": "string"}}), {"p": {"reference": {"keyVault": {}}}}),
    ],
)
def test_what_the_language_has_more_is_refused_by_name(bad: Json, values: Json) -> None:
    with pytest.raises(NotSimulated):
        plan(bad, values, DEPLOYMENT)
