"""Opens the store of a world, after a look at how the last run left it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from controlplane.adapters.database import StoreInUse, StoreTooNew, StoreUnusable
from controlplane.adapters.store import SqlStore
from controlplane.ports import Clock, StoreDamaged, StoreFull, StoreUnavailable
from simulator.failures import FREE_SPACE, Failure, WrongUse
from simulator.state.folder import StateFolder
from simulator.state.kept_files import damaged
from simulator.state.store_mark import StoreMark


class StoreDiskFull(Failure):
    """The disk of the store has no room for a start."""


@dataclass(frozen=True, slots=True)
class OpenedStore:
    store: SqlStore
    starts: int
    """How often the world was started before. Its draws must not repeat what an earlier start drew."""
    is_older: bool
    """It was put back from a copy: what later runs did is not in it."""
    is_as_left: bool
    """The last run ended in order, and the store is what it left."""
    is_known: bool
    """The last run wrote all that is in it, and found what the storage had lost before."""
    note_examined: Callable[[], None]
    """To be called once what the storage may have lost was looked for."""


def open_store(
    state: StateFolder, dsn: str | None, clock: Clock, keep: ExitStack, is_orderly: Callable[[], bool]
) -> OpenedStore:
    """The store, for this world alone: so every owner of a run that it names is gone. `keep` closes it, and notes how
    it was left if the end `is_orderly`.

    Raises WrongUse for a store that is damaged, gone, of a newer release or in use.
    """
    mark = None if dsn else StoreMark(state.path, state.store_file)
    where = "BACKUPSIM_DSN" if dsn else f"{state.store_file}"
    is_whole = mark is None or mark.check_store()
    left = mark.left if mark is not None else None
    if mark is not None:  # before the store is touched
        mark.begin(left.starts if left else 0, examined=left is not None and left.examined)
    try:
        store = SqlStore(dsn or f"sqlite:///{state.store_file}", clock)
        if mark is not None:
            keep.callback(lambda: mark.end() if is_orderly() else None)  # after the store was closed
        keep.callback(store.close)
        store.claim()
        if not is_whole:
            store.check()
        store.runs.disown()
        starts, is_older = _count_start(store, mark)
    except (StoreInUse, StoreTooNew) as problem:
        raise WrongUse(f"{where}: {problem}") from None
    except StoreFull:
        raise StoreDiskFull(f"{where}: No space left on device; {FREE_SPACE}") from None
    except (StoreUnusable, StoreDamaged, StoreUnavailable) as problem:
        if dsn:
            raise WrongUse(f"{where}: {problem}") from None
        raise damaged(state.store_file) from None
    is_as_left = not is_older and (mark is None or (left is not None and left.orderly) or starts == 0)
    is_known = not is_older and left is not None and left.examined
    return OpenedStore(store, starts, is_older, is_as_left, is_known, mark.note_examined if mark else lambda: None)


def _count_start(store: SqlStore, mark: StoreMark | None) -> tuple[int, bool]:
    """The starts before this one, and whether later ones were than the store knows."""
    left = mark.left.starts if mark is not None and mark.left is not None else 0
    with store.transaction():
        document = store.get("world", "starts")
        counted: int = document.json()["starts"] if document else 0
        starts = max(counted, left)
        store.put("world", "starts", {"starts": starts + 1})
    if mark is not None:
        is_older = counted < left
        mark.begin(starts + 1, examined=not is_older and mark.left is not None and mark.left.examined)
    return starts, counted < left
