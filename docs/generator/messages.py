"""The page of messages: every sentence that people can read of command, simulator, service and handler, by module."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs.generator import source
from docs.generator.markdown import code, page, section, table
from docs.generator.texts import Reader, name_of

SECTIONS = (
    ("The command", "simulator/command"),
    ("The control API", "simulator/control"),
    ("State folder and storage", "simulator/state", "simulator/storage"),
    ("World, servers, client and scenario", "simulator/"),
    ("Faults", "simulator/faults"),
    ("Tests of users", "simulator/testing"),
    ("Saved worlds", "simulator/saved_worlds"),
    ("Explanations", "simulator/explaining"),
    ("Host and wire server", "simulator/host"),
    ("Guest", "simulator/guest"),
    ("The handler", "extension"),
    ("Ports and their adapters", "controlplane/adapters", "controlplane/", "controlplane/vault_format"),
    ("Azure Resource Manager", "controlplane/arm"),
    ("Templates", "controlplane/templates"),
    ("Rules of the domain", "controlplane/domain"),
    ("Jobs", "controlplane/jobs"),
)
"""A folder stands for everything below it; one with a slash behind it for its own modules alone."""

WORDS = re.compile(r"[A-Za-z…}]+[,;:]? [A-Za-z{…(]+")
"""Two words, or a word and a blank."""
WORD = re.compile(r"[a-z]{3}")

ELSEWHERE = frozenset({"Argument", "ArgumentParser", "FastAPI", "Option", "Typer", "add_argument"})
"""Calls whose texts are help, which is in command.md, or descriptions of the API."""
IN_THE_LOG = frozenset({"debug", "error", "exception", "info", "warning"})
"""Calls that write a line of the log, if the text is their first argument."""
FOR_PROGRAMS = frozenset(
    {
        "Random",
        "_az",
        "answer_of",
        "exec_driver_sql",
        "execute",
        "pack",
        "removeprefix",
        "sha256",
        "startswith",
        "text",
        "writestr",
    }
)
"""Calls that hand a text to a program."""
INTERNAL = frozenset(
    {"AssertionError", "NotImplementedError", "OutOfOrder", "UnexpectedEvent", "WaitedWithWriter", "about_to_wait"}
)
"""Exceptions of a fault in the program, and a call that raises one."""
CONSTANTS = frozenset(
    {
        "ACCOUNTS_TAKEN",
        "BUILT_IN",
        "LISTENING",
        "SHELLS",
        "STEP_SECONDS",
        "WAITING_COMMAND",
        "_IANA_BY_WINDOWS",
    }
)
"""Constants with names and words of Azure and of other programs, not with sentences."""
OF_OTHERS = (
    "controlplane/domain/location.py",
    "controlplane/domain/recovery_services/supported_systems.py",
    "simulator/command/chinese/checks.py",
    "simulator/command/chinese/conformance.py",
    "simulator/command/chinese/explain.py",
    "simulator/command/chinese/failures.py",
    "simulator/command/chinese/faults.py",
    "simulator/command/chinese/handlers.py",
    "simulator/command/chinese/reasons.py",
    "simulator/command/chinese/requirements.py",
    "simulator/command/chinese/saved_worlds.py",
    "simulator/command/chinese/scenes.py",
    "simulator/command/chinese/vss.py",
    "simulator/command/conforming/page.py",
    "simulator/faults/catalogue/agent.py",
    "simulator/faults/catalogue/arm.py",
    "simulator/faults/catalogue/guest.py",
    "simulator/faults/catalogue/host.py",
    "simulator/faults/catalogue/storage.py",
    "simulator/faults/catalogue/vss.py",
    "simulator/guest/vss/event_log.py",
    "simulator/guest/vss/hresult.py",
    "simulator/guest/vss/vssadmin.py",
    "simulator/guest/vss/writers.py",
    "simulator/guest/windows.py",
)
"""Modules with names of regions and systems, with translations, with the markup of a page, with what Windows says, and
with faults, which have a page of their own."""
SYNTAX = re.compile(
    r"(SELECT|PRAGMA|SET|BEGIN|INSERT|UPDATE|CREATE|SharedKey|Bearer|Basic|HKLM)\b"
    r"|[A-Z]\w+-[\w-]+: |Host: |Connection: |text/|import |export |.* HTTP/1\.1$|bytes \{|bold "
    r"|disk \{lun\}$|guest \{|.*[\x00-\x1f\u4e00-\u9fff]"
)
"""Beginnings of texts that a program reads."""


@dataclass(frozen=True)
class Message:
    """A sentence with its blanks in braces, the module, and the exception, call or function that shows it."""

    module: str
    by: str
    text: str


def text() -> str:
    return page(
        "Messages",
        "What people read besides the errors of ARM as a whole, which are in [errors](errors.md), and the help texts, "
        "which are in [command](command.md). Braces stand for what is filled in; several sentences that one place can "
        "say are rows of their own. A sentence of a failure says what is wrong and, behind a semicolon, what to do. "
        "What begins in lower case without a semicolon is part of a sentence: the reason in an error, or a detail.",
        *(_section(title, places) for title, *places in SECTIONS),
    )


def messages(*places: str) -> list[Message]:
    """The sentences of all modules in these places, each once, in the order of the code."""
    listed: dict[Message, None] = {}
    for path in source.files(*source.PRODUCT):
        module = source.module_path(path)
        if module in OF_OTHERS or module.startswith("controlplane/domain/errors/"):
            continue
        if any(_is_in(module, place) for place in places):
            listed |= dict.fromkeys(_of_module(path))
    return list(listed)


def _is_in(module: str, place: str) -> bool:
    if place.endswith("/"):
        return module.rpartition("/")[0] == place.rstrip("/")
    return module.startswith(place)


def _section(title: str, places: Sequence[str]) -> str:
    rows = [(message.text, code(message.by), code(message.module)) for message in messages(*places)]
    return section(title, table(("sentence", "by", "in"), rows))


@cache
def _of_module(path: Path) -> tuple[Message, ...]:
    module, reader = source.module_path(path), Reader(source.tree(path))
    return tuple(
        Message(module, read.by, read.text)
        for node, read in reader.texts()
        if _is_sentence(read.text) and _is_for_people(reader, node, read.by)
    )


def _is_sentence(said: str) -> bool:
    literal = re.sub(r"{\w*}", "", said)
    return bool(WORDS.search(said) and WORD.search(literal)) and not SYNTAX.match(said)


def _is_for_people(reader: Reader, node: ast.expr, by: str) -> bool:
    outer = next(reader.around(node))
    if isinstance(outer, ast.Expr | ast.Compare | ast.Subscript | ast.Assert) or by in ELSEWHERE | INTERNAL:
        return False
    if isinstance(outer, ast.Call) and node in outer.args and name_of(outer.func) in IN_THE_LOG:
        return False
    return by not in FOR_PROGRAMS | CONSTANTS
