"""The table of what the SDKs can send is that of the azure-cli which the tests use."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from controlplane.arm.edge import choices, kept_keys
from tests.e2e.conftest import ROOT
from tests.e2e.real_az import PATIENCE_SECONDS


@pytest.mark.parametrize(("words", "table"), [((), kept_keys.FILE), (("choices",), choices.FILE)])
def test_the_table_is_what_the_sdks_say(az: Path, words: tuple[str, ...], table: Path) -> None:
    read = [str(az.resolve().parent / "python"), "-m", "docs.generator.read_bodies", *words]
    done = subprocess.run(read, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    assert json.loads(done.stdout) == json.loads(table.read_text(encoding="utf-8"))
