"""What is stored of a dataclass is what the standard library would make of it, without its copies."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.plain import fields_of
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.job import Job, Progress, Task
from controlplane.domain.recovery_services.recovery_point import Machine, PointDisk, RecoveryPoint

NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
DISK = PointDisk("os", -1, 512, "a", "c", "b", "s", vault={"name": "n", "nested": {"x": [1]}}, damaged=("InstantRP",))
MACHINE = Machine("vm", "B1s", "Windows", "westus", True, ((-1, "os"),), zones=("1",), extended_location={"name": "e"})
POINT = RecoveryPoint(
    "1", "item", "job", "task", NOW, NOW, "AppConsistent", MACHINE, (DISK,), telemetry={"t": "1"}, rules=("Daily",)
)
JOB = Job("1", "v", "Backup", "c", "vm", "act", NOW, (Task("T"),), {"a": "b"}, progress=Progress(1.5, 2.0), ended=NOW)


def test_the_fields_stand_in_their_order_and_what_lies_in_them_is_not_copied() -> None:
    found = fields_of(DISK)
    assert list(found) == list(asdict(DISK))
    assert found["vault"] is DISK.vault


def test_points_and_jobs_are_stored_as_they_were() -> None:
    assert _text(recovery_point.to_json(POINT)) == _text(asdict(POINT) | {"time": NOW, "expires": NOW})
    assert _text(jobs.to_json(JOB)) == _text(asdict(JOB) | {"started": NOW, "ended": NOW})


def _text(stored: Any) -> str:
    return json.dumps(stored, default=lambda each: each.isoformat(), sort_keys=True)
