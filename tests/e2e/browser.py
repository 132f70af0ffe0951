"""A real Chromium for tests, which writes down what a page asks for and complains about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PATIENCE_MILLISECONDS = 60_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = "axe_playwright_python"
"""The package that holds axe-core as a file."""


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window; skips, naming what is missing."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium; on Debian: apt install chromium")
    if find_spec("playwright") is None or find_spec(AXE) is None:
        pytest.skip("no Playwright or axe-core; pip install playwright axe-playwright-python")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """One browser profile and its page. `requests` has the address of everything that it asked for."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def foreign_requests(self, own: str) -> list[str]:
        """What was asked of another than this address."""
        home = urlsplit(own).netloc
        return [url for url in self.requests if urlsplit(url).netloc != home and not url.startswith("data:")]

    def violations(self) -> list[str]:
        """What axe finds with all of its rules, one line each."""
        self.page.evaluate(axe_core())
        found = self.page.evaluate("() => axe.run(document)")
        return [
            f"{each['id']}: {each['help']}: {node['target']}" for each in found["violations"] for node in each["nodes"]
        ]

    def close(self) -> None:
        self.context.close()


@contextmanager
def visit(browser: Browser, **options: Any) -> Iterator[Visit]:
    made = Visit(browser, **options)
    try:
        yield made
    finally:
        made.close()


def axe_core() -> str:
    spec = find_spec(AXE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")
