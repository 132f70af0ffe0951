"""One advance of world time: where it goes, how far it is, what ran on the way, and how it ended."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from controlplane.domain.due import Due
from controlplane.domain.events.event import Event
from controlplane.domain.events.monitoring import AlertFired
from controlplane.domain.events.service import ItemState, JobState, RecoveryPointState, VaultState
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.clock.targets import Target

MOST_JOBS_LISTED = 5000
"""Of one advance; all are counted."""
PAGE_EVENTS = 1000
CHANGES = {
    RecoveryPointState.NAME: "recovery_points_expired",
    ItemState.NAME: "items_purged",
    VaultState.NAME: "vaults_purged",
}
"""Under which name it is counted that something of the sort is gone."""
GONE = frozenset({"Expired", "Purged"})


class Reason(StrEnum):
    """Why an advance ended."""

    REACHED = "reached"
    NOTHING_AHEAD = "nothing_ahead"
    """Nothing is due any more and no work waits for a time, so that what was waited for cannot come."""
    LIMIT = "limit"
    """What was waited for had not come after ten years of world time."""
    STOPPED = "stopped"
    CLOSED = "closed"
    """The world was ended; it can be gone on with after the next start."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EndedJob:
    """One job, by the name that ARM knows it by."""

    id: str
    operation: str | None
    status: str
    ended: str | None
    """World time."""
    vm: str | None


class WhatRan:
    """What the journal tells since it began: the jobs that ended with their outcome, and what was counted."""

    def __init__(self, store: Store, since: int) -> None:
        self._store = store
        self._since = since
        self._opened: dict[str, str] = {}
        self.jobs: list[EndedJob] = []
        self.job_count = 0
        self.outcomes: Counter[str] = Counter()
        self.due: Counter[str] = Counter()
        """What was due, by its kind."""
        self.changes: Counter[str] = Counter()

    def read_on(self) -> None:
        """Read what was recorded since it was last read."""
        while events := self._store.events(self._since, limit=PAGE_EVENTS):
            for event in events:
                self._note(event)
            self._since = events[-1].id

    def note_due(self, done: Sequence[Due]) -> None:
        self.due.update(each.kind for each in done)

    def counts(self) -> Json:
        return {
            "job_count": self.job_count,
            "outcomes": dict(self.outcomes),
            "due": dict(self.due),
            "changes": dict(self.changes),
        }

    def _note(self, event: Event) -> None:
        if event.name == JobState.NAME:
            self._note_job(event)
        elif event.name == AlertFired.NAME:
            self.changes["alerts_fired"] += 1
        elif event.name in CHANGES and event.data["to"] in GONE:
            self.changes[CHANGES[event.name]] += 1

    def _note_job(self, event: Event) -> None:
        job, to = event.job or "", event.data["to"]
        if (operation := event.data.get("operation")) is not None:
            self._opened[job] = operation
        if to not in jobs.ENDED:
            return
        operation = self._opened.pop(job, None) or self._operation(job)
        self.job_count += 1
        self.outcomes[to] += 1
        if len(self.jobs) < MOST_JOBS_LISTED:
            # Years of them are kept: what many have in common is kept once.
            kept = [sys.intern(each) if each else None for each in (operation, to, event.vm)]
            ended = instant(event.time) if event.time else None
            self.jobs.append(EndedJob(job, kept[0], kept[1] or to, ended, kept[2]))

    def _operation(self, job: str) -> str | None:
        """Of a job that was opened before."""
        first = self._store.events(limit=1, job=job)
        return first[0].data.get("operation") if first else None


@dataclass(slots=True)
class Advance:
    """An advance that is under way or has ended. The driver alone changes it; whoever reads it sees it as it was a
    moment ago."""

    id: int
    target: Target
    asked_by: str
    began: datetime
    """World time, as everything here."""
    end: datetime | None
    ran: WhatRan
    now: datetime
    event: int = 0
    """The event with which it began."""
    instants: int = 0
    """At how many instants time stood on the way."""
    stopping: bool = False
    reason: Reason | None = None
    problem: str | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def kept(self) -> Json:
        """As it stands in the store, so that it can be gone on with."""
        return {
            "id": self.id,
            "asked": self.target.asked,
            "asked_by": self.asked_by,
            "began": instant(self.began),
            "end": instant(self.end) if self.end else None,
        }

    def progress(self) -> Json:
        """How far it is, or how it ended."""
        return {
            **self.kept(),
            "target": self.target.words,
            "now": instant(self.now),
            "instants": self.instants,
            "reason": self.reason.value if self.reason else None,
            "problem": self.problem,
            **self.ran.counts(),
        }

    def to_json(self) -> Json:
        """The same with the jobs that ended on the way, the first of them where they are very many."""
        return {**self.progress(), "jobs": [asdict(job) for job in list(self.ran.jobs)]}

    def how_far(self) -> str:
        """For people who ask for another one meanwhile."""
        goal = f" of the way to {instant(self.end)}" if self.end else ""
        return f"{self.target.words}, asked for by {self.asked_by}, which is at {instant(self.now)}{goal}"
