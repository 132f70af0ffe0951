"""A story for people: the sentences of events in the order in which things happened, alike ones told once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from controlplane.domain.events.event import Event
from controlplane.domain.events.faults import FaultHit
from controlplane.domain.events.machines import WriterState
from controlplane.domain.events.service import RestoreProgress, SnapshotFound, TaskState
from controlplane.json_object import Json
from simulator.explaining import sentences

_BEGINNING = datetime.min.replace(tzinfo=UTC)


def in_order(events: Sequence[Event]) -> list[Event]:
    """By world time, then monotonic time, then number; an event never stands before the one that it follows from.

    The numbers alone do not tell the story: machines tell their events in batches, later than they happened. `events`
    come by their numbers.
    """
    moments: dict[int, tuple[datetime, float]] = {}
    """Of each event, or of its parent where that one is later by its own account."""
    for event in events:
        moment = (event.time or _BEGINNING, event.monotonic_seconds)
        moments[event.id] = max(moment, moments.get(event.parent or 0, moment))
    return sorted(events, key=lambda event: (*moments[event.id], event.id))


def told(events: Sequence[Event], tasks: Collection[str]) -> list[Json]:
    """Each sentence with its event: `time`, `event`, `parent`, `name`, `party`, `text`, `trouble`.

    `events` come by their numbers; `tasks` are the tasks of the job that ARM shows, the others are told of only where
    they fail.
    """
    lines: list[Json] = []
    for event, count in _condensed(in_order(events)):
        sentence = sentences.of(event, count)
        if sentence is None or _is_unlisted(event, tasks, sentence.is_trouble):
            continue
        lines.append(
            {
                "time": None if event.time is None else event.time.isoformat().replace("+00:00", "Z"),
                "event": event.id,
                "parent": event.parent,
                "name": event.name,
                "party": event.party,
                "text": sentence.text,
                "trouble": sentence.is_trouble,
            }
        )
    return lines


def _is_unlisted(event: Event, tasks: Collection[str], is_trouble: bool) -> bool:
    return event.name == TaskState.NAME and event.data["task"] not in tasks and not is_trouble


def _condensed(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """The last of the events that are alike, where it stands, and how many they are."""
    places: dict[object, int] = {}
    kept: list[tuple[Event, int] | None] = []
    for event in events:
        count, alike = 1, _alike(event)
        if alike is not None and alike in places:
            former = kept[places[alike]]
            assert former is not None, "only the last place of a sort is remembered"
            count, kept[places[alike]] = former[1] + 1, None
        if alike is not None:
            places[alike] = len(kept)
        kept.append((event, count))
    return [each for each in kept if each is not None]


def _alike(event: Event) -> object:
    """The same for events of which one sentence tells; None for an event that stands for itself."""
    match event.name:
        case SnapshotFound.NAME:
            return event.name, event.parent
        case RestoreProgress.NAME:
            return event.name
        case FaultHit.NAME:
            return event.name, event.data["number"]
        case WriterState.NAME if event.data["hresult"] == sentences.GOOD_RESULT:
            return event.name, event.parent, event.data["step"]
    return None
