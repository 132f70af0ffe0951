"""The two documents of a machine: what it shall be, as the fabric writes it, and what is, as the host does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from controlplane.ports import Blob, Disk, Json, MachineSpec, PowerState, Store
from extension.contract.protocol import settings_file
from simulator.host.goalstate import GoalState, PluginGoal
from simulator.host.packages import PackageRepository, handler_name

DESIRED, OBSERVED = "fabric.vm", "host.vm"
HANDLER = "host.handler"
"""A handler of which packages are published: what the service can make extensions of."""


@dataclass(frozen=True, slots=True)
class WantedExtension:
    name: str
    publisher: str
    type: str
    version: str
    auto_upgrade_minor_version: bool
    sequence_number: int
    state: Literal["enabled", "uninstall"]
    public: Json = field(repr=False)
    protected: str | None = field(repr=False)
    thumbprint: str | None

    @property
    def handler(self) -> str:
        return handler_name(self.publisher, self.type)


@dataclass(frozen=True, slots=True)
class Desired:
    """`born` is the generation in which a machine of this name began to be; another number is another machine."""

    vm: str
    spec: MachineSpec
    power: PowerState
    deleted: bool
    generation: int
    born: int
    extensions: tuple[WantedExtension, ...]
    restarts: int = 0
    """How often it was asked to boot anew; another number than at its last boot is an order."""

    @classmethod
    def parse(cls, body: Json) -> Desired:
        return cls(
            vm=body["vm"],
            spec=_spec(body["spec"]),
            power=body["power"],
            deleted=body["deleted"],
            generation=body["generation"],
            born=body["born"],
            extensions=tuple(WantedExtension(**_known(extension)) for extension in body["extensions"]),
            restarts=body.get("restarts", 0),
        )


def machine_key(vm: str) -> str:
    """Name of a machine's folder and of its place at the wire server: readable, and different for every ARM id."""
    name = re.sub(r"[^a-z0-9-]", "", vm.lower().rsplit("/", 1)[-1])
    return f"{name}-{hashlib.blake2b(vm.lower().encode(), digest_size=4).hexdigest()}"


def _known(extension: Json) -> Json:
    return {name: extension[name] for name in WantedExtension.__slots__}


def _spec(spec: Json) -> MachineSpec:
    disks = tuple(
        Disk(
            name=disk["name"],
            lun=disk["lun"],
            blob=Blob(disk["account"], disk["container"], disk["blob"]),
            size_bytes=disk["size_bytes"],
            create_option=disk["create_option"],
            managed_disk_id=disk["managed_disk_id"],
        )
        for disk in spec["disks"]
    )
    return MachineSpec(**{**spec, "disks": disks})


# ------------------------------------------------------------------------------------------------------------- packages


def announce(store: Store, packages: PackageRepository) -> None:
    """Write down what is published; what is no longer is not there any more."""
    published = {f"{handler.publisher}.{handler.type}".lower(): handler for handler in packages.handlers()}
    with store.transaction():
        for document in store.find(HANDLER):
            if document.id not in published:
                store.delete(HANDLER, document.id)
        for id, handler in published.items():
            store.put(HANDLER, id, asdict(handler))


# ----------------------------------------------------------------------------------------------------------- goal state


def plugins(extensions: Sequence[WantedExtension], packages: PackageRepository) -> tuple[PluginGoal, ...]:
    """The orders to the agent. An extension of which no fitting version is published is none of them."""
    goals = []
    for wanted in extensions:
        package = packages.resolve(wanted.publisher, wanted.type, wanted.version, wanted.auto_upgrade_minor_version)
        if package is None and wanted.state == "enabled":
            continue
        goals.append(
            PluginGoal(
                name=package.name if package else wanted.handler,
                version=package.version if package else wanted.version,
                state=wanted.state,
                sequence_number=wanted.sequence_number,
                settings=settings_file(wanted.public, wanted.protected, wanted.thumbprint),
            )
        )
    return tuple(goals)


# ------------------------------------------------------------------------------------------------------------- observed


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What the host keeps of an aggregate status."""

    version: str
    status: str
    reported: datetime
    incarnation: int
    """The last goal state that was reached."""
    computer_name: str | None
    os_name: str | None
    os_version: str | None
    handlers: dict[str, Json]
    """By Publisher.Type in lower case."""

    @classmethod
    def parse(cls, status: Json, now: datetime) -> AgentReport:
        """Real agents leave out what they do not know."""
        aggregate = status.get("aggregateStatus") or {}
        agent = aggregate.get("guestAgentStatus") or {}
        artifacts = aggregate.get("vmArtifactsAggregateStatus") or {}
        goal = artifacts.get("goalStateAggregateStatus") or {}
        system = status.get("guestOSInfo") or {}
        handlers = aggregate.get("handlerAggregateStatus") or []
        return cls(
            version=str(agent.get("version", "")),
            status=str(agent.get("status", "Not Ready")),
            reported=now,
            incarnation=int(goal.get("inSvdSeqNo") or 0),
            computer_name=system.get("computerName"),
            os_name=system.get("osName"),
            os_version=system.get("osVersion"),
            handlers={str(handler.get("handlerName", "")).lower(): handler for handler in handlers},
        )


def observed_extensions(wanted: Sequence[WantedExtension], goal: GoalState, report: AgentReport) -> list[Json]:
    """What is known of each extension that is wanted. One of which nothing is known yet has no entry; one that shall go
    has an entry until the agent has gone through the goal state without it."""
    published = {plugin.name.lower() for plugin in goal.plugins}
    entries = []
    for extension in wanted:
        handler = report.handlers.get(extension.handler.lower())
        if extension.handler.lower() not in published:
            entries.append(_not_published(extension))
        elif handler is not None:
            entries.append(_entry(extension, handler))
        elif extension.state == "uninstall" and report.incarnation < goal.incarnation:
            entries.append(_bare(extension))
    return entries


def _bare(extension: WantedExtension) -> Json:
    return {
        "name": extension.name,
        "publisher": extension.publisher,
        "type": extension.type,
        "handler_version": None,
        "handler_status": None,
        "handler_message": None,
        "sequence_number": extension.sequence_number,
        "status": None,
    }


def _entry(extension: WantedExtension, handler: Json) -> Json:
    settings = handler.get("runtimeSettingsStatus") or {}
    status = (settings.get("settingsStatus") or {}).get("status")
    message = (handler.get("formattedMessage") or {}).get("message")
    not_ready = handler.get("status") == "NotReady"
    failed = not_ready and handler.get("code")
    return _bare(extension) | {
        "handler_version": handler.get("handlerVersion"),
        # Not ready and nothing wrong: between being installed and being enabled.
        "handler_status": "Installing" if not_ready and not failed else handler.get("status"),
        "handler_message": message,
        "sequence_number": settings.get("sequenceNumber"),
        "status": _failure(extension, handler["code"], str(message)) if failed else status,
    }


def _not_published(extension: WantedExtension) -> Json:
    message = f"No published version of {extension.handler} fits {extension.version}."
    return _bare(extension) | {
        "handler_status": "NotReady",
        "handler_message": message,
        "status": _failure(extension, 1004, message),
    }


def _failure(extension: WantedExtension, code: int, message: str) -> Json:
    """A handler that could not do its work has no status of its own; so that people see why, the host states it."""
    return {
        "name": extension.handler,
        "operation": "Enable",
        "status": "error",
        "code": code,
        "formattedMessage": {"lang": "en-US", "message": message},
        "substatus": [],
    }
