"""Explains a recovery point: how it came about, which consistency it has, and why."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.events import machines
from controlplane.domain.events.event import Event
from controlplane.domain.events.host_snapshots import HostAsked
from controlplane.domain.events.service import SnapshotJudged
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import recovery_point as points
from controlplane.domain.recovery_services.recovery_point import TIERS, RecoveryPoint
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.ports import Document, Store
from simulator.explaining import jobs as explained_jobs
from simulator.explaining import journal, rules, sentences, story

KIND = "recovery_point"
AGAINST_A_FREEZE = (
    machines.WriterState.NAME,
    machines.VssRefused.NAME,
    machines.VssThawed.NAME,
    machines.FileSystemFreezeRefused.NAME,
)
"""Kinds of events that may say why nothing was frozen."""


def explain(store: Store, document: Document) -> Json:
    """The explanation of a point, as far as the journal still tells of it."""
    point = points.from_json(document.private["point"])
    events = journal.of_job(store, point.job)
    lines = _lines(store, point, events)
    return {
        "kind": KIND,
        "id": point.document,
        "name": point.id,
        "machine": point.machine.name,
        "time": instant(point.time),
        "consistency": point.consistency,
        "why": why(point, events),
        "rules": rules.of(events, point.task_id) if point.task_id else None,
        "tiers": list(TIERS[point.tiers]),
        "job": point.job,
        "story": lines,
    }


def _lines(store: Store, point: RecoveryPoint, events: Sequence[Event]) -> list[Json]:
    """The story of its job, and of what became of the point since."""
    since = max((event.id for event in events), default=0)
    later = journal.of_point(store, point.id, since) if events else []
    document = store.get(jobs.KIND, f"{vault_id_of(point.item)}/backupJobs/{point.job}")
    if document is None:
        return story.told([*events, *later], ())
    return explained_jobs.told(jobs.from_json(document.private["job"]), [*events, *later])


def why(point: RecoveryPoint, events: Sequence[Event]) -> list[str]:
    """Why the point has its consistency, in sentences. The snapshots count, and what the guest did around them: an
    attempt before the one that took them is told of where it decided something."""
    if not point.task_id:
        return ["the machine did not run, so the service took the snapshots, which hold what a power cut would leave"]
    broken = {each["rule"]: each["detail"] for each in rules.of(events, point.task_id) or ()}
    if rules.FREEZE in broken:
        return ["the handler reported it, and the service believes reports", broken[rules.FREEZE]]
    of_task = [event for event in events if event.data.get("task_id") == point.task_id]
    if not of_task:
        return ["the journal no longer tells what happened in the guest"]
    match point.consistency:
        case "AppConsistent":
            return [_applications(point, of_task)]
        case "FileSystemConsistent":
            return _file_systems(of_task)
    return _crash(point, of_task, events)


def _applications(point: RecoveryPoint, of_task: Sequence[Event]) -> str:
    if any(event.name == machines.VssFrozen.NAME and event.data["with_writers"] for event in of_task):
        held = next((event.data["held_milliseconds"] for event in of_task if event.name == machines.VssThawed.NAME), 0)
        return f"all writers were frozen, and VSS held all writes for {held:.0f} ms while the snapshots were taken"
    return f"the scripts of {point.machine.name} brought its programs to rest while the snapshots were taken"


def _file_systems(of_task: Sequence[Event]) -> list[str]:
    if any(event.name == machines.FileSystemsFrozen.NAME for event in of_task):
        return ["the file systems were frozen, and no scripts told the programs in the guest of it"]
    failed = _troubles(of_task, (machines.WriterState.NAME, machines.VssRefused.NAME))
    return [*failed, "VSS held all writes without the writers, so no program could bring its files in order"]


def _crash(point: RecoveryPoint, of_task: Sequence[Event], events: Sequence[Event]) -> list[str]:
    earlier = [event for event in events if event.name == SnapshotJudged.NAME and event.data["task"] != point.task_id]
    reasons = [
        f"the attempt {event.data['task']} had failed with {event.data['error']}"
        for event in earlier
        if event.data.get("error")
    ]
    asked = next((event for event in of_task if event.name == HostAsked.NAME), None)
    if asked is not None:
        if asked.data["reason"] == "policy":
            reasons.append(
                "the policy wants crash-consistent snapshots alone, which the host takes without agent, extension and "
                "guest"
            )
        return [
            *reasons,
            "the host held the writes to all disks while the snapshots were taken, so they show one instant",
        ]
    reasons += _troubles(of_task, AGAINST_A_FREEZE)
    return [*reasons, "the guest ran on while the snapshots were taken"]


def _troubles(events: Sequence[Event], names: Sequence[str]) -> list[str]:
    """What went wrong in the guest, each sentence once."""
    told = [sentences.of(event) for event in events if event.name in names]
    return list(dict.fromkeys(each.text for each in told if each is not None and each.is_trouble))
