"""The table of what the SDKs can send is that of the azure-cli which the tests use."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from controlplane.arm.edge import kept_keys
from tests.e2e.conftest import ROOT
from tests.e2e.real_az import PATIENCE_SECONDS


def test_the_table_is_what_the_sdks_say(az: Path) -> None:
    read = [str(az.resolve().parent / "python"), "-m", "docs.generator.read_bodies"]
    done = subprocess.run(read, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    assert json.loads(done.stdout) == kept_keys.table()
