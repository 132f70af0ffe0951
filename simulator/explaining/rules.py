"""Whether a handler did as it reported: the rules that it broke in a job, and what the service makes of each.

The rules are those of `simulator/host/handler_rules.py`; the journal has an event of each that was broken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controlplane.domain.events.event import Event
from controlplane.domain.events.handlers import HandlerRuleBroken
from controlplane.domain.events.service import SnapshotAsked
from controlplane.json_object import Json

FREEZE = "freeze"
CONSEQUENCES: Mapping[str, str] = {
    FREEZE: "the service believes the report, so the recovery point promises more than it holds",
    "freeze_limit": "the service believes what is reported, and the guest wrote on while snapshots were taken",
    "thaw": "the service believes what is reported, and the guest waited until it let go by itself",
    "snapshot_in_freeze": "the service believes the report, and the disk shows another instant than the others",
    "every_disk": "the service fails the job, since a disk would be missing",
    "no_signature": "the service does not look; whoever reads that place can use the storage until the signature ends",
    "status_blob": "the service believes the status file, which the agent reads",
    "status_file": "the service believes the status blob, which it reads itself",
}
"""What comes of a broken rule."""


def of(events: Sequence[Event], task: str | None = None) -> list[Json] | None:
    """The rules that the handler of a job, or of one of its tasks, broke: `rule`, `detail`, `consequence`. None: no
    handler was asked."""
    if not any(event.name == SnapshotAsked.NAME and task in {None, event.data["task"]} for event in events):
        return None
    found = (event.data for event in events if event.name == HandlerRuleBroken.NAME)
    return [
        {"rule": each["rule"], "detail": each["detail"], "consequence": CONSEQUENCES[each["rule"]]}
        for each in found
        if task in {None, each["task"]}
    ]
