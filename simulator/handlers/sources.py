"""Where a handler comes from: a folder, a zip, or a command that makes one and names it on its last line.

A folder becomes the same zip each time. The command runs as whoever started `backupsim`, and never for a request.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from simulator.failures import WrongUse
from simulator.handlers.package_check import (
    LARGEST_PACKAGE_BYTES,
    LARGEST_UNPACKED_BYTES,
    MOST_FILES,
    CheckedPackage,
    PackageRefused,
    checked,
)

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""
LEFT_OUT = frozenset({".git", "__pycache__"})
LONGEST_COMMAND_SECONDS = 600
NAMED = re.compile(r"(?P<path>.+)=(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)(?::(?P<version>[\d.]+))?")
"""PATH=PUBLISHER.TYPE or PATH=PUBLISHER.TYPE:VERSION."""


@dataclass(frozen=True, slots=True)
class HandlerSource:
    """A folder or a zip, and the name and version that count in place of those of its manifest."""

    path: Path
    name: str | None = None
    version: str | None = None

    @classmethod
    def parse(cls, word: str) -> HandlerSource:
        """From what a person gives: PATH, or PATH=PUBLISHER.TYPE:VERSION. A command is run. WrongUse, one sentence."""
        if _is_there(word):
            return cls(Path(word).absolute())
        named = NAMED.fullmatch(word)
        if named is None:
            return cls(made_by(word))
        return cls(made_by(named["path"]), named["name"], named["version"])

    def package(self) -> CheckedPackage:
        """WrongUse: what is there cannot be published."""
        try:
            return checked(content_of(self.path), name=self.name, version=self.version)
        except (OSError, PackageRefused) as problem:
            reason = f"{problem.strerror}" if isinstance(problem, OSError) else problem
            raise WrongUse(f"{self.path} cannot be published as a handler: {reason}") from None


def content_of(path: Path) -> bytes:
    """The zip at this path, or of the folder there. OSError; PackageRefused for a folder that is too large."""
    if path.is_dir():
        return packed(path)
    with path.open("rb") as file:
        return file.read(LARGEST_PACKAGE_BYTES + 1)


def packed(folder: Path) -> bytes:
    """The files of a folder as a zip with the same bytes each time."""
    buffer = io.BytesIO()
    total = 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, path in enumerate(sorted(_files_of(folder))):
            if folder.resolve() not in path.resolve().parents:
                raise PackageRefused(f"{path} is a link to outside of the folder; put the file itself there")
            total += path.stat().st_size
            if number >= MOST_FILES or total > LARGEST_UNPACKED_BYTES:
                raise PackageRefused(f"{folder} is too large for a package; name the folder of the handler alone")
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.create_system = 3
            entry.external_attr = path.stat().st_mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not LEFT_OUT & set(path.relative_to(folder).parts)]


def made_by(word: str) -> Path:
    """The folder or zip at a path, or the one that a command names on the last line of its output."""
    if _is_there(word):
        return Path(word).absolute()
    try:
        arguments = shlex.split(word)
    except ValueError:
        arguments = []
    program = shutil.which(arguments[0]) if arguments else None
    if program is None:
        raise WrongUse(f"{word} is no folder, no zip and no command; name a handler by one of them")
    try:
        ended = subprocess.run(
            [program, *arguments[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=LONGEST_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise WrongUse(f"{word} could not be run, or not within ten minutes; run it yourself and look") from None
    if ended.returncode != 0:
        raise WrongUse(f"{word} ended with exit code {ended.returncode}; its own output says why")
    lines = ended.stdout.decode(errors="replace").strip().splitlines()
    made = Path(lines[-1].strip()) if lines else Path()
    if not lines or not made.exists():
        raise WrongUse(f"{word} did not name the folder or zip that it made; print its path as the last line")
    return made.absolute()


def _is_there(word: str) -> bool:
    return bool(word) and Path(word).exists()
