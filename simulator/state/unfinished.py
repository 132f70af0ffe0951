"""What work on a whole state folder leaves behind when it is killed, and how the next one who holds the lock ends it.

    .begun-*          a copy that was being made: for a fork, for a saved world, for the world to become
    .former-*         the files of the world that another one was to replace
    azurite/saving-*  second names of extents, for a save of a running world

A world is replaced in this order, and in each step `world.json` comes last: the copy is made in `.begun-*`, the world's
own files go to `.former-*`, those of the copy come in their place, what is left is removed. A fork into an empty folder
is the same without the second step.
"""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

BEGUN = ".begun-"
FORMER = ".former-"
SAVING = "saving-"
WORLD = "world.json"
STORAGE = "azurite"
DIGITS = re.compile("[0-9a-f]{16}")
"""How such a name ends; a folder of another name is somebody else's."""


def new(folder: Path, beginning: str) -> Path:
    """A path in the folder that nobody has."""
    return folder / f"{beginning}{secrets.token_hex(8)}"


def named(folder: Path, beginning: str) -> list[Path]:
    """The folders of such names in a folder."""
    found = (each for each in folder.glob(f"{beginning}*") if DIGITS.fullmatch(each.name.removeprefix(beginning)))
    return sorted(each for each in found if each.is_dir() and not each.is_symlink())


def of_state(state: Path) -> list[Path]:
    """What was left in a state folder, or is being made there by somebody who holds its lock."""
    return [*named(state, BEGUN), *named(state, FORMER), *named(state / STORAGE, SAVING)]


def is_whole_but_unfinished(state: Path) -> bool:
    """Whether a folder without `world.json` gets one by `settle`."""
    return not (state / WORLD).exists() and _whole_copy(state) is not None


def settle(state: Path) -> None:
    """With the lock of the folder: end what was begun there, and remove what it left. A world that was being replaced
    is the former one again unless that had been put aside whole; else it is the new one. Killed itself, it can be done
    again."""
    found = of_state(state)
    if not found:
        return
    copy = _whole_copy(state)
    if copy is not None and not (state / WORLD).exists():
        _move_in(copy, state)
    elif copy is not None:
        for former in named(state, FORMER):
            _move_in(former, state)
    for each in found:
        shutil.rmtree(each)


def _whole_copy(state: Path) -> Path | None:
    return next((each for each in named(state, BEGUN) if (each / WORLD).exists()), None)


def _move_in(folder: Path, state: Path) -> None:
    for each in sorted(folder.iterdir(), key=lambda file: file.name == WORLD):
        each.rename(state / each.name)
