"""The view of a machine: what runs in it, and which blocks of its disks changed between two recovery points."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.dashboard import points
from simulator.dashboard.commands import of_az
from simulator.dashboard.disk_picture import drawn
from simulator.failures import Failure
from simulator.recorder import story

CONSOLE_LINES = 40
MOST_COMMANDS = 10
"""Of the handler, the newest."""
MOST_POINTS = 200
"""To choose from, the newest."""
MACHINE = re.compile(r"/subscriptions/[^/?#]+/resourceGroups/([^/?#]+)/providers/[^?#]+/virtualMachines/[^/?#]+", re.I)


class NotAMachine(Failure):
    """What was named is no machine."""


@dataclass(frozen=True)
class Question:
    """`vm`: the ARM id; empty for the list of machines. `since` and `until` are names of recovery points."""

    vm: str
    since: str
    until: str


def asked_for(query: Mapping[str, str]) -> Question:
    """What an address of this view names; raises NotAMachine."""
    vm = query.get("vm", "")
    if vm and (not MACHINE.fullmatch(vm) or ".." in vm):
        raise NotAMachine("name a machine by its ARM id; the list of machines has a link to each")
    return Question(vm, query.get("since", ""), query.get("until", ""))


def address(vm: str) -> str:
    return f"machines?vm={quote(vm, safe='')}"


def machines(client: Client, question: Question) -> Json:
    """All machines, or with `question.vm` one of them."""
    if not question.vm:
        listed = client.sim("GET", "/vms")["vms"]
        found = [
            {"name": _name(each["id"]), "running": each["running"], "address": address(each["id"])} for each in listed
        ]
        return {"list": sorted(found, key=lambda each: str(each["name"]))}
    return {"list": None, "machine": _name(question.vm), **_machine(client, question)}


def _machine(client: Client, question: Question) -> Json:
    shown = client.sim("GET", "/vms/show", vm=question.vm)
    logs = client.sim("GET", "/handlers/logs", vm=question.vm, lines=str(CONSOLE_LINES))
    items = _items(client, question.vm)
    return {
        "vm": question.vm,
        "shown": shown,
        "handlers": logs["handlers"],
        "handler_commands": logs["commands"][-MOST_COMMANDS:][::-1],
        "items": items,
        "points": _points(client, items),
        "question": question,
        "map": _map(client, question),
        "commands": _commands(question.vm, has_writers=bool(shown["writers"])),
    }


def _items(client: Client, vm: str) -> list[Json]:
    """The protected items of a machine, at most one in each vault."""
    return [
        {"id": item["id"], "points": points.address(item["id"]), "policy": item["properties"].get("policyName", "")}
        for vault in story.vaults(client)
        for item in client.list(f"{vault['id']}/backupProtectedItems")
        if str(item["properties"].get("virtualMachineId", "")).lower() == vm.lower()
    ]


def _points(client: Client, items: list[Json]) -> list[Json]:
    """The newest first, as ARM lists them."""
    listed = (point for item in items for point in client.list(f"{item['id']}/recoveryPoints"))
    return [
        {"name": point["name"], "time": point["properties"]["recoveryPointTime"]}
        for point in islice(listed, MOST_POINTS)
    ]


def _map(client: Client, question: Question) -> Json:
    """`{"problem", "disks", "since", "commands"}`; the problem where there is nothing to be compared."""
    asked: dict[str, Any] = {
        key: value for key, value in (("since", question.since), ("until", question.until)) if value
    }
    points = "".join(f" --{key} {shlex.quote(value)}" for key, value in asked.items())
    command = f"backupsim vault map {shlex.quote(_name(question.vm))}{points}"
    shown: Json = {"problem": "", "disks": [], "since": None, "commands": (command,)}
    try:
        found = client.sim("GET", "/vms/map", vm=question.vm, **asked)
    except RequestFailed as error:
        return shown | {"problem": str(error)}
    return shown | {"disks": [drawn(disk) for disk in found["disks"]], "since": found["since"]}


def _commands(vm: str, *, has_writers: bool) -> tuple[str, ...]:
    group, name = vm.split("/")[4], _name(vm)
    of_vm = ("--resource-group", group, "--name", name)
    quoted = shlex.quote(name)
    writers = (f"backupsim guest {quoted} vssadmin list writers",) if has_writers else ()
    return (
        *of_az("vm", "get-instance-view", *of_vm),
        *of_az("vm", "extension", "list", "--resource-group", group, "--vm-name", name),
        *writers,
        f"backupsim handler logs {quoted}",
    )


def _name(vm: str) -> str:
    return vm.rpartition("/")[2]
