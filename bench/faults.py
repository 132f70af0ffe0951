"""What faults cost a backup while none is set: the same backup in two worlds, one without seams in the way of its jobs.

Both worlds are in this process, with a machine each whose disk does not change, and back it up in turns. What is
compared is the processor time of the process, in which service, host and guest are; handlers and Azurite are processes
of their own. The second world asks storage, fabric and other providers directly. What is left in both is one look at an
empty table of faults for each request to Azure Resource Manager and for each command of the agent.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.report import Aim, finish, say
from controlplane.azure_providers import AzureProviders
from controlplane.json_object import Json
from controlplane.ports import Blobs, Ports
from simulator.client import Client
from simulator.faults.seams.host import FaultyFabric
from simulator.faults.seams.storage import FaultyBlobs
from simulator.parties import Wrappers
from simulator.scenario import Scenario
from simulator.scenario_values import ProtectedItem
from simulator.world import Config, World

BACKUPS = 30
FIRST = 3
"""Backups before those that are measured: the first ones move the whole disk and load what is needed."""
MOST_TIMES = 1.05
WITH, WITHOUT = "with seams", "without seams"


class WithoutSeams(World):
    """A world whose jobs ask their ports past the seams of faults."""

    def _blobs_of(self, party: str) -> Blobs:
        blobs = super()._blobs_of(party)
        assert isinstance(blobs, FaultyBlobs), "the seams of the storage are the outermost wrapper"
        return blobs.inner

    @property
    def ports(self) -> Ports:
        return self._ports

    @ports.setter
    def ports(self, ports: Ports) -> None:
        assert isinstance(ports.fabric, FaultyFabric), "the seams of the host are the outermost wrapper"
        self._ports = replace(ports, fabric=ports.fabric.inner, providers=AzureProviders())


def measure(backups: int = BACKUPS) -> dict[str, list[float]]:
    """Seconds of processor time of so many backups in each world."""
    spent: dict[str, list[float]] = {WITH: [], WITHOUT: []}
    with TemporaryDirectory(prefix="backupsim-bench-") as folder, ExitStack() as stack:
        sides = {
            name: _side(stack, kind, Path(folder) / kind.__name__)
            for name, kind in ((WITH, World), (WITHOUT, WithoutSeams))
        }
        for number in range(FIRST + backups):
            for name in (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH):
                scenario, item = sides[name]
                began = time.process_time()
                scenario.back_up(item)
                if number >= FIRST:
                    spent[name].append(time.process_time() - began)
    return spent


def _side(stack: ExitStack, kind: type[World], folder: Path) -> tuple[Scenario, ProtectedItem]:
    """A world with a protected machine."""
    config = Config(folder, workload_rate=0, scheduled=False, on_demand_backups_per_day=0)
    world = stack.enter_context(kind(config, Wrappers()))
    scenario = Scenario(stack.enter_context(Client(world.endpoints)))
    return scenario, scenario.protect(scenario.create_machine(data_disk_gib=(1,)))


def aim_of(spent: dict[str, list[float]]) -> Aim:
    ratio = median(spent[WITH]) / median(spent[WITHOUT])
    return Aim("processor time of a backup with no fault set / without seams", ratio, MOST_TIMES, "at most", "times")


def numbers_of(spent: dict[str, list[float]]) -> Json:
    return {
        "backups": len(spent[WITH]),
        "median_milliseconds": {name: round(median(seconds) * 1000, 1) for name, seconds in spent.items()},
        "milliseconds": {name: [round(each * 1000, 1) for each in seconds] for name, seconds in spent.items()},
    }


def main() -> int:
    spent = measure()
    numbers = numbers_of(spent)
    say(str(numbers["median_milliseconds"]))
    return finish("faults", [aim_of(spent)], numbers)


if __name__ == "__main__":
    sys.exit(main())
