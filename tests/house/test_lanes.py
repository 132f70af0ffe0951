"""The lanes of the suite: what the default one leaves out, and that nothing may be skipped under --all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.arguments import for_pytest, keep_compiled, shared_out

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SUITE = """
import pytest

from tests.arguments import shared_out

def test_quick(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.long
def test_long(): pass

@pytest.mark.skipif(True, reason="no such machine")
def test_that_is_skipped(): pass
"""


@pytest.mark.parametrize(
    ("arguments", "code", "counts"),
    [
        ([], 0, {"passed": 1, "skipped": 1, "deselected": 2}),
        (["--all"], 1, {"passed": 2, "error": 1, "deselected": 1}),
        (["--long"], 0, {"passed": 2, "skipped": 1, "deselected": 1}),
        (["test_suite.py::test_long"], 0, {"passed": 1}),
        (["-m", "slow"], 0, {"passed": 1, "deselected": 3}),
    ],
    ids=str,
)
def test_a_lane_runs_what_belongs_to_it(
    tmp_path: Path, arguments: list[str], code: int, counts: dict[str, int]
) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), *arguments]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True)
    assert done.returncode == code, done.stdout
    found = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    found.pop("in", None)
    assert found == counts, done.stdout
    assert ("no such machine" in done.stdout) == (arguments == ["--all"])


@pytest.mark.parametrize("az", [["--az", sys.executable], [f"--az={sys.executable}"]], ids=["apart", "joined"])
def test_the_path_of_az_is_not_taken_for_a_folder_of_tests(az: list[str]) -> None:
    """In the environment that we are in: the command itself might have to install one first."""
    given = for_pytest([*az, "--collect-only", "--quiet", "-p", "no:cacheprovider", "tests/house/test_lanes.py"])
    command = [sys.executable, "-m", "pytest", *given]
    done = subprocess.run(command, cwd=CONFTEST.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_the_path_of_az" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "shared"),
    [
        ([], True),
        (["--all", "--az=/bin/az"], True),
        (["-k", "vault"], True),
        (["-n", "3"], False),
        (["--pdb"], False),
        (["tests/unit/controlplane/domain/test_vault.py"], False),
        (["tests/unit/controlplane/domain/test_vault.py::test_a_name"], False),
    ],
    ids=str,
)
def test_a_lane_is_shared_by_the_cores_unless_somebody_names_tests_or_says_how(
    arguments: list[str], shared: bool
) -> None:
    given = shared_out(arguments)
    assert given[len(given) - len(arguments) :] == arguments
    assert (given != arguments) == shared


def test_what_is_compiled_is_kept_whatever_the_environment_says() -> None:
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/bin"}
    keep_compiled(environment)
    assert environment == {"PATH": "/bin"}
