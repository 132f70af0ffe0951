"""Many machines under one daily policy, day after day: jobs per second, and what memory does meanwhile.

A world in a process of its own, whose time stands, has the machines, with one disk each whose data change every day. It
is advanced day by day; all machines are due at the same minute, so their backups go on side by side. In the same run
the peer does no more than what cannot be saved, as many times and on as many threads as there are cores: a cold
`python -I` that imports what the handler imports, and the bare storage requests of such a backup over the same Azurite.
Usually twenty machines and five days; `--long` has two hundred machines and thirty days.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

import psutil

from bench.bare_backup import BareBackup, start_cold
from bench.jobs import OS_DISK_GIB, machines
from bench.report import Aim, finish, keep, say
from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import Scenario

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
WORK = "64KiB,2tx"
"""What changes in a day."""
ACCOUNT = "benchdisks"
MACHINES, DAYS = 20, 5
MANY_MACHINES, MANY_DAYS = 200, 30
LEAST_RATIO, MOST_GROWTH = 0.5, 1.2
MOST_ROUNDS = 400
"""Of the peer, which does the same again and again."""


class Memory:
    """What the world's process and its Azurite hold, in MiB, each time that it is noted."""

    def __init__(self, pid: int) -> None:
        self._world = psutil.Process(pid)
        self.world: list[float] = []
        self.azurite: list[float] = []

    def note(self) -> None:
        children = self._world.children(recursive=True)
        azurite = [each for each in children if "azurite" in " ".join(each.cmdline())]
        self.world.append(_mebibytes(self._world))
        self.azurite.append(round(sum(map(_mebibytes, azurite)), 1))


def _mebibytes(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 2**20, 1)


def pass_days(client: Client, pid: int, days: int) -> Json:
    """How long the days took, what became of their jobs, and what was held at the end of each."""
    memory, outcomes, seconds = Memory(pid), Counter[str](), []
    memory.note()
    load = os.getloadavg()
    for day in range(days):
        began = perf_counter()
        outcomes.update(client.advance(by="1d")["outcomes"])
        seconds.append(perf_counter() - began)
        memory.note()
        say(f"day {day + 1}: {seconds[-1]:.1f} s, {memory.world[-1]} MiB, Azurite {memory.azurite[-1]} MiB")
    return {
        "seconds": round(sum(seconds), 2),
        "seconds_by_day": [round(each, 2) for each in seconds],
        "outcomes": dict(outcomes),
        "jobs_per_second": round(outcomes.total() / sum(seconds), 2),
        "mebibytes_at_rest_and_after_each_day": memory.world,
        "azurite_mebibytes_at_rest_and_after_each_day": memory.azurite,
        "load_before_and_after": [round(load[0], 1), round(os.getloadavg()[0], 1)],
    }


# ------------------------------------------------------------------------------------------------------------- the peer


def disks_of(client: Client, scenario: Scenario, item: str) -> tuple[list[str], list[int]]:
    """Addresses of a machine's disks, which nobody uses from now on, and how many bytes a backup moved of each."""
    machine = client.get(item)["properties"]["sourceResourceId"]
    client.finish(client.post(f"{machine}/deallocate"))
    profile = client.get(machine)["properties"]["storageProfile"]
    uris = [disk["vhd"]["uri"] for disk in (profile["osDisk"], *profile["dataDisks"])]
    points = scenario.recovery_points(item)[1:]  # the first one moved all that there was
    moved = zip(*([disk.transferred_bytes for disk in point.disks] for point in points), strict=True)
    return uris, [round(median(each)) for each in moved]


def measure_peer(client: Client, scenario: Scenario, items: Sequence[str], rounds: int) -> Json:
    """So many cold starts and bare backups, on as many threads as there are cores, each with a machine's disks."""
    threads = os.cpu_count() or 1
    account = scenario.account_id(ACCOUNT)
    key = str(client.post(f"{account}/listKeys").json()["keys"][0]["value"])
    each_rounds = max(1, rounds // threads)
    load = os.getloadavg()
    with ExitStack() as stack:
        bare = []
        for item in items[:threads]:
            disks, moved = disks_of(client, scenario, item)
            made = BareBackup(client.endpoints["blob"], ACCOUNT, key, disks, moved)
            bare.append(stack.enter_context(closing(made)))
        for each in bare:
            start_cold()
            each.run()  # the first round warms up

        def work(own: BareBackup) -> None:
            for _ in range(each_rounds):
                start_cold()
                own.run()

        with ThreadPoolExecutor(threads) as pool:
            began = perf_counter()
            list(pool.map(work, bare))
            seconds = perf_counter() - began
    count = each_rounds * len(bare)
    return {
        "threads": threads,
        "backups": count,
        "seconds": round(seconds, 2),
        "jobs_per_second": round(count / seconds, 2),
        "load_before_and_after": [round(load[0], 1), round(os.getloadavg()[0], 1)],
    }


def measure(count: int, days: int, name: str) -> Json:
    measured: Json = {"machines": count, "days": days, "work_per_day": WORK, "disk_gib": OS_DISK_GIB}
    options = ("--clock", "virtual", "--start", START.isoformat(), "--workload-rate", "0", "--workload-per-day", WORK)
    with machines(count, *options) as (world, client, scenario, items):
        measured["fleet"] = pass_days(client, world.pid, days)
        keep(name, measured)
        measured["peer"] = measure_peer(client, scenario, items, min(count * days, MOST_ROUNDS))
        say(str(measured["peer"]))
    return measured


def aims_of(measured: Json) -> list[Aim]:
    count, fleet = measured["machines"] * measured["days"], measured["fleet"]
    ratio = fleet["jobs_per_second"] / measured["peer"]["jobs_per_second"]
    _, first, *_, last = fleet["mebibytes_at_rest_and_after_each_day"]
    return [
        Aim("backups completed", fleet["outcomes"].get("Completed", 0), count, "at least"),
        Aim("jobs that ended otherwise", sum(fleet["outcomes"].values()) - count, 0, "at most"),
        Aim("jobs per second / peer", round(ratio, 2), LEAST_RATIO, "at least"),
        Aim("memory after the last day / after the first", round(last / first, 2), MOST_GROWTH, "at most"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{MANY_MACHINES} machines and {MANY_DAYS} days")
    parser.add_argument("--machines", type=int, help="how many; not written as the result")
    parser.add_argument("--days", type=int, help="how many, at least two; not written as the result")
    options = parser.parse_args()
    usual = (MANY_MACHINES, MANY_DAYS) if options.long else (MACHINES, DAYS)
    count, days = options.machines or usual[0], options.days or usual[1]
    name = "fleet-long" if options.long else "fleet"
    name = name if (count, days) == usual else "fleet-other"
    measured = measure(count, days, name)
    return finish(name, aims_of(measured), measured)


if __name__ == "__main__":
    sys.exit(main())
