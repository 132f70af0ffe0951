"""A demo that ran as a newcomer would run it, kept for the tests that look at what it left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class KeptDemo:
    folder: Path
    result: dict[str, Any]
    stdout: str
    stderr: str


def backupsim(*arguments: str, timeout_seconds: int = 300) -> subprocess.CompletedProcess[str]:
    """The command as a person starts it, without the bootstrap (the tests have their environment already)."""
    return subprocess.run(
        [sys.executable, "-m", "simulator.command.cli", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("BACKUPSIM_STATE")},
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


@pytest.fixture(scope="session")
def kept_demo(tmp_path_factory: pytest.TempPathFactory) -> KeptDemo:
    """Run once for all processes of a test run; each of them looks at a copy of its own."""
    folder = tmp_path_factory.mktemp("kept") / "world"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return _demo(folder)
    shared = tmp_path_factory.getbasetemp().parent / "kept-demo"
    with FileLock(f"{shared}.lock"):
        if not (shared / "said.json").exists():
            made = _demo(shared / "world")
            (shared / "said.json").write_text(json.dumps([made.stdout, made.stderr]), encoding="utf-8")
        shutil.copytree(shared / "world", folder, symlinks=True)
    stdout, stderr = json.loads((shared / "said.json").read_text(encoding="utf-8"))
    return KeptDemo(folder, json.loads(stdout), stdout, stderr)


def _demo(folder: Path) -> KeptDemo:
    done = backupsim("demo", "--json", "--keep", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return KeptDemo(folder, json.loads(done.stdout), done.stdout, done.stderr)


@pytest.fixture(scope="session")
def az(pytestconfig: pytest.Config) -> Path:
    """The real az."""
    named = pytestconfig.getoption("az") or os.environ.get("BACKUPSIM_AZ") or "az"
    found = shutil.which(named)
    if found is None:
        pytest.skip(
            "no az; pip install azure-cli azure-identity azure-mgmt-network in an environment of its own, "
            "then name it by --az PATH"
        )
    return Path(found)


@pytest.fixture(scope="session")
def terraform(pytestconfig: pytest.Config) -> Path:
    """The real terraform. Where a folder `mirror` lies beside the folder of the program, it holds the provider."""
    named = pytestconfig.getoption("terraform") or "terraform"
    found = shutil.which(named)
    if found is None:
        pytest.skip("no terraform; name one by --terraform PATH, or run .ci/run, which makes one and its provider")
    return Path(found)


@pytest.fixture(scope="session")
def azure_python(az: Path) -> Path:
    """A Python with the real SDKs: the one that az itself runs in."""
    python = az.with_name("python")
    needed = "import azure.identity, azure.mgmt.network, azure.mgmt.recoveryservices, azure.mgmt.resource"
    if not python.exists() or subprocess.run([python, "-c", needed], capture_output=True, check=False).returncode:
        pytest.skip(f"no SDKs beside {az}; pip install azure-identity azure-mgmt-network where that az is")
    return python
