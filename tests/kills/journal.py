"""What the events of a world told, read on from where the last look ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from controlplane.domain.recovery_services.recovery_point import TIERS
from controlplane.json_object import Json
from simulator.client import Client
from tests.kills.findings import Findings

PAGE = 5000
UNENDED_JOBS = frozenset({"InProgress", "Cancelling"})
COUNTED = ("disk.lost_writes", "disk.raw", "machine.failed", "workload.failed", "snapshot.left_behind")


@dataclass
class Journal:
    """Read only in a world that has settled: machines tell their events in batches."""

    since: int = 0
    last: Json | None = None
    points_of_job: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Recovery points that a job has made; a later job may change them."""
    made: set[str] = field(default_factory=set)
    ends_of_job: Counter[str] = field(default_factory=Counter)
    named: set[str] = field(default_factory=set)
    """Recovery points of which a loss or damage was named."""
    named_restores: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    """Recovery points that somebody deleted, or whose absence has been told."""
    left_frozen: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    """Codes with which jobs have ended, by operation."""
    operations: dict[str, str] = field(default_factory=dict)

    def read(self, client: Client, findings: Findings) -> None:
        self._check_last(client, findings)
        while events := client.sim("GET", "/events", since=str(self.since), limit=str(PAGE))["events"]:
            self.since = max(event["id"] for event in events)
            self.last = next(event for event in events if event["id"] == self.since)
            for event in events:
                self._take(event, findings)

    def _check_last(self, client: Client, findings: Findings) -> None:
        """The event that was read last is still there: no start has taken the store back."""
        if self.last is None:
            return
        (event,) = client.sim("GET", "/events", since=str(self.since - 1), limit="1")["events"] or ({},)
        if event != self.last:
            findings.add("lost", f"the event {self.last} has become {event}")

    def _take(self, event: Json, findings: Findings) -> None:
        name, data = event["name"], event["data"]
        if name == "recovery_point.state" and not TIERS[data["to"]]:
            self.erased.add(data["point"])
        elif name == "recovery_point.state":
            if event["job"] and data["point"] not in self.made:
                self.points_of_job[event["job"]].add(data["point"])
            self.made.add(data["point"])
        elif name in ("recovery_point.lost", "recovery_point.damaged"):
            self.named.add(data["point"].rpartition("/")[2])
            self.counts[name] += 1
        elif name == "restore.lost":
            self.named_restores.add(data["restore"])
            self.counts[name] += 1
        elif name == "job.state":
            self._take_job(event["job"], data, findings)
        elif name == "bridge.session_closed" and data.get("left_frozen"):
            self.left_frozen += 1
        elif name in ("job.mistake", "job.undo_failed", "disk.ledger_lost"):
            findings.add("wrong", f"{name} of {event['job'] or event['vm']}: {data}")
        elif name == "world.deletions_repeated":
            self.counts[name] += 1
            self.counts["deletions repeated"] += data["repeated"]
        elif name in COUNTED:
            self.counts[name] += 1

    def _take_job(self, job: str, data: Json, findings: Findings) -> None:
        if data.get("operation"):
            self.operations[job] = data["operation"]
        if data["to"] in UNENDED_JOBS:
            return
        self.ends_of_job[job] += 1
        if self.ends_of_job[job] > 1:
            findings.add("doubled", f"job {job} has ended {self.ends_of_job[job]} times")
        for outcome in data.get("errors") or [data["to"]]:
            self.errors[f"{self.operations.get(job, '?')}: {outcome}"] += 1
