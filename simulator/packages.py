"""Builds the handler package: a zip with the same bytes at every time and place."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from extension.contract.protocol import MANIFEST_FILE, HandlerManifest
from extension.contract.settings import LINUX_EXTENSION_TYPE, PUBLISHER

HANDLER_FOLDER = Path(__file__).parents[1] / "extension"
ENTRY_POINT = "__main__.py"
LAUNCHERS = "bin"
AT_THE_ROOT = (MANIFEST_FILE, ENTRY_POINT, LAUNCHERS)
"""What lies beside the extension folder in a package, and inside it in the source tree."""

EARLIER_VERSIONS = ("1.9.0.0", "1.9.1.0")
"""What the handler was published as before; there is nothing else that tells these packages from today's."""

LINUX_NAME = f"{PUBLISHER}.{LINUX_EXTENSION_TYPE}"
LINUX_VERSION = "1.0.0.0"
"""How the handler is published for Linux: the same program under another name, started by its shell scripts."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""
FILE_MODE, PROGRAM_MODE = 0o100644, 0o100755


def read_manifest(extension_folder: Path) -> HandlerManifest:
    """What the handler in this folder says of itself, its name and four-part version above all."""
    return HandlerManifest.parse((extension_folder / MANIFEST_FILE).read_bytes())


def pack(extension_folder: Path, out: Path) -> None:
    """Write the package of the handler in this folder."""
    out.write_bytes(packed(extension_folder))


def published(extension_folder: Path) -> Iterator[bytes]:
    """The packages a data centre offers, oldest first: an extension may be asked for in any of these versions, and be
    updated and set back between them. The last is the one for Linux."""
    for version in EARLIER_VERSIONS:
        yield packed(extension_folder, version)
    yield packed(extension_folder)
    yield packed(extension_folder, LINUX_VERSION, for_linux=True)


def content_of(source: Path) -> Iterator[bytes]:
    """What a world publishes of a handler: its zip, or of a folder with this handler's source all of its versions."""
    if source.is_dir():
        yield from published(source)
    else:
        yield source.read_bytes()


def packed(extension_folder: Path, version: str | None = None, *, for_linux: bool = False) -> bytes:
    """The package of the handler in this folder; as another version than the manifest's, if one is given."""
    manifest = _manifest((extension_folder / MANIFEST_FILE).read_bytes(), version, for_linux)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, path in sorted(_contents(extension_folder).items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, wherever it is made: otherwise the mode below means nothing
            entry.external_attr = (PROGRAM_MODE if _is_launcher(name) else FILE_MODE) << 16
            # Stored, not deflated: two versions of zlib need not agree on how to say the same in fewer bytes.
            entry.compress_type = zipfile.ZIP_STORED
            content = path.read_bytes()
            package.writestr(entry, manifest if name == MANIFEST_FILE else content)
    return buffer.getvalue()


def _contents(extension_folder: Path) -> dict[str, Path]:
    """Name in the package -> file. Nothing but what the handler needs: no caches, no editor's leavings."""
    files = {}
    for path in extension_folder.rglob("*"):
        inside = path.relative_to(extension_folder)
        at_the_root = inside.parts[0] in AT_THE_ROOT
        is_content = at_the_root or path.suffix == ".py"
        if path.is_file() and is_content and "__pycache__" not in inside.parts:
            files[inside.as_posix() if at_the_root else f"extension/{inside.as_posix()}"] = path
    return files


def _manifest(manifest: bytes, version: str | None, for_linux: bool) -> bytes:
    if version is None and not for_linux:
        return manifest
    (entry,) = json.loads(manifest)
    entry["version"] = version or entry["version"]
    if for_linux:
        commands = entry["handlerManifest"]
        shell = {key: _shell_script(value) for key, value in commands.items() if isinstance(value, str)}
        entry |= {"name": LINUX_NAME, "handlerManifest": commands | shell}
    return json.dumps([entry], indent=2).encode()


def _shell_script(command: str) -> str:
    """The launcher of a command for a shell, which lies beside the one for Windows."""
    return command.replace("\\", "/").removesuffix(".cmd")


def _is_launcher(name: str) -> bool:
    return name.startswith(f"{LAUNCHERS}/") and not name.endswith(".cmd")
