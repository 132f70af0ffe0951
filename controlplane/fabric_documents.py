"""The documents by which the service and the hosts speak of machines: their kinds, their fields, to and from JSON.

| kind | id | written by | says |
|---|---|---|---|
| `fabric.vm` | ARM id of the machine | service | what the machine shall be: `DesiredMachine` |
| `host.vm` | ARM id of the machine | host | what the machine is: `ObservedMachine` |
| `host.handler` | `publisher.type` | host | that packages of this handler are published: `PublishedHandler` |

The rule between releases: a key that a reader does not know is ignored, and is gone when the reader writes the document
anew; a key that an older release did not write has a default here. A key without one that is missing is an error.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from controlplane.domain.events.event import Cause
from controlplane.json_object import Json
from controlplane.ports import (
    HANDLER_WORKS,
    Blob,
    CommandResult,
    Disk,
    DiskSnapshotOrder,
    DiskSnapshots,
    MachineSpec,
    PowerState,
    PublishedHandler,
)

DESIRED, OBSERVED, HANDLER = "fabric.vm", "host.vm", "host.handler"


class DocumentUnreadable(ValueError):
    """A document lacks a key that it must have."""


# ------------------------------------------------------------------------------------------------------ what shall be


@dataclass(frozen=True, slots=True)
class DesiredExtension:
    """An extension that is asked for. `protected` is sealed for the machine's certificate of this `thumbprint`."""

    name: str
    publisher: str
    type: str
    version: str
    auto_upgrade_minor_version: bool
    sequence_number: int
    state: Literal["enabled", "uninstall"]
    public: Json = field(repr=False)
    protected: str | None = field(default=None, repr=False)
    thumbprint: str | None = None
    digest: str | None = field(default=None, repr=False)
    """Tells the protected settings from others."""
    traits: Json = field(default_factory=dict)
    """What else was said of it and is shown as it came: tags, forceUpdateTag and their like."""
    asked: datetime | None = None
    """When it was asked for; None in documents of early releases."""
    cause: Cause | None = None
    """Because of which event it is as it is."""
    removed: int = 0
    """The generation of the machine in which it was asked to go: it is gone no sooner than its host acts upon that."""

    @classmethod
    def parse(cls, body: Json) -> DesiredExtension:
        return cls(**_known_fields(cls, body) | {"asked": _time(body.get("asked")), "cause": _cause(body.get("cause"))})

    def to_json(self) -> Json:
        return _shallow(self) | {"asked": _text(self.asked), "cause": _cause_json(self.cause)}


@dataclass(frozen=True, slots=True)
class DesiredCommand:
    """A script that the guest is to run once; `number` grows with each."""

    number: int
    script: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DesiredSnapshots:
    """Snapshots of its disks that a machine's host is to take once."""

    order: DiskSnapshotOrder
    cause: Cause | None = None

    def to_json(self) -> Json:
        order = {"task_id": self.order.task_id, "luns": list(self.order.luns), "metadata": dict(self.order.metadata)}
        return order | {"cause": _cause_json(self.cause)}


@dataclass(frozen=True, slots=True)
class DesiredMachine:
    """What a machine shall be. `generation` grows with every change; `born` is the one in which a machine of this name
    began to be, so that another number of it is another machine."""

    vm: str
    spec: MachineSpec
    power: PowerState
    deleted: bool
    generation: int
    born: int
    extensions: tuple[DesiredExtension, ...] = ()
    restarts: int = 0
    """How often it was asked to boot anew; another number than at its last boot is an order."""
    changed: datetime | None = None
    command: DesiredCommand | None = None
    snapshots: DesiredSnapshots | None = None
    cause: Cause | None = None
    """Because of which event its spec, its power and its being there are what they are."""
    dropped: tuple[Blob, ...] = ()
    """Of a deleted machine, the blobs of its disks that are deleted too: its host may have been making them."""

    @classmethod
    def parse(cls, body: Json) -> DesiredMachine:
        parsed = {
            "extensions": tuple(DesiredExtension.parse(extension) for extension in body.get("extensions", ())),
            "changed": _time(body.get("changed")),
            "command": _command(body.get("command")),
            "snapshots": _snapshot_order(body.get("snapshots")),
            "cause": _cause(body.get("cause")),
            "dropped": tuple(Blob(**blob) for blob in body.get("dropped", ())),
        }
        values = _known_fields(cls, body)
        return cls(**values | {"spec": _spec(values["spec"])} | parsed)

    def to_json(self) -> Json:
        return _shallow(self) | {
            "spec": _shallow(self.spec) | {"disks": [disk.to_json() for disk in self.spec.disks]},
            "extensions": [extension.to_json() for extension in self.extensions],
            "changed": _text(self.changed),
            "command": {"number": self.command.number, "script": list(self.command.script)} if self.command else None,
            "snapshots": self.snapshots.to_json() if self.snapshots else None,
            "cause": _cause_json(self.cause),
            "dropped": [_shallow(blob) for blob in self.dropped],
        }


def _command(body: Json | None) -> DesiredCommand | None:
    return DesiredCommand(body["number"], tuple(body["script"])) if body else None


def _snapshot_order(body: Json | None) -> DesiredSnapshots | None:
    if not body:
        return None
    order = DiskSnapshotOrder(body["task_id"], tuple(body["luns"]), body.get("metadata") or {})
    return DesiredSnapshots(order, _cause(body.get("cause")))


def _spec(body: Json) -> MachineSpec:
    values = _known_fields(MachineSpec, body)
    return MachineSpec(**values | {"disks": tuple(Disk.from_json(disk) for disk in values["disks"])})


# --------------------------------------------------------------------------------------------------------- what is


@dataclass(frozen=True, slots=True)
class ObservedAgent:
    """The guest agent as it last reported."""

    status: str
    version: str
    reported: datetime | None = None

    @classmethod
    def parse(cls, body: Json) -> ObservedAgent:
        return cls(**_known_fields(cls, body) | {"reported": _time(body.get("reported"))})

    def to_json(self) -> Json:
        return _shallow(self) | {"reported": _text(self.reported)}


@dataclass(frozen=True, slots=True)
class ObservedExtension:
    """What the agent reported of an extension. `status` is the `status` object of its status file."""

    name: str
    publisher: str
    type: str
    handler_version: str | None = None
    handler_status: str | None = None
    handler_message: str | None = None
    sequence_number: int | None = None
    """None: the handler could not even be installed."""
    status: Json | None = None

    @classmethod
    def parse(cls, body: Json) -> ObservedExtension:
        return cls(**_known_fields(cls, body))

    def to_json(self) -> Json:
        return _shallow(self)


@dataclass(frozen=True, slots=True)
class ObservedMachine:
    """What a machine is, in answer to this `generation` of what it shall be. `certificate` is PEM."""

    vm: str
    generation: int
    power: PowerState
    provisioning_state: str
    problem: str | None = None
    certificate: str = ""
    thumbprint: str = ""
    agent: ObservedAgent | None = None
    computer_name: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    booted: datetime | None = None
    extensions: tuple[ObservedExtension, ...] = ()
    command: CommandResult | None = None
    """What the last script wrote that was run here."""
    snapshots: DiskSnapshots | None = None
    """What came of the last order to snapshot its disks."""

    @classmethod
    def parse(cls, body: Json) -> ObservedMachine:
        agent = body.get("agent")
        parsed = {
            "agent": ObservedAgent.parse(agent) if agent else None,
            "booted": _time(body.get("booted")),
            "extensions": tuple(ObservedExtension.parse(extension) for extension in body.get("extensions") or ()),
            "command": CommandResult(**_known_fields(CommandResult, body["command"])) if body.get("command") else None,
            "snapshots": parse_snapshots(body["snapshots"]) if body.get("snapshots") else None,
        }
        return cls(**_known_fields(cls, body) | parsed)

    def to_json(self) -> Json:
        return _shallow(self) | {
            "agent": self.agent.to_json() if self.agent else None,
            "booted": _text(self.booted),
            "command": _shallow(self.command) if self.command else None,
            "snapshots": snapshots_to_json(self.snapshots) if self.snapshots else None,
            "extensions": [extension.to_json() for extension in self.extensions],
        }

    def extension(self, name: str) -> ObservedExtension | None:
        return next((each for each in self.extensions if each.name.lower() == name.lower()), None)


def snapshots_to_json(snapshots: DiskSnapshots) -> Json:
    return _shallow(snapshots) | {"stamps": {str(lun): stamp for lun, stamp in snapshots.stamps.items()}}


def parse_snapshots(body: Json) -> DiskSnapshots:
    values = _known_fields(DiskSnapshots, body)
    return DiskSnapshots(**values | {"stamps": {int(lun): stamp for lun, stamp in values.get("stamps", {}).items()}})


# --------------------------------------------------------------------------------- what the two say of an extension

STATUS_MEANS = {"success": "Succeeded", "warning": "Succeeded", "error": "Failed"}
"""Status an extension reports -> its provisioning state; anything else is still on its way."""
EXTENSION_LIMIT = timedelta(minutes=90)
"""How long, in world time, Azure waits for an extension; one that then has not reported its end has failed."""


def given_up_at(desired: DesiredExtension, observed: ObservedExtension | None) -> datetime | None:
    """When it counts as failed unless it reports its end before; None where it has, or shall go."""
    if desired.state == "uninstall" or desired.asked is None:
        return None
    unfinished = reported_state(desired, observed) in {"Creating", "Updating"}
    return desired.asked + EXTENSION_LIMIT if unfinished else None


def reported_status(desired: DesiredExtension, observed: ObservedExtension | None) -> Json | None:
    """Its status, if it is one of what is asked for now."""
    return observed.status if observed and observed.sequence_number == desired.sequence_number else None


def reported_state(desired: DesiredExtension, observed: ObservedExtension | None) -> str:
    """The provisioning state of an extension that shall be there, as far as it has been reported."""
    if observed is None:
        return "Creating"
    if observed.sequence_number not in (None, desired.sequence_number):
        return "Updating"
    if observed.handler_status not in HANDLER_WORKS:
        return "Failed"
    if observed.handler_status == "Installing":
        return "Updating"  # whatever its handler has written already: the agent is not done with it
    status = reported_status(desired, observed)
    return STATUS_MEANS.get(str((status or {}).get("status")), "Updating")


# -------------------------------------------------------------------------------------------------------- handlers


def handler_id(publisher: str, type: str) -> str:
    """The id of a handler's document."""
    return f"{publisher}.{type}".lower()


def handler_to_json(handler: PublishedHandler) -> Json:
    return asdict(handler)


def parse_handler(body: Json) -> PublishedHandler:
    values = _known_fields(PublishedHandler, body)
    return PublishedHandler(**values | {"versions": tuple(values["versions"])})


# ------------------------------------------------------------------------------------------------- to and from JSON


def _known_fields(cls: Any, body: Json) -> dict[str, Any]:
    """The fields of a class that a document has; what a newer release may have added is left out."""
    try:
        return {each.name: body[each.name] for each in fields(cls) if _required(each) or each.name in body}
    except KeyError as missing:
        raise DocumentUnreadable(f"{cls.__name__} needs the key {missing}") from None


def _required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _shallow(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _cause(body: Json | None) -> Cause | None:
    return Cause(**_known_fields(Cause, body)) if body else None


def _cause_json(cause: Cause | None) -> Json | None:
    return _shallow(cause) if cause else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
