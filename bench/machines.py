"""Memory that a machine at rest costs our process: one disk with 64 MiB allocated, its agent reporting, no backup.

A world of its own boots a few machines first, so that what is loaded once does not count, then the machines that are
measured, and lets all of them rest for a while. All disks are filled before the first look at the memory. Azurite is a
process of its own and not in the number.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.report import Aim, finish, say
from controlplane.domain.compute.vhd import blob_bytes
from controlplane.ports import WRITE_BYTES, Blob, Disk, MachineSpec
from simulator.state.memory import give_back_large_buffers
from simulator.world import Config, World, build

Json = dict[str, Any]

MIB = 1024 * 1024
ACCOUNT = "benchdisks"
DISK_BYTES = 256 * MIB
ALLOCATED_BYTES = 64 * MIB
SYSTEM_BYTES = 12 * MIB
"""What the installation of Windows writes."""
WARM_UP = 12
"""More than the host boots at once, so that its threads are all there."""
MACHINES = 24
REST_SECONDS = 20.0
BOOT_SECONDS = 300.0
LIMIT_MIB = 1.0
IMAGE = "MicrosoftSQLServer:sql2022-ws2022:enterprise-gen2"
"""The one whose workloads hold most."""


def prepare(world: World, name: str) -> Disk:
    """A disk that has the measured allocation once Windows is installed on it."""
    blob = Blob(ACCOUNT, "vhds", f"{name}.vhd")
    world.blobs.create(blob, blob_bytes(DISK_BYTES))
    content = os.urandom(WRITE_BYTES)
    for offset in range(DISK_BYTES // 2, DISK_BYTES // 2 + ALLOCATED_BYTES - SYSTEM_BYTES, WRITE_BYTES):
        world.blobs.write(blob, offset, content)
    return Disk("os", -1, blob, DISK_BYTES, "FromImage")


def create(world: World, name: str, disk: Disk) -> str:
    vm = f"/subscriptions/s/resourceGroups/bench/providers/Microsoft.Compute/virtualMachines/{name}"
    world.ports.fabric.create_vm(vm, MachineSpec(f"id-{name}", name, "Standard_B1s", "Windows", IMAGE, name, (disk,)))
    return vm


def await_agents(world: World, machines: list[str]) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        views = [world.ports.fabric.instance_view(vm) for vm in machines]
        if all(view and view.agent_status == "Ready" for view in views):
            return
        time.sleep(0.2)
    raise TimeoutError("not every machine came up")


def measure(folder: Path, count: int, rest_seconds: float, where: bool) -> Json:
    """MiB of the process before and after the machines, and what each of them costs."""
    process = psutil.Process()
    with build(Config(state=folder / "world")) as world:
        world.blobs.add_account(ACCOUNT)
        names = [f"vm{number}" for number in range(WARM_UP + count)]
        disks = {name: prepare(world, name) for name in names}
        await_agents(world, [create(world, name, disks[name]) for name in names[:WARM_UP]])
        time.sleep(rest_seconds)
        gc.collect()
        before = process.memory_info().rss
        if where:
            tracemalloc.start(12)
        await_agents(world, [create(world, name, disks[name]) for name in names[WARM_UP:]])
        time.sleep(rest_seconds)
        gc.collect()
        after = process.memory_info().rss
        if where:
            _say_where(count)
        return {
            "machines": count,
            "before_mebibytes": round(before / MIB, 1),
            "after_mebibytes": round(after / MIB, 1),
            "mebibytes_per_machine": round((after - before) / MIB / count, 2),
            "threads": process.num_threads(),
        }


def _say_where(count: int) -> None:
    """Who holds the memory that Python knows of, in KiB per machine."""
    snapshot = tracemalloc.take_snapshot()
    say(f"{sum(each.size for each in snapshot.traces) / 1024 / count:.0f} KiB per machine, as far as Python knows")
    for statistic in snapshot.statistics("lineno")[:20]:
        place = statistic.traceback[-1]
        say(
            f"  {statistic.size / 1024 / count:7.1f} KiB  {statistic.count / count:7.1f}  "
            f"{place.filename}:{place.lineno}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=MACHINES)
    parser.add_argument("--rest", type=float, default=REST_SECONDS, help="seconds before each look at the memory")
    parser.add_argument("--where", action="store_true", help="also say which lines hold it; the number is then larger")
    options = parser.parse_args()
    give_back_large_buffers()  # as `backupsim up` does
    with TemporaryDirectory(prefix="backupsim-bench-") as folder:
        numbers = measure(Path(folder), options.machines, options.rest, options.where)
    say(str(numbers))
    aim = Aim("idle machine, 64 MiB allocated", numbers["mebibytes_per_machine"], LIMIT_MIB, "at most", "MiB")
    return finish("machines", [aim], numbers)


if __name__ == "__main__":
    sys.exit(main())
