"""What happens in the scenes in which the host takes snapshots, the owner's scripts run, or the guest has a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from simulator.conformance.stage.stage import Stage
from simulator.conformance.stage.storage import Refusal

# ------------------------------------------------------------------------------------------------------------- the host


def by_host(
    method: str,
    *,
    serves: bool = True,
    fails: int | None = None,
    gone: bool = False,
    storage_silent: bool = False,
) -> Callable[[Stage], None]:
    """A task of two disks that says who takes the snapshots. `fails`: number of a disk that the host cannot snapshot;
    `gone`: it answers before the freeze, and nobody is there for the order."""

    def play(stage: Stage) -> None:
        stage.install()
        names = stage.disks(2)
        host = stage.serve_host()
        if fails is not None:
            host.fails = frozenset({fails})
        if gone:
            stage.guest.host["dosnapshot"] = lambda asked: (500, "")
        if not serves:
            stage.guest.host = {}
        if storage_silent:
            stage.storage.refusals = {f"snapshot {name}": Refusal(0, "") for name in names}
        stage.task(public={"customSettings": json.dumps({"takeSnapshotFrom": method})}, objects=_for_host(host.token))
        stage.enable(1)

    return play


def _for_host(token: str) -> Mapping[str, Any]:
    return {"snapshotTaskToken": token, "includedDisks": {"dataDiskLunList": [0], "isOSDiskIncluded": True}}


CLOCK_OF_THE_HOST = r"HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys\CalculateSnapshotTimeFromHost"
"""Where the owner of a Windows machine says that the host's clock counts; on Linux it always does."""


def host_ahead(stage: Stage) -> None:
    """Its clock, which counts, is two and a half hours ahead, so that a new task looks too old."""
    stage.guest.facts = {**stage.guest.facts, "registry": {CLOCK_OF_THE_HOST: "True"}}
    stage.install()
    stage.serve_host().ahead = timedelta(minutes=150)
    stage.task()
    stage.enable(1)


# ---------------------------------------------------------------------------------------------------------- the scripts

CONFIGURATION = "VMSnapshotScriptPluginConfig.json"
PRE, POST = "pre.sh", "post.sh"
PARAMETERS = ["full", "sql01"]


def scripts(
    *,
    pre: str = "exit 0",
    post: str = "exit 0",
    continues: bool = True,
    seconds: int = 30,
    script_mode: int = 0o700,
) -> Callable[[Stage], None]:
    """Each script notes that it runs, with its parameters, and its environment; then it does what it is given."""

    def play(stage: Stage) -> None:
        stage.install()
        folder = stage.machine.owner_folder
        folder.mkdir(parents=True)
        for name, ends in ((PRE, pre), (POST, post)):
            text = f'#!/bin/sh\necho "$@" >> "$0.ran"\nenv > "$0.environment"\n{ends}\n'
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(script_mode)
        configuration = {
            "pluginName": "ScriptRunner",
            "preScriptLocation": f"/etc/azure/{PRE}",
            "postScriptLocation": f"/etc/azure/{POST}",
            "preScriptParams": PARAMETERS,
            "postScriptParams": PARAMETERS,
            "timeoutInSeconds": seconds,
            "continueBackupOnFailure": continues,
            "fsFreezeEnabled": True,
        }
        (folder / CONFIGURATION).write_text(json.dumps(configuration), encoding="utf-8")
        (folder / CONFIGURATION).chmod(0o600)
        look = stage.machine.look
        stage.guest.before = {
            "freeze": lambda: look("a freeze is asked for"),
            "thaw": lambda: look("the thaw is asked for"),
        }
        stage.task()
        stage.enable(1)

    return play


# ----------------------------------------------------------------------------------------------------------- the faults


def writers_fail(stage: Stage) -> None:
    stage.guest.writers_fail = True
    _plain(stage)


def without_service(name: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        services = {**stage.guest.facts["services"], name: "Disabled"}
        stage.guest.facts = {**stage.guest.facts, "services": services}
        _plain(stage)

    return play


def with_registry(path: str, value: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.guest.facts = {**stage.guest.facts, "registry": {path: value}}
        _plain(stage)

    return play


def guest_refuses(verb: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.guest.refusals = {verb: 500}
        _plain(stage)

    return play


def log_folder_full(stage: Stage) -> None:
    """Nothing can be written where the logs belong, as on a full disk: a file stands in the folder's place."""
    stage.install()
    stage.machine.block_logs()
    stage.task()
    stage.enable(1)


def delivered_twice(stage: Stage) -> None:
    """The agent runs enable again with the same number while the task is being carried out."""

    def again() -> None:
        stage.guest.before = {}
        stage.run("enable", 1)

    stage.install()
    stage.task()
    stage.guest.before = {"freeze": again}
    stage.enable(1)


def _plain(stage: Stage) -> None:
    stage.install()
    stage.task()
    stage.enable(1)
