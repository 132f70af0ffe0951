"""The page of a run of the conformance suite in a real browser, in both themes and on a small screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulator.command.conforming.page import html
from tests.conformance_outcome import outcome
from tests.e2e.browser import browser, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCREENSHOTS = os.environ.get("BACKUPSIM_SCREENSHOTS")
"""A folder for pictures; empty: none are taken."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width", "language"), [("light", 1200, "en"), ("dark", 420, "zh-cn")])
def test_it_is_readable_and_asks_nobody(
    chromium: Browser, tmp_path: Path, theme: str, width: int, language: str
) -> None:
    file = tmp_path / "conform.html"
    file.write_text(html(outcome(), language), encoding="utf-8")
    size = {"width": width, "height": 900}
    with visit(chromium, offline=True, color_scheme=theme, viewport=size) as made:
        made.page.goto(file.as_uri())
        if SCREENSHOTS:
            made.page.screenshot(path=Path(SCREENSHOTS) / f"conform-{theme}.png", full_page=True)
        assert made.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
        assert made.requests == [file.as_uri()]
        made.page.locator("details details > summary").first.click()
        assert made.page.locator("table.trace").first.is_visible()
        assert made.violations() == []
        assert made.complaints == []
