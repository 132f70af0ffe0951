"""Looks at a handler package before it is published: what a machine could not unpack or start is refused here.

A package is a zip with HandlerManifest.json at its root, as Azure's guest agents take it. What the manifest names must
be in the package and must be a program of this system: the guests are simulated, their handlers run as processes here.
The name and the version of a published handler come from its publisher; many real manifests have other values there,
so both can be given from outside.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from extension.contract.protocol import MANIFEST_FILE, HandlerManifest, ProtocolError

LARGEST_PACKAGE_BYTES = 64 * 1024 * 1024
LARGEST_UNPACKED_BYTES = 512 * 1024 * 1024
MOST_FILES = 10_000
LARGEST_MANIFEST_BYTES = 256 * 1024
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
"""Publisher and type: the last part is the type."""
VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){1,3}")
PROGRAM_STARTS = (b"#!", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How a file begins that this system can start: a script that names its interpreter, or a binary."""
SYMLINK = 0o120000


class PackageRefused(ValueError):
    """What was to be published is not a handler package."""


@dataclass(frozen=True, slots=True)
class CheckedPackage:
    """A package that can be published. `name` is Publisher.Type."""

    name: str
    version: str
    content: bytes = field(repr=False)


def checked(content: bytes, *, name: str | None = None, version: str | None = None) -> CheckedPackage:
    """The package that this zip is; PackageRefused says in one sentence what is wrong and what helps.

    `name` and `version` count in place of those of the manifest.
    """
    if len(content) > LARGEST_PACKAGE_BYTES:
        most = LARGEST_PACKAGE_BYTES // (1024 * 1024)
        raise PackageRefused(f"the package is larger than {most} MiB; leave out what the handler does not need")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = _files(archive)
            manifest = _manifest(archive, files)
            named = _named(manifest, name, version)
            for verb, command in manifest.commands.items():
                _check_command(archive, files, verb, command)
    except zipfile.BadZipFile:
        raise PackageRefused("it is no zip file; name a folder, a zip, or a command that makes one") from None
    except (NotImplementedError, RuntimeError):  # what zipfile raises for a compression or a password it lacks
        raise PackageRefused("the zip is encrypted or packed in a rare way; make it with zip as usual") from None
    return CheckedPackage(*named, content)


def _files(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED_BYTES:
        most = LARGEST_UNPACKED_BYTES // (1024 * 1024)
        raise PackageRefused(
            f"unpacked, the package has more than {MOST_FILES} files or {most} MiB; leave out what is not needed"
        )
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            raise PackageRefused(f"{entry.filename} would lie outside of the package's folder; make the zip inside it")
        if (entry.external_attr >> 16) & 0o170000 == SYMLINK:
            raise PackageRefused(f"{entry.filename} is a symbolic link; put the file itself into the package")
    return {entry.filename.replace("\\", "/"): entry for entry in entries if not entry.is_dir()}


def _manifest(archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo]) -> HandlerManifest:
    if MANIFEST_FILE not in files:
        deeper = next((name for name in files if name.endswith(f"/{MANIFEST_FILE}")), None)
        if deeper is not None:
            folder = deeper.rpartition("/")[0]
            raise PackageRefused(f"{MANIFEST_FILE} lies in the folder {folder}; pack what is in that folder")
        raise PackageRefused(f"{MANIFEST_FILE} is missing; put it at the root of the package")
    if files[MANIFEST_FILE].file_size > LARGEST_MANIFEST_BYTES:
        raise PackageRefused(f"{MANIFEST_FILE} is too large to be one; see docs/handler-guide.md")
    try:
        return HandlerManifest.parse(archive.read(files[MANIFEST_FILE]))
    except ProtocolError as problem:
        raise PackageRefused(f"{problem}; see docs/handler-guide.md for one that works") from None


def _named(manifest: HandlerManifest, name: str | None, version: str | None) -> tuple[str, str]:
    named, numbered = name or manifest.name, version or manifest.version
    if not NAME.fullmatch(named):
        raise PackageRefused(
            f"{named or 'an empty name'} is not a publisher and a type with a dot between them; "
            "say which with --name, as in Contoso.Backup"
        )
    if not VERSION.fullmatch(numbered):
        raise PackageRefused(f"{numbered} is not a version of two to four numbers; say one with --version")
    return named, numbered


def _check_command(archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], verb: str, command: str) -> None:
    """Whether it can be started here, as `simulator/guest/agent/process.py` starts it."""
    path = command.replace("\\", "/").split()[0].removeprefix("./")
    if sys.platform == "win32":
        return
    if path.lower().endswith(".cmd"):
        script = path[: -len(".cmd")]
        if script not in files:
            raise PackageRefused(f"{verb} is a batch file of Windows; put a shell script {script} beside it")
        return
    if path not in files:
        raise PackageRefused(f"{verb} names the program {path}, which is not in the package; put it there")
    with archive.open(files[path]) as program:
        start = program.read(128)
    if not start.startswith(PROGRAM_STARTS):
        raise PackageRefused(
            f"{verb} names {path}, which this system cannot start; begin a script with #! and its interpreter"
        )
    if start.startswith(b"#!") and start.partition(b"\n")[0].endswith(b"\r"):
        raise PackageRefused(f"{path} has the line ends of Windows, so its interpreter is not found; save it with LF")
