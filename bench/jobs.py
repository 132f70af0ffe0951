"""Many backups at once: how long they take, what they cost our process, and what a GET waits meanwhile.

A world in a process of its own boots and protects the machines, each with one disk, and rests. Then every machine is
backed up at once, twice: the second time little has changed on the disks. A GET of one protected item goes round all
the while. At the end one backup is made alone, and it is told where its time goes. The same is done in a world of one
machine whose workloads do not write: there the disk has not changed since the backup before, and that is the warm path.
Azurite is a process of its own and not in the numbers.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from bench.arm_servers import RunningWorld
from bench.report import Aim, finish, say
from controlplane.domain.arm_id import item_id
from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import Scenario, machine_body

COUNTS = (1, 100, 300)
OS_DISK_GIB = 127
"""The size of the image; what is written of it is little."""
IMAGE = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
REST_SECONDS, PATIENCE_SECONDS, LOOK_SECONDS, READ_SECONDS = 10.0, 1800.0, 0.5, 600.0
MOST_MEBIBYTES, MOST_THREADS, WARM_SECONDS = 120.0, 80, 0.3
ALONE_RUNS = 5
BACKUP: Json = {"properties": {"objectType": "IaasVMBackupRequest"}}


class Watch:
    """Looks at the world's process, and asks it for one item, until it is stopped."""

    def __init__(self, world: RunningWorld, item: str) -> None:
        self._world = world
        self._request = world.get(item)
        self._process = psutil.Process(world.pid)
        self._ended = threading.Event()
        self.mebibytes: list[float] = []
        self.threads: list[int] = []
        self.latencies: list[float] = []
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            began = time.perf_counter()
            status, _ = self._world.target.ask(self._request)
            assert status == 200
            self.latencies.append(time.perf_counter() - began)
            self.mebibytes.append(self._process.memory_info().rss / 2**20)
            self.threads.append(self._process.num_threads())


def prepare(client: Client, scenario: Scenario, count: int) -> list[str]:
    """So many machines that run and are protected; the items."""
    scenario.create_vault()
    account = scenario.create_account("benchdisks")
    names = [f"vm{number:03}" for number in range(count)]
    for name in names:
        body = machine_body(name, account.blob_endpoint, (), OS_DISK_GIB, IMAGE, scenario.location)
        client.arm("PUT", scenario.machine_id(name), body)
    for name in names:
        scenario.wait_until_ready(scenario.machine_id(name))
    items = [item_id(scenario.vault_id, scenario.group, name) for name in names]
    for name, item in zip(names, items, strict=True):
        properties = {"protectedItemType": "Microsoft.Compute/virtualMachines"}
        properties |= {"sourceResourceId": scenario.machine_id(name), "policyId": scenario.policy_id()}
        client.arm("PUT", item, {"properties": properties})
    until(lambda: not jobs(client, scenario, "InProgress"))
    return items


def back_up_all(world: RunningWorld, client: Client, scenario: Scenario, items: list[str]) -> Json:
    """Every item at once."""
    time.sleep(REST_SECONDS)
    idle = psutil.Process(world.pid).memory_info().rss / 2**20
    before = {job["id"] for job in jobs(client, scenario)}
    began = time.perf_counter()
    with closing(Watch(world, items[0])) as watch:
        for item in items:
            client.arm("POST", f"{item}/backup", BACKUP)
        accepted_after = time.perf_counter() - began
        until(lambda: not jobs(client, scenario, "InProgress"))
    seconds = time.perf_counter() - began
    ended = [job for job in jobs(client, scenario) if job["id"] not in before]
    states = [job["properties"]["status"] for job in ended]
    slowest = sorted(watch.latencies)[int(len(watch.latencies) * 0.99)]
    return {
        "backups": len(items),
        "completed": states.count("Completed"),
        "asked_seconds": round(accepted_after, 1),
        "seconds": round(seconds, 1),
        "jobs_per_second": round(len(items) / seconds, 2),
        "idle_mebibytes": round(idle, 1),
        "peak_mebibytes_above_idle": round(max(watch.mebibytes) - idle, 1),
        "most_threads": max(watch.threads),
        "get_p50_milliseconds": round(median(watch.latencies) * 1000, 1),
        "get_p99_milliseconds": round(slowest * 1000, 1),
    }


def alone(client: Client, scenario: Scenario, item: str) -> Json:
    """One backup alone, several times: the median, and when what happened in that one."""
    runs = []
    for _ in range(ALONE_RUNS):
        began = time.perf_counter()
        client.arm("POST", f"{item}/backup", BACKUP)
        (job,) = jobs(client, scenario, "InProgress")
        until(partial(has_ended, client, job["id"]), 0.01)
        runs.append((time.perf_counter() - began, job["name"]))
    runs.sort()
    seconds, name = runs[len(runs) // 2]
    events = client.sim("GET", "/events", job=name)["events"]
    start = datetime.fromisoformat(events[0]["time"])
    told = [
        f"{(datetime.fromisoformat(event['time']) - start).total_seconds():.3f} {event['name']} {event['data']}"[:160]
        for event in events
    ]
    return {"seconds": round(seconds, 2), "all_seconds": [round(each, 2) for each, _ in runs], "events": told}


def has_ended(client: Client, job: str) -> bool:
    return str(client.get(job)["properties"]["status"]) != "InProgress"


def jobs(client: Client, scenario: Scenario, status: str = "") -> list[Json]:
    query = {"$filter": f"status eq '{status}'"} if status else {}
    return list(client.list(f"{scenario.vault_id}/backupJobs", **query))


def until(condition: Callable[[], bool], every: float = LOOK_SECONDS) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("not every job came to its end")
        time.sleep(every)


@contextmanager
def machines(count: int, *options: str) -> Iterator[tuple[RunningWorld, Client, Scenario, list[str]]]:
    """A world with so many protected machines, started with these options; their items."""
    with (
        TemporaryDirectory(prefix="backupsim-bench-") as folder,
        closing(RunningWorld(Path(folder), *options)) as world,
        Client(world.endpoints, read_seconds=READ_SECONDS) as client,
    ):
        scenario = Scenario(client, group="bench")
        yield world, client, scenario, prepare(client, scenario, count)


def measure(count: int) -> Json:
    with machines(count) as (world, client, scenario, items):
        result = {
            "first": back_up_all(world, client, scenario, items),
            "little_changed": back_up_all(world, client, scenario, items),
            "alone": alone(client, scenario, items[0]),
        }
    for each in result.values():
        say(str(each))
    return result


def warm_path() -> Json:
    """One backup alone of a machine whose disk did not change since the one before."""
    with machines(1, "--workload-rate", "0") as (world, client, scenario, items):
        back_up_all(world, client, scenario, items)
        result = alone(client, scenario, items[0])
    say(str(result))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS), help="how many machines, a world each")
    options = parser.parse_args()
    measured = {str(count): measure(count) for count in options.counts}
    aims = []
    for count, numbers in measured.items():
        first = numbers["first"]
        aims += [
            Aim(f"{count} backups at once, completed", first["completed"], int(count), "at least"),
            Aim(
                f"{count} backups at once, peak above idle",
                first["peak_mebibytes_above_idle"],
                MOST_MEBIBYTES,
                "at most",
                "MiB",
            ),
            Aim(f"{count} backups at once, threads", first["most_threads"], MOST_THREADS, "at most"),
        ]
    warm = warm_path()
    aims.append(Aim("backup of an unchanged disk", warm["seconds"], WARM_SECONDS, "at most", "s"))
    return finish("jobs", aims, {**measured, "warm": warm})


if __name__ == "__main__":
    sys.exit(main())
