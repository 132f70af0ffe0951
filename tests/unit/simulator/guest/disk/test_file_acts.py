"""Files of a guest by their paths: written, deleted, encrypted and found on the disk again."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from simulator.guest.disk import file_acts
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.file_acts import PIECE_BYTES, FileInUse, NoSuchFile
from simulator.guest.disk.image import mount
from simulator.guest.workload.database import DATABASE
from tests.unit.simulator.guest.guest_rig import PLAIN_IMAGE, Rig

TEXT = b"the figures of the year\n"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, image=PLAIN_IMAGE).boot()


def on_the_disk(rig: Rig, lun: int, name: str) -> bytes | None:
    """By the bytes of the storage alone."""
    file = mount(rig.images()[lun]).find(name)
    return file.read(0, file.size_bytes) if file else None


def test_a_file_that_was_put_is_on_the_disk(rig: Rig) -> None:
    file_acts.put(rig.guest.mounted(), "F:\\figures.txt", TEXT)
    assert on_the_disk(rig, 0, "figures.txt") == TEXT == file_acts.read(rig.guest.mounted(), "f:\\figures.txt")


def test_a_shorter_file_takes_the_place_of_a_longer_one(rig: Rig) -> None:
    for content in (TEXT * 9000, TEXT):
        file_acts.put(rig.guest.mounted(), "F:\\figures.txt", content)
        assert on_the_disk(rig, 0, "figures.txt") == content


def test_a_deleted_file_is_gone_from_the_disk(rig: Rig) -> None:
    file_acts.put(rig.guest.mounted(), "F:\\figures.txt", TEXT)
    file_acts.remove(rig.guest.mounted(), "F:\\figures.txt")
    assert on_the_disk(rig, 0, "figures.txt") is None
    with pytest.raises(NoSuchFile, match="no such file"):
        file_acts.remove(rig.guest.mounted(), "F:\\figures.txt")


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES + 5])
def test_only_the_key_brings_an_encrypted_file_back(rig: Rig, size: int) -> None:
    content = (TEXT * (size // len(TEXT) + 1))[:size]
    file_acts.put(rig.guest.mounted(), "F:\\figures.txt", content)
    assert file_acts.encrypt(rig.guest.mounted(), "F:\\fig*.txt", "key") == (["F:\\figures.txt"], [])
    scrambled = on_the_disk(rig, 0, "figures.txt")
    assert scrambled is not None
    assert (scrambled != content) == (size > 0)
    assert len(scrambled) == size
    file_acts.encrypt(rig.guest.mounted(), "F:\\figures.txt", "another")
    file_acts.encrypt(rig.guest.mounted(), "F:\\figures.txt", "another")
    assert on_the_disk(rig, 0, "figures.txt") == scrambled
    file_acts.encrypt(rig.guest.mounted(), "F:\\figures.txt", "key")
    assert on_the_disk(rig, 0, "figures.txt") == content


def test_what_a_program_has_open_is_left(tmp_path: Path) -> None:
    volumes = Rig(tmp_path).boot().guest.mounted()
    file_acts.put(volumes, "F:\\figures.txt", TEXT)
    done, left = file_acts.encrypt(volumes, "F:\\*", "key", in_use=(DATABASE,))
    assert "F:\\figures.txt" in done
    assert left == [f"F:\\{DATABASE}"]
    with pytest.raises(FileInUse, match="in use by the database"):
        file_acts.put(volumes, f"F:\\{DATABASE}", b"", (DATABASE,))
    with pytest.raises(FileInUse, match="in use by the database"):
        file_acts.remove(volumes, f"F:\\{DATABASE}", (DATABASE,))


@pytest.mark.parametrize("path", ["Q:\\figures.txt", "F:\\", "F:\\folder\\figures.txt", "figures.txt", ""])
def test_a_path_that_leads_nowhere_is_told(rig: Rig, path: str) -> None:
    with pytest.raises(NoSuchFile, match="no such place"):
        file_acts.put(rig.guest.mounted(), path, TEXT)


@pytest.mark.parametrize("pattern", ["F:\\nothing*", "Q:\\*"])
def test_a_pattern_that_fits_nothing_is_told(rig: Rig, pattern: str) -> None:
    with pytest.raises(NoSuchFile, match="no such"):
        file_acts.encrypt(rig.guest.mounted(), pattern, "key")


def test_the_name_of_a_file_has_a_limit_and_nothing_is_left_of_it(rig: Rig) -> None:
    before = mount(rig.images()[0]).names()
    with pytest.raises(VolumeError, match="at most 128 bytes"):
        file_acts.put(rig.guest.mounted(), f"F:\\{'x' * 200}", TEXT)
    assert mount(rig.images()[0]).names() == before


def test_the_digest_of_a_file_is_that_of_its_content(rig: Rig) -> None:
    file_acts.put(rig.guest.mounted(), "F:\\figures.txt", TEXT)
    (facts,) = file_acts.facts_of(mount(rig.images()[0]), "figures*")
    assert facts == file_acts.FileFacts("figures.txt", len(TEXT), sha256(TEXT).hexdigest())
    assert len(file_acts.facts_of(mount(rig.images()[0]))) == len(mount(rig.images()[0]).names())
