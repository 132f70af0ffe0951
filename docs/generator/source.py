"""What only the source text tells: fields with what stands below them, and names of variables.

Everything that can be asked of the imported code is asked of that; this is for the rest. texts.py reads sentences.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).parents[2]
PRODUCT = ("extension", "controlplane", "simulator")


def files(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --------------------------------------------------------------------------------------------------------------- fields


@dataclass(frozen=True)
class Field:
    """A field of a class, with the text that stands right below it."""

    name: str
    type: str
    default: str | None
    text: str


def fields(of: type) -> list[Field]:
    definition = ast.parse(dedent(inspect.getsource(of))).body[-1]
    assert isinstance(definition, ast.ClassDef)
    read = []
    for statement, below in zip(definition.body, [*definition.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            default = None if statement.value is None else ast.unparse(statement.value)
            read.append(Field(statement.target.id, ast.unparse(statement.annotation), default, _text_of(below)))
    return read


def _text_of(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return inspect.cleandoc(str(statement.value.value))
    return ""


# ---------------------------------------------------------------------------------------------------------------- names


def texts(pattern: str, *packages: str) -> list[str]:
    """The string constants that match the whole pattern, each once, in the order of the alphabet."""
    whole = re.compile(pattern)
    nodes = (node for path in files(*packages) for node in ast.walk(tree(path)))
    values: set[Any] = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return sorted(value for value in values if isinstance(value, str) and whole.fullmatch(value))
