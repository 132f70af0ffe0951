"""The folder in which a user's saved worlds lie, each under its name.

    NAME/saved.json    what a list shows of it
    NAME/world/        a state folder as an orderly end leaves it
    .begun-*/          one that is being made or removed, by whoever holds the lock `.begun-*.lock`
    .lock              held while such a folder is begun, and while those are looked for that nobody makes any more

A saved world is never changed: it is copied to be used. What is made lies beside the others under a name of its own
until it is whole, so whoever is killed meanwhile leaves nothing that could be taken for a saved world. The next save
removes what they left.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from controlplane.json_object import Json
from simulator.failures import WrongUse
from simulator.saved_worlds import archive, contents
from simulator.saved_worlds.copying import remove
from simulator.state import unfinished
from simulator.state.folder import APPLICATION, usable_folder, write_private
from simulator.state.kept_files import damaged, read_text

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DESCRIPTION = "saved.json"
WORLD = "world"
LOCK = ".lock"
LOCK_SECONDS = 30.0
"""Longer than anybody holds the lock of a library."""


def user_library(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this user's saved worlds lie."""
    named = environment.get("BACKUPSIM_WORLDS")
    return Path(named) if named else user_state_path(APPLICATION, appauthor=False) / "worlds"


@dataclass(frozen=True, slots=True)
class SavedWorld:
    """What is known of one. `saved` is real time, as RFC 3339."""

    name: str
    saved: str
    size_bytes: int

    def to_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A folder that somebody left who was killed."""

    name: str
    size_bytes: int

    def to_json(self) -> Json:
        return asdict(self)


class Library:
    """The saved worlds in a folder, which is made with the first. Raises WrongUse with one sentence."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.folder = folder.absolute()
        self._now = now

    def list(self) -> Sequence[SavedWorld]:
        if not self.folder.is_dir():
            return []
        named = sorted(each.name for each in self.folder.iterdir() if (each / DESCRIPTION).is_file())
        return [self._described(name) for name in named if NAME.fullmatch(name)]

    def find(self, name: str) -> Path:
        """The state folder that was saved under a name."""
        return find(self.folder, name)

    def save(self, name: str, take: Callable[[Path], None]) -> SavedWorld:
        """Have `take` put a world into a new folder, and keep that under a name."""
        self.check_free(name)
        with self._begun() as begun:
            take(begun / WORLD)
            described = SavedWorld(name, self._now().isoformat(timespec="seconds"), contents.size_of(begun / WORLD))
            write_private(begun / DESCRIPTION, json.dumps({"schema_version": 1, **described.to_json()}) + "\n")
            try:
                begun.rename(self.folder / name)
            except OSError:
                self.check_free(name)  # somebody was faster
                raise
        return described

    def save_standing(self, name: str, world: Path) -> SavedWorld:
        """A world that does not run."""
        self.check_free(name)
        contents.format_of(world)
        with contents.standing(world):
            return self.save(name, lambda target: contents.copy_at_rest(world, target))

    def delete(self, name: str) -> None:
        self.find(name)
        with self._begun() as begun:
            (self.folder / name).rename(begun / name)

    def left_over(self) -> Sequence[LeftOver]:
        """What was left by those who were killed while they saved or deleted a world here. The next save removes it."""
        if not unfinished.named(self.folder, unfinished.BEGUN):
            return []
        with self._locked():
            return [LeftOver(each.name, contents.size_of(each)) for each in self._abandoned()]

    def fork(self, name: str, state: Path) -> Path:
        """A new world in the folder `state`, which is new or empty; its absolute path."""
        saved = self.find(name)
        _settle(state)
        if (state / contents.WORLD).exists():
            raise WrongUse(f"{state} holds a world; name a new folder with --state")
        return forked(saved, state)

    def restore(self, name: str, state: Path) -> None:
        """The world of the folder `state`, which does not run, becomes again what was saved."""
        _settle(state)
        contents.format_of(state)
        go_back(self.find(name), state)

    def export(self, name: str, file: Path) -> int:
        """A saved world as one new file; its size."""
        return archive.write(self.find(name), name, file)

    def take_in(self, file: Path, name: str | None = None) -> SavedWorld:
        """What `export` wrote, here or elsewhere, under its own name or another."""
        with archive.Archive(file) as opened:
            return self.save(opened.name if name is None else name, lambda target: _unpacked(opened, target))

    def check_free(self, name: str) -> None:
        check_name(name)
        if (self.folder / name).exists():
            raise WrongUse(f"a world is saved as {name} already; delete that one first, or choose another name")

    def _described(self, name: str) -> SavedWorld:
        file = self.folder / name / DESCRIPTION
        try:
            told = json.loads(read_text(file) or "")
            return SavedWorld(name, str(told["saved"]), int(told["size_bytes"]))
        except (ValueError, TypeError, KeyError):
            raise damaged(file, "restore it from a copy, or remove its folder") from None

    @contextmanager
    def _begun(self) -> Iterator[Path]:
        """A new folder for what is being made, which is gone afterwards."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        begun = unfinished.new(self.folder, unfinished.BEGUN)
        mine = _lock_of(begun)
        with self._locked():
            for each in self._abandoned():
                remove(each)
                _lock_file(each).unlink(missing_ok=True)
            mine.acquire()
            begun.mkdir(mode=0o700)
        try:
            yield begun
        finally:
            if begun.exists():
                shutil.rmtree(begun, ignore_errors=True)
            mine.release()
            with suppress(OSError):
                _lock_file(begun).unlink()

    def _locked(self) -> FileLock:
        return FileLock(self.folder / LOCK, timeout=LOCK_SECONDS, mode=0o600, thread_local=False)

    def _abandoned(self) -> Sequence[Path]:
        """With the lock of the library: the folders that nobody is at work in."""
        return [each for each in unfinished.named(self.folder, unfinished.BEGUN) if _is_abandoned(each)]


def _lock_file(begun: Path) -> Path:
    return begun.with_name(f"{begun.name}.lock")


def _lock_of(begun: Path) -> FileLock:
    return FileLock(_lock_file(begun), timeout=0, mode=0o600, thread_local=False)


def _is_abandoned(begun: Path) -> bool:
    try:
        with _lock_of(begun):
            return True
    except Timeout:
        return False


def _settle(state: Path) -> None:
    """End what somebody was killed at in this folder."""
    if unfinished.of_state(state):
        with contents.standing(state):
            unfinished.settle(state)


def find(library: Path, name: str) -> Path:
    """The state folder that was saved under a name in the folder of a library."""
    check_name(name)
    if not (library / name / DESCRIPTION).is_file():
        raise WrongUse(f"no world is saved as {name}; backupsim world list shows those that are")
    return library / name / WORLD


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise WrongUse(f"{name!r} cannot name a saved world; use letters, digits, dots, dashes and underscores")


def forked(saved: Path, state: Path) -> Path:
    """A new world in the folder `state`, with the bytes of a saved state folder; its absolute path."""
    contents.check(saved)
    folder = usable_folder(state)
    begun = unfinished.new(folder, unfinished.BEGUN)
    try:
        with contents.standing(folder):
            contents.copy_at_rest(saved, begun)
            _move_in(begun, folder)
    finally:
        remove(begun)
    return folder


def go_back(saved: Path, state: Path) -> None:
    """The world of the folder `state`, which does not run, becomes what a saved state folder holds."""
    contents.check(saved)
    with contents.standing(state.absolute()):
        _replace(state.absolute(), saved)


def _replace(state: Path, saved: Path) -> None:
    """With the lock of `state`: the copy is made first, so what fails then changes nothing."""
    begun = unfinished.new(state, unfinished.BEGUN)
    former = unfinished.new(state, unfinished.FORMER)
    try:
        contents.copy_at_rest(saved, begun)
        former.mkdir(mode=0o700)
        try:
            for name in _present(state):
                (state / name).rename(former / name)
            _move_in(begun, state)
        except BaseException:
            _put_back(former, state)
            raise
    finally:
        with suppress(OSError):
            remove(former)
        remove(begun)


def _unpacked(opened: archive.Archive, target: Path) -> None:
    opened.unpack(target)
    contents.check(target)


def _put_back(former: Path, state: Path) -> None:
    for each in former.iterdir():
        if each.is_dir():
            remove(state / each.name)
        each.rename(state / each.name)


def _present(state: Path) -> list[str]:
    """What of a world is in a folder, `world.json` last: a folder without is no world."""
    found = (each.name for each in state.iterdir() if each.name in {*contents.TOP, "running"})
    return sorted(found, key=lambda name: (name == contents.WORLD, name))


def _move_in(begun: Path, state: Path) -> None:
    for name in _present(begun):
        (begun / name).rename(state / name)
