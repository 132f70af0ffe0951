"""The routes of the control API by which somebody acts in a guest: a line in its shell, and its files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Literal, TypeVar

from fastapi import Body, FastAPI

from controlplane.json_object import Json
from extension.contract.bridge import TOKEN_FILE
from simulator.failures import Failure, WrongUse
from simulator.guest.disk import file_acts
from simulator.guest.disk.directory import VolumeError
from simulator.guest.machine import Guest
from simulator.guest.workload.database import DATABASE, JOURNAL
from simulator.host.agents import AgentChoice
from simulator.host.host import Host

Result = TypeVar("Result")
MOST_BYTES = 1024 * 1024
"""Of what a line writes to one stream, the end is kept."""
LARGEST_FILE_BYTES = 2 * 1024 * 1024
"""That comes or goes in one request, whose body has at most 4 MiB."""


class NoSuchGuest(Failure):
    """The world has no machine of this name, or it is off."""


class FileRefused(Failure):
    """The guest has no such file, no room for it, or does not let go of it."""


def add(app: FastAPI, host: Callable[[], Host]) -> None:
    """The routes; `host` is asked at each request. `vm` is the machine's ARM id, or its name where no other has it."""

    @app.post("/vms/run")
    def run(
        vm: Annotated[str, Body()],
        line: Annotated[str, Body()],
        language: Annotated[Literal["en-us", "zh-cn"], Body()] = "en-us",
    ) -> Json:
        id, guest = _guest(host(), vm)
        output, errors = guest.run_script([line], language, MOST_BYTES)
        return {"vm": id, "output": output, "errors": errors}

    @app.get("/vms/wire")
    def wire(vm: str) -> Json:
        """How a program of this machine reaches its host from the system that runs the world; the token is in a file
        that only the world's owner reads."""
        id, _ = _guest(host(), vm)
        machine = host().wired(id)
        if machine is None:
            raise NoSuchGuest(f"no machine {vm} is running in this world; GET /_sim/vms lists them")
        return {
            "vm": id,
            "wire": machine.wire_address,
            "token_file": str(machine.folder / TOKEN_FILE),
            "folder": str(machine.folder),
            "status_url": machine.goal_state.status_url.partition("?")[0],
            "agent": str(host().agents.of(id)),
        }

    @app.post("/vms/agent")
    def agent(vm: Annotated[str, Body()], agent: Annotated[Literal["none", "simulated"], Body()]) -> Json:
        """Have our agent run in this machine, or leave its place to a real one. It is kept."""
        id, _ = _guest(host(), vm)
        before = host().agents.of(id)
        host().agents.choose(id, AgentChoice(agent))
        return {"vm": id, "agent": agent, "before": str(before)}

    @app.get("/vms/files")
    def files(vm: str, name: str = "*") -> Json:
        """Files whose names fit the pattern, each with the digest of its content."""
        id, guest = _guest(host(), vm)
        found = [
            {"path": f"{mount}{facts.name}", **asdict(facts)}
            for mount, volume in sorted(guest.mounted().items())
            for facts in file_acts.facts_of(volume, name)
        ]
        return {"vm": id, "files": found}

    @app.get("/vms/files/content")
    def content(vm: str, file: str) -> Json:
        """What the file of this path holds."""
        id, guest = _guest(host(), vm)
        data = _refusing(lambda: file_acts.read(guest.mounted(), file))
        return {"vm": id, "path": file, "content": in_base64(data, file)}

    @app.post("/vms/files/act")
    def act(
        vm: Annotated[str, Body()],
        act: Annotated[Literal["put", "rm", "encrypt"], Body()],
        path: Annotated[str, Body()],
        content: Annotated[str, Body()] = "",
        key: Annotated[str, Body()] = "",
    ) -> Json:
        """`content` in base64 for put, `key` for encrypt, whose path may be a pattern as in `F:\\*.txt`."""
        id, guest = _guest(host(), vm)
        volumes, in_use = guest.mounted(), _in_use(guest)
        done, left = [path], list[str]()
        if act == "put":
            data = _decoded(content)
            _refusing(lambda: file_acts.put(volumes, path, data, in_use))
        elif act == "rm":
            _refusing(lambda: file_acts.remove(volumes, path, in_use))
        else:
            done, left = _refusing(lambda: file_acts.encrypt(volumes, path, key, in_use))
        return {"vm": id, "act": act, "files": done, "left": left}


def in_base64(data: bytes, name: str) -> str:
    if len(data) > LARGEST_FILE_BYTES:
        raise WrongUse(f"{name} has {len(data)} bytes, and at most {LARGEST_FILE_BYTES} can be read at once")
    return base64.b64encode(data).decode()


def _guest(host: Host, vm: str) -> tuple[str, Guest]:
    machines = [each for each in host.machines() if vm.lower() in {each.lower(), each.lower().rpartition("/")[2]}]
    if len(machines) > 1:
        raise WrongUse(f"{len(machines)} machines are called {vm}; name one by its ARM id")
    guest = host.guest(machines[0]) if machines else None
    if guest is None:
        raise NoSuchGuest(f"no machine {vm} is running in this world; GET /_sim/vms lists them")
    return machines[0], guest


def _in_use(guest: Guest) -> tuple[str, ...]:
    """Files that the database has open, as Windows lets nobody else at them."""
    return (DATABASE, JOURNAL) if "database" in guest.workloads else ()


def _decoded(content: str) -> bytes:
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise WrongUse("the content of a file is sent in base64") from None
    if len(data) > LARGEST_FILE_BYTES:
        raise WrongUse(f"a file of {len(data)} bytes is too large; at most {LARGEST_FILE_BYTES} can be sent at once")
    return data


def _refusing(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except (file_acts.NoSuchFile, file_acts.FileInUse, VolumeError) as problem:
        raise FileRefused(str(problem)) from None
