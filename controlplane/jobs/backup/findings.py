"""What a job found damaged in a recovery point: marked, told, and remembered so that no later backup builds on it."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.events import service as events
from controlplane.domain.recovery_services.recovery_point import PointDisk
from controlplane.domain.spans import Span
from controlplane.jobs.documents import damage
from controlplane.jobs.engine import records
from controlplane.jobs.engine.job_state import JobState
from controlplane.ports import Ports
from controlplane.vault_format.damage import DataDamaged

MOST_SENTENCES = 3


def tell(
    ports: Ports, state: JobState, point: str, disk: PointDisk, copy: str, problems: Sequence[DataDamaged]
) -> None:
    """At once, whatever becomes of the step. `point` is the id of its document, `copy` InstantRP or HardenedRP."""
    sentences = list(dict.fromkeys(str(problem) for problem in problems))
    by_pack: dict[str, list[Span]] = {}
    for problem in problems:
        for place in problem.places:
            by_pack.setdefault(place.pack, []).append((place.offset, place.end))
    with ports.store.transaction():
        for pack, spans in by_pack.items():
            damage.note_pack(ports.store, pack, spans)
        if damage.mark(ports.store, point, disk.lun, copy):
            fact = events.RecoveryPointDamaged(
                point.rpartition("/")[2], disk.name, copy, "; ".join(sentences[:MOST_SENTENCES])
            )
            ports.store.record(records.event(state, fact))
