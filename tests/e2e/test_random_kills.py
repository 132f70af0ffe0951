"""Simulator, Azurite and handlers are killed at random while a world works: nothing is lost, doubled or left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kills.run import Options, Run

SEED = 11


@pytest.mark.slow
def test_a_few_machines_survive_25_kills(tmp_path: Path) -> None:
    result = Run(Options(tmp_path, SEED, machines=6, kills=25)).run()
    assert result["kills"] >= 25, "a kill in a start comes on top"
    assert result["sentences"] == []


@pytest.mark.long
def test_a_hundred_machines_survive_500_kills(tmp_path: Path) -> None:
    result = Run(Options(tmp_path, SEED, machines=100, kills=500)).run()
    assert result["kills"] >= 500
    assert result["sentences"] == []
