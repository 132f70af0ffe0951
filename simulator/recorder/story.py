"""Collects the story of a job: what ARM shows of it, its events, what it followed from, and the verdict.

A story is JSON: `{"schema_version", "job", "vault", "events", "is_whole", "last", "links", "reports", "verdict"}`. Its
`job` is as ARM shows it, `events` are those of the control API by the monotonic clock, and `last` is the highest number
among them. Everything is asked of ARM and of the control API, as any program could.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from controlplane.domain.events import service
from controlplane.json_object import Json
from extension.contract.redaction import redact
from simulator.client import Client, RequestFailed
from simulator.failures import Failure

SCHEMA_VERSION = 1
MOST_EVENTS = 3_000
"""In one story: a backup has 110 of them, and a file with so many stays under 2 MB."""
PAGE_EVENTS = 1000
MOST_ANCESTORS = 8
ANSWER_WITHIN = 50
"""Among so many events after a request its answer is looked for."""
VAULTS = "providers/Microsoft.RecoveryServices/vaults"


class NoSuchJob(Failure):
    """No vault of the world has the job."""

    exit_code = 2


@dataclass(frozen=True)
class JobAddress:
    name: str
    vault: str
    """ARM id."""
    body: Json


def find_job(client: Client, name: str) -> JobAddress:
    """The job of this name in whichever vault has it; raises NoSuchJob."""
    for vault in vaults(client):
        try:
            body = client.get(f"{vault['id']}/backupJobs/{quote(name, safe='')}")
        except RequestFailed as error:
            if error.status in {400, 404}:
                continue
            raise
        return JobAddress(body["name"], vault["id"], body)
    raise NoSuchJob(f"no vault of this world has a job {name}; az backup job list shows those of a vault")


def last_job(client: Client) -> JobAddress:
    """The job that was started last; raises NoSuchJob where there is none yet."""
    newest: tuple[str, str, str] | None = None
    for vault in vaults(client):
        for job in client.list(f"{vault['id']}/backupJobs"):
            each = (str(job["properties"]["startTime"]), vault["id"], job["name"])
            newest = max(newest, each) if newest else each
    if newest is None:
        raise NoSuchJob("this world has no job yet; start a backup, then record it")
    return JobAddress(newest[2], newest[1], client.get(f"{newest[1]}/backupJobs/{newest[2]}"))


def vaults(client: Client) -> list[Json]:
    return list(client.list(f"{client.subscription}/{VAULTS}"))


def collect(client: Client, job: JobAddress, *, with_verdict: bool) -> Json:
    """The story of a job. A verdict is that on the recovery point which the job made: every block of it is read."""
    events, is_whole = _events_of(client, job.name)
    events = [*_before(client, events), *events]
    events.sort(key=lambda event: (event["monotonic_seconds"], event["id"]))
    story = {
        "schema_version": SCHEMA_VERSION,
        "job": job.body,
        "vault": job.vault,
        "events": events,
        "is_whole": is_whole,
        "last": max((event["id"] for event in events), default=0),
        "links": _links(job, events),
        "reports": client.sim("GET", "/reports", job=job.name)["attempts"],
        "verdict": _verdict(client, job, events) if with_verdict else None,
    }
    return without_secrets(story)


def without_secrets(story: Json) -> Json:
    """Texts in it that somebody else wrote may quote a signature: none stays."""
    cleaned: Json = _redacted(story)
    return cleaned


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(each) for key, each in value.items()}
    return [_redacted(each) for each in value] if isinstance(value, list) else value


def _events_of(client: Client, job: str) -> tuple[list[Json], bool]:
    """The first events of a job, and whether these are all that there are now."""
    found: list[Json] = []
    since = 0
    while len(found) < MOST_EVENTS:
        page = client.sim("GET", "/events", job=job, since=str(since), limit=str(PAGE_EVENTS))
        if not page["events"]:
            return found, True
        found += page["events"]
        since = page["last"]
    return found[:MOST_EVENTS], False


def _before(client: Client, events: list[Json]) -> list[Json]:
    """What the job follows from, up to the request or the schedule, and the answer to that request."""
    if not events:
        return []
    known = {event["id"] for event in events}
    found = list(_ancestors(client, min(events, key=lambda event: event["id"]), known))
    if found and found[-1]["name"] == service.ArmRequest.NAME:
        page = client.sim("GET", "/events", since=str(found[-1]["id"]), limit=str(ANSWER_WITHIN))
        answers = (event for event in page["events"] if event["name"] == service.RequestAnswered.NAME)
        found += [event for event in answers if event["parent"] == found[-1]["id"] and event["id"] not in known]
    return found


def _ancestors(client: Client, event: Json, known: set[int]) -> Iterator[Json]:
    for _ in range(MOST_ANCESTORS):
        parent = event["parent"]
        if parent is None or parent in known:
            return
        page = client.sim("GET", "/events", since=str(parent - 1), limit="1")["events"]
        if not page or page[0]["id"] != parent:
            return
        event = page[0]
        yield event


def _links(job: JobAddress, events: list[Json]) -> list[Json]:
    """ARM ids of what the job is about."""
    ids = [("vault", job.vault), ("job", str(job.body.get("id", "")))]
    ids += [("machine", event["vm"]) for event in events if event["vm"]]
    ids += [("item", str(event["data"]["item"])) for event in events if event["data"].get("item")]
    seen = dict.fromkeys((kind, id) for kind, id in ids if id)
    return [{"kind": kind, "id": id} for kind, id in seen]


def _verdict(client: Client, job: JobAddress, events: list[Json]) -> Json | None:
    """None where the job made no recovery point, or made one that is gone. A backup makes one before it touches any
    other."""
    if job.body["properties"]["operation"] != "Backup":
        return None
    made = [event for event in events if event["name"] == service.RecoveryPointState.NAME]
    if not made:
        return None
    try:
        return client.sim("POST", "/verify", {"recovery_point": made[0]["data"]["point"]})
    except RequestFailed as error:
        if error.status == 404:
            return None
        raise


def is_over(job: Json) -> bool:
    return bool(job["properties"].get("endTime"))


def to_text(story: Json) -> str:
    return json.dumps(story, ensure_ascii=False, separators=(",", ":"))
