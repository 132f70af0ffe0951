"""What a saved world is made of: a state folder as an orderly end leaves it, without what only a run needs.

It holds the world's documents and events (`store.db`), its blobs (`azurite`), its guests, and its keys. Logs, the
configuration of az, endpoints and locks are not in it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from simulator.failures import WrongUse
from simulator.saved_worlds.copying import copy_file, copy_tree
from simulator.state.folder import FORMAT_VERSION, LOCK_SECONDS, running_endpoints, write_private
from simulator.state.kept_files import damaged, read_text
from simulator.state.store_mark import FILE as MARK
from simulator.storage import azurite_folder

WORLD = "world.json"
STORE = "store.db"
AZURITE = "azurite"
SMALL_FILES = ("secrets.json", "accounts.json")
FOLDERS = ("guests", "handlers", "ca")
OF_AZURITE = (*azurite_folder.DATABASES, azurite_folder.SAVES, azurite_folder.ENDED_IN_ORDER)
"""Files; beside them lies the folder of the extents. What else Azurite has there is of a run."""
TOP = frozenset({WORLD, STORE, MARK, AZURITE, *SMALL_FILES, *FOLDERS})
BLOBS_ELSEWHERE = "this world keeps its blobs elsewhere, so it cannot be saved; use a world without --blob-endpoint"
STORE_ELSEWHERE = "this world keeps its documents elsewhere, so it cannot be saved; use a world without BACKUPSIM_DSN"


def copy_at_rest(world: Path, target: Path) -> None:
    """A world that does not run, and whose last run ended in order, into a new folder. `world.json`, which makes it a
    world, comes last. Raises WrongUse for what is none, or was killed."""
    check(world)
    target.mkdir(mode=0o700)
    copy_small(world, target)
    copy_file(world / STORE, target / STORE)
    copy_file(world / MARK, target / MARK)
    blobs = target / AZURITE
    blobs.mkdir(mode=0o700)
    for name in OF_AZURITE:
        copy_file(world / AZURITE / name, blobs / name)
    copy_tree(world / AZURITE / azurite_folder.EXTENTS, blobs / azurite_folder.EXTENTS)
    copy_file(world / WORLD, target / WORLD)


def copy_small(world: Path, target: Path) -> None:
    """All but store, blobs and `world.json`."""
    for name in SMALL_FILES:
        with suppress(FileNotFoundError):
            copy_file(world / name, target / name)
    for name in FOLDERS:
        if (world / name).is_dir():
            copy_tree(world / name, target / name)


def check(world: Path) -> None:
    """Raises WrongUse unless the folder holds a whole world that ended in order."""
    format_of(world)
    if (world / "running").exists():
        raise WrongUse(f"the last run of the world in {world} did not end in order; start it, stop it, and try again")
    if not (world / STORE).exists():
        raise WrongUse(STORE_ELSEWHERE)
    if not (world / AZURITE / azurite_folder.DATABASES[0]).exists():
        raise WrongUse(BLOBS_ELSEWHERE)
    azurite_folder.check(world / AZURITE)
    for file in (world / MARK, *(world / AZURITE / name for name in OF_AZURITE)):
        if not file.exists():
            raise WrongUse(
                f"the last run of the world in {world} did not end in order; start it, stop it, and try again"
            )
    if not is_own_storage(world / STORE):
        raise WrongUse(BLOBS_ELSEWHERE)


def format_of(world: Path) -> int:
    """The version of the format of its `world.json`. Raises WrongUse for none, Damaged for another file."""
    text = read_text(world / WORLD)
    if text is None:
        raise WrongUse(f"{world} is not the state folder of a world; name one with --state")
    try:
        version = json.loads(text)["format_version"]
    except (ValueError, TypeError, KeyError):
        raise damaged(world / WORLD) from None
    if version != FORMAT_VERSION:
        raise WrongUse(
            f"{world} has format {version}, but this release supports format {FORMAT_VERSION}; "
            "use the release that created it, or name another folder"
        )
    return int(version)


def is_own_storage(store: Path) -> bool:
    """Whether the blobs of the world with this store lie in an Azurite of its own."""
    try:
        with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            query = "SELECT body FROM documents WHERE kind = 'world' AND id = 'storage'"
            row = connection.execute(query).fetchone()
        return row is None or not json.loads(row[0])["foreign"]
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        raise damaged(store) from None


def mark_as_ended(world: Path, former: Path) -> None:
    """Note in a copy of a running world what an orderly end would: the digest of its store. `former` is the mark of the
    world that was copied."""
    left = json.loads(former.read_text(encoding="utf-8"))
    with (world / STORE).open("rb") as store:
        digest = hashlib.file_digest(store, "sha256").hexdigest()
    write_private(world / MARK, json.dumps({**left, "orderly": True, "examined": True, "digests": [digest]}) + "\n")


@contextmanager
def standing(world: Path) -> Iterator[None]:
    """Within this no process runs the world of a folder. Raises WrongUse where one does."""
    lock = FileLock(world / "lock", timeout=LOCK_SECONDS, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise WrongUse(f"a world is running in {world}; stop it with backupsim stop, and try again") from None
    try:
        yield
    finally:
        lock.release()


def is_running(world: Path) -> bool:
    return running_endpoints(world) is not None


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
