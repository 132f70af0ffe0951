"""What an item does at most once at a time, by the names of the locks that its jobs hold.

A backup holds its lock to its end. While it only transfers, a further one of the schedule may take a snapshot, and
holds another lock for that.
"""

from __future__ import annotations

from controlplane.jobs.engine.records import LOCK
from controlplane.ports import Store


def of_backup(item: str) -> str:
    return f"{item}|backup"


def of_snapshot(item: str) -> str:
    """For a backup that takes a snapshot while another one transfers."""
    return f"{item}|snapshot"


def of_restore(item: str) -> str:
    return f"{item}|restore"


def is_backed_up(store: Store, item: str) -> bool:
    """Whether a backup of the item is going on."""
    return bool(backups(store, item))


def is_restored(store: Store, item: str) -> bool:
    """Whether a restore from the item is going on, or a move of its recovery points."""
    return store.get(LOCK, of_restore(item)) is not None


def backups(store: Store, item: str) -> list[str]:
    """The ids of the documents of the jobs that back the item up now."""
    return _holders(store, of_backup(item), of_snapshot(item))


def at_work(store: Store, item: str) -> list[str]:
    """The same of all jobs that may take snapshots: a restore may back the machine up first."""
    return _holders(store, of_backup(item), of_snapshot(item), of_restore(item))


def _holders(store: Store, *locks: str) -> list[str]:
    held = (store.get(LOCK, lock) for lock in locks)
    return [str(document.json().get("job", "")) for document in held if document is not None]
