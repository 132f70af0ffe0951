"""The handlers that the worlds of a pytest run publish besides our own, and which extension machines get then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controlplane.service_settings import ServiceSettings
from simulator.failures import WrongUse
from simulator.handlers.ordered_extensions import FIELDS
from simulator.handlers.sources import HandlerSource


@dataclass(frozen=True)
class GivenHandler:
    """A checked package, as a zip of this run."""

    name: str
    version: str
    file: Path
    source: Path
    """What it was made of."""


def given(words: Sequence[str], folder: Path) -> list[GivenHandler]:
    """From what `--backupsim-handler` names, as `backupsim up --handler` takes it: a folder, a zip, or a command that
    makes one. Each becomes a zip in `folder`, once for all worlds. WrongUse, one sentence."""
    found = []
    for number, word in enumerate(words):
        source = HandlerSource.parse(word)
        package = source.package()
        file = folder / f"given{number}.zip"
        file.write_bytes(package.content)
        found.append(GivenHandler(package.name, package.version, file, source.path))
    return found


def orders(handlers: Sequence[GivenHandler], said: Mapping[str, str]) -> dict[str, str]:
    """The extensions that a world is to order, as NAME:VERSION by the FIELDS, where machines have to get something else
    than ours. `said` has those that somebody named. A handler of our name takes our place in its version.

    WrongUse where handlers are given and no machine would get one."""
    usual, found = ServiceSettings(), dict(said)
    for field in FIELDS:
        ours = getattr(usual, field)
        for handler in handlers:
            if handler.name.lower() == f"{ours.publisher}.{ours.type}".lower() and field not in said:
                found[field] = f"{handler.name}:{handler.version}"
    ordered = {word.rpartition(":")[0].lower() for word in found.values()}
    if handlers and not ordered & {handler.name.lower() for handler in handlers}:
        names = ", ".join(sorted(handler.name for handler in handlers))
        raise WrongUse(
            f"no machine would get {names}; order it with --backupsim-windows-extension or "
            "--backupsim-linux-extension, or with windows_extension or linux_extension of the mark backup_world"
        )
    return found
