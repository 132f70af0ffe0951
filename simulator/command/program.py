"""How the program was called: the name under which sentences, usage and help tell what to type.

In a checkout that is `python3 simulator`, with the path to it from elsewhere; where the program is installed it is
`backupsim`. Every sentence of the command is written with `backupsim`, and `as_called` puts the right name in when it
is printed. The bootstrap uses this too, so that an old Python must be able to read it.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

INSTALLED = "backupsim"
CHECKOUT = "simulator"
"""The folder that Python is told to run."""
COMMANDS = (
    "az",
    "clock",
    "conform",
    "dashboard",
    "demo",
    "doctor",
    "env",
    "explain",
    "fault",
    "forecast",
    "guest",
    "handler",
    "help",
    "pace",
    "prefetch",
    "record",
    "run",
    "scenario",
    "shell",
    "stop",
    "up",
    "vault",
    "verify",
    "wait",
    "world",
)
_COMMAND_LINE = re.compile(rf"\b{INSTALLED}(?= (?:{'|'.join(COMMANDS)})\b)")


def name(started: str | None = None, folder: Path | None = None) -> str:
    """What to type for this program. `started` is how Python names the program, `folder` where the user is."""
    program = Path(sys.argv[0] if started is None else started)
    here = Path.cwd() if folder is None else folder
    place = Path(os.path.normpath(here / (program.parent if program.name == "__main__.py" else program)))
    if place.name != CHECKOUT:
        return INSTALLED
    return f"python3 {CHECKOUT if place.parent == here else shlex.quote(str(place))}"


def as_called(sentence: str, program: str | None = None) -> str:
    """The sentence with this program's name in the command lines that it proposes."""
    called = name() if program is None else program
    return _COMMAND_LINE.sub(lambda match: called, sentence)
