"""Deletes again what a killed storage had deleted and has forgotten.

What nobody names any more would stay for ever. A blob that was made anew since it was deleted, and forgotten too, goes
as well: what is there again has the content of long ago. The one thing that stays is a pack whose successor is
forgotten: the recovery points that named the one name the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controlplane.domain.events import service as events
from controlplane.ports import Blob, BlobConflict, BlobMade, BlobNotFound, Blobs, Deletion, Ports
from controlplane.vault_format.packs import is_later_generation


def repeat(ports: Ports, acts: Sequence[Deletion | BlobMade], restarted: int) -> int:
    """`acts` are what the storage has forgotten, in the order in which they happened; `restarted` is the event of the
    start. Returns how many deletions there were to repeat. May itself be repeated."""
    made = _still_made(acts)
    repeated = left = 0
    for act in acts:
        if isinstance(act, BlobMade):
            continue
        if any(is_later_generation(other, act.blob) for other in made):
            left += 1
        else:
            blobs = ports.vault_blobs if act.blob.account == ports.settings.vault_account else ports.blobs
            repeated += _repeat(blobs, act)
    if repeated or left:
        ports.store.record(events.WorldDeletionsRepeated(repeated, left).event(parent=restarted))
    return repeated


def _still_made(acts: Iterable[Deletion | BlobMade]) -> set[Blob]:
    """The blobs that there would be."""
    made: set[Blob] = set()
    for act in acts:
        if isinstance(act, BlobMade):
            made.add(act.blob)
        elif act.blob.name:
            made.discard(act.blob)
        else:
            made = {blob for blob in made if (blob.account, blob.container) != (act.blob.account, act.blob.container)}
    return made


def _repeat(blobs: Blobs, act: Deletion) -> bool:
    """Whether it was there again."""
    blob = act.blob
    try:
        if not blob.name:
            is_there = blobs.container(blob.account, blob.container) is not None
            blobs.delete_container(blob.account, blob.container)
        elif act.snapshots == "only":
            is_there = _delete_snapshots(blobs, blob)
        else:
            is_there = blobs.properties(blob) is not None
            blobs.delete(blob, snapshots=act.snapshots == "include")
    except BlobNotFound:  # its account is gone
        return False
    except BlobConflict:  # a snapshot of it that was not deleted
        return False
    return is_there


def _delete_snapshots(blobs: Blobs, of: Blob) -> bool:
    here = list(blobs.find(of.account, of.container, of.name, snapshots=True))
    taken = [blob for blob in here if blob.snapshot and blob.name == of.name]
    for snapshot in taken:
        blobs.delete(snapshot)
    return bool(taken)
