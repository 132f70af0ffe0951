"""The rules of the house that a machine can check: one rule, one test; the tables are the architecture."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for top in ("extension", "controlplane", "simulator") for path in (ROOT / top).rglob("*.py"))

CONTRACT = "extension.contract"
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    # A package may import itself, the standard library, and what its row names. Rows go from the ground up.
    CONTRACT: (),
    "extension": (CONTRACT, "cryptography"),
    "controlplane": (),
    "controlplane.domain": (),
    "controlplane.templates": (),
    "controlplane.ports": ("controlplane.domain", CONTRACT),
    "controlplane.vault_format": ("controlplane.domain", "controlplane.ports"),
    "controlplane.jobs": (
        "controlplane.vault_format",
        "controlplane.domain",
        "controlplane.ports",
        "controlplane.templates",
        CONTRACT,
    ),
    "controlplane.adapters": (
        "controlplane.domain",
        "controlplane.ports",
        "controlplane.jobs.engine.execution",
        "controlplane.jobs.engine.plan",
        CONTRACT,
        "alembic",
        "azure",
        "cryptography",
        "sqlalchemy",
    ),
    "controlplane.arm": (
        "controlplane.domain",
        "controlplane.ports",
        "controlplane.jobs",
        "controlplane.templates",
        "controlplane.vault_format",
        "fastapi",
        "jwt",
        "pydantic",
        "starlette",
    ),
    "simulator.guest": ("apsw", "controlplane.ports", CONTRACT, "cryptography", "simulator.clock.virtual"),
    "simulator.host": (
        "controlplane.ports",
        CONTRACT,
        "cryptography",
        "fastapi",
        "simulator.clock.virtual",
        "simulator.guest",
        "starlette",
    ),
    "simulator": (
        "controlplane",
        CONTRACT,
        "cryptography",
        "fastapi",
        "filelock",
        "httpx",
        "platformdirs",
        "prometheus_client",
        "pydantic",
        "rich",
        "starlette",
        "structlog",
        "typer",
        "uvicorn",
    ),
}
ONE_HOME = {"azure": {"azurite.py"}, "sqlalchemy": {"store.py", "baseline.py"}, "apsw": {"workload.py", "database.py"}}
IMPURE = {"now", "utcnow", "today", "time", "sleep", "uuid4", "random", "open"}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only: they read as addresses"
            assert node.module
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if not inside(name, "__future__")]


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_come_only_from_the_floors_below(path: Path) -> None:
    home = max((package for package in MAY_IMPORT if inside(module(path), package)), key=len)
    allowed = (home, *MAY_IMPORT[home])
    for name in imports(path):
        standard = name.split(".")[0] in sys.stdlib_module_names
        assert standard or any(inside(name, package) for package in allowed), f"{module(path)} may not import {name}"


@pytest.mark.parametrize("library", ONE_HOME)
def test_each_library_has_one_home(library: str) -> None:
    users = {path.name for path in FILES if any(inside(name, library) for name in imports(path))}
    assert users <= ONE_HOME[library]


def test_the_simulator_never_imports_the_handler() -> None:
    strangers = [
        (module(path), name)
        for path in FILES
        if not inside(module(path), "extension")
        for name in imports(path)
        if inside(name, "extension") and not inside(name, CONTRACT)
    ]
    assert not strangers


@pytest.mark.parametrize("path", [path for path in FILES if inside(module(path), "controlplane.domain")], ids=module)
def test_the_domain_is_pure(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
    assert not names & IMPURE, f"pass it in instead: {names & IMPURE}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_every_file_says_its_one_job(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
    assert first.endswith("."), "the first line of the module docstring is its one-sentence job"
