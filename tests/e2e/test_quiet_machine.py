"""A machine whose workloads write only when they are told to: what its next backup reads and moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blob, Blobs
from simulator.client import Client
from simulator.parties import VAULT, Wrappers
from simulator.scenario import Scenario
from simulator.world import Config, build


class Reads(BlobsWrapper):
    """Notes which blobs the vault reads from."""

    def __init__(self, inner: Blobs, names: list[str]) -> None:
        super().__init__(inner)
        self._names = names

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._names.append(blob.name)
        return super().read(blob, offset, length)


@pytest.mark.slow
def test_the_disks_of_a_machine_at_rest_are_not_read_again_until_it_works(tmp_path: Path) -> None:
    read: list[str] = []
    wrappers = Wrappers(blobs=lambda party, blobs: Reads(blobs, read) if party == VAULT else blobs)
    with build(Config(tmp_path, workload_rate=0), wrappers) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        machine = scenario.create_machine("sql01", data_disk_gib=(1,))
        item = scenario.protect(machine)

        def back_up() -> tuple[int, set[str]]:
            """What changed, in bytes, and the disks of which anything was read."""
            read.clear()
            assert scenario.back_up(item).status == "Completed"
            newest = max(scenario.recovery_points(item), key=lambda point: point.time)
            return sum(disk.changed_bytes for disk in newest.disks), {name for name in read if name.endswith(".vhd")}

        changed, disks = back_up()
        assert changed
        assert len(disks) == 2
        assert back_up() == (0, set())
        scenario.work(machine, 5)
        changed, disks = back_up()
        assert changed
        assert disks
        assert all(scenario.verify(point).verified for point in scenario.recovery_points(item))
