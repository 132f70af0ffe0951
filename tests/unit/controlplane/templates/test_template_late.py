"""What reads resources: left in closed form, waited for, and settled when they are there. Nested deployments too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.scope import Deployment, Scope
from controlplane.templates.late import settle_body, settle_outputs
from controlplane.templates.planner import plan
from tests.unit.controlplane.templates.template_world import (
    DEPLOYMENT,
    SCOPE,
    THINGS,
    Shelf,
    body_of,
    names,
    outputs_of,
    planned,
    resource,
    symbolic,
    template,
)


def reading(expression: str, *after: str, **more: Any) -> Json:
    return resource("reader", *after, properties={"read": expression}, **more)


def shelf(**properties: object) -> Shelf:
    filled = Shelf()
    filled.put(f"{THINGS}/a", dict(properties), location="westus", sku={"name": "S"})
    return filled


# ------------------------------------------------------------------------------------------------------------ reference


@pytest.mark.parametrize(
    "name", ["'a'", "'Contoso.X/things/a'", "resourceId('Contoso.X/things', 'a')", "parameters('which')", "concat('a')"]
)
def test_what_is_read_by_name_is_waited_for(name: str) -> None:
    parameters = {"which": {"type": "string", "defaultValue": "a"}}
    found = planned(template(reading(f"[reference({name}).state]"), resource("a"), parameters=parameters))
    assert names(found.resources) == ["a", "reader"]
    assert (found.resources[1].after, found.resources[1].reads) == ((f"{THINGS}/a",), (f"{THINGS}/a",))
    assert found.resources[1].body == {"properties": {"read": f"[reference('{THINGS}/a', '2024-01-01').state]"}}
    assert body_of(found, "reader", shelf(state="up")) == {"properties": {"read": "up"}}


def test_what_is_read_by_id_and_version_is_not_waited_for() -> None:
    read = "[reference(resourceId('Contoso.X/things', 'a'), '2020-01-01', 'Full').sku.name]"
    found = planned(template(reading(read), resource("a")))
    assert (found.resources[0].after, found.resources[0].reads) == ((), (f"{THINGS}/a",))
    filled = shelf()
    assert body_of(found, "reader", filled)["properties"] == {"read": "S"}
    assert filled.asked == [("get", f"{THINGS}/a", "2020-01-01")]


def test_keys_are_listed_when_the_account_is_there() -> None:
    read = "[listKeys('a', '2023-01-01').keys[0].value]"
    found = planned(template(reading(read), resource("a")))
    assert found.resources[1].after == (f"{THINGS}/a",)
    assert body_of(found, "reader")["properties"] == {"read": "listKeys of a"}


def test_a_closed_body_is_json_and_needs_no_template_any_more() -> None:
    read = "[union(parameters('o'), createObject('n', variables('v'), 'r', reference('a').x, 'i', copyIndex()))]"
    written = template(
        reading(read, copy={"name": "one", "count": 1}),
        resource("a"),
        parameters={"o": {"type": "object"}},
        variables={"v": "it's [1]"},
    )
    found = planned(written, {"o": {"k": [None, True, 1.5, "[[x]"]}})
    stored = json.loads(json.dumps(found.resources[1].body))
    settled = settle_body("id", stored, SCOPE, shelf(x=[1]))
    assert settled["properties"]["read"] == {"k": [None, True, 1.5, "[[x]"], "n": "it's [1]", "r": [1], "i": 0}


def test_a_branch_that_is_not_taken_is_neither_read_nor_waited_for() -> None:
    found = planned(template(reading("[if(false(), reference('gone').x, 'kept')]"), resource("a")))
    assert found.resources[0].body == {"properties": {"read": "kept"}}
    assert found.resources[0].reads == ()


def test_a_branch_that_depends_on_what_is_read_stays_open() -> None:
    found = planned(
        template(reading("[if(equals(reference('a').n, 2), parameters('p'), 'no')]"), resource("a"), parameters=TEXT)
    )
    assert body_of(found, "reader", shelf(n=2)) == {"properties": {"read": "yes"}}
    assert body_of(found, "reader", shelf(n=3)) == {"properties": {"read": "no"}}


@pytest.mark.parametrize(
    ("read", "settled", "why"),
    [
        ("if(equals(reference('a').n, 2), 'two', fail('it is not two'))", "two", "it is not two"),
        ("if(equals(reference('a').n, 2), 'two', div(1, int('0')))", "two", "'div'"),
        ("if(equals(reference('a').n, 2), 'two', parameters('p').gone)", "two", "'gone'"),
        ("if(equals(reference('a').n, 2), 'two', createArray(1)[parameters('q')])", "two", "'5' is out of bounds"),
        ("coalesce(tryGet(createObject('2', 'two'), string(reference('a').n)), fail('none'))", "two", "none"),
        ("first(map(reference('a').list, lambda('x', if(equals(lambdaVariables('x'), 3), fail('!'), 2))))", 2, "!"),
        ("if(or(equals(reference('a').n, 2), bool('neither')), 'two', 'x')", "two", "neither 'true' nor 'false'"),
    ],
)
def test_a_branch_that_would_fail_fails_when_it_is_taken(read: str, settled: Any, why: str) -> None:
    parameters = {"p": {"type": "string", "defaultValue": "yes"}, "q": {"type": "int", "defaultValue": 5}}
    found = planned(template(reading(f"[{read}]"), resource("a"), parameters=parameters))
    assert body_of(found, "reader", shelf(n=2, list=[2]))["properties"] == {"read": settled}
    with pytest.raises(TemplateError, match=why):
        body_of(found, "reader", shelf(n=3, list=[3]))


def test_a_branch_that_names_what_there_is_not_is_refused_at_once() -> None:
    written = template(reading("[if(equals(reference('a').n, 2), 'two', parameters('gone'))]"), resource("a"))
    with pytest.raises(TemplateError, match="'gone'"):
        planned(written)


TEXT = {"p": {"type": "string", "defaultValue": "yes"}}


def test_lambdas_over_what_is_read_keep_their_variables() -> None:
    read = "[map(reference('a').list, lambda('x', concat(parameters('p'), lambdaVariables('x'))))]"
    found = planned(template(reading(read), resource("a"), parameters=TEXT))
    assert body_of(found, "reader", shelf(list=["1", "2"]))["properties"] == {"read": ["yes1", "yes2"]}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (template(reading("[reference('gone').x]")), "'gone' is not defined in the template"),
        (template(reading("[reference('/subscriptions/s/providers/A.B/c/d').x]")), "requires an API version"),
        (template(reading("[reference('reader').x]")), "Circular dependency"),
        (template(reading("[reference('a').x]"), resource("a", "reader")), "Circular dependency"),
        (template(reading("[parameters(reference('a').x)]"), resource("a")), "not known before the deployment begins"),
        (template(resource("[reference('a').x]"), resource("a")), "not expected at this location"),
        (template(resource("b", sku={"name": "[reference('a').x]"}), resource("a")), "not expected at this location"),
        (template(resource("b", condition="[reference('a').x]"), resource("a")), "not expected at this location"),
        (template(variables={"v": "[listKeys('a', '1')]"}), "not expected at this location"),
        (template(reading("[reference(5)]")), "of type 'String'"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(written: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        planned(written)


def test_an_expression_that_fails_late_tells_of_its_resource() -> None:
    found = planned(template(reading("[reference('a').gone]"), resource("a")))
    with pytest.raises(TemplateError) as refusal:
        body_of(found, "reader", shelf(secret="s3cret"))
    assert refusal.value.message == (
        f"Unable to process template language expressions for resource '{THINGS}/reader'. 'The language expression "
        "property 'gone' doesn't exist, available properties are 'secret'. Please see https://aka.ms/arm-functions for "
        "usage details.'"
    )


# -------------------------------------------------------------------------------------------------------------- outputs


def test_outputs_are_settled_and_secrets_are_not_shown() -> None:
    outputs = {
        "late": {"type": "String", "value": "[reference('a').x]"},
        "early": {"type": "int", "value": "[length('abc')]"},
        "hidden": {"type": "securestring", "value": "[listKeys('a', '2023-01-01').keys[0].value]"},
        "left": {"type": "string", "condition": False, "value": "x"},
        "none": {"type": "object", "nullable": True, "value": "[null()]"},
    }
    found = planned(template(resource("a"), outputs=outputs))
    shown = settle_outputs(found.outputs, SCOPE, shelf(x="up"))
    assert shown == {
        "late": {"type": "String", "value": "up"},
        "early": {"type": "Int", "value": 3},
        "hidden": {"type": "SecureString"},
        "none": {"type": "Object", "value": None},
    }


def test_outputs_that_fail_are_told_together() -> None:
    outputs = {
        "one": {"type": "string", "value": "[reference('a').gone]"},
        "two": {"type": "int", "value": "[reference('a').x]"},
        "three": {"type": "string", "value": "[reference('a').x]"},
    }
    found = planned(template(resource("a"), outputs=outputs))
    with pytest.raises(TemplateError) as refusal:
        settle_outputs(found.outputs, SCOPE, shelf(x="up"))
    assert refusal.value.code == "DeploymentOutputEvaluationFailed"
    assert refusal.value.message.startswith("Unable to evaluate template outputs: 'one,two'. Please")
    assert [each["target"] for each in refusal.value.details] == ["one", "two"]
    assert "Expected 'Integer'. Actual 'String'" in refusal.value.details[1]["message"]


# --------------------------------------------------------------------------------------------------------------- nested

INNER = {"expressionEvaluationOptions": {"scope": "inner"}}


def nested(inside: Json, *after: str, **properties: object) -> Json:
    body = {"mode": "Incremental", "template": inside, **properties}
    return resource("inner", *after, kind="Microsoft.Resources/deployments", properties=body)


def test_a_nested_deployment_of_inner_scope_evaluates_its_own_template() -> None:
    inside = template(
        resource("[parameters('p')]", properties={"group": "[resourceGroup().name]"}),
        parameters={"p": {"type": "string"}},
        outputs={"o": {"type": "string", "value": "[[kept]"}},
    )
    values = {"p": {"value": "[concat(parameters('p'), reference('a').x)]"}}
    found = planned(template(nested(inside, **INNER, parameters=values), resource("a"), parameters=TEXT))
    assert found.resources[1].after == (f"{THINGS}/a",)
    sent = body_of(found, "inner", shelf(x="-up"))["properties"]
    assert sent["template"] == inside
    assert sent["parameters"] == {"p": {"value": "yes-up"}}
    other = Deployment(Scope("s", "t", {"id": "/x", "name": "other"}), "inner", DEPLOYMENT.now, "seed")
    again = plan(sent["template"], sent["parameters"], other)
    assert settle_body("id", again.resources[0].body, other.scope, Shelf()) == {"properties": {"group": "other"}}
    assert outputs_of(again) == {"o": "[kept]"}


def test_a_nested_deployment_of_outer_scope_finds_its_template_evaluated() -> None:
    inside = template(
        resource(
            "[concat(parameters('p'), copyIndex())]",
            copy={"name": "in", "count": 2},
            properties={"group": "[resourceGroup().name]", "i": "[copyIndex('in')]", "text": "[[kept]"},
        ),
        resource("late", properties={"x": "[reference('a').x]", "own": "[reference('yes1').y]"}),
    )
    found = planned(template(nested(inside), resource("a"), parameters=TEXT))
    assert names(found.resources) == ["a", "inner"]
    sent = json.loads(json.dumps(body_of(found, "inner")))["properties"]["template"]
    other = Deployment(Scope("s", "t", {"id": "/x", "name": "other"}), "inner", DEPLOYMENT.now, "seed")
    again = plan(sent, {}, other)
    assert names(again.resources) == ["yes0", "yes1", "late"]
    first = settle_body("id", again.resources[0].body, other.scope, Shelf())["properties"]
    assert first == {"group": "rg", "i": 0, "text": "[kept]"}
    assert again.resources[2].body["properties"]["x"] == f"[reference('{THINGS}/a', '2024-01-01').x]"
    assert again.resources[2].after == (again.resources[1].id,)


def test_a_nested_deployment_goes_to_another_group() -> None:
    other = {**nested(template(), **INNER), "resourceGroup": "other"}
    found = planned(template(other, resource("a", "[resourceId('Microsoft.Resources/deployments', 'inner')]")))
    id = "/subscriptions/s/resourceGroups/other/providers/Microsoft.Resources/deployments/inner"
    assert [each.id for each in found.resources] == [id, f"{THINGS}/a"]
    assert found.resources[1].after == (id,)


@pytest.mark.parametrize(
    ("properties", "told"),
    [({"mode": "Complete"}, "mode 'Complete'")],
)
def test_what_a_nested_deployment_leaves_out_is_named(properties: Json, told: str) -> None:
    with pytest.raises(NotSimulated, match=told):
        planned(template(nested(template(), **properties)))


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"template": 1}, "must be an object"),
        ({"expressionEvaluationOptions": {"scope": "sideways"}}, "'Inner' or 'Outer'"),
    ],
)
def test_a_nested_deployment_that_cannot_be_is_refused(properties: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        planned(template(nested(template(), **properties)))


# ------------------------------------------------------------------------------------------------------- symbolic names


def thing(name: str, *after: str, **more: Any) -> Json:
    return {**resource(name, *after), **more}


def test_resources_with_symbolic_names() -> None:
    found = planned(
        symbolic(
            {
                "reader": thing(
                    "r",
                    properties={"x": "[reference('one').x]", "full": "[reference('one', '2024-01-01', 'Full').sku]"},
                ),
                "one": thing("a", "many"),
                "many": thing("[format('m{0}', copyIndex())]", copy={"name": "many", "count": 2}),
                "last": thing("l", "[format('many[{0}]', 1)]"),
            },
            outputs={
                "all": {"type": "array", "value": "[map(references('many'), lambda('m', lambdaVariables('m').n))]"},
                "second": {"type": "int", "value": "[reference(format('many[{0}]', 1)).n]"},
            },
        )
    )
    waits = {each.symbol or "": [id.rpartition("/")[2] for id in each.after] for each in found.resources}
    assert waits == {"many": [], "one": ["m0", "m1"], "reader": ["a"], "last": ["m1"]}
    filled = shelf(x=1)
    filled.put(f"{THINGS}/m0", {"n": 10})
    filled.put(f"{THINGS}/m1", {"n": 11})
    assert body_of(found, "r", filled)["properties"] == {"x": 1, "full": {"name": "S"}}
    assert outputs_of(found, filled) == {"all": [10, 11], "second": 11}


def test_an_existing_resource_is_read_and_never_written() -> None:
    found = planned(
        symbolic(
            {
                "old": {**resource("a"), "existing": True, "dependsOn": ["first"]},
                "first": thing("f"),
                "reader": thing("r", properties={"x": "[reference('old').x]"}),
                "other": {**resource("z"), "existing": True, "resourceGroup": "far"},
            },
            outputs={"far": {"type": "string", "value": "[reference('other').y]"}},
        )
    )
    assert names(found.resources) == ["f", "r"]
    assert found.resources[1].after == (f"{THINGS}/f",)
    assert {each.symbol for each in found.existing} == {"old", "other"}
    filled = shelf(x="old")
    filled.put("/subscriptions/s/resourceGroups/far/providers/Contoso.X/things/z", {"y": "far"})
    assert body_of(found, "r", filled)["properties"] == {"x": "old"}
    assert outputs_of(found, filled) == {"far": "far"}


def test_children_with_symbolic_names() -> None:
    child = {"type": "parts", "apiVersion": "2024-01-01", "name": "p", "dependsOn": ["parent"]}
    found = planned(symbolic({"parent": thing("a", resources={"child": child}), "after": thing("z", "child")}))
    assert [each.symbol for each in found.resources] == ["parent", "child", "after"]
    assert found.resources[2].after == (f"{THINGS}/a/parts/p",)


def test_each_version_has_its_own_shape_of_resources() -> None:
    with pytest.raises(TemplateError, match=r"must be an object, as languageVersion is '2\.0'"):
        planned({**template(resource("a")), "languageVersion": "2.0"})
    with pytest.raises(TemplateError, match="must be an array"):
        planned({**template(), "resources": {"a": resource("a")}})
