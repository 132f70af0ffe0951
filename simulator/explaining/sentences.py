"""A sentence for each kind of event: what happened, in plain words.

A sentence is a template (`templates.py`) whose blanks are filled with the data of the event. Kinds that come in several
shapes have a rule that picks one. What says nothing of causes is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controlplane.domain.events import host_snapshots, machines, service
from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.recovery_services.recovery_point import TIERS
from simulator.explaining.templates import PLAIN, SENTENCES, TROUBLES
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.writer import WriterEvent

GOOD_RESULT = "0x00000000"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`is_trouble`: something did not go as wanted."""

    text: str
    is_trouble: bool = False


def of(event: Event, count: int = 1) -> Sentence | None:
    """What is told of an event that stands for `count` alike; None for one that is left out, or of a later release."""
    kind = CATALOGUE.get(event.name)
    if kind is None or kind not in SENTENCES:
        return None
    shape, is_trouble = RULES[kind](event) if kind in RULES else (PLAIN, kind in TROUBLES)
    template = SENTENCES[kind].get(shape) if shape is not None else None
    if template is None:
        return None
    return Sentence(template.format_map(_values(event) | {"count": count}), is_trouble)


def _values(event: Event) -> dict[str, object]:
    """The data of an event as a sentence has them: lists as words, times to three digits, and names of results."""
    values: dict[str, object] = {}
    for key, value in event.data.items():
        if isinstance(value, list):
            values[key] = ", ".join(map(str, value))
        elif isinstance(value, float):
            values[key] = f"{value:.3f}".rstrip("0").rstrip(".")
        else:
            values[key] = value
    if event.name == service.RecoveryPointState.NAME:
        values["tiers"] = " and ".join(TIERS.get(str(values["to"]), ()))
    if "hresult" in values:
        values["hresult_name"] = result_name(str(values["hresult"]))
    return values


def result_name(hresult: str) -> str:
    """The name of a result of VSS or COM; `unnamed` where it has none here."""
    try:
        known = Hresult(int(hresult, 16))
    except ValueError:
        return "unnamed"
    return f"VSS_E_{known.name}" if hresult.lower().startswith("0x800423") else known.name


Rule = Callable[[Event], tuple[str | None, bool]]
"""The shape of an event, None for one that says nothing, and whether it tells of trouble."""


def _job_state(event: Event) -> tuple[str | None, bool]:
    data = event.data
    if "operation" in data:
        return "opened", False
    if data["to"] == "Cancelling":
        return "cancelling", False
    return ("errors", True) if data.get("errors") else (PLAIN, False)


def _task_state(event: Event) -> tuple[str | None, bool]:
    return PLAIN, event.data["to"] == "Failed"


def _command_ended(event: Event) -> tuple[str | None, bool]:
    code = event.data.get("exit_code")
    if code is None:
        return "killed", True
    return ("badly", True) if code else (PLAIN, False)


def _handler_status(event: Event) -> tuple[str | None, bool]:
    is_whole = "code" in event.data and "status" in event.data
    return PLAIN if is_whole else None, event.data.get("status") == "error"


def _host_snapshots(event: Event) -> tuple[str | None, bool]:
    return ("failed", True) if event.data["failed"] else (PLAIN, False)


def _host_asked(event: Event) -> tuple[str | None, bool]:
    return PLAIN if event.data["reason"] == "policy" else "instead", False


def _disks_held(event: Event) -> tuple[str | None, bool]:
    return ("vain", True) if "problem" in event.data else (PLAIN, False)


def _freeze_asked(event: Event) -> tuple[str | None, bool]:
    return "writers" if event.data["writers"] else PLAIN, False


def _session_closed(event: Event) -> tuple[str | None, bool]:
    return ("frozen", True) if event.data["left_frozen"] else (None, False)


def _writer(event: Event) -> tuple[str | None, bool]:
    """A writer that failed before stays so when it is told to give up, which says nothing new."""
    if event.data["hresult"] == GOOD_RESULT:
        return PLAIN, False
    return (None, False) if event.data["step"] == WriterEvent.ABORT.value else ("failed", True)


def _vss_frozen(event: Event) -> tuple[str | None, bool]:
    return "writers" if event.data["with_writers"] else PLAIN, False


def _thawed(event: Event) -> tuple[str | None, bool]:
    return (PLAIN, False) if event.data["consistent"] else ("early", True)


def _snapshot_asked(event: Event) -> tuple[str | None, bool]:
    return "again" if event.data["retries"] else PLAIN, False


def _snapshot_reported(event: Event) -> tuple[str | None, bool]:
    return (PLAIN, False) if "consistency" in event.data else ("failed", True)


def _snapshot_judged(event: Event) -> tuple[str | None, bool]:
    return ("failed", True) if "error" in event.data else (PLAIN, False)


def _point_state(event: Event) -> tuple[str | None, bool]:
    return PLAIN if TIERS.get(event.data["to"]) else "nowhere", False


def _goal_state(event: Event) -> tuple[str | None, bool]:
    return "order" if "handler" in event.data else PLAIN, False


RULES: Mapping[type[Fact], Rule] = {
    host_snapshots.DisksHeld: _disks_held,
    host_snapshots.HostAsked: _host_asked,
    machines.CommandEnded: _command_ended,
    machines.FileSystemsThawed: _thawed,
    machines.FreezeAsked: _freeze_asked,
    machines.GoalStatePublished: _goal_state,
    machines.HandlerStatus: _handler_status,
    machines.HostSnapshotsTaken: _host_snapshots,
    machines.SessionClosed: _session_closed,
    machines.VssFrozen: _vss_frozen,
    machines.VssThawed: _thawed,
    machines.WriterState: _writer,
    service.JobState: _job_state,
    service.RecoveryPointState: _point_state,
    service.SnapshotAsked: _snapshot_asked,
    service.SnapshotJudged: _snapshot_judged,
    service.SnapshotReported: _snapshot_reported,
    service.TaskState: _task_state,
}
