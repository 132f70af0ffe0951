"""Damage on the real disk: what each of the damaged states says, and that every point that is whole can be restored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.damaged_states import STATES, DamagedState, furnish, observed

PAGE = ROOT / "docs" / "damage.md"


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A world as it was before the damage, and the folder in which it lies while it is damaged."""
    home = tmp_path_factory.mktemp("damage")
    furnish(home / "world")
    shutil.copytree(home / "world", home / "furnished")
    return home / "furnished", home / "world"


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_damage_is_told_as_the_page_says_and_never_restored(state: DamagedState, furnished: tuple[Path, Path]) -> None:
    row = observed(state, *furnished).markdown()
    assert row in PAGE.read_text(encoding="utf-8").splitlines(), row


def test_the_page_has_a_row_for_each_state() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [state.name for state in STATES if not any(line.startswith(f"| {state.name} |") for line in lines)] == []
