"""Opens the worlds of one fixture, saves and forks them, and ends them with the fixture."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simulator.handlers.ordered_extensions import FIELDS
from simulator.saved_worlds import archive, contents
from simulator.saved_worlds.library import find, user_library
from simulator.testing.given_handlers import GivenHandler, orders
from simulator.testing.world import BackupWorld
from simulator.testing.world_options import OF_CLOCK
from simulator.testing.worlds import Worlds


@dataclass(frozen=True)
class SavedBackupWorld:
    """A world as it was when it was saved. It is never changed: each fork is a copy with its bytes."""

    folder: Path
    """A state folder as an orderly end leaves it."""
    options: Mapping[str, Any]
    """What the saved world was opened with, and so are its forks, but for what they are told."""
    opener: Opener

    def fork(self, **options: Any) -> BackupWorld:
        """A world that has everything of this one and goes its own way. `options` are keywords of the mark
        `backup_world`. It ends with `close`, a `with`, or the fixture of the saved world."""
        return self.opener.fork(self, options)


class Opener:
    """`new_folder` makes a folder for each world. `handlers` are published besides our own; `ordered` has what machines
    get by the command line, by the keywords of the mark."""

    def __init__(
        self,
        worlds: Worlds,
        new_folder: Callable[[], Path],
        handlers: Sequence[GivenHandler] = (),
        ordered: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._worlds, self._new_folder, self._handlers, self._ordered = worlds, new_folder, handlers, ordered
        self._open: dict[Path, BackupWorld] = {}
        self._saved: list[Path] = []
        self._unpacked: dict[Path, SavedBackupWorld] = {}

    def open(
        self, seed: int, options: Mapping[str, Any], *, apart: bool, of: SavedBackupWorld | None = None
    ) -> BackupWorld:
        """A new world, or with `of` a fork of a saved one, which keeps its seed. Failure, WorldRefused."""
        state = self._new_folder() / "world"
        asked = dict(options) if of is None else {**_kept(of.options), **options}
        said = {**self._ordered, **{name: asked[name] for name in FIELDS if name in asked}}
        opened = self._worlds.open(
            state,
            seed=seed,
            options=asked | orders(self._handlers, said),
            handlers=[(each.file, each.name, each.version) for each in self._handlers],
            apart=apart,
            fork_of=None if of is None else of.folder,
        )
        world = BackupWorld(opened.endpoints, opened.seed, asked, self)
        self._open[world.state] = world
        return world

    def save(self, world: BackupWorld) -> SavedBackupWorld:
        """WorldRefused for one whose blobs lie in an Azurite that it shares, or that does not come to rest."""
        folder = self._new_folder() / "saved"
        self._saved.append(folder)
        self._worlds.save(world.state, folder)
        return SavedBackupWorld(folder, world.options, self)

    def fork(self, saved: SavedBackupWorld, options: Mapping[str, Any]) -> BackupWorld:
        return self.open(0, options, apart=True, of=saved)

    def unpacked(self, file: Path) -> SavedBackupWorld:
        """A world that `backupsim world export` wrote, which is unpacked once. WrongUse for another file."""
        if file not in self._unpacked:
            folder = self._new_folder() / "saved"
            self._saved.append(folder)
            with archive.Archive(file) as opened:
                opened.unpack(folder)
            contents.check(folder)
            self._unpacked[file] = SavedBackupWorld(folder, {}, self)
        return self._unpacked[file]

    def named(self, name: str) -> SavedBackupWorld:
        """One of those that `backupsim world list` shows. WrongUse where there is none of this name."""
        return SavedBackupWorld(find(user_library(), name), {}, self)

    def end(self, world: BackupWorld, *, keep: bool = False) -> None:
        """End a world; kept, its folder stays."""
        if self._open.pop(world.state, None) is not None:
            world.disconnect()
            self._worlds.close(world.state, keep=keep)

    def close(self) -> None:
        """End all that are open, and remove what was saved."""
        for world in list(self._open.values()):
            self.end(world)
        for folder in self._saved:
            shutil.rmtree(folder, ignore_errors=True)


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    """Time is in the saved world itself."""
    return {name: value for name, value in options.items() if name not in OF_CLOCK}
