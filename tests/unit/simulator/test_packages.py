"""The handler package: the same bytes every time, with everything at its place and nothing besides."""

from __future__ import annotations

import io
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from simulator.packages import pack, packed, read_manifest

EXTENSION = Path(__file__).parents[3] / "extension"
COMMANDS = ("disable", "enable", "install", "reset", "uninstall", "update")


@pytest.fixture(scope="module")
def package() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(packed(EXTENSION)))


def test_the_same_handler_gives_the_same_bytes_wherever_and_whenever_it_lies(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "extension"
    shutil.copytree(EXTENSION, copy)
    for number, path in enumerate(sorted(copy.rglob("*"), reverse=True)):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        path.chmod(0o700)
    (copy / "__pycache__").mkdir(exist_ok=True)
    (copy / "__pycache__" / "task.cpython-311.pyc").write_bytes(b"cache")
    (copy / ".task.py.swp").write_bytes(b"an editor's")
    pack(copy, tmp_path / "out.zip")

    assert (tmp_path / "out.zip").read_bytes() == packed(EXTENSION)


def test_a_changed_file_changes_the_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "extension"
    shutil.copytree(EXTENSION, copy)
    (copy / "task.py").write_text("")

    assert packed(copy) != packed(EXTENSION)


def test_everything_lies_where_an_agent_looks_for_it(package: zipfile.ZipFile) -> None:
    names = set(package.namelist())

    assert {name for name in names if "/" not in name} == {"HandlerManifest.json", "__main__.py"}
    assert {name for name in names if name.startswith("bin/")} == {
        f"bin/{command}{suffix}" for command in COMMANDS for suffix in ("", ".cmd")
    }
    sources = {path.relative_to(EXTENSION.parent).as_posix() for path in EXTENSION.rglob("*.py")}
    assert {name for name in names if name.startswith("extension/")} == sources - {"extension/__main__.py"}
    assert package.testzip() is None
    assert package.namelist() == sorted(names)


def test_launchers_can_be_run_and_sources_can_not(package: zipfile.ZipFile) -> None:
    modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in package.infolist()}

    assert {modes[f"bin/{command}"] for command in COMMANDS} == {0o755}
    assert {modes["__main__.py"], modes["bin/enable.cmd"], modes["extension/task.py"]} == {0o644}


def test_every_command_has_a_launcher_for_windows_and_for_posix(package: zipfile.ZipFile) -> None:
    """All launchers of a kind are the same: their own name is the command."""
    assert dict(read_manifest(EXTENSION).commands) == {verb: rf"bin\{verb}.cmd" for verb in COMMANDS}

    (windows,) = {package.read(f"bin/{command}.cmd") for command in COMMANDS}
    (posix,) = {package.read(f"bin/{command}") for command in COMMANDS}
    assert windows.count(b"\n") == windows.count(b"\r\n"), "cmd wants CRLF everywhere"
    assert b"\r" not in posix
    assert posix.startswith(b"#!/bin/sh\n")


def test_name_and_version_stand_in_the_manifest_alone() -> None:
    manifest = read_manifest(EXTENSION)

    assert manifest.name == "Microsoft.Azure.RecoveryServices.VMSnapshot"
    assert re.fullmatch(r"1\.(9|[1-9]\d)\.\d+\.\d+", manifest.version)
    assert not manifest.report_heartbeat
    mentions = [path.name for path in EXTENSION.rglob("*.py") if manifest.version in path.read_text()]
    assert not mentions
