"""Functions that a template defines itself, as authors and Bicep write them."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import NotSimulated, TemplateError
from tests.unit.controlplane.templates.template_world import planned, resource, template


def function(output: Any, *parameters: str) -> Json:
    return {
        "parameters": [{"name": each, "type": "string"} for each in parameters],
        "output": {"type": "string", "value": output},
    }


def own(**members: Json) -> list[Json]:
    return [{"namespace": "contoso", "members": members}]


UNIQUE = own(uniqueName=function("[concat(toLower(parameters('prefix')), uniqueString('x'))]", "prefix"))


def value(expression: str, functions: list[Json] = UNIQUE, **sections: Any) -> Any:
    written = template(resource("one", properties={"v": expression}), functions=functions, **sections)
    (made,) = planned(written).resources
    return made.body["properties"]["v"]


def test_a_function_is_called_with_its_namespace_in_any_case() -> None:
    assert value("[contoso.uniqueName('ABC')]") == value("[Contoso.UNIQUENAME('abc')]")
    assert value("[contoso.uniqueName('ABC')]").startswith("abc")


def test_it_sees_its_own_parameters_and_its_arguments_those_of_the_template() -> None:
    parameters = {"prefix": {"type": "string", "defaultValue": "Outer"}}
    assert value("[contoso.uniqueName(parameters('prefix'))]", parameters=parameters).startswith("outer")


def test_it_may_be_in_names_variables_loops_outputs_and_defaults() -> None:
    written = template(
        resource("[contoso.twice(variables('v'))]", copy={"name": "c", "count": 2}, properties={})
        | {"name": "[contoso.twice(concat(variables('v'), copyIndex()))]"},
        functions=own(twice=function("[concat(parameters('s'), parameters('s'))]", "s")),
        parameters={"p": {"type": "string", "defaultValue": "[contoso.twice('p')]"}},
        variables={"v": "[contoso.twice(parameters('p'))]"},
        outputs={"o": {"type": "string", "value": "[contoso.twice('o')]"}},
    )
    made = planned(written)
    assert [each.name for each in made.resources] == ["pppp0pppp0", "pppp1pppp1"]
    assert made.outputs["o"]["value"] == "oo"


def test_it_may_yield_objects_and_call_others() -> None:
    functions = own(
        inner=function("[add(parameters('n'), 1)]", "n"),
        outer=function({"list": ["[contoso.inner(1)]", "text"], "empty": {}, "none": []}),
    )
    assert value("[contoso.outer()]", functions) == {"list": [2, "text"], "empty": {}, "none": []}
    assert value("[contoso.outer().list[0]]", functions) == 2


def test_a_call_around_what_is_read_later_is_closed() -> None:
    functions = own(shout=function("[toUpper(parameters('s'))]", "s"))
    late = value(
        "[contoso.shout(reference('/subscriptions/s/resourceGroups/g/providers/A.B/c/d', '2024-01-01').x)]", functions
    )
    assert late.startswith("[toUpper(reference(")


@pytest.mark.parametrize(
    ("expression", "functions", "said"),
    [
        ("[contoso.absent()]", UNIQUE, "'contoso.absent' is not valid"),
        ("[contoso.uniqueName()]", UNIQUE, "takes 1 arguments and is given 0"),
        ("[contoso.a()]", own(a=function("[contoso.b()]"), b=function("[contoso.a()]")), "refers to itself"),
        ("[contoso.a()]", own(a=function("[variables('v')]")), "'variables' is not expected"),
        ("[contoso.a()]", own(a=function("[reference('x')]")), "'reference' is not expected"),
        ("[contoso.a()]", own(a=function("[parameters('p')]")), "has no parameter 'p'"),
        ("x", [{"namespace": "n"}], "'namespace' and 'members'"),
        ("x", [{"namespace": "n", "members": {"a": {}}}], "must have an output"),
        ("x", {"n": 1}, "must be an array"),
    ],
)
def test_what_is_wrong_is_told(expression: str, functions: Any, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        value(expression, functions)


def test_a_bomb_is_refused() -> None:
    chain = {f"f{n}": function(f"[concat(contoso.f{n + 1}(), contoso.f{n + 1}())]") for n in range(16)}
    with pytest.raises(TemplateError, match="too long"):
        value("[contoso.f0()]", own(**chain, f16=function("x")))


def test_a_lambda_variable_is_not_captured() -> None:
    functions = own(each=function("[map(createArray(1), lambda('x', parameters('s')))]", "s"))
    with pytest.raises(NotSimulated, match="lambda variable"):
        value("[map(createArray(2), lambda('x', contoso.each(lambdaVariables('x'))))]", functions)
