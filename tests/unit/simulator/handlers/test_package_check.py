"""What can be published as a handler, and the one sentence with its remedy for what cannot."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Mapping

import pytest

from simulator.handlers import package_check
from simulator.handlers.package_check import PackageRefused, checked

NAME = "Contoso.Backup"
VERBS = ("install", "enable", "disable", "update", "uninstall")
COMMANDS = {f"{verb}Command": f"handler.sh {verb}" for verb in VERBS}
MANIFEST = [{"name": NAME, "version": "1.2.0.0", "handlerManifest": COMMANDS}]
SCRIPT = b"#!/bin/sh\nexit 0\n"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a command is a batch file on Windows")


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def package(manifest: object = MANIFEST, **files: bytes) -> bytes:
    return zipped({"HandlerManifest.json": json.dumps(manifest), "handler.sh": SCRIPT, **files})


def test_a_package_bears_the_name_and_version_of_its_manifest() -> None:
    found = checked(package())
    assert (found.name, found.version) == (NAME, "1.2.0.0")


def test_a_name_and_a_version_from_outside_count_in_place_of_those_of_a_manifest() -> None:
    real = [{"name": "ExampleHandlerLinux", "version": 1.0, "handlerManifest": COMMANDS}]
    found = checked(package(real), name="Contoso.Other", version="3.1")
    assert (found.name, found.version) == ("Contoso.Other", "3.1")


def test_a_launcher_for_windows_needs_a_shell_script_beside_it() -> None:
    commands = {f"{verb}Command": f"bin\\{verb}.cmd" for verb in VERBS}
    manifest = [{**MANIFEST[0], "handlerManifest": commands}]
    scripts = {f"bin/{verb}": SCRIPT for verb in VERBS}
    assert checked(package(manifest, **scripts)).name == NAME


def linked() -> bytes:
    content = io.BytesIO(package())
    with zipfile.ZipFile(content, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return content.getvalue()


REFUSED: Mapping[str, tuple[bytes, str]] = {
    "no zip": (b"nothing", "it is no zip file; name a folder"),
    "no manifest": (zipped({"handler.sh": SCRIPT}), "HandlerManifest.json is missing; put it at the root"),
    "a manifest deeper": (
        zipped({"a/HandlerManifest.json": "[]"}),
        "lies in the folder a; pack what is in",
    ),
    "no JSON": (zipped({"HandlerManifest.json": "{"}), "HandlerManifest.json is not JSON; see docs/handler-guide.md"),
    "no commands": (package([{"name": NAME}]), "has no object handlerManifest; see docs/handler-guide.md"),
    "a command left out": (
        package([{**MANIFEST[0], "handlerManifest": {"enableCommand": "handler.sh"}}]),
        "has no installCommand; see docs/handler-guide.md",
    ),
    "no publisher": (package([{**MANIFEST[0], "name": "Backup"}]), "say which with --name, as in Contoso.Backup"),
    "a path as a name": (package([{**MANIFEST[0], "name": "../a.b"}]), "say which with --name"),
    "no version": (package([{**MANIFEST[0], "version": "latest"}]), "say one with --version"),
    "a way out": (package(**{"../evil": b""}), "would lie outside of the package's folder"),
    "a link": (linked(), "link is a symbolic link; put the file itself"),
}
OF_POSIX: Mapping[str, tuple[bytes, str]] = {
    "a program that is missing": (
        zipped({"HandlerManifest.json": json.dumps(MANIFEST)}),
        "names the program handler.sh, which is not in the package; put it there",
    ),
    "no interpreter": (package(**{"handler.sh": b"exit 0"}), "begin a script with #! and its interpreter"),
    "line ends of Windows": (package(**{"handler.sh": b"#!/bin/sh\r\nexit 0\r\n"}), "save it with LF"),
    "a batch file alone": (
        package([{**MANIFEST[0], "handlerManifest": dict.fromkeys(COMMANDS, "bin\\run.cmd")}]),
        "put a shell script bin/run beside it",
    ),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_package_is_refused_with_what_helps(content: bytes, sentence: str) -> None:
    with pytest.raises(PackageRefused) as refusal:
        checked(content)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@POSIX
@pytest.mark.parametrize(("content", "sentence"), OF_POSIX.values(), ids=OF_POSIX)
def test_what_this_system_could_not_start_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(PackageRefused) as refusal:
        checked(content)
    assert sentence in str(refusal.value)


def test_a_small_zip_that_unpacks_to_much_is_refused() -> None:
    content = io.BytesIO(package())
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as zeros:
        for _ in range(package_check.LARGEST_UNPACKED_BYTES // (8 << 20) + 1):
            zeros.write(bytes(8 << 20))
    assert len(content.getvalue()) < 1 << 20
    with pytest.raises(PackageRefused, match="leave out what is not needed"):
        checked(content.getvalue())
