"""The code blocks of docs/explain.md, run in their order as they stand there, by the real az; what they print too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.printed_guide import run, steps_of

STEPS = steps_of("explain.md")


def test_the_page_has_its_blocks() -> None:
    assert [bool(step.printed) for step in STEPS] == [True, True, True]


@pytest.mark.slow
def test_what_is_explained_is_true_and_the_commands_delete_the_vault(az: Path, tmp_path: Path) -> None:
    run(STEPS, tmp_path, az)
    blocked = json.loads((tmp_path / "blocked.json").read_text(encoding="utf-8"))
    assert len(blocked["commands"]) == 4
