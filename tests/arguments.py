"""What `python3 tests` makes of its arguments before pytest sees them."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

MOST_PROCESSES = 6
ALONE = ("-n", "--numprocesses", "--pdb", "--collect-only", "--co", "-x", "--exitfirst", "-p")
"""Options by which somebody says how tests are run, or wants to look at one."""


PROGRAMS = ("--az", "--terraform")
"""Options that name a program."""


def for_pytest(arguments: list[str]) -> list[str]:
    """The arguments of the command as pytest is given them."""
    return shared_out(with_programs_joined(arguments))


def with_programs_joined(arguments: list[str]) -> list[str]:
    # Pytest looks for its tests before it knows our options: it would take the path of a program for their folder.
    joined: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        joined.append(word + "=" + rest.pop(0) if word in PROGRAMS and rest else word)
    return joined


def shared_out(arguments: list[str]) -> list[str]:
    """A lane as a whole is shared by the cores, file by file; what is named one by one runs here, where a debugger
    works.

    There are two processes more than cores, since those that run worlds wait for them: with one more, a sixth of the
    time of two cores was idle. Files run in their order, not the one with the most tests first: the end-to-end tests,
    which are few and long, would all come last.
    """
    named = any("::" in word or os.path.exists(word) for word in arguments if not word.startswith("-"))
    if named or any(word == option or word.startswith(f"{option}=") for word in arguments for option in ALONE):
        return arguments
    processes = min((os.cpu_count() or 1) + 2, MOST_PROCESSES)
    return [f"--numprocesses={processes}", "--dist=loadfile", "--no-loadscope-reorder", *arguments]


def keep_compiled(environment: MutableMapping[str, str]) -> None:
    """Let Python keep what it has compiled, whatever this environment says: every process of a test run, and every
    world that it starts, would else compile all of it again."""
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
