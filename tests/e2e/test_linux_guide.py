"""The code blocks of docs/linux.md, run in their order as they stand there, by the real az."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.test_time_guide import COMMAND, in_bash

PAGE = (ROOT / "docs/linux.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_five_minutes_with_az(az: Path, tmp_path: Path) -> None:
    assert len(BLOCKS) == 3
    try:
        told = in_bash(COMMAND + "".join(BLOCKS), tmp_path, BACKUPSIM_AZ=str(az)).splitlines()
    finally:
        backupsim("stop", "--state", str(tmp_path / "world"))
    points = [line for line in told if line.endswith("Consistent")]
    assert points == ["FileSystemConsistent", "AppConsistent", "FileSystemConsistent"]
    shown = told[told.index("ubuntu") :]
    assert shown[1:3] == ["22.04", "2.15.0.1"]
    assert [line.rpartition(".")[2] for line in shown[3:5]] == ["VMSnapshotLinux"] * 2
