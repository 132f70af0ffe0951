"""The page of messages: every sentence that command, simulator and handler can show to a person, by module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docs.generator import source
from docs.generator.markdown import code, page, section, table

SAYERS = frozenset(
    {
        "BadParameter",
        "Check",
        "DatabaseReport",
        "OrderVerdict",
        "_check",
        "_completes",
        "_fail",
        "_text",
        "dict",
        "echo",
        "remark",
        "say",
    }
)
"""Calls that show a text to a person, besides what is raised."""
TABLES = ("PLACES", "TEXTS", "TOGETHER")
"""Constants whose values are sentences that such calls show."""
INTERNAL = frozenset({"AssertionError", "BlobNotFound", "NotImplementedError"})
"""Exceptions that are raised for a caller in the code, not to show their text to a person."""
WORDS = re.compile(r"[A-Za-z…}]+[,;:]? [A-Za-z{…(]+")

SECTIONS = (
    ("The command", "simulator/command"),
    ("The control API", "simulator/control"),
    ("State folder, storage and servers", "simulator/state", "simulator/storage", "simulator/serving.py"),
    ("World, client and scenario", "simulator/world.py", "simulator/client.py", "simulator/scenario_values.py"),
    ("Host and wire server", "simulator/host"),
    ("Guest", "simulator/guest"),
    ("The handler", "extension"),
)


@dataclass(frozen=True)
class Message:
    """A sentence with its blanks in braces, the module, and the exception or call that shows it."""

    module: str
    by: str
    text: str


def text() -> str:
    parts = [_section(title, places) for title, *places in SECTIONS]
    return page(
        "Messages",
        "What people read besides ARM's own errors, which are in [errors](errors.md), and the help texts, which are in "
        "[command](command.md). Braces stand for what is filled in. A sentence of a failure says what is wrong and, "
        "behind a semicolon, what to do.",
        *parts,
    )


def messages(*places: str) -> list[Message]:
    """The sentences of all modules below these paths, each once, in the order of the code."""
    found: dict[Message, None] = {}
    for path in source.files("extension", "simulator"):
        module = source.module_path(path)
        if module.startswith(tuple(places)):
            found |= dict.fromkeys(_of_module(module, source.tree(path)))
    return list(found)


def _section(title: str, places: Sequence[str]) -> str:
    rows = [(message.text, code(message.by), code(message.module)) for message in messages(*places)]
    return section(title, table(("sentence", "by", "in"), rows))


def _of_module(module: str, tree: ast.Module) -> Iterator[Message]:
    for node in sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0)):
        match node:
            case ast.Raise(exc=ast.Call() as call) if _name(call) not in INTERNAL:
                yield from _messages(module, _name(call), call.args)
            case ast.Call() if _name(node) in SAYERS:
                yield from _messages(module, _name(node), [*node.args, *(word.value for word in node.keywords)])
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as value) if name in TABLES:
                yield from _messages(module, name, value.values)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as value) if name in TABLES:
                yield from _messages(module, name, _english(value))


def _english(table: ast.Dict) -> list[ast.expr]:
    """The values of the first language, where a table has one dictionary per language."""
    first = table.values[0]
    return first.values if isinstance(first, ast.Dict) else table.values


def _messages(module: str, by: str, arguments: Iterable[ast.expr]) -> Iterator[Message]:
    for argument in arguments:
        said = _text(argument)
        if said and WORDS.search(said):
            yield Message(module, by, " ".join(said.split()))


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr(values=values):
            return "".join(map(_text, values))
        case ast.FormattedValue(value=value):
            return f"{{{_blank(value)}}}"
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            return _text(left) + _text(right)
        case ast.IfExp(body=body, orelse=other):
            return _text(body) or _text(other)
    return ""


def _blank(value: ast.expr) -> str:
    """The name of what is filled in: the last name of the expression."""
    names = re.findall(r"[a-z_]+", re.sub(r"'[^']*'|\([^()]*\)", "", ast.unparse(value)).lower())
    return names[-1].strip("_") if names else "value"


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]
