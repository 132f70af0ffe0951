"""What a reader found damaged in a recovery point: marked, told, and remembered, so that no backup builds on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.recovery_services.recovery_point import PointDisk
from controlplane.domain.spans import Span
from controlplane.jobs.documents import damage
from controlplane.jobs.engine import records
from controlplane.jobs.engine.job_state import JobState
from controlplane.ports import Ports
from controlplane.vault_format.damage import DataDamaged
from controlplane.vault_format.tiered_source import Damage

MOST_SENTENCES = 3
EventOf = Callable[[Fact], Event]
"""What the reader tells, with what it follows from."""


def of_job(state: JobState) -> EventOf:
    return lambda fact: records.event(state, fact)


def tell(
    ports: Ports, point: str, disk: PointDisk, copy: str, problems: Sequence[DataDamaged], event_of: EventOf
) -> None:
    """At once, whatever becomes of the read. `point` is the id of its document, `copy` InstantRP or HardenedRP."""
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
            ports.store.record(event_of(fact))


def tell_by_tier(ports: Ports, point: str, disk: PointDisk, damages: Sequence[Damage], event_of: EventOf) -> None:
    for tier in dict.fromkeys(each.tier for each in damages):
        problems = [each.error() for each in damages if each.tier == tier]
        tell(ports, point, disk, tier, problems, event_of)
