"""Converts documents of machines: desired state to orders for agents, and agents' reports to observed state."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controlplane.fabric_documents import (
    HANDLER,
    DesiredExtension,
    ObservedAgent,
    ObservedExtension,
    handler_id,
    handler_to_json,
)
from controlplane.json_object import Json
from controlplane.ports import PublishedHandler, Store
from extension.contract.protocol import settings_file
from simulator.host.goalstate import GoalState, PluginGoal
from simulator.host.packages import Package, PackageRepository, handler_name


def machine_key(vm: str) -> str:
    """Name of a machine's folder and of its place at the wire server: readable, and different for every ARM id."""
    name = re.sub(r"[^a-z0-9-]", "", vm.lower().rsplit("/", 1)[-1])
    return f"{name}-{hashlib.blake2b(vm.lower().encode(), digest_size=4).hexdigest()}"


# ------------------------------------------------------------------------------------------------------------- packages


def announce(store: Store, packages: PackageRepository) -> None:
    """Store which handlers are published, and remove those that are not any more."""
    published = {handler_id(handler.publisher, handler.type): handler for handler in packages.handlers()}
    with store.transaction():
        for document in store.find(HANDLER):
            if document.id not in published:
                store.delete(HANDLER, document.id)
        for id, handler in published.items():
            store.put(HANDLER, id, handler_to_json(handler))


# ----------------------------------------------------------------------------------------------------------- goal state


def plugins(extensions: Sequence[DesiredExtension], packages: PackageRepository) -> tuple[PluginGoal, ...]:
    """The orders to the agent. An extension of which no fitting version is published is none of them."""
    goals = []
    for desired in extensions:
        package = _package(desired, packages)
        if package is None and desired.state == "enabled":
            continue
        goals.append(
            PluginGoal(
                name=_handler_of(desired, package),
                version=package.version if package else desired.version,
                state=desired.state,
                sequence_number=desired.sequence_number,
                settings=settings_file(desired.public, desired.protected, desired.thumbprint),
            )
        )
    return tuple(goals)


def new_orders(
    extensions: Sequence[DesiredExtension], before: Sequence[DesiredExtension], packages: PackageRepository
) -> list[tuple[str, DesiredExtension]]:
    """The extensions that are ordered otherwise than before, each with the name of its handler."""
    keys_before = {(each.name, each.sequence_number, each.state) for each in before}
    changed = [each for each in extensions if (each.name, each.sequence_number, each.state) not in keys_before]
    return [(_handler_of(each, _package(each, packages)), each) for each in changed]


def _package(desired: DesiredExtension, packages: PackageRepository) -> Package | None:
    return packages.resolve(desired.publisher, desired.type, desired.version, desired.auto_upgrade_minor_version)


def _handler_of(desired: DesiredExtension, package: Package | None) -> str:
    return package.name if package else handler_name(desired.publisher, desired.type)


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

    @property
    def agent(self) -> ObservedAgent:
        return ObservedAgent(self.status, self.version, self.reported)

    @classmethod
    def parse(cls, status: Json, now: datetime) -> AgentReport:
        """Read an aggregate status. Real agents omit unknown values."""
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


def observed_extensions(
    desired: Sequence[DesiredExtension], goal: GoalState, report: AgentReport, packages: PackageRepository
) -> tuple[ObservedExtension, ...]:
    """What is known of each extension that is wanted. One of which nothing is known yet has no entry; one that shall go
    has an entry until the agent has gone through the goal state without it. An inert one is known to nobody but the
    host: it is installed as soon as it is wanted, and gone as soon as it is not."""
    published = {plugin.name.lower() for plugin in goal.plugins}
    entries: list[ObservedExtension] = []
    for extension in desired:
        name = handler_name(extension.publisher, extension.type)
        handler = report.handlers.get(name.lower())
        inert = packages.inert(extension.publisher, extension.type)
        if inert is not None:
            entries += _inert(extension, inert)
        elif name.lower() not in published:
            entries.append(_not_published(extension, name))
        elif handler is not None:
            entries.append(_entry(extension, name, handler))
        elif extension.state == "uninstall" and report.incarnation < goal.incarnation:
            entries.append(_bare(extension))
    return tuple(entries)


def _inert(extension: DesiredExtension, handler: PublishedHandler) -> Sequence[ObservedExtension]:
    """Installed, with a status that says what that means; none once it shall go."""
    if extension.state == "uninstall":
        return ()
    name = f"{handler.publisher}.{handler.type}"
    message = f"{name} is an inert handler in this simulator: it is installed and nothing was run."
    status: Json = {
        "name": name,
        "operation": "Enable",
        "status": "success",
        "code": 0,
        "formattedMessage": {"lang": "en-US", "message": message},
        "substatus": [],
    }
    chosen = handler.choose(extension.version, extension.auto_upgrade_minor_version)
    installed = replace(_bare(extension), handler_version=chosen, handler_status="Ready", handler_message=message)
    return (replace(installed, status=status),)


def _bare(extension: DesiredExtension) -> ObservedExtension:
    return ObservedExtension(
        extension.name, extension.publisher, extension.type, sequence_number=extension.sequence_number
    )


def _entry(extension: DesiredExtension, name: str, handler: Json) -> ObservedExtension:
    settings = handler.get("runtimeSettingsStatus") or {}
    status = (settings.get("settingsStatus") or {}).get("status")
    message = (handler.get("formattedMessage") or {}).get("message")
    not_ready = handler.get("status") == "NotReady"
    failed = not_ready and handler.get("code")
    return replace(
        _bare(extension),
        handler_version=handler.get("handlerVersion"),
        # Not ready and nothing wrong: between being installed and being enabled.
        handler_status="Installing" if not_ready and not failed else handler.get("status"),
        handler_message=message,
        sequence_number=settings.get("sequenceNumber"),
        status=_failure(name, handler["code"], str(message)) if failed else status,
    )


def _not_published(extension: DesiredExtension, name: str) -> ObservedExtension:
    message = f"No published version of {name} fits {extension.version}."
    return replace(
        _bare(extension),
        handler_status="NotReady",
        handler_message=message,
        status=_failure(name, 1004, message),
    )


def _failure(handler: str, code: int, message: str) -> Json:
    """A handler that could not do its work has no status of its own; so that people see why, the host states it."""
    return {
        "name": handler,
        "operation": "Enable",
        "status": "error",
        "code": code,
        "formattedMessage": {"lang": "en-US", "message": message},
        "substatus": [],
    }
