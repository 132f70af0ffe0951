"""Expressions of the template language as they are read, and template text that is more than JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.templates.evaluation.walking import evaluated as evaluate
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.limits import Meter
from controlplane.templates.relaxed_json import to_json
from tests.unit.controlplane.templates.template_world import DEPLOYMENT

PARAMETERS = {"name": "sql01", "list": ["a", "b"], "object": {"Inner": {"x": 1}}}


def evaluated(value: Any) -> Any:
    context = Context(DEPLOYMENT, Meter(), Position.BODY, lambda name: PARAMETERS[name], lambda name: {"v": 7}[name])
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
        ("[parameters('object').?gone]", None),
        ("[parameters('object').?gone.?more]", None),
        ("[parameters('object')[?'gone']]", None),
        ("[parameters('list')[?5]]", None),
        ("[parameters('object').?inner.x]", 1),
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
        "[parameters('list')[-1]]",
        "[parameters('list').?x]",
        "[parameters('object').?gone.x]",
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
            evaluate(value, Context(DEPLOYMENT, Meter(), Position.BODY, lambda name: name, lambda name: name))
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
