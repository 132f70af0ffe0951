"""Saved worlds under their names: saved, forked, gone back to, deleted; and what is refused changes nothing."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from simulator.failures import WrongUse
from simulator.saved_worlds import contents
from simulator.saved_worlds.library import Library
from simulator.state import unfinished
from tests.unit.simulator.saved_worlds.small_world import EXTENT, content, make

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "worlds", lambda: NOW)


def test_a_fork_has_what_was_saved_and_nothing_of_a_run(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    saved = library.save_standing("year", world)
    assert (saved.name, saved.saved, [saved]) == ("year", "2026-03-01T08:00:00+00:00", library.list())
    assert saved.size_bytes == sum(len(each) for each in content(world).values())
    fork = library.fork("year", tmp_path / "fork")
    assert content(fork) == content(world)
    assert not (fork / "logs").exists()
    assert stat.S_IMODE((fork / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(fork.stat().st_mode) == 0o700
    (fork / "azurite/__blobstorage__" / EXTENT).write_bytes(b"of the fork")
    assert (world / "azurite/__blobstorage__" / EXTENT).read_bytes() == b"content of blobs"
    assert content(library.fork("year", tmp_path / "another")) == content(world)


def test_a_world_goes_back_to_what_was_saved(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    before = content(world)
    library.save_standing("before", world)
    (world / "guests/sql01/ledger/os.table").write_bytes(b"changed")
    (world / "guests/sql02").mkdir()
    (world / "guests/sql02/machine.json").write_text("{}")
    (world / "running").write_text("{}")  # it was killed since
    library.restore("before", world)
    assert content(world) == before
    assert (world / "logs/world.log").exists()
    assert sorted(each.name for each in world.iterdir() if each.name.startswith(".")) == []


def test_what_is_deleted_is_gone(tmp_path: Path, library: Library) -> None:
    library.save_standing("year", make(tmp_path / "world"))
    library.delete("year")
    assert list(library.list()) == []
    assert [each.name for each in library.folder.iterdir()] == [".lock"]
    with pytest.raises(WrongUse, match="no world is saved as year; backupsim world list shows those that are"):
        library.fork("year", tmp_path / "fork")


def test_a_name_is_taken_once(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    library.save_standing("year", world)
    with pytest.raises(WrongUse, match="a world is saved as year already"):
        library.save_standing("year", world)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "x" * 65, "a\0b", "-x"])
def test_a_name_is_no_path(tmp_path: Path, library: Library, name: str) -> None:
    world = make(tmp_path / "world")
    for act in (
        lambda: library.save_standing(name, world),
        lambda: library.fork(name, tmp_path / "fork"),
        lambda: library.delete(name),
        lambda: library.restore(name, world),
    ):
        with pytest.raises(WrongUse, match="cannot name a saved world"):
            act()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["world"]


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    library.save_standing("year", world)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    with pytest.raises(WrongUse, match=r"holds thesis\.txt and is not a world's state folder"):
        library.fork("year", tmp_path / "mine")
    with pytest.raises(WrongUse, match="holds a world; name a new folder with --state"):
        library.fork("year", world)
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_world_that_runs_is_not_saved_as_a_folder(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    library.save_standing("year", world)
    with FileLock(world / "lock"):
        for act in (lambda: library.save_standing("other", world), lambda: library.restore("year", world)):
            with pytest.raises(WrongUse, match="a world is running in"):
                act()


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (lambda world: (world / "running").write_text("{}"), "did not end in order; start it, stop it"),
        (lambda world: (world / "azurite/ended-in-order").unlink(), "did not end in order; start it, stop it"),
        (lambda world: (world / "store.db").unlink(), "keeps its documents elsewhere"),
        (lambda world: (world / "azurite/__azurite_db_blob__.json").unlink(), "keeps its blobs elsewhere"),
        (lambda world: (world / "azurite/__azurite_db_blob_extent__.json").write_text("{"), "is damaged"),
        (lambda world: (world / "store.db").write_bytes(b"no database" * 100), r"store\.db is damaged"),
        (lambda world: (world / "world.json").write_text("[]"), r"world\.json is damaged"),
        (lambda world: (world / "world.json").write_text('{"format_version": 2}'), "has format 2, but this release"),
        (lambda world: (world / "world.json").unlink(), "is not the state folder of a world"),
    ],
)
def test_what_is_no_whole_world_is_not_saved(
    tmp_path: Path, library: Library, break_it: Callable[[Path], object], sentence: str
) -> None:
    world = make(tmp_path / "world")
    break_it(world)
    with pytest.raises(WrongUse, match=sentence):
        library.save_standing("year", world)
    assert list(library.list()) == []
    assert not library.folder.exists() or [each.name for each in library.folder.iterdir()] == [".lock"]


def test_blobs_of_somebody_else_are_not_saved(tmp_path: Path, library: Library) -> None:
    with pytest.raises(WrongUse, match="keeps its blobs elsewhere"):
        library.save_standing("year", make(tmp_path / "world", foreign=True))


def test_a_description_that_is_damaged_is_named(tmp_path: Path, library: Library) -> None:
    library.save_standing("year", make(tmp_path / "world"))
    (library.folder / "year/saved.json").write_text(json.dumps({"saved": 1}))
    with pytest.raises(WrongUse, match=r"saved\.json is damaged"):
        library.list()


def left_by_a_killed_save(library: Library) -> Path:
    """What a save leaves whose process is killed: a folder that nobody holds the lock of."""
    library.folder.mkdir()
    begun = unfinished.new(library.folder, unfinished.BEGUN)
    begun.mkdir()
    (begun / "part").write_bytes(b"x" * 100)
    begun.with_name(f"{begun.name}.lock").touch()
    return begun


def test_what_a_killed_save_left_is_listed_and_goes_with_the_next(tmp_path: Path, library: Library) -> None:
    begun = left_by_a_killed_save(library)
    assert [each.to_json() for each in library.left_over()] == [{"name": begun.name, "size_bytes": 100}]
    assert list(library.list()) == []
    library.save_standing("year", make(tmp_path / "world"))
    assert list(library.left_over()) == []
    assert sorted(each.name for each in library.folder.iterdir()) == [".lock", "year"]


def test_what_is_being_saved_is_left_alone(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    other = Library(library.folder, lambda: NOW)

    def take(target: Path) -> None:
        assert list(other.left_over()) == []
        other.save_standing("meanwhile", world)
        contents.copy_at_rest(world, target)

    library.save("year", take)
    assert [each.name for each in library.list()] == ["meanwhile", "year"]


def test_a_fork_that_was_killed_can_be_made_again(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    library.save_standing("year", world)
    begun = unfinished.new(tmp_path / "fork", unfinished.BEGUN)
    begun.mkdir(parents=True)
    (begun / "secrets.json").write_text("{}")
    assert content(library.fork("year", tmp_path / "fork")) == content(world)
    assert not begun.exists()


def test_a_world_whose_going_back_was_killed_goes_back(tmp_path: Path, library: Library) -> None:
    world = make(tmp_path / "world")
    library.save_standing("before", world)
    before = content(world)
    former = unfinished.new(world, unfinished.FORMER)
    begun = unfinished.new(world, unfinished.BEGUN)
    contents.copy_at_rest(library.find("before"), begun)
    former.mkdir()
    for each in [each for each in world.iterdir() if each.name in contents.TOP]:
        each.rename(former / each.name)
    library.restore("before", world)
    assert content(world) == before
