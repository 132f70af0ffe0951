"""The code blocks of docs/conformance.md, as they stand there."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.test_time_guide import COMMAND, in_bash

PAGE = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
SUMMARY = re.compile(r"Contoso\.Backup\.PythonSnapshot [\d.]+ conforms: ")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_minimal_handler_is_judged_as_the_page_says(tmp_path: Path) -> None:
    assert len(BLOCKS) == 2
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    told = in_bash(COMMAND + "".join(BLOCKS), tmp_path)
    summaries = [line for line in told.splitlines() if SUMMARY.match(line)]
    assert len(summaries) == 3, "the one with --json prints JSON"
    assert "11 of" in summaries[0]
    written = json.loads((tmp_path / "known.json").read_text(encoding="utf-8"))
    failed = {each["id"] for each in written["requirements"] if each["result"] == "failed"}
    assert failed, "a baseline that knows nothing shows nothing"
    assert {each["level"] for each in written["requirements"] if each["id"] in failed} == {"should"}
    assert ET.parse(tmp_path / "conform.xml").getroot().get("failures") == "0"
    assert "<title>Contoso.Backup.PythonSnapshot" in (tmp_path / "conform.html").read_text(encoding="utf-8")
