"""What is known to be damaged: marks of recovery points, and stretches of packs on which nothing builds any more."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.spans import Span, merged
from controlplane.jobs.documents import points
from controlplane.ports import Store

PACK = "vault.damaged_pack"
"""Kind of the documents of damaged packs, by their ids."""


def spans_of_packs(store: Store) -> dict[str, list[Span]]:
    """The damaged stretches of every pack that has any."""
    return {each.id: [(start, end) for start, end in each.private["spans"]] for each in store.find(PACK)}


def note_pack(store: Store, pack: str, spans: Iterable[Span]) -> None:
    """Remember more damaged stretches of a pack."""
    known = spans_of_packs(store).get(pack, [])
    all_spans = merged([*known, *spans])
    if all_spans != known:
        store.put(PACK, pack, {}, private={"spans": all_spans})


def mark(store: Store, point: str, lun: int, copy: str) -> RecoveryPoint | None:
    """Mark a disk of a recovery point, given by the id of its document, as damaged in its snapshot (InstantRP) or in
    its copy (HardenedRP). The point, if the mark is new; None if it is there already, or the point is gone."""
    before = points.find(store, point)
    if before is None:
        return None
    marked = recovery_point.with_damage(before, lun, copy)
    if marked == before:
        return None
    points.put(store, marked)
    return marked
