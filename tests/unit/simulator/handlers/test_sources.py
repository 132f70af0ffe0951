"""A handler is given as a folder, a zip, or a command that makes one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from simulator.failures import WrongUse
from simulator.handlers.sources import HandlerSource, made_by, packed
from tests.unit.simulator.handlers.test_package_check import MANIFEST, NAME, SCRIPT, package

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import json

    made = tmp_path / "mine"
    (made / "__pycache__").mkdir(parents=True)
    (made / "__pycache__" / "x.pyc").write_bytes(b"x")
    (made / "HandlerManifest.json").write_text(json.dumps(MANIFEST))
    (made / "handler.sh").write_bytes(SCRIPT)
    return made


def test_a_folder_is_the_same_package_each_time(folder: Path) -> None:
    first = HandlerSource.parse(str(folder)).package()
    assert (first.name, first.version) == (NAME, "1.2.0.0")
    (folder / "handler.sh").touch()
    assert packed(folder) == first.content
    assert b"x.pyc" not in first.content


def test_a_zip_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.zip"
    file.write_bytes(package())
    assert HandlerSource.parse(str(file)).package().content == package()


def test_a_path_with_a_name_behind_it(folder: Path) -> None:
    found = HandlerSource.parse(f"{folder}=Contoso.Other:2.0").package()
    assert (found.name, found.version) == ("Contoso.Other", "2.0")
    named = HandlerSource.parse(f"{folder}=Contoso.Other").package()
    assert (named.name, named.version) == ("Contoso.Other", "1.2.0.0")


@POSIX
def test_a_command_names_what_it_made_on_its_last_line(folder: Path) -> None:
    word = f"sh -c {shlex.quote(f'echo building; echo {shlex.quote(str(folder))}')}"
    assert made_by(word) == folder
    assert HandlerSource.parse(f"{word}=Contoso.Other:2.0").package().name == "Contoso.Other"


@POSIX
@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("no/such/place", "is no folder, no zip and no command"),
        ("", "is no folder, no zip and no command"),
        ("sh -c 'exit 3'", "ended with exit code 3; its own output says why"),
        ("sh -c 'echo done'", "print its path as the last line"),
        ("true", "print its path as the last line"),
    ],
)
def test_what_makes_no_handler_is_refused(word: str, sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        made_by(word)


def test_what_cannot_be_published_is_wrong_use_that_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"cannot be published as a handler: HandlerManifest\.json is missing"):
        HandlerSource.parse(str(tmp_path)).package()
    gone = HandlerSource(tmp_path / "gone.zip")
    with pytest.raises(WrongUse, match=r"gone\.zip cannot be published as a handler: No such file"):
        gone.package()


@POSIX
def test_a_link_to_outside_is_no_part_of_a_package(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(WrongUse, match="put the file itself there"):
        HandlerSource.parse(str(folder)).package()
