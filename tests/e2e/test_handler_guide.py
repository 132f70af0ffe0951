"""The code blocks of docs/handler-guide.md and docs/guest-bridge.md, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.control.api import __doc__ as CONTROL
from simulator.host.handler_rules import RULES
from simulator.host.handler_rules import __doc__ as OF_THE_RULES
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.test_time_guide import COMMAND, in_bash

PAGE = (ROOT / "docs/handler-guide.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BRIDGE = (ROOT / "docs/guest-bridge.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_handler_is_plugged_in_published_blocked_and_withdrawn(tmp_path: Path) -> None:
    assert len(BLOCKS) == 2
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    try:
        told = in_bash(COMMAND + "".join(BLOCKS), tmp_path)
    finally:
        backupsim("stop", "--state", str(tmp_path / "world"))
    assert "Verified: every check passed." in told
    lines = told.splitlines()
    assert "the service orders Contoso.Backup.PythonSnapshot 1.0 for Windows" in lines
    assert "sql01 has Contoso.Backup.PythonSnapshot 1.0.0.0" in lines
    for state in ("is published", "is blocked: no order chooses it any more", "is published again", "is withdrawn"):
        assert f"Contoso.Backup.PythonSnapshot 1.1.0.0 {state}" in lines
    assert any("enable of Contoso.Backup.PythonSnapshot 1.0.0.0: exit code 0" in line for line in lines)


def test_the_page_has_every_rule_as_the_code_has_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| .* \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(RULES)
    for name, when in re.findall(r"^\| `(\w+)` \| (.*) \| .* \|$", OF_THE_RULES or "", re.MULTILINE):
        assert (name, when) in rows


def test_the_pages_name_what_there_is() -> None:
    for route in re.findall(r"(?:GET|POST) (/_sim/\w+/\w+)", PAGE):
        assert route in (CONTROL or "")
    handler = (ROOT / "examples/handlers/sh/handler.sh").read_text(encoding="utf-8")
    for verb in re.findall(r"\| `(?:GET|POST) /bridge/(\w+)", BRIDGE):
        assert verb in {"volumes", "now"} or verb in handler
