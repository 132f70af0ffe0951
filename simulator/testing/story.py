"""What led to something in a world, as lines to read: the events of a job under the ones that they follow from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controlplane.domain.events import machines, service
from controlplane.domain.events.faults import FaultHit
from controlplane.json_object import Json
from simulator.testing.world import BackupWorld

MOST_LINES = 60
MOST_HITS = 10
MOST_DATA_CHARACTERS = 160
TROUBLE = "!"
STATES = frozenset({service.JobState.NAME, service.TaskState.NAME, service.RecoveryPointState.NAME})
OK_RESULTS = frozenset({0, 1, 4})
"""Codes of a handler's report that mean success, or a task that was accepted."""


def of_job(world: BackupWorld, job: str) -> list[str]:
    """The story of the job of this name: from the request or the schedule that began it."""
    events = world.events(job)
    known = {event["id"]: event for event in events}
    for event in list(events):
        while (parent := event["parent"]) and parent not in known:
            event = known[parent] = _event(world, parent)
    return [*told(list(known.values())), *_hits(world, min(known, default=0), max(known, default=0))]


def _hits(world: BackupWorld, first: int, last: int) -> list[str]:
    """What faults did meanwhile: a hit belongs to no job, since the product knows of no fault."""
    meanwhile = [hit for hit in world.faults.hits() if first <= hit["event"] <= last][-MOST_HITS:]
    return [f"{TROUBLE} {hit['event']:>5}  {FaultHit.NAME}  {hit['fault']} {_facts(hit['facts'])}" for hit in meanwhile]


def root_of(world: BackupWorld, event: Json) -> Json:
    """The event that began it all: a request, a schedule or an act upon the world."""
    while event["parent"]:
        event = _event(world, event["parent"])
    return event


def told(events: Sequence[Json]) -> list[str]:
    """Each event on a line below its cause; where there are too many, those without trouble and its causes go."""
    known = {event["id"]: event for event in events}
    children: dict[int | None, list[Json]] = {}
    for event in sorted(events, key=lambda event: event["id"]):
        parent = event["parent"] if event["parent"] in known else None
        children.setdefault(parent, []).append(event)
    chosen = set(known) if len(known) <= MOST_LINES else _with_causes(known)
    lines = list(_lines(children, None, 0, chosen))
    left_out = len(known) - len(lines)
    return lines if not left_out else [*lines, f"  ({left_out} more events; backup_world.events() has them all)"]


def is_trouble(event: Json) -> bool:
    """Whether an event tells of something that went wrong."""
    name, data = event["name"], event["data"]
    if name == FaultHit.NAME or name.endswith((".failed", ".refused", ".lost", ".mistake", ".undo_failed")):
        return True
    if name == machines.CommandEnded.NAME:
        return bool(data["exit_code"] != 0)
    if name == service.SnapshotReported.NAME:
        return data.get("code") not in OK_RESULTS
    if name in {service.SnapshotUnreported.NAME, machines.MachineFailed.NAME}:
        return True
    return bool(data.get("errors") or data.get("error")) or data.get("to") in {"Failed", "Cancelled"}


def line(event: Json) -> str:
    """`17  2026-03-01T08:00:03Z  snapshot.judged  task=... error=...`"""
    time = str(event["time"] or "").replace("+00:00", "Z")
    return f"{event['id']:>5}  {time[:23]:<23}  {event['name']}  {_facts(event['data'])}".rstrip()


def _lines(
    children: Mapping[int | None, Sequence[Json]], parent: int | None, depth: int, chosen: set[int]
) -> Iterator[str]:
    for event in children.get(parent, ()):
        if event["id"] in chosen:
            mark = TROUBLE if is_trouble(event) else " "
            number, rest = line(event)[:5], line(event)[5:]
            yield f"{mark} {number}{'  ' * min(depth, 12)}{rest}"
        yield from _lines(children, event["id"], depth + 1, chosen)


def _with_causes(known: Mapping[int, Json]) -> set[int]:
    """Trouble with all that led to it, states of the job and its tasks; the last of them, if that is too much."""
    chosen: set[int] = set()
    for event in sorted(known.values(), key=lambda event: event["id"], reverse=True):
        if len(chosen) >= MOST_LINES:
            break
        if is_trouble(event) or event["name"] in STATES:
            cause: Json | None = event
            while cause is not None and cause["id"] not in chosen:
                chosen.add(cause["id"])
                cause = known.get(cause["parent"])
    return chosen


def _event(world: BackupWorld, number: int) -> Json:
    query: dict[str, Any] = {"since": str(number - 1), "limit": "1"}
    (event,) = world.client.sim("GET", "/events", None, **query)["events"]
    found: Json = event
    return found


def _facts(data: Json) -> str:
    return _shortened(" ".join(f"{key}={_word(data[key])}" for key in data if data[key] not in (None, "", [])))


def _word(value: object) -> str:
    text = str(value)
    if text.startswith("/subscriptions/"):
        text = f".../{text.rpartition('/')[2]}"
    return f'"{text}"' if " " in text else text


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_DATA_CHARACTERS else text[: MOST_DATA_CHARACTERS - 3] + "..."
