"""The minimal handlers of examples/handlers, each in its own language: a backup by them is restored and verified."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from controlplane.service_settings import OrderedExtension
from simulator.client import Client
from simulator.handlers.sources import HandlerSource
from simulator.scenario import SQL_SERVER, UBUNTU, Scenario
from simulator.world import Config, build
from tests.e2e.conftest import ROOT

HANDLERS = ROOT / "examples" / "handlers"
GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
TYPES = {"python": "PythonSnapshot", "sh": "ShellSnapshot", "go": "GoSnapshot"}


def source(language: str, folder: Path) -> HandlerSource:
    if language != "go":
        return HandlerSource(HANDLERS / language)
    if GO is None:
        pytest.skip("Go is missing, which builds a handler; on Debian and Ubuntu: apt install golang-go")
    word = f"env 'PATH={Path(GO).parent}:{os.environ['PATH']}' sh '{HANDLERS}/go/build.sh' '{folder}'"
    return HandlerSource.parse(word)


@pytest.mark.parametrize(
    ("language", "system"),
    [
        pytest.param("sh", "Windows", id="sh", marks=pytest.mark.slow),
        pytest.param("go", "Windows", id="go", marks=pytest.mark.slow),
        pytest.param("sh", "Linux", id="sh on Linux", marks=pytest.mark.slow),
        pytest.param("python", "Linux", id="Python on Linux", marks=pytest.mark.slow),
        pytest.param("go", "Linux", id="go on Linux", marks=pytest.mark.slow),
    ],
)
def test_a_backup_by_it_is_restored_and_verified(language: str, system: str, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    ordered = OrderedExtension("Contoso.Backup", TYPES[language], "1.0")
    config = Config(
        tmp_path / "world",
        handlers=(source(language, tmp_path / "package"),),
        windows_extension=ordered,
        linux_extension=ordered,
        scheduled=False,
    )
    image, consistency = (UBUNTU, "FileSystemConsistent") if system == "Linux" else (SQL_SERVER, "AppConsistent")
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        machine = scenario.create_machine(data_disk_gib=(1, 1), image=image)
        item = scenario.protect(machine)
        for _ in range(2):
            assert scenario.back_up(item).status == "Completed"
        points = scenario.recovery_points(item)
        assert [point.consistency for point in points] == [consistency] * 2
        verdict = scenario.verify(points[1], scenario.restore_disks(points[1]))
        assert verdict.verified, verdict.checks
        assert "the handler did as it reported" in {check.name for check in verdict.checks}
        assert scenario.extensions(machine) == {TYPES[language]: "Succeeded"}
