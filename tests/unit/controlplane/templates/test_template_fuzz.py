"""Anything at all as an expression or template: it is planned, or refused in the package's own words; never more."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.json_object import Json
from controlplane.templates.evaluation.evaluator import read
from controlplane.templates.evaluation.walking import evaluated
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.limits import Meter
from controlplane.templates.language.parser import Element, FunctionCall, Literal, Member, Node, parse
from controlplane.templates.language.printer import show
from controlplane.templates.late import settle_body, settle_outputs
from controlplane.templates.library.table import FUNCTIONS
from controlplane.templates.planner import plan
from controlplane.templates.relaxed_json import to_json
from controlplane.templates.source import Source
from tests.unit.controlplane.templates.template_world import (
    DEPLOYMENT,
    SCOPE,
    Shelf,
    planned,
    resource,
    symbolic,
    template,
)

NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,6}\Z")
TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        "",
        "a",
        "A.B/c",
        "a/b",
        "{0}",
        "{0:D3}",
        "P1D",
        "2024-01-01",
        "10.0.0.0/8",
        "x",
        "loop",
        "yyyy",
        "{",
        "%",
        "[",
        "'",
        "/s",
    ]
)
INTS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 12)
LITERALS = st.builds(Literal, TEXTS | INTS) | st.just(FunctionCall("parameters", (Literal("p"),)))
SECRET = "s3cret-value"


def nodes(functions: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    return st.recursive(
        LITERALS,
        lambda inner: st.one_of(
            st.builds(FunctionCall, functions, st.lists(inner, max_size=4).map(tuple)),
            st.builds(Member, inner, NAMES, st.booleans()),
            st.builds(Element, inner, inner, st.booleans()),
            st.builds(lambda name, body: FunctionCall("lambda", (Literal(name), body)), NAMES, inner),
        ),
        max_leaves=12,
    )


KNOWN = st.sampled_from(sorted(function.name for function in FUNCTIONS.values()))
EXPRESSIONS = (
    nodes(KNOWN).map(show) | nodes(KNOWN | NAMES).map(show) | st.text(alphabet="abc'()[],.? 019-", max_size=40)
)


def survives(act: Callable[[], Any], *, untold: str = "\x00") -> Any:
    """What it returns, or None when it is refused, without a word of `untold`. Every other exception fails the test."""
    try:
        return act()
    except TemplateError as error:
        refusal = error.message
    except NotSimulated as feature:
        refusal = str(feature)
    assert refusal
    assert "\x00" not in refusal
    assert untold not in refusal
    return None


@given(nodes(NAMES))
def test_what_is_printed_is_parsed_to_the_same_tree(tree: Node) -> None:
    written = show(tree)
    assert parse(written) == tree
    assert show(parse(written)) == written


@given(EXPRESSIONS, st.sampled_from(Position))
@settings(max_examples=250, deadline=None)
def test_any_expression_is_evaluated_or_refused(expression: str, place: Position) -> None:
    around = Context(
        DEPLOYMENT,
        Meter(),
        place,
        parameters=lambda name: SECRET,
        variables=lambda name: [name, 1, None],
        loops={"loop": 2},
        loop="loop",
        resolver=Shelf(),
    )
    value = survives(lambda: evaluated(f"[{expression}]", around))
    json.dumps(value)


@given(EXPRESSIONS)
@settings(max_examples=150, deadline=None)
def test_any_expression_in_a_body_or_output_is_closed_and_settled_or_refused(expression: str) -> None:
    written = template(
        resource("r", properties={"x": f"[{expression}]"}),
        resource("x", copy={"name": "loop", "count": 2}, condition=False),
        parameters={"p": {"type": "secureObject"}},
        outputs={"o": {"type": "string", "value": f"[{expression}]"}},
    )
    found = survives(lambda: planned(written, {"p": {"a": [SECRET], "b": SECRET, "c": "[x]"}}), untold=SECRET)
    if found is not None:
        stored = json.loads(json.dumps([found.resources[0].body, found.outputs]))
        shelf = Everything()
        survives(lambda: settle_body("r", stored[0], SCOPE, shelf))
        survives(lambda: settle_outputs(stored[1], SCOPE, shelf))


class Everything(Shelf):
    """Has every resource."""

    def get(self, id: str, api_version: str | None) -> Json:
        return {"id": id, "properties": {"a": [1], "b": "text"}}


# -------------------------------------------------------------------------------------------------- mutated templates

WHOLE = template(
    resource(
        "[concat(variables('prefix'), copyIndex())]",
        "base",
        copy={"name": "loop", "count": "[parameters('count')]", "mode": "Serial", "batchSize": 1},
        properties={
            "copy": [{"name": "disks", "count": 2, "input": "[copyIndex('disks')]"}],
            "r": "[reference('base').x]",
        },
        resources=[resource("child", kind="parts", tags={"[toLower('K')]": "v"})],
    ),
    resource("base", condition="[not(empty(parameters('name')))]", scope="Contoso.X/things/z", sku={"name": "S"}),
    resource(
        "inner",
        kind="Microsoft.Resources/deployments",
        properties={"mode": "Incremental", "template": template(resource("[parameters('name')]"))},
    ),
    parameters={
        "count": {"type": "int", "defaultValue": 2, "minValue": 1},
        "name": {
            "type": "string",
            "defaultValue": "[resourceGroup().name]",
            "maxLength": 9,
            "allowedValues": ["rg", "x"],
        },
    },
    variables={
        "prefix": "[concat(parameters('name'), '-')]",
        "copy": [{"name": "l", "count": 2, "input": "[copyIndex('l')]"}],
    },
    outputs={"o": {"type": "array", "copy": {"count": 2, "input": "[reference('base').x]"}}},
)
SYMBOLIC = symbolic(
    {
        "one": resource("a", properties={"x": "[parameters('o').size]"}),
        "old": {**resource("b"), "existing": True},
        "many": {**resource("[format('m{0}', copyIndex())]", "one"), "copy": {"name": "many", "count": 2}},
    },
    definitions={
        "size": {"type": "int", "minValue": 1},
        "box": {"type": "object", "properties": {"size": {"$ref": "#/definitions/size"}}},
    },
    parameters={
        "o": {"$ref": "#/definitions/box", "defaultValue": {"size": 1}},
        "n": {"type": "string", "nullable": True},
    },
    outputs={"o": {"$ref": "#/definitions/size", "value": "[reference('old').x]"}},
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 900),
    st.floats(),
    st.text(max_size=6),
    EXPRESSIONS.map(lambda expression: f"[{expression}]"),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(
        st.sampled_from(["copy", "name", "type", "$ref", "value", "count", "input"]), st.text(max_size=3), max_size=2
    ),
    st.sampled_from([WHOLE, SYMBOLIC["resources"], "#/definitions/box", "base", "loop"]),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        found += paths(each, (*path, key))
    return found


ADDED = ["copy", "condition", "resources", "existing", "extra", "$ref", "items"]


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    changed = copy.deepcopy(draw(st.sampled_from([WHOLE, SYMBOLIC])))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(paths(changed)[1:] or [("resources",)]))
        place = changed
        for step in way:
            place = place[step]
        if draw(st.booleans()):
            place[last] = copy.deepcopy(draw(JUNK))
        elif isinstance(place, dict):
            place[draw(st.sampled_from(ADDED))] = copy.deepcopy(draw(JUNK))
        else:
            del place[last]
    return changed


@given(
    mutated(),
    st.dictionaries(st.sampled_from(["name", "count", "o", "x"]), JUNK.map(lambda value: {"value": value}), max_size=2),
)
@settings(max_examples=200, deadline=None)
def test_any_mutated_template_is_planned_or_refused(changed: Json, values: Json) -> None:
    found = survives(lambda: plan(changed, values, DEPLOYMENT, Source(json.dumps(changed))))
    if found is not None:
        order = [each.id for each in found.resources]
        for number, each in enumerate(found.resources):
            assert set(each.after) <= set(order[:number])
            survives(partial(settle_body, each.id, each.body, SCOPE, Everything()))


def test_the_templates_that_are_mutated_are_whole() -> None:
    assert planned(WHOLE).resources[0].name == "base"
    assert len(planned(WHOLE).resources) == 6
    assert [each.name for each in planned(SYMBOLIC).resources] == ["a", "m0", "m1"]


@given(st.text(alphabet='{}[]",:/*\\\n ab1', max_size=60), st.lists(st.sampled_from(["a", "b", 0, 1]), max_size=3))
def test_any_text_has_places_or_none(text: str, path: list[str | int]) -> None:
    place = Source(text).place(tuple(path))
    assert place is None or min(place) >= 1
    to_json(text)


# ---------------------------------------------------------------------------------------------------------------- bombs

DOUBLING = {f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]" for n in range(60)} | {"v60": "x" * 50}
LAUGHING = {f"v{n}": [f"[variables('v{n + 1}')]"] * 2 for n in range(60)} | {"v60": "x"}
NESTING = {f"v{n}": f"[createArray(variables('v{n + 1}'))]" for n in range(200)} | {"v200": 1}
BIG = "padLeft('x', 4000000)"


@pytest.mark.parametrize(
    "variables",
    [
        DOUBLING,
        LAUGHING,
        NESTING,
        {"v": f"[concat({', '.join([BIG] * 20)})]"},
        {"v": f"[replace({BIG}, ' ', {BIG})]"},
        {"v": "[padLeft('x', 9000000000)]"},
        {"v": "[format('{0,9999999}', 1)]"},
        {"v": "[format('" + "{0}" * 900 + f"', {BIG})]"},
        {"v": "[format('{0:N999}', 1)]"},
        {"v": f"[split({BIG}, ' ')]"},
        {"v": f"[join(createArray('a', 'b', 'c'), {BIG})]"},
        {"v": "[map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', 1))))]"},
        {"v": "[reduce(range(0, 10000), 'x', lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a'))))]"},
        {"v": "[reduce(range(0, 10000), createArray(), lambda('a', 'b', createArray(lambdaVariables('a'))))]"},
        {"v": "[sort(flatten(map(range(0, 11), lambda('x', range(0, 10000)))), lambda('a', 'b', true()))]"},
        {
            "v": "[filter(range(0, 10000), "
            "lambda('x', contains(flatten(map(range(0, 9), lambda('y', range(0, 10000)))), -1)))]"
        },
        {"v": "[json('" + "[" * 12_000 + "')]"},
        {"v": "[" + "not(" * 5_000 + "true()" + ")" * 5_000 + "]"},
        {"v": "[createObject('a', 1)" + ".a" * 5_000 + "]"},
        {"v": "[cidrSubnet('::/0', 128, 9223372036854775807)" + "[0]" * 99 + "]"},
    ],
)
def test_a_bomb_is_refused_before_it_goes_off(variables: Json) -> None:
    with pytest.raises(TemplateError):
        planned(template(variables=variables))


def test_loops_in_loops_are_bounded() -> None:
    inner: Any = "[copyIndex('l0')]"
    for depth in range(6):
        inner = {"copy": [{"name": f"l{depth}", "count": 800, "input": inner}]}
    with pytest.raises(TemplateError):
        planned(template(resource("a", properties=inner)))


def test_a_deep_template_is_refused() -> None:
    deep: Any = "x"
    for _ in range(150):
        deep = [deep]
    with pytest.raises(TemplateError, match="levels deep"):
        planned(template(resource("a", properties={"deep": deep})))
    with pytest.raises(TemplateError, match="levels deep"):
        planned(template(parameters={"p": {"type": "array"}}), {"p": deep})


def test_long_chains_are_followed_and_wide_values_fit() -> None:
    variables: Json = {f"v{n}": f"[variables('v{n + 1}')]" for n in range(400)} | {"v400": "x" * 40_000}
    planned(template(variables=variables))


def test_an_expression_is_read_once() -> None:
    assert read("concat('a')", Position.BODY) is read("concat('a')", Position.BODY)
