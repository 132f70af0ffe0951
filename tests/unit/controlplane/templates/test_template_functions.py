"""The functions of the template language, one by one: what each returns, how many it takes and of which types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.templates.evaluation.evaluator import evaluate, read
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.limits import Meter
from controlplane.templates.language.parser import parse
from controlplane.templates.language.scope import Deployment, Scope
from controlplane.templates.language.signature import ANY, LAMBDA, Function
from controlplane.templates.language.values import Value, kind
from controlplane.templates.library.table import FUNCTIONS, GROUPS, NOT_SIMULATED, find
from tests.unit.controlplane.templates.template_cases import CASES, GROUP_ID, UNFIT

DEPLOYMENT = Deployment(
    Scope("s", "t", {"id": GROUP_ID, "name": "rg", "location": "westus"}),
    "d",
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "seed",
    environment={"name": "AzureCloud"},
    deployer={"objectId": "o"},
)
VALUES: dict[str, Value] = {
    "String": "text",
    "Integer": 3,
    "Float": 2.5,
    "Boolean": True,
    "Array": [1],
    "Object": {"a": 1},
    "Null": None,
}
SPELLED = {
    "String": "'text'",
    "Integer": "3",
    "Float": "float('2.5')",
    "Boolean": "true()",
    "Array": "createArray(1)",
    "Object": "createObject('a', 1)",
    "Null": "null()",
    "Lambda": "lambda('x', 1)",
}


class Shelf:
    """Holds one resource."""

    def get(self, id: str, api_version: str | None) -> Json:
        assert (id, api_version) in {(f"{GROUP_ID}/providers/A.B/c/d", version) for version in ("2024-01-01", None)}
        return {"id": id, "name": "d", "type": "A.B/c", "location": "westus", "properties": {"state": "there"}}

    def act(self, action: str, id: str, api_version: str, body: Json | None) -> Json:
        return {"action": action, "id": id, "version": api_version, "body": body}


def place_of(function: Function) -> Position:
    return min(function.only, key=lambda place: place.value) if function.only else Position.EARLY


def context(place: Position) -> Context:
    return Context(
        DEPLOYMENT,
        Meter(),
        place,
        parameters=lambda name: {"name": "sql01"}[name.lower()],
        variables=lambda name: {"seven": 7}[name],
        loops={"loop": 4},
        loop="loop",
        resolver=Shelf(),
    )


def value_of(expression: str, place: Position) -> Value:
    return evaluate(read(expression, place).node, context(place))


def cases() -> Iterator[Any]:
    for name, rows in CASES.items():
        for number, (expression, expected) in enumerate(rows):
            yield pytest.param(name, expression, expected, id=f"{name}-{number}")


@pytest.mark.parametrize(("name", "expression", "expected"), list(cases()))
def test_a_function_returns_what_its_description_says(name: str, expression: str, expected: Value) -> None:
    found = value_of(expression, place_of(FUNCTIONS[name.lower()]))
    assert (kind(found), found) == (kind(expected), expected)


def test_every_function_has_cases_and_an_address_that_describes_it() -> None:
    assert {name.lower() for name in CASES} == set(FUNCTIONS)
    for function in FUNCTIONS.values():
        assert function.group in GROUPS
        assert function.page.endswith(f"-functions-{function.group}#{function.name.lower()}")


@pytest.mark.parametrize(("expression", "why"), UNFIT)
def test_a_function_says_what_it_cannot_work_with(expression: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why) as refusal:
        value_of(expression, Position.EARLY)
    assert expression.partition("(")[0] in str(refusal.value) or "lambda" in expression


# -------------------------------------------------------------------------------------------- generated from the table


def spelled(function: Function, count: int) -> str:
    """A call with so many arguments, each of a type that the function takes there."""
    arguments = [SPELLED[(function.kinds_at(index) or ANY)[0]] for index in range(count)]
    return f"{function.name}({', '.join(arguments)})"


def wrong_counts() -> Iterator[Any]:
    for function in FUNCTIONS.values():
        most = function.least if function.most is None else function.most
        for count in (function.least - 1, most + 1):
            if count >= 0 and function.arity_problem(count):
                yield pytest.param(function, count, id=f"{function.name}-{count}")


@pytest.mark.parametrize(("function", "count"), list(wrong_counts()))
def test_a_wrong_number_of_arguments_is_refused_before_evaluation(function: Function, count: int) -> None:
    with pytest.raises(TemplateError, match=f"'{function.name}': function requires .* while {count} were provided"):
        read(spelled(function, count), place_of(function))


def wrong_kinds() -> Iterator[Any]:
    for function in FUNCTIONS.values():
        for index in range(len(function.kinds) + (1 if function.rest else 0)):
            kinds = function.kinds_at(index)
            if kinds != LAMBDA and function.name != "lambda":
                for wrong in sorted(set(VALUES) - set(kinds)):
                    yield pytest.param(function, index, wrong, id=f"{function.name}-{index + 1}-{wrong}")


@pytest.mark.parametrize(("function", "index", "wrong"), list(wrong_kinds()))
def test_an_argument_of_a_wrong_type_is_refused(function: Function, index: int, wrong: str) -> None:
    count = max(function.least, index + 1)
    arguments = [SPELLED[function.kinds_at(each)[0]] for each in range(count)]
    arguments[index] = SPELLED[wrong]
    if function.lazy:  # What comes before must not settle the matter.
        arguments[:index] = [{"and": "true()", "or": "false()"}.get(function.name, each) for each in arguments[:index]]
    told = f"'{function.name}' expects its {ORDINALS[index]} parameter to be of type .* '{wrong}'"
    with pytest.raises(TemplateError, match=told):
        value_of(f"{function.name}({', '.join(arguments)})", place_of(function))


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def wrong_places() -> Iterator[Any]:
    for function in FUNCTIONS.values():
        for place in Position:
            if function.only is not None and place not in function.only:
                yield pytest.param(function, place, id=f"{function.name}-{place.name}")


@pytest.mark.parametrize(("function", "place"), list(wrong_places()))
def test_a_function_is_not_expected_everywhere(function: Function, place: Position) -> None:
    with pytest.raises(TemplateError, match=f"'{function.name}' is not expected at this location"):
        read(spelled(function, function.least), place)


# ----------------------------------------------------------------------------------------------------------- the others


def test_whatever_begins_with_list_is_an_action_of_the_provider() -> None:
    found = value_of(
        "listKeys('/subscriptions/s/providers/A.B/c/d', '2024-01-01', createObject('k', 1))", Position.BODY
    )
    assert found == {
        "action": "listKeys",
        "id": "/subscriptions/s/providers/A.B/c/d",
        "version": "2024-01-01",
        "body": {"k": 1},
    }
    assert find("LISTSECRETS") is not None
    assert find("list") is None


@pytest.mark.parametrize("name", sorted(NOT_SIMULATED))
def test_what_needs_more_than_a_template_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotSimulated, match=name):
        read(f"{name}('a', 'b')", Position.BODY)


def test_an_unknown_function_is_named_even_where_it_is_never_called() -> None:
    with pytest.raises(TemplateError, match="The template function 'frobnicate' is not valid"):
        read("if(true(), 1, frobnicate())", Position.EARLY)


@pytest.mark.parametrize(
    "expression", ["lambda('x', 1)", "createArray(lambda('x', 1))", "if(true(), lambda('x', 1), 1)"]
)
def test_a_lambda_stands_only_where_a_function_takes_one(expression: str) -> None:
    with pytest.raises(TemplateError, match="'lambda' is not expected"):
        read(expression, Position.EARLY)


def test_a_guid_is_the_same_in_every_spelling_of_the_function() -> None:
    assert evaluate(parse("GUID('a')"), context(Position.EARLY)) == value_of("guid('a')", Position.EARLY)
