"""Starts the installed `backupsim` command, unless other packages stand where ours should be.

A wheel installs this file as the module `backupsim` too, beside the packages `extension`, `controlplane` and
`simulator`, whose names others may use as well. So it imports the standard library alone until it knows that the three
are ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

OURS: Mapping[str, str] = {
    "extension": "contract/protocol.py",
    "controlplane": "ports.py",
    "simulator": "command/cli.py",
}
"""Each package, and a file of ours in it."""
LACKS = 3


def problem() -> str | None:
    """What stands in the way of one of our packages, in one sentence; None: nothing does."""
    for name in OURS:
        if not _is_ours(name):
            places = _places(name)
            other = f"{places[0]} hides" if places else "nothing provides"
            return (
                f"{other} the package {name} of azure-backup-simulator; remove it from PYTHONPATH, or install "
                "azure-backup-simulator in an environment of its own (pipx install azure-backup-simulator)"
            )
    return None


def _places(name: str) -> list[Path]:
    """Where Python looks for this package's modules, nearest first; for a plain module its own file."""
    spec = find_spec(name)
    if spec is None:
        return []
    folders: Iterable[str] = spec.submodule_search_locations or ([spec.origin] if spec.origin else [])
    return [Path(folder) for folder in folders]


def _is_ours(name: str) -> bool:
    return any((place / OURS[name]).is_file() for place in _places(name)[:1])


def _spoken(sentence: str) -> str:
    """In the language of the command line, if the texts are there."""
    if not _is_ours("simulator"):
        return sentence
    from simulator.command import texts
    from simulator.command.bootstrap import language_of

    return texts.failure(sentence, language_of(sys.argv))


def main() -> NoReturn:
    if sentence := problem():
        sys.stderr.write(f"backupsim: {_spoken(sentence)}\n")
        sys.exit(LACKS)
    from simulator.command import cli

    cli.main()
