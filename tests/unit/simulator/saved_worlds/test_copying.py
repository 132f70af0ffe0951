"""Copies of files and folders: the same bytes, the same holes, nobody else's to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from simulator.saved_worlds.copying import copy_file, copy_tree

MIB = 2**20


def test_a_copy_has_the_bytes_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"#!/bin/sh\n" * 1000)
    (tmp_path / "program").chmod(0o755)
    copy_file(tmp_path / "program", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "program").read_bytes()
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700


def test_what_is_written_to_a_copy_is_not_seen_in_the_original(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"a" * 100_000)
    copy_file(tmp_path / "one", tmp_path / "two")
    with (tmp_path / "two").open("r+b") as two:
        two.write(b"bbb")
    assert (tmp_path / "one").read_bytes() == b"a" * 100_000


def test_holes_stay_holes(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(64 * MIB)
        file.write(b"in the middle")
        file.truncate(256 * MIB)
    if (tmp_path / "sparse").stat().st_blocks * 512 > MIB:
        pytest.skip("this file system has no holes")
    copy_file(tmp_path / "sparse", tmp_path / "copy")
    copied = (tmp_path / "copy").stat()
    assert (copied.st_size, copied.st_blocks * 512 <= MIB) == (256 * MIB, True)
    with (tmp_path / "copy").open("rb") as file:
        file.seek(64 * MIB)
        assert file.read(13) == b"in the middle"


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_a_copy_may_end_before_what_was_appended_since(tmp_path: Path, size: int) -> None:
    (tmp_path / "log").write_bytes(bytes(range(256)) * 300)
    copy_file(tmp_path / "log", tmp_path / "copy", size)
    assert (tmp_path / "copy").read_bytes() == (bytes(range(256)) * 300)[:size]


def test_a_tree_is_copied_without_links_and_sockets(tmp_path: Path) -> None:
    (tmp_path / "from/deep/er").mkdir(parents=True)
    (tmp_path / "from/deep/er/file").write_bytes(b"x")
    (tmp_path / "from/link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "from/pipe")
    copy_tree(tmp_path / "from", tmp_path / "to")
    assert sorted(path.relative_to(tmp_path / "to").as_posix() for path in (tmp_path / "to").rglob("*")) == [
        "deep",
        "deep/er",
        "deep/er/file",
    ]
