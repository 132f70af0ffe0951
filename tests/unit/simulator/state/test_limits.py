"""`up --limit`: what it takes, and what it says to the rest."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from controlplane.ports import Limits
from simulator.failures import WrongUse
from simulator.state.limits import NAMES, limits_of

CONTROL_PAGE = Path(__file__).parents[4] / "docs/control.md"


def test_what_is_not_said_is_as_azure_has_it() -> None:
    assert limits_of([]) is None
    assert limits_of(["restores=10", "policy-edits=0", "machines_per_policy=5"]) == Limits(
        restores=10, policy_edits=0, machines_per_policy=5
    )


@pytest.mark.parametrize(
    "word", ["restores", "restores=", "restores=-1", "restores=1.5", "restores=many", "=3", "day=3"]
)
def test_what_is_none_is_told(word: str) -> None:
    with pytest.raises(WrongUse, match="limit"):
        limits_of([word])


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(WrongUse, match=r"there is no limit restore; there is restores$"):
        limits_of(["restore=3"])


def test_every_limit_is_explained_with_its_number() -> None:
    rows = {
        line.split("|")[1].strip(" `"): line.split("|")[3]
        for line in CONTROL_PAGE.read_text().splitlines()
        if "| `" in line
    }
    for name, field in zip(NAMES, fields(Limits), strict=True):
        assert rows[name].strip().partition(",")[0] == str(field.default)
