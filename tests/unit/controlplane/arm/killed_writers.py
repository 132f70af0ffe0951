"""Run as a program: writers that go through ARM to a store on disk and are killed in the middle, one after the other.

Loading the service takes longer than a writer lives, so it is loaded once and each writer is a fork. A writer either
kills itself before its n-th statement, or is killed from outside when it has told its n-th answer. What it was about to
write and what it was told stand in a file beside its store.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from random import Random

import sqlalchemy as sa

from controlplane.adapters.store import SqlStore
from controlplane.json_object import Json
from tests.unit.controlplane.arm import arm_world as setting
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, ITEM, START, SUBSCRIPTION, VAULT, VM, ArmWorld
from tests.virtual_clock import VirtualClock

GROUPS = tuple(f"{SUBSCRIPTION}/resourceGroups/g{number}" for number in range(3))


def write(folder: Path, seed: int, die_before: int | None) -> int:
    """One writer to its end, or to its death; returns how many statements it made."""
    clock = VirtualClock(START)
    store = SqlStore(f"sqlite:///{folder / 'store.db'}", clock)
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1
        if statements == die_before:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    sa.event.listen(sa.Engine, "commit", count)
    told = os.open(folder / "told.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with contextmanager(setting._arm_world)(store, clock, setting.service_storage(), None, {}) as world:
        for method, path, wanted in requests(world, Random(seed)):
            body = wanted() if callable(wanted) else wanted
            os.write(told, json.dumps(["asked", method, path]).encode() + b"\n")
            answer = world.request(method, path, body)
            world.settle()
            os.write(told, json.dumps(["told", method, path, answer.status_code]).encode() + b"\n")
    return statements


def requests(world: ArmWorld, chance: Random) -> list[tuple[str, str, object]]:
    """Something of everything in a sensible order, with what a seed puts between."""
    vault = {"location": "westus", "sku": {"name": "Standard"}, "properties": {}}

    def machine() -> Json:
        """Its account must be there before its disks can be named."""
        return setting.machine_body(f"{world.ports.blobs.account_url('sql01disks')}/")

    account = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    story: list[tuple[str, str, object]] = [
        ("PUT", GROUP, {"location": "westus"}),
        ("PUT", ACCOUNT, account),
        ("PUT", VM, machine),
        ("PUT", VAULT, vault),
        ("PUT", ITEM, world.protection()),
        ("PATCH", VAULT, {"tags": {"a": "b"}}),
        ("DELETE", ITEM, None),
        ("PUT", ITEM, {"properties": {**world.protection()["properties"], "isRehydrate": True}}),
        ("DELETE", ITEM, None),
        ("DELETE", VAULT, None),
    ]
    between: list[tuple[str, str, object]] = []
    for group in GROUPS:
        inside = f"{group}/providers/Microsoft.RecoveryServices/vaults/v1"
        between += [
            ("PUT", group, {"location": "westus", "tags": {"n": str(chance.random())}}),
            ("PUT", inside, vault),
            ("PUT", f"{inside}/providers/Microsoft.Authorization/locks/l", {"properties": {"level": "CanNotDelete"}}),
            ("DELETE", group, None),
            ("DELETE", f"{inside}/providers/Microsoft.Authorization/locks/l", None),
            ("DELETE", group, None),
        ]
    places = sorted(chance.randrange(len(story) + 1) for _ in between)
    for index, (place, request) in enumerate(zip(places, between, strict=True)):
        story.insert(place + index, request)
    return story


def main(folder: Path, seed: int, writers: int) -> None:
    """A whole run first, to know how many statements there are; then the writers that die."""
    chance = Random(seed)
    whole = folder / "whole"
    whole.mkdir()
    child = os.fork()
    if child == 0:
        (whole / "statements").write_text(str(write(whole, seed, None)))
        os._exit(0)
    os.waitpid(child, 0)
    total = int((whole / "statements").read_text())
    for number in range(writers):
        home = folder / f"writer{number}"
        home.mkdir()
        outside = number % 2 == 1
        point = chance.randrange(1, total)
        child = os.fork()
        if child == 0:
            write(home, seed, None if outside else point)
            os._exit(0)
        if outside:
            _kill_after(child, home / "told.jsonl", 1 + point % 40)
        os.waitpid(child, 0)


def _kill_after(child: int, file: Path, answers: int) -> None:
    """As soon as it has told so many lines, wherever it is by then; it may have ended before."""
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if file.exists() and file.read_bytes().count(b"\n") >= answers:
            os.kill(child, signal.SIGKILL)
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
