"""Tests with a world each, by the pytest plugin: how long a world takes to be there, with one worker and with four.

A folder of its own holds 200 tests; each gets a world, and makes and lists a resource group in it. What is measured is
the set-up of each test as pytest reports it, in which the world is opened, and the whole run. The first test of a
worker also starts Azurite and the process of the worlds: it counts in the whole run alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.report import Aim, finish, say
from controlplane.json_object import Json

ROOT = Path(__file__).parents[1]
TESTS = 200
WORKERS = (1, 4)
MEDIAN_SECONDS, LONGEST_SECONDS = 0.3, 1.0
"""Of the set-up of a test, with one worker; the second of the slowest in a hundred."""
SUITE = """
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_world(backup_world, backup_arm, number):
    groups = f"{{backup_world.subscription}}/resourceGroups"
    assert backup_arm.put(f"{{groups}}/mine", json={{"location": "westus"}}).status_code == 201
    assert len(backup_arm.get(groups).json()["value"]) == 1
"""
CONFTEST = """
import json

def pytest_runtest_logreport(report):
    worker = getattr(report, "node", None)
    line = {"worker": worker and worker.gateway.id, "when": report.when, "seconds": report.duration}
    with open("reports.jsonl", "a") as file:
        file.write(json.dumps(line) + "\\n")
"""


def measure(folder: Path, workers: int, tests: int = TESTS) -> Json:
    """Seconds of the whole run, of the set-ups, and of a test in the mean."""
    (folder / "test_worlds.py").write_text(SUITE.format(tests=tests))
    (folder / "conftest.py").write_text(CONFTEST)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    command += ["-p", "simulator.pytest_plugin", "-p", "xdist", "-n", str(workers)]
    began = perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = perf_counter() - began
    assert done.returncode == 0, done.stdout + done.stderr
    return {
        "workers": workers,
        "tests": tests,
        "seconds": round(seconds, 1),
        "seconds_per_test": round(seconds / tests, 3),
        "setup_seconds": percentiles(setups(folder / "reports.jsonl")),
    }


def setups(reports: Path) -> list[float]:
    """Of every test but the first of each worker."""
    of_workers = defaultdict(list)
    for line in reports.read_text().splitlines():
        report = json.loads(line)
        if report["when"] == "setup":
            of_workers[report["worker"]].append(float(report["seconds"]))
    return [seconds for found in of_workers.values() for seconds in found[1:]]


def percentiles(seconds: list[float]) -> Json:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(cuts[49], 3), "p90": round(cuts[89], 3), "p99": round(cuts[98], 3)}


def aims_of(alone: Json) -> list[Aim]:
    """Of the run with one worker."""
    found = alone["setup_seconds"]
    return [
        Aim("a test's world, median, one worker", found["p50"], MEDIAN_SECONDS, "at most", "s"),
        Aim("a test's world, p99, one worker", found["p99"], LONGEST_SECONDS, "at most", "s"),
    ]


def main() -> int:
    runs = []
    load = os.getloadavg()[0]
    for workers in WORKERS:
        with TemporaryDirectory(prefix="backupsim-bench-") as folder:
            runs.append(measure(Path(folder), workers))
        say(json.dumps(runs[-1]))
    return finish("plugin", aims_of(runs[0]), {"load_at_begin": round(load, 1), "runs": runs})


if __name__ == "__main__":
    sys.exit(main())
