"""What `python3 tests` makes of its arguments before pytest sees them."""

from __future__ import annotations

import os

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
    works."""
    named = any("::" in word or os.path.exists(word) for word in arguments if not word.startswith("-"))
    if named or any(word == option or word.startswith(f"{option}=") for word in arguments for option in ALONE):
        return arguments
    return ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", *arguments]
