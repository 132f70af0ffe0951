"""The wire server is good enough for a real guest agent: Debian's WALinuxAgent, in namespaces of its own.

Needs root for the namespaces, and the unpacked Debian package `waagent` in WAAGENT_FOLDER. (Unpacked, not installed:
installed it would take this machine for a virtual one and set it up.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc")
# Whoever is the first process of a namespace is no parent in the eyes of the agent, so a shell is put in between.
IN_BETWEEN = ("sh", "-c", '"$@"; exit $?', "sh")


@pytest.fixture
def agent_folder() -> Path:
    folder = os.environ.get("WAAGENT_FOLDER")
    if not folder:
        pytest.skip("WAAGENT_FOLDER names no unpacked waagent package")
    return Path(folder)


@pytest.mark.slow
def test_a_real_agent_installs_enables_reports_and_uninstalls(agent_folder: Path, tmp_path: Path) -> None:
    world = (sys.executable, "-m", "tests.e2e.real_agent_world", agent_folder, tmp_path)
    done = subprocess.run(
        [*NAMESPACES, *IN_BETWEEN, *world], cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["agent"]["status"] == "Ready"
    assert told["calls"] == ["install 0", "enable 0", "enable 1", "disable 1", "uninstall 1"]
    for report, secret in ((told["first"], "secret first"), (told["second"], "secret second")):
        (handler,) = report
        assert (handler["status"], handler["code"]) == ("Ready", 0)
        status = handler["runtimeSettingsStatus"]["settingsStatus"]["status"]
        assert status["formattedMessage"]["message"] == secret, "its protected settings were opened in the machine"
    assert told["last"] == []
    assert told["blob"]["aggregateStatus"]["handlerAggregateStatus"] == []
