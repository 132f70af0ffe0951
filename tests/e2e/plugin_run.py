"""A pytest of its own with the plugin, in a folder that has nothing of the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from simulator.state.folder import cache_folder
from tests.e2e.conftest import ROOT

LIMIT_SECONDS = 600
OURS = ("PYTEST_", "BACKUPSIM_", "AZURE_")
"""What of this process's environment is for this run of tests, and not for the one that it starts."""
PLUGIN = ("-p", "simulator.pytest_plugin")


class Run:
    """What a pytest run ended with."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.said = done.returncode, done.stdout + done.stderr
        summary = done.stdout.splitlines()[-1] if done.stdout else ""
        self.counts = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", summary)}
        self.counts.pop("in", None)


def run_pytest(folder: Path, *arguments: str, plugins: tuple[str, ...] = PLUGIN, **variables: str) -> Run:
    """Plugins that happen to be installed here are left out: those of `plugins` are there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment: Mapping[str, str] = {
        **kept,
        "HOME": str(folder),
        "BACKUPSIM_CACHE": str(cache_folder()),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--strict-markers", "--rootdir", str(folder)]
    command += ["-p", "no:cacheprovider", "--basetemp", str(folder / "temporary"), *plugins, *arguments]
    return Run(
        subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    )
