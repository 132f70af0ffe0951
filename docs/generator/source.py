"""What only the source text tells: fields with what stands below them, errors where they are made, names of variables.

Everything that can be asked of the imported code is asked of that; this is for the rest.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).parents[2]
PRODUCT = ("extension", "controlplane", "simulator")
ELSEWHERE = "…"


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
    found = []
    for statement, below in zip(definition.body, [*definition.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            default = None if statement.value is None else ast.unparse(statement.value)
            found.append(Field(statement.target.id, ast.unparse(statement.annotation), default, _text_of(below)))
    return found


def _text_of(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return inspect.cleandoc(str(statement.value.value))
    return ""


# --------------------------------------------------------------------------------------------------------------- errors


@dataclass(frozen=True)
class Raised:
    """A call that makes an error: its arguments by name, as far as the text gives them; blanks in braces."""

    module: str
    line: int
    arguments: dict[str, str]


def raised(name: str, parameters: tuple[str, ...], *packages: str) -> list[Raised]:
    """Every call of `name` whose first argument is a plain text, in the order of the files."""
    found: list[Raised] = []
    for path in files(*packages):
        module = tree(path)
        calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _name(node.func) == name]
        literal = [call for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
        literal.sort(key=lambda call: call.lineno)
        for call in literal:
            known = _texts_known_at(module, call.lineno)
            arguments = {key: _text(node, known) for key, node in zip(parameters, call.args, strict=False)}
            arguments |= {word.arg: _text(word.value, known) for word in call.keywords if word.arg}
            found.append(Raised(module_path(path), call.lineno, arguments))
    return found


def _texts_known_at(module: ast.Module, line: int) -> dict[str, ast.expr]:
    """The names that stand for a text at this line: those of the module, and of the functions around it."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    around = [node for node in functions if node.lineno <= line <= (node.end_lineno or line)]
    nodes = [*module.body, *(node for function in around for node in ast.walk(function))]
    known: dict[str, ast.expr] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.JoinedStr() as text, lineno=at):
                if at < line:
                    known[name] = text
    return known


def _name(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def _text(node: ast.expr, known: Mapping[str, ast.expr]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        blank = node.value.id if isinstance(node.value, ast.Name) and node.value.id not in known else None
        return f"{{{blank}}}" if blank else _text(node.value, known)
    if isinstance(node, ast.Name) and node.id in known:
        return _text(known[node.id], {})
    return ELSEWHERE


# ---------------------------------------------------------------------------------------------------------------- names


def texts(pattern: str, *packages: str) -> list[str]:
    """The string constants that match the whole pattern, each once, in the order of the alphabet."""
    wanted = re.compile(pattern)
    nodes = (node for path in files(*packages) for node in ast.walk(tree(path)))
    values: set[Any] = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return sorted(value for value in values if isinstance(value, str) and wanted.fullmatch(value))
