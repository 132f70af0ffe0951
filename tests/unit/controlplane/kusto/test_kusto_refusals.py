"""What is wrong with a query is said where it is; what is not here is refused by its name; and no text breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.errors import ServiceError
from controlplane.kusto import elsewhere
from controlplane.kusto.aggregates import NAMES
from controlplane.kusto.failure import QueryError
from controlplane.kusto.functions import FUNCTIONS
from tests.unit.controlplane.kusto.queried import ask, refusal


@pytest.mark.parametrize(
    ("query", "line", "character", "token"),
    [
        ("where where", 1, 11, "<EOF>"),
        ("", 1, 0, "<EOF>"),
        ("jobs |", 1, 6, "<EOF>"),
        ("jobs | whre name == 'x'", 1, 7, "whre"),
        ("jobs\n| where name ==", 2, 15, "<EOF>"),
        ("jobs\n| where name == 'x' )", 2, 20, ")"),
        ("jobs | take many", 1, 12, "many"),
        ("jobs | where (name == 'x'", 1, 25, "<EOF>"),
        ("jobs | where name == 'x", 1, 21, "'"),
        ("jobs | where name == 'x' #", 1, 25, "#"),
        ("jobs | order name", 1, 13, "name"),
        ("jobs | project name name", 1, 20, "name"),
        ("jobs name", 1, 5, "name"),
        ("jobs | where name in 'x'", 1, 21, "'x'"),
        ("jobs | extend x = 99999999999999999999", 1, 18, "99999999999999999999"),
        ("jobs | extend x = datetime(yesterday 1)", 1, 18, "datetime(yesterday 1)"),
        ("jobs | extend x = dynamic([1, 2)", 1, 18, "dynamic("),
        ("jobs | summarize count() by", 1, 27, "<EOF>"),
    ],
)
def test_what_cannot_be_read_is_shown_where_it_is(query: str, line: int, character: int, token: str) -> None:
    detail = refusal(query)
    assert detail["code"] == "ParserFailure"
    assert (detail["line"], detail["characterPositionInLine"], detail["token"]) == (line, character, token)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("jobs | where status == 'x'", "Failed to resolve scalar expression named 'status'"),
        ("jobs | project Name", "Failed to resolve scalar expression named 'Name'"),
        ("jobs | project name | where id == ''", "'id'"),
        ("jobs | project-away nothing", "'nothing'"),
        ("jobs | project-rename a = nothing", "'nothing'"),
        ("jobs | project name, name", "'name' is there already"),
        ("jobs | where name", "of type string"),
        ("jobs | where name == 1", "Cannot compare values of types string and long"),
        ("jobs | where name > 'a'", "'>'"),
        ("jobs | where now() == 1d", "datetime and timespan"),
        ("jobs | where properties.a == properties.b", "dynamic and dynamic"),
        ("jobs | extend x = name + 1", "string + long"),
        ("jobs | extend x = name.first", "type string has no member 'first'"),
        ("jobs | extend x = tolower(1)", "takes a string"),
        ("jobs | extend x = tolower()", "takes 1 arguments"),
        ("jobs | extend x = iff(true, 'a', 1)", "string"),
        ("jobs | extend x = case(true, 'a')", "takes 3 to"),
        ("jobs | extend x = ago(name)", "type timespan"),
        ("jobs | extend x = datetime_diff(name, now(), now())", "must be a constant"),
        ("jobs | extend x = *", "'*'"),
        ("jobs | order by properties.a", "'dynamic' type"),
        ("jobs | summarize count() by properties.status", "'properties_status' is of a 'dynamic' type"),
        ("jobs | distinct properties.status", "'dynamic' type"),
        ("jobs | summarize max(properties.a)", "dynamic"),
        ("jobs | summarize sum(name)", "numbers"),
        ("jobs | mv-expand name", "'name' is of type string"),
        ("jobs | mv-expand properties limit 401", "400"),
        ("jobs | join machines on properties", "'dynamic' type"),
        ("jobs | join machines on nothing", "'nothing'"),
        ("jobs | join kind=leftanti machines on name", "leftanti"),
        ("jobs | join machines on $left.name == name", "$right"),
        ("jobs" + " | join machines on name" * 4, "3 join"),
        ("jobs" + " | mv-expand properties" * 4, "3 mv-expand"),
        ("jobs" + " | where true" * 201, "200 operators"),
        ("jobs | where " + "(" * 100 + "true" + ")" * 100, "nested"),
        ("jobs | extend x = 1" + " + 1" * 200, "in a row"),
        ("jobs | extend x = properties" + ".a" * 200, "in a row"),
    ],
)
def test_what_means_nothing_is_said(query: str, reason: str) -> None:
    detail = refusal(query)
    assert detail["code"] == "SemanticFailure"
    assert reason in detail["message"]


def test_a_function_that_nobody_has_is_named() -> None:
    assert refusal("jobs | extend x = cout(1)") == {"code": "UnknownFunction", "message": "Unknown function: 'cout'."}
    assert refusal("jobs | summarize cout()")["code"] == "UnknownFunction"


@pytest.mark.parametrize(
    ("query", "what"),
    [
        *((f"jobs | {word}", f"operator {word}") for word in sorted(elsewhere.OPERATORS)),
        *((f"jobs | extend x = {name}(1)", f"function {name}") for name in sorted(elsewhere.FUNCTIONS)),
        *((f"jobs | summarize {name}(1)", f"aggregation {name}") for name in sorted(elsewhere.AGGREGATIONS)),
        ("let x = 1; jobs", "operator let"),
        ("union jobs, machines", "operator union"),
        ("jobs | where name matches regex 'j.*'", "operator matches regex"),
        ("jobs | join hint.strategy=broadcast machines on name", "join with hint"),
        ("jobs | summarize round(avg(1), 1)", "summarize with more than aggregation functions"),
        ("jobs | extend x = datetime_diff('quarter', now(), now())", "datetime_diff of quarter"),
        ("jobs | extend x = datetime_add('month', 1, now())", "datetime_add of month"),
    ],
)
def test_what_is_not_here_is_refused_by_its_name(query: str, what: str) -> None:
    with pytest.raises(ServiceError) as refused:
        ask(query)
    assert (refused.value.code, refused.value.status) == ("OperationNotSimulated", 501)
    assert what in refused.value.message


def test_nothing_is_both_here_and_elsewhere() -> None:
    assert not elsewhere.FUNCTIONS & FUNCTIONS.keys()
    assert not elsewhere.AGGREGATIONS & set(NAMES)


WORDS = (
    *("jobs", "machines", "|", "where", "project", "extend", "summarize", "by", "order", "take", "join", "kind", "on"),
    *("mv-expand", "name", "properties", ".", "status", "==", "!=", "in", "(", ")", "[", "]", ",", "and", "or", "not"),
    *("'x'", '"y"', "1", "1.5", "2d", "now", "ago", "count", "tostring", "=", "dynamic(", "datetime(", "-", "*", "has"),
    *("between", "..", "//", "\n", "\\", "'", "to", "typeof", "limit", "$left", "distinct", "top", "case", "\x00", "é"),
)


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_no_text_breaks_it(query: str) -> None:
    try:
        ask(query)
    except (QueryError, ServiceError):
        return


@given(st.lists(st.sampled_from(WORDS[3:]), max_size=12).map(" ".join))
def test_no_operator_breaks_it(text: str) -> None:
    try:
        ask(f"jobs | {text}")
    except (QueryError, ServiceError):
        return
