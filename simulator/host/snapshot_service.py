"""The snapshot service of a host: what it answers a handler before its snapshot, and the snapshots that it takes.

A handler names the disks of its machine by their numbers and shows the token of its task. The host knows both from the
settings that the service had it deliver to the machine, so nobody else can have it take snapshots.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.json_object import Json
from controlplane.ports import Blob, Blobs, PortError
from extension.contract.protocol import ProtocolError, parse_settings_file
from extension.contract.settings import SettingsError
from extension.contract.settings_json import CustomSettings, merged_object
from simulator.host.goalstate import GoalState

MOST_DISKS = 65
"""More than any machine has."""


@dataclass(frozen=True, slots=True)
class HostedDisks:
    """The machine that a handler runs on: what it was ordered, and its disks by number."""

    goal_state: GoalState
    disks: Mapping[int, Blob]


class HostSnapshotService:
    """It tells the time of the host, and takes snapshots in its own name."""

    def presnapshot(self, vm: str, now: datetime) -> tuple[int, Json | str]:
        """Status and body. `now` is real time, as what a task says of its start: handlers that know no other compare
        the two."""
        moment = now.astimezone(UTC)
        time = {unit: getattr(moment, unit) for unit in ("year", "month", "day", "hour", "minute", "second")}
        return 200, {"responseTime": time, "bhsVersion": "simulated", "nodeId": "simulated", "result": ""}

    def dosnapshot(self, vm: str, order: Json, machine: HostedDisks, blobs: Blobs) -> tuple[int, Json | str, Fact]:
        """Status, body, and the event that tells of it."""
        task_id, luns = str(order.get("taskId", "")), order.get("diskIds")
        problem = _objection(order, machine, task_id, luns)
        if problem:
            return 403, {"error": {"code": "Forbidden", "message": problem}}, events.HostSnapshotRefused(problem)
        assert isinstance(luns, list)
        metadata = _pairs(order.get("snapshotMetadata"))
        told = [_snapshot(machine.disks[lun], metadata, blobs) for lun in luns]
        taken = sum(each["isSuccessful"] == "true" for each in told)
        return 200, {"snapshotInfo": told}, events.HostSnapshotsTaken(task_id, taken, len(told) - taken)


def _objection(order: Json, machine: HostedDisks, task_id: str, luns: object) -> str:
    token = order.get("snapshotTaskToken")
    known = tokens_of(machine.goal_state)
    if (
        not isinstance(token, str)
        or not hmac.compare_digest(token.encode(), known.get(task_id, "").encode())
        or not token
    ):
        return "this machine was ordered no snapshot by its host for this task, or under another token"
    if not isinstance(luns, list) or not 0 < len(luns) <= MOST_DISKS or len(set(map(str, luns))) != len(luns):
        return "diskIds has to name disks of the machine, each once"
    absent = [lun for lun in luns if isinstance(lun, bool) or lun not in machine.disks]
    return f"this machine has no disk {absent[0]}" if absent else ""


def tokens_of(goal: GoalState) -> dict[str, str]:
    """Task -> token, of the snapshot tasks that a machine has now. What cannot be read is no task for the host."""
    tokens = {}
    for plugin in goal.plugins:
        try:
            public = parse_settings_file(plugin.settings.encode()).public
            token = merged_object(public, {}).get("snapshotTaskToken")
            custom = public.get("customSettings")
            task = CustomSettings.parse(custom if isinstance(custom, str) else "").backup_task_id or public.get(
                "taskId"
            )
        except (ProtocolError, SettingsError):
            continue
        if isinstance(token, str) and token and isinstance(task, str):
            tokens[task] = token
    return tokens


def _pairs(value: Any) -> dict[str, str]:
    pairs = value if isinstance(value, list) else []
    return {
        str(pair["Key"]): str(pair.get("Value") or "") for pair in pairs if isinstance(pair, dict) and "Key" in pair
    }


def _snapshot(blob: Blob, metadata: Mapping[str, str], blobs: Blobs) -> Json:
    """One disk. Flags are texts, as the published handlers want them."""
    try:
        stamp = blobs.snapshot(blob, metadata or None)
    except PortError as problem:
        return {"isSuccessful": "false", "snapshotUri": None, "errorMessage": str(problem), "statusCode": 500}
    uri = f"{blobs.url(blob)}?snapshot={stamp}"
    return {"isSuccessful": "true", "snapshotUri": uri, "errorMessage": None, "statusCode": 200}
