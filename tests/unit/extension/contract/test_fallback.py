"""The rules of fallback: each can count, none leaves a stage without an answer, and each says where it is from."""

from __future__ import annotations

from itertools import product

import pytest

from extension.contract import fallback
from extension.contract.fallback import RULES, Rule, then

STAGES = list(dict.fromkeys(rule.stage for rule in RULES))


def rules_of(stage: str) -> list[Rule]:
    return [rule for rule in RULES if rule.stage == stage]


@pytest.mark.parametrize("stage", STAGES)
def test_every_combination_of_facts_has_an_answer_and_every_row_counts_for_one(stage: str) -> None:
    rows = rules_of(stage)
    names = sorted({name for row in rows for name in row.facts})
    counted = set()
    for values in product((True, False), repeat=len(names)):
        facts = dict(zip(names, values, strict=True))
        first = next(row for row in rows if all(facts[name] is value for name, value in row.facts.items()))
        assert then(stage, **facts) == first.then
        counted.add(rows.index(first))
    assert counted == set(range(len(rows)))


def test_a_row_says_why_and_where_it_is_from() -> None:
    assert all(rule.why and rule.source for rule in RULES)
    assert all(rule and why and source for rule, why, source in fallback.NOT_FOLLOWED)


def test_less_is_taken_only_where_more_cannot_be_had() -> None:
    order = [fallback.APPLICATION, fallback.FILE_SYSTEM, fallback.WITHOUT_WRITERS, fallback.CRASH, fallback.REPORT]
    ranks = [order.index(rule.then) for rule in rules_of(fallback.FREEZE)]
    assert ranks == sorted(ranks)


def test_a_stage_that_is_none_is_a_mistake() -> None:
    with pytest.raises(LookupError, match="no rule for the stage lunch"):
        then("lunch")
