"""The three stories of docs/tutorial-failures.md, run as they stand there by the real az; what they print too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.printed_guide import run, steps_of

STEPS = steps_of("tutorial-failures.md")


def test_the_page_has_its_blocks() -> None:
    assert len(STEPS) == 10
    assert all(step.printed for step in STEPS), "each says what it prints"


@pytest.mark.slow
def test_the_three_stories_go_as_they_are_told(az: Path, tmp_path: Path) -> None:
    run(STEPS, tmp_path, az)
