"""Saves a world that runs, at a moment of rest, and lets it go on.

The moment: nobody works, as the clock sees it (`simulator/clock`), no guest writes, and Azurite has saved its
databases. In it the store is copied, and the small files. Azurite's extents are only ever appended to, so a second name
for each keeps it until it is copied, up to the size that it had, while the world is at work again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simulator.clock.world_time import NotAtRest, WorldTime
from simulator.failures import BAD, Failure, WrongUse
from simulator.guest.vss.snapshot_set import HostHoldFailed
from simulator.saved_worlds import contents
from simulator.saved_worlds.copying import copy_file, remove
from simulator.state import unfinished
from simulator.state.store_mark import FILE as MARK
from simulator.storage import azurite_folder

if TYPE_CHECKING:
    from controlplane.adapters.store import SqlStore
    from simulator.host.host import Host
    from simulator.storage.azurite import Azurite

PATIENCE_SECONDS = 60.0
"""Real time within which a world has to come to rest."""
PAUSE_SECONDS = 0.05


SHARED = "this world shares its Azurite with others, so it cannot be saved; open it with backup_world(own_azurite=True)"


class Config(Protocol):
    """What of a world's configuration says where it keeps things."""

    @property
    def dsn(self) -> str | None: ...
    @property
    def blob_endpoint(self) -> str | None: ...
    @property
    def azurite(self) -> object | None: ...


class StillAtWork(Failure):
    """A world did not come to rest in time."""

    exit_code = BAD


def save(
    config: Config,
    state: Path,
    time: WorldTime,
    store: SqlStore,
    host: Host,
    azurite: Callable[[], Azurite],
    target: Path,
) -> None:
    """A running world into a new folder. WrongUse for one that keeps something elsewhere, StillAtWork."""
    if config.dsn:
        raise WrongUse(contents.STORE_ELSEWHERE)
    if config.blob_endpoint is not None:
        raise WrongUse(contents.BLOBS_ELSEWHERE)
    if config.azurite is not None:
        raise WrongUse(SHARED)
    RunningWorld(state, time, store.copy_to, lambda: azurite().save(), host.still, host.write_events).save(target)


@dataclass(frozen=True)
class RunningWorld:
    """What a running world offers to be saved."""

    state: Path
    world_time: WorldTime
    copy_store: Callable[[Path], None]
    """Its store as it is now, into a new file."""
    save_blobs: Callable[[], None]
    """Has Azurite save its databases."""
    guests: Callable[[], Sequence[AbstractContextManager[object]]]
    """Within each of these a guest writes nothing; HostHoldFailed, also at its end, where it could not be held."""
    write_events: Callable[[], None] = lambda: None
    """Records what machines have told until now."""
    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def save(self, target: Path, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """This world as an orderly end would leave it, into a new folder. StillAtWork."""
        deadline = self.monotonic() + patience_seconds
        names = unfinished.new(self.state / contents.AZURITE, unfinished.SAVING)
        try:
            while True:
                try:
                    sizes = self.world_time.at_rest(lambda: self._take(target, names))
                    break
                except (NotAtRest, HostHoldFailed) as problem:
                    who = str(problem)
                    if self.monotonic() >= deadline:
                        raise StillAtWork(
                            f"the world did not come to rest within {patience_seconds:g} s: {who}; wait for the end of "
                            "that, or stop it, and try again"
                        ) from None
                remove(target)
                remove(names)
                self.pause(PAUSE_SECONDS)
            for name, size in sizes.items():
                copy_file(names / name, target / contents.AZURITE / azurite_folder.EXTENTS / name, size)
            contents.mark_as_ended(target, self.state / MARK)
            copy_file(self.state / contents.WORLD, target / contents.WORLD)
        except BaseException:
            remove(target)
            raise
        finally:
            remove(names)

    def _take(self, target: Path, names: Path) -> dict[str, int]:
        """In the moment: all but the extents, whose sizes it returns."""
        target.mkdir(mode=0o700)
        self.write_events()
        with ExitStack() as still:
            for guest in self.guests():
                still.enter_context(guest)
            self.save_blobs()
            sizes = self._take_blobs(target / contents.AZURITE, names)
            self.copy_store(target / contents.STORE)
            contents.copy_small(self.state, target)
        return sizes

    def _take_blobs(self, target: Path, names: Path) -> dict[str, int]:
        azurite = self.state / contents.AZURITE
        for folder in (target, target / azurite_folder.EXTENTS, names):
            folder.mkdir(mode=0o700)
        for name in azurite_folder.DATABASES:
            copy_file(azurite / name, target / name)
        for name in (azurite_folder.SAVES, azurite_folder.ENDED_IN_ORDER):
            (target / name).touch(mode=0o600)
        sizes: dict[str, int] = {}
        for extent in (azurite / azurite_folder.EXTENTS).iterdir():
            sizes[extent.name] = extent.stat().st_size
            try:
                (names / extent.name).hardlink_to(extent)
            except OSError:  # a file system without second names
                copy_file(extent, names / extent.name)
        return sizes
