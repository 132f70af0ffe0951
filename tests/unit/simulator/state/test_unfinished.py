"""Whoever is killed while a state folder is replaced or filled leaves a world: the former one or the new one, whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.failures import WrongUse
from simulator.state import unfinished
from simulator.state.folder import StateFolder

FILES = ("accounts.json", "azurite/extents", "guests/sql01", "store.db", "world.json")
"""In the order in which their first parts are moved."""
TOP = tuple(dict.fromkeys(file.partition("/")[0] for file in FILES))


def world(folder: Path, content: str, files: tuple[str, ...] = FILES) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format_version": 1, "seed": 1, "config": {"is": content}})
        (folder / name).write_text(text if name == "world.json" else content)
    return folder


def contents(folder: Path) -> set[str]:
    """What the files of a world say."""
    return {"former" if '"former"' in text or text == "former" else "new" for text in _texts(folder)}


def _texts(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in FILES]


def replaced_up_to(state: Path, moves: int) -> None:
    """The state folder of somebody who was killed after so many of the moves by which one world replaces another."""
    world(state, "former")
    begun = world(unfinished.new(state, unfinished.BEGUN), "new")
    former = unfinished.new(state, unfinished.FORMER)
    former.mkdir()
    put_aside = [(state / name, former / name) for name in TOP]
    move_in = [(begun / name, state / name) for name in TOP]
    for source, target in [*put_aside, *move_in][:moves]:
        source.rename(target)


@pytest.mark.parametrize("moves", range(2 * len(TOP) + 1))
def test_a_world_that_was_being_replaced_is_one_or_the_other(tmp_path: Path, moves: int) -> None:
    state = tmp_path / "world"
    replaced_up_to(state, moves)
    with StateFolder.open(state, create=False):
        assert contents(state) == ({"former"} if moves < len(TOP) else {"new"})
        assert unfinished.of_state(state) == []


@pytest.mark.parametrize("moves", range(2 * len(TOP) + 1))
@pytest.mark.parametrize("more", range(len(TOP)))
def test_settling_that_is_killed_is_done_again(tmp_path: Path, moves: int, more: int) -> None:
    state = tmp_path / "world"
    replaced_up_to(state, moves)
    (begun,), (former,) = (unfinished.named(state, each) for each in (unfinished.BEGUN, unfinished.FORMER))
    source = former if (state / "world.json").exists() else begun
    for name in [each for each in TOP if (source / each).exists()][:more] if (begun / "world.json").exists() else []:
        (source / name).rename(state / name)
    unfinished.settle(state)
    assert contents(state) == ({"former"} if moves < len(TOP) else {"new"})
    assert unfinished.of_state(state) == []


@pytest.mark.parametrize("moves", range(len(TOP) + 1))
def test_a_fork_whose_copy_was_whole_is_finished(tmp_path: Path, moves: int) -> None:
    state = tmp_path / "fork"
    begun = world(unfinished.new(state, unfinished.BEGUN), "new")
    for name in TOP[:moves]:
        (begun / name).rename(state / name)
    with StateFolder.open(state, create=False):
        assert contents(state) == {"new"}
        assert unfinished.of_state(state) == []


def test_a_fork_whose_copy_was_not_whole_is_no_world(tmp_path: Path) -> None:
    state = tmp_path / "fork"
    world(unfinished.new(state, unfinished.BEGUN), "new", FILES[:-1])
    with pytest.raises(WrongUse, match="is not the state folder of a world"):
        StateFolder.open(state, create=False)
    with pytest.raises(WrongUse, match=r"holds \.begun-.* and is not a world's state folder"):
        StateFolder.open(state)


def test_what_a_killed_save_left_goes_with_the_next_start(tmp_path: Path) -> None:
    state = world(tmp_path / "world", "former")
    (unfinished.new(state / "azurite", unfinished.SAVING)).mkdir()
    world(unfinished.new(state, unfinished.BEGUN), "new", FILES[:-1])
    mine = [state / "azurite/saving-mine", state / ".begun-mine"]
    for folder in mine:
        folder.mkdir()
    with StateFolder.open(state, create=False):
        assert contents(state) == {"former"}
        assert unfinished.of_state(state) == []
        assert all(folder.is_dir() for folder in mine), "a folder of another name is somebody else's"


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda folder: folder.mkdir(), 1),
        (lambda folder: folder.write_text("x"), 0),
        (lambda folder: folder.symlink_to("/"), 0),
    ],
)
def test_only_folders_count(tmp_path: Path, make: Callable[[Path], object], found: int) -> None:
    make(unfinished.new(tmp_path, unfinished.BEGUN))
    assert len(unfinished.of_state(tmp_path)) == found
