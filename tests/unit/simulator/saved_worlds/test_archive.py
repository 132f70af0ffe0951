"""A world as one file: what comes out is what went in, and what is wrong with a file changes nothing."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.command import texts
from simulator.failures import WrongUse
from simulator.saved_worlds.library import Library
from tests.unit.simulator.saved_worlds.small_world import content, make

Change = Callable[[dict[str, bytes], dict[str, Any]], None]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "worlds", lambda: datetime(2026, 3, 1, 8, tzinfo=UTC))


@pytest.fixture
def exported(tmp_path: Path, library: Library) -> Path:
    library.save_standing("year", make(tmp_path / "world"))
    size = library.export("year", tmp_path / "year.zip")
    assert size == (tmp_path / "year.zip").stat().st_size
    return tmp_path / "year.zip"


def test_it_opens_in_another_library_under_another_path(tmp_path: Path, exported: Path) -> None:
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    elsewhere = Library(tmp_path / "another/machine", lambda: datetime(2026, 3, 2, tzinfo=UTC))
    assert elsewhere.take_in(exported).name == "year"
    assert elsewhere.take_in(exported, "twice").name == "twice"
    fork = elsewhere.fork("year", tmp_path / "fork")
    assert content(fork) == content(tmp_path / "world")
    assert stat.S_IMODE((fork / "guests/sql01/handler").stat().st_mode) == 0o700
    assert stat.S_IMODE((fork / "secrets.json").stat().st_mode) == 0o600
    assert (fork / "handlers").is_dir(), "an empty folder, too"


def test_zeros_become_holes(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    table = world / "guests/sql01/ledger/os.table"
    with table.open("wb") as file:
        file.truncate(64 * 2**20)
    if table.stat().st_blocks:
        pytest.skip("this file system has no holes")
    library.save_standing("sparse", world)
    library.export("sparse", tmp_path / "sparse.zip")
    library.take_in(tmp_path / "sparse.zip", "other")
    copied = (library.find("other") / "guests/sql01/ledger/os.table").stat()
    assert (copied.st_size, copied.st_blocks * 512 < 2**20) == (64 * 2**20, True)


def test_a_file_that_is_there_is_not_replaced(library: Library, exported: Path) -> None:
    before = exported.read_bytes()
    with pytest.raises(WrongUse, match="is there already; name a new file"):
        library.export("year", exported)
    assert exported.read_bytes() == before


def rewritten(file: Path, change: Change) -> Path:
    """The archive with other entries."""
    with zipfile.ZipFile(file) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    manifest = json.loads(entries.pop("manifest.json"))
    change(entries, manifest)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(manifest))
    target = file.with_name("changed.zip")
    target.write_bytes(made.getvalue())
    return target


def with_path(name: str) -> Change:
    def change(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
        entries[f"world/{name}"] = b"x"
        manifest["files"][name] = {"size_bytes": 1, "sha256": "0"}

    return change


def without(name: str) -> Change:
    def change(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
        del entries[f"world/{name}"]

    return change


def with_content(name: str, data: bytes) -> Change:
    def change(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
        entries[f"world/{name}"] = data

    return change


def with_key(key: str, value: Any) -> Change:
    def change(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest[key] = value

    return change


def unnamed(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    entries["world/guests/more"] = b"x"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_path("../outside"), "which lies outside of a world"),
        (with_path("guests/../../outside"), "which lies outside of a world"),
        (with_path("/etc/passwd"), "which lies outside of a world"),
        (with_path("guests\\..\\outside"), "which lies outside of a world"),
        (with_path("C:/outside"), "which lies outside of a world"),
        (with_path("lock"), "which lies outside of a world"),
        (with_path("guests/folder/"), "which lies outside of a world"),
        (with_path("guests/" + "x" * 256), "which lies outside of a world"),
        (with_path("guests" + "/d" * 100), "which lies outside of a world"),
        (with_path("guests" + "/ddddddddd" * 99 * 3), "which lies outside of a world"),
        (with_path("guests/sql01/handler/x"), "holds guests/sql01/handler as a file and as a folder"),
        (with_path("handlers"), "holds handlers as a file and as a folder"),
        (without("secrets.json"), "is damaged: 'secrets.json' is missing"),
        (with_content("store.mark", b"x"), "is damaged: store.mark is not what was exported"),
        (with_content("guests/sql01/ledger/os.table", bytes([8]) * 100), "os.table is not what was exported"),
        (unnamed, "holds guests/more, of which its manifest does not tell"),
        (with_key("version", 2), "was written by a newer release, in version 2; use that release"),
        (with_key("version", "1"), "its manifest cannot be read"),
        (with_key("files", []), "its manifest cannot be read"),
        (with_key("folders", [1]), "its manifest cannot be read"),
        (with_key("folders", ["guests/../../x"]), "names the path 'guests/../../x', which lies outside of a world"),
        (with_key("folders", ["guests/\ud800"]), "which lies outside of a world"),
        (with_key("folders", ["guests" + "/d" * 5000]), "which lies outside of a world"),
        (with_key("folders", ["store.db"]), "holds store.db as a file and as a folder"),
        (with_key("format", "tar"), "is no exported world"),
        (with_key("name", "../x"), "cannot name a saved world"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    tmp_path: Path, library: Library, exported: Path, change: Change, sentence: str
) -> None:
    library.delete("year")
    with pytest.raises(WrongUse) as refused:
        library.take_in(rewritten(exported, change))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "英文" not in texts.failure(str(refused.value), "zh-cn"), "there is a Chinese text"
    assert [each.name for each in library.folder.iterdir()] == [".lock"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["changed.zip", "world", "worlds", "year.zip"]


def test_a_link_is_refused(library: Library, exported: Path) -> None:
    library.delete("year")
    with zipfile.ZipFile(exported, "a") as archive:
        link = zipfile.ZipInfo("world/guests/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(WrongUse, match="which is no plain file"):
        library.take_in(exported)


def patched(file: Path, record: bytes, offset: int, value: int) -> None:
    """One byte of the last record of this kind in a zip, counted from its signature."""
    content = bytearray(file.read_bytes())
    content[content.rindex(record) + offset] = value
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("record", "offset", "value", "sentence"),
    [
        (b"PK\1\2", 6, 160, "is no exported world, or was cut"),  # needs a release that there is not
        (b"PK\1\2", 10, zipfile.ZIP_LZMA, "its manifest cannot be read"),
        (b"PK\5\6", 17, 255, "its manifest cannot be read"),  # the entries would begin before the file
        (b"PK\1\2", 43, 64, "its manifest cannot be read"),  # or behind its end
    ],
)
def test_what_no_zip_of_ours_says_of_itself_is_refused(
    library: Library, exported: Path, record: bytes, offset: int, value: int, sentence: str
) -> None:
    library.delete("year")
    patched(exported, record, offset, value)
    with pytest.raises(WrongUse, match=sentence):
        library.take_in(exported)
    assert [each.name for each in library.folder.iterdir()] == [".lock"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_a_file_that_was_cut_is_refused(library: Library, exported: Path, share: float) -> None:
    library.delete("year")
    whole = exported.read_bytes()
    exported.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WrongUse, match="is no exported world, or was cut; export the world again"):
        library.take_in(exported)
    assert [each.name for each in library.folder.iterdir()] == [".lock"]


def test_each_changed_byte_of_the_files_is_found(library: Library, exported: Path) -> None:
    """In whatever part of the zip it lies; a byte of what no reader looks at may change nothing."""
    whole = exported.read_bytes()
    expected = content(library.find("year"))
    for number, at in enumerate(range(5, len(whole), len(whole) // 40)):
        exported.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            library.take_in(exported, f"try{number}")
        except WrongUse:
            continue
        assert content(library.find(f"try{number}")) == expected


def test_another_zip_and_another_file_are_no_exported_world(tmp_path: Path, library: Library) -> None:
    (tmp_path / "text").write_text("hello")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a", "b")
    for name in ("text", "other.zip"):
        with pytest.raises(WrongUse, match="is no exported world"):
            library.take_in(tmp_path / name)
    with pytest.raises(WrongUse, match="there is no file"):
        library.take_in(tmp_path / "missing")
