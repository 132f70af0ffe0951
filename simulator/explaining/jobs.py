"""Explains a job: its story, and where it failed what failed, where, and what helps."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.events.event import Event
from controlplane.domain.events.service import JobState, SnapshotJudged, TaskState
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.ports import Document, Store
from simulator.explaining import journal, rules, story

KIND = "job"
SUMMARY_OF = frozenset({JobState.NAME, TaskState.NAME, SnapshotJudged.NAME})
"""Kinds of events that sum up what others tell: they do not say where something went wrong."""


def explain(store: Store, document: Document) -> Json:
    """The explanation of a job that runs or has ended."""
    job = jobs.from_json(document.private["job"])
    events = journal.of_job(store, job.id)
    lines = told(job, events)
    return {
        "kind": KIND,
        "id": job.document,
        "name": job.id,
        "operation": job.operation,
        "machine": job.friendly_name,
        "vault": job.vault.rpartition("/")[2],
        "status": job.status,
        "started": instant(job.started),
        "ended": None if job.ended is None else instant(job.ended),
        "failures": failures(job, lines),
        "rules": rules.of(events),
        "story": lines,
    }


def told(job: Job, events: Sequence[Event]) -> list[Json]:
    """The story of a job out of what the journal has of it."""
    return story.told(events, {task.name for task in job.tasks if task.listed})


def failures(job: Job, lines: Sequence[Json]) -> list[Json]:
    """Each error of the job: code, number, message, remedies, and where things went wrong as the story tells."""
    troubles = [line for line in lines if line["trouble"]]
    told_by_others = [line for line in troubles if line["name"] not in SUMMARY_OF]
    where = [line["text"] for line in told_by_others or troubles if line["name"] != JobState.NAME]
    return [
        {
            "code": error["errorTitle"],
            "number": error["errorCode"],
            "message": error["errorString"],
            "task": next((task.name for task in job.tasks if task.status == "Failed"), None),
            "where": list(dict.fromkeys(where)),
            "remedies": list(error["recommendations"]),
        }
        for error in job.errors
    ]
