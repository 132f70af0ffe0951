"""Where the time of moved days goes, by the events of the world: the seconds of each phase, and of one backup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from controlplane.domain.recovery_services import job as jobs
from controlplane.json_object import Json
from simulator.client import Client

PAGE_EVENTS = 10_000
PHASES = ("service", "agent", "handler", "workload", "transfer", "retention", "clock")


def begins(event: Json) -> str | None:
    """What begins with an event; None where what was before goes on. The workload is what the guest does of its day's
    work before it freezes; the service is what a job does besides; the clock is what there is between a job's end and
    the next thing that is due, the wait until nobody works included."""
    name, data = event["name"], event["data"]
    if name == "task.state" and data["task"] == jobs.TRANSFER_TASK:
        return "transfer" if data["to"] == "InProgress" else "service"
    if name == "job.state":
        return "clock" if data["to"] in jobs.ENDED else "service"
    if name == "handler.command_started" and data["verb"] != "enable":
        return None
    return {
        "clock.moved": "clock",
        "schedule.due": "service",
        "schedule.retention_due": "retention",
        "snapshot.asked": "agent",
        "handler.command_started": "handler",
        "bridge.session_opened": "workload",
        "workload.caught_up": "handler",
        "snapshot.reported": "service",
    }.get(name)


def seconds_of_phases(events: Sequence[Json]) -> dict[str, float]:
    """Real seconds between events, in order, by the phase in which they passed."""
    spent = dict.fromkeys(PHASES, 0.0)
    phase, since = "clock", events[0]["monotonic_seconds"]
    for event in events:
        spent[phase] += event["monotonic_seconds"] - since
        since = event["monotonic_seconds"]
        phase = begins(event) or phase
    return spent


def events_since(client: Client, last: int) -> list[Json]:
    found: list[Json] = []
    while page := client.sim("GET", "/events", since=str(last), limit=str(PAGE_EVENTS))["events"]:
        found += page
        last = page[-1]["id"]
    return found


def seconds_of_a_backup(events: Sequence[Json]) -> tuple[float, float]:
    """Real seconds from one due backup to the next, what expires in between included: the median of the first 30, and
    of the last 30; of fewer where there are fewer than 60."""
    due = [event["monotonic_seconds"] for event in events if event["name"] == "schedule.due"]
    each = [later - earlier for earlier, later in pairwise(due)]
    count = max(1, min(30, len(each) // 2))
    return (median(each[:count]), median(each[-count:])) if each else (0.0, 0.0)
