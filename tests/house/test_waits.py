"""Every wait of the product is announced, so that one inside a transaction of the store fails in any test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("controlplane", "simulator/clock", "simulator/storage", "simulator/host", "simulator/guest")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
ANNOUNCED = "about_to_wait"

OWN_THREADS = {
    "azurite._read",
    "inline_engine._dispatch_until_closed",
    "parked_runs._next",
    "repeating._hand_out",
    "turns._rest",
}
"""What threads run that exist to wait: no transaction is open where they begin."""


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    """Coroutines are none of them: what they await blocks no thread."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def waits(function: ast.FunctionDef) -> bool:
    return any(_blocks(call.func.attr, call) for call in calls(function) if isinstance(call.func, ast.Attribute))


def _blocks(verb: str, call: ast.Call) -> bool:
    """Not `", ".join(parts)`, nor a pool that is left to end by itself."""
    if verb == "join":
        return not call.args
    if verb == "shutdown":
        return any(word.arg == "wait" and ast.unparse(word.value) == "True" for word in call.keywords)
    return verb in {"wait", "wait_for", "result"}


def announces(function: ast.FunctionDef) -> bool:
    return any(isinstance(call.func, ast.Name) and call.func.id == ANNOUNCED for call in calls(function))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_wait_is_announced(path: Path) -> None:
    silent = {f"{path.stem}.{each.name}" for each in functions(path) if waits(each) and not announces(each)}
    assert silent - OWN_THREADS == set(), f"call {ANNOUNCED} before it"


def test_the_exceptions_are_there() -> None:
    there = {f"{path.stem}.{each.name}" for path in FILES for each in functions(path) if waits(each)}
    assert there >= OWN_THREADS
