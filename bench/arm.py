"""The ARM surface over HTTP: a GET of a stored protected item, a PUT of a vault, a list of 10,000 items by pages.

The world is the one that `backupsim up` serves. Beside it, in the same run and with the same client: moto's server for
calls of the same kind (an object of S3, an instance of EC2, an item of DynamoDB; the quickest of them counts), a bare
FastAPI route that returns the same bytes, and a second world with 10 items, which shows what the other 9,990 cost. All
on loopback, each in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from bench.arm_servers import TEMPLATE, Bare, Moto, RunningWorld, free_port
from bench.http_load import Load
from bench.report import Aim, finish, say
from controlplane.json_object import Json

MOTO_TIMES, BARE_TIMES, FLAT_TIMES = 5.0, 0.6, 1.2
IDLE_MEBIBYTES, START_SECONDS = 150.0, 1.5
FEW, MANY = 10, 10_000
STRIDE = 997
ROUNDS, PAIRS, STARTS = 5, 20, 7


# ----------------------------------------------------------------------------------------------------------- measuring


def measure(requests: int, many: int = MANY) -> tuple[list[Aim], Json]:
    with TemporaryDirectory(prefix="backupsim-bench-") as name, closing(RunningWorld(Path(name))) as world:
        folder = Path(name)
        _settle(world)
        idle = world.target.memory_mebibytes()
        item = world.protect()
        _settle(world)
        status, content = world.target.ask(world.get(item))
        assert status == 200, content
        with (
            closing(RunningWorld(folder / "few")) as small,
            closing(Moto(free_port(), content)) as moto,
            closing(Bare(folder, TEMPLATE, content)) as bare,
        ):
            among_few = small.fill(small.protect(), FEW)
            _settle(small)
            among_many = world.fill(item, many)
            rounds = [_round(world, among_many, moto, bare, requests) for _ in range(ROUNDS)]
            pairs = [_pair(world, among_many, small, among_few, requests) for _ in range(PAIRS)]
            puts = world.target.load(world.put_vault, requests // 4, b"201")
            moto_puts = moto.target.load(lambda number: moto.put_object(number, content), requests // 4)
            items, _, listed = world.list_all()
            assert items == many
        starts = [(world.first_answer_seconds, world.first_answer_cpu_seconds)]
    starts += [_start_once() for _ in range(STARTS - 1)]
    return _aims(rounds, pairs, idle, starts), _numbers(rounds, pairs, puts, moto_puts, listed, idle, starts)


def _pair(
    world: RunningWorld, among_many: Sequence[bytes], small: RunningWorld, among_few: Sequence[bytes], requests: int
) -> tuple[Load, Load]:
    """The same among many items and among few: the difference is small, so it takes many looks to see it."""
    return world.target.load(_spread(among_many), requests // 2), small.target.load(_spread(among_few), requests // 2)


def _round(world: RunningWorld, items: Sequence[bytes], moto: Moto, bare: Bare, requests: int) -> dict[str, Load]:
    """All of them once, one after the other, so that whatever else the machine does falls on each alike."""
    return {
        "item": world.target.load(_spread(items), requests),
        "bare FastAPI route": bare.target.load(_spread([items[0].replace(b"%3B", b";")]), requests),
        **{f"moto {name}": moto.target.load(_spread([read]), requests // 10) for name, read in moto.reads().items()},
    }


def _spread(messages: Sequence[bytes]) -> Callable[[int], bytes]:
    """Requests by turns, each far from the one before, so that no row helps the next."""
    return lambda number: messages[number * STRIDE % len(messages)]


def _aims(
    rounds: list[dict[str, Load]],
    pairs: list[tuple[Load, Load]],
    idle: float,
    starts: list[tuple[float, float]],
) -> list[Aim]:
    def times(other: str) -> float:
        return float(median(each["item"].per_second / each[other].per_second for each in rounds))

    motos = [times(name) for name in rounds[0] if name.startswith("moto")]
    # Medians: once a minute the world looks through all items for what is due, which is no part of a request.
    among_many, among_few = (median(load.cpu_milliseconds for load in loads) for loads in zip(*pairs, strict=True))
    flat = among_many / among_few
    return [
        Aim("GET of a protected item / moto's quickest GET", round(min(motos), 2), MOTO_TIMES, "at least", "times"),
        Aim("GET of a protected item / bare FastAPI", round(times("bare FastAPI route"), 2), BARE_TIMES, "at least"),
        Aim(f"processor per GET, {MANY} items / {FEW}", round(flat, 2), FLAT_TIMES, "at most"),
        Aim("idle memory without Azurite", round(idle), IDLE_MEBIBYTES, "at most", "MiB"),
        Aim("start to first answer", round(median(seconds for seconds, _ in starts), 2), START_SECONDS, "at most", "s"),
    ]


def _numbers(
    rounds: list[dict[str, Load]],
    pairs: list[tuple[Load, Load]],
    puts: Load,
    moto_puts: Load,
    listed: Load,
    idle: float,
    starts: list[tuple[float, float]],
) -> Json:
    def typical(loads: Sequence[Load]) -> Load:
        return sorted(loads, key=lambda load: load.per_second)[len(loads) // 2]

    loads = {name: typical([each[name] for each in rounds]) for name in rounds[0]}
    loads |= {
        f"item among {FEW}": typical([few for _, few in pairs]),
        "PUT of a vault": puts,
        "moto S3 PutObject": moto_puts,
        f"page of a list of {MANY}": listed,
    }
    for name, load in loads.items():
        say(f"{name}: {load}")
    return {
        "loads": {name: load.to_json() for name, load in loads.items()},
        "list_seconds": round(listed.seconds, 2),
        "idle_mebibytes": round(idle, 1),
        "start_seconds": [round(seconds, 2) for seconds, _ in starts],
        "start_cpu_seconds": [round(cpu, 2) for _, cpu in starts],
    }


def _start_once() -> tuple[float, float]:
    with TemporaryDirectory(prefix="backupsim-bench-") as name, closing(RunningWorld(Path(name))) as world:
        return world.first_answer_seconds, world.first_answer_cpu_seconds


def _settle(world: RunningWorld) -> None:
    """Until it is idle: a machine that boots would be measured too."""
    before = world.target.cpu_seconds()
    for _ in range(60):
        time.sleep(0.5)
        now = world.target.cpu_seconds()
        if now - before < 0.05:
            return
        before = now


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="of each GET in each of the rounds")
    options = parser.parse_args()
    say(f"load of this machine before: {os.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores")
    aims, numbers = measure(options.requests)
    return finish("arm", aims, numbers)


if __name__ == "__main__":
    sys.exit(main())
