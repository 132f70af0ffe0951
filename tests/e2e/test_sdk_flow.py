"""A machine's backup by the Python SDKs, told where Azure is or believing it to be in its usual place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.running import Up, up

PROGRAM = Path(__file__).with_name("sdk_flow.py")
PATIENCE_SECONDS = 300


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Up]:
    with up(tmp_path / "world") as world:
        yield world


@pytest.mark.slow
@pytest.mark.parametrize("way", ["env", "run"])
def test_the_sdks_back_a_machine_up_and_restore_it(world: Up, azure_python: Path, way: str) -> None:
    done = _told(world, azure_python) if way == "env" else _unchanged(world, azure_python)
    assert done.returncode == 0, done.stderr
    print(done.stdout)  # noqa: T201 - how long each step took is to stand in the test's output
    assert json.loads(done.stdout)["seen"] == {
        "keys": ["key1", "key2"],
        "address": "10.1.0.4",
        "power": ["PowerState/running"],
        "vault": ["vault01", "Succeeded"],
        "before": "NotProtected",
        "policies": ["DefaultPolicy", "EnhancedPolicy"],
        "protected": "IRPending",
        "after": "Protected",
        "containers": ["vm1"],
        "backup": [["Take Snapshot", "Completed"], ["Transfer data to vault", "Completed"]],
        "consistency": "AppConsistent",
        "extensions": [["VMSnapshot", "Microsoft.Azure.RecoveryServices", "VMSnapshot", "Succeeded"]],
        "restored to": "sdkstore",
        "disks": ["Windows"],
        "deployment": "Succeeded",
        "addresses": ["ip"],
        "stopped": "ProtectionStopped",
        "came back": ["ProtectionStopped", 1],
        "resumed": "DefaultPolicy",
        "deleted": "vault01",
        "vaults": ["vault01"],
        "left": ["AzureBackupRG_westus_1"],  # the service's own, as long as what is soft-deleted may come back
    }


def _told(world: Up, python: Path) -> subprocess.CompletedProcess[str]:
    printed = _backupsim(world, "env", "--shell", "json").stdout
    return _run([str(python), str(PROGRAM)], {**os.environ, **json.loads(printed)})


def _unchanged(world: Up, python: Path) -> subprocess.CompletedProcess[str]:
    return _backupsim(world, "run", "--", str(python), str(PROGRAM))


def _backupsim(world: Up, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BACKUPSIM_STATE": str(world.state)}
    return _run([sys.executable, "-m", "simulator.command.cli", *arguments], environment)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
