"""Freeze window of backups in a real world against the same snapshot requests from a bare client in the same run.

The window is the guest's own measure: from the moment it holds its writes to the moment it lets go. The bare client has
a process of its own, its connections open and its requests ready, sends them all and waits until each is answered. It
snapshots the very same disks over the same Azurite while the machine is off, so that no workload gets in its way, as
none gets in the way of a backup. Rounds of both alternate, and no round's snapshots outlive the next.

With `--gateway` a fault is set that leads the machine through the storage gateway and acts on none of its requests:
that measures the cost of the gateway, which asks the world about each. The bare client goes straight to the storage.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit

from bench.report import Aim, finish, say
from controlplane.adapters.azurite import AzuriteBlobs, FixedAccounts
from controlplane.json_object import Json
from controlplane.ports import Limits, ServiceSettings
from simulator.client import Client
from simulator.scenario import Scenario, machine_body
from simulator.world import Config, build

ACCOUNT = "benchdisks"
DATA_DISK_GIB = 1
MOST_TIMES = 2.0
MOST_MORE_MILLISECONDS = 5.0
PASSED_BY = {"fault": "guest-storage-bandwidth", "where": {"operation": "GET list"}}
"""No handler asks for that, so it stands on the way of all requests and acts on none."""
BARE_METADATA = {"taskid": "00000000-0000-0000-0000-000000000000_1", "jobid": "00000000-0000-0000-0000-000000000000"}


@dataclass
class Windows:
    """What was measured with one number of disks, in milliseconds."""

    disks: int
    backup: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    way: str = ""
    """Through what the backups go, in words for the end of a name."""

    @property
    def aim(self) -> Aim:
        limit = round(MOST_TIMES * median(self.bare) + MOST_MORE_MILLISECONDS, 1)
        name = f"freeze window{self.way}, {_counted(self.disks)}"
        return Aim(name, round(median(self.backup), 1), limit, "at most", "ms")

    def to_json(self) -> Json:
        return {
            "disks": self.disks,
            "ratio": round(median(self.backup) / median(self.bare), 2),
            "backup_milliseconds": _summary(self.backup),
            "bare_milliseconds": _summary(self.bare),
        }

    def __str__(self) -> str:
        numbers = self.to_json()
        backup, bare = numbers["backup_milliseconds"], numbers["bare_milliseconds"]
        return (
            f"{_counted(self.disks)}{self.way}: {numbers['ratio']} times the bare client "
            f"(window {backup['median']} ms, best {backup['best']}; bare {bare['median']} ms, best {bare['best']})"
        )


def _counted(disks: int) -> str:
    return "1 disk" if disks == 1 else f"{disks} disks"


def _summary(values: Sequence[float]) -> Json:
    return {"median": round(median(values), 1), "best": round(min(values), 1), "rounds": len(values)}


# ------------------------------------------------------------------------------------------------------ the bare client


def snapshot_all(uris: Sequence[str]) -> tuple[float, list[str]]:
    """Milliseconds from the first request to the last answer, and the snapshots' time stamps."""
    places = [urlsplit(uri) for uri in uris]
    requests = [_request(place.netloc, f"{place.path}?{place.query}&comp=snapshot") for place in places]
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection((place.hostname or "", place.port or 80))) for place in places
        ]
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = perf_counter()
        for connection, request in zip(connections, requests, strict=True):
            connection.sendall(request)
        answers = [_head(connection) for connection in connections]
        milliseconds = (perf_counter() - began) * 1000
    return milliseconds, [_stamp(answer) for answer in answers]


def bare_process() -> ProcessPoolExecutor:
    """Where the bare client runs: alone, and with nothing else to do meanwhile."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=gc.disable)


def _request(host: str, target: str) -> bytes:
    metadata = "".join(f"x-ms-meta-{key}: {value}\r\n" for key, value in BARE_METADATA.items())
    return f"PUT {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n{metadata}\r\n".encode()


def _head(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("the storage hung up")
        answer += piece
    return answer


def _stamp(answer: bytes) -> str:
    """The snapshot that an answer tells of; ValueError when it tells of none."""
    first, *lines = answer.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if " 201 " not in first or "x-ms-snapshot" not in headers:
        raise ValueError(f"no snapshot: {first}")
    return headers["x-ms-snapshot"]


# ------------------------------------------------------------------------------------------------------------ the world


class Machine:
    """A protected machine with so many disks in a world of its own."""

    def __init__(self, client: Client, disks: int) -> None:
        self._client = client
        self._scenario = Scenario(client, group="bench")
        self._account = self._scenario.create_account(ACCOUNT)
        self._data_disk_gib = [DATA_DISK_GIB] * (disks - 1)
        self._machine = self._scenario.create_machine(account=self._account, data_disk_gib=self._data_disk_gib)
        self._item = self._scenario.protect(self._machine)

    def start(self) -> None:
        self._turn("start")
        self._scenario.wait_until_ready(self._machine)

    def deallocate(self) -> None:
        self._turn("deallocate")

    def _turn(self, verb: str) -> None:
        self._client.finish(self._client.post(f"{self._machine.id}/{verb}"))

    def back_up(self) -> float:
        """The freeze window of one more backup, in milliseconds."""
        job = self._scenario.back_up(self._item)
        assert job.status == "Completed", job
        last = self._scenario.recovery_points(self._item)[-1]
        assert last.consistency == "AppConsistent", "another kind of backup has another kind of window, or none"
        assert last.freeze_window_milliseconds is not None
        return last.freeze_window_milliseconds

    def snapshot_bare(self, process: Executor) -> float:
        """The same by the bare client, whose snapshots are deleted again."""
        key = self._client.post(f"{self._account.id}/listKeys").json()["keys"][0]["value"]
        body = machine_body(self._machine.name, self._account.blob_endpoint, self._data_disk_gib)
        storage = body["properties"]["storageProfile"]
        with closing(AzuriteBlobs(self._client.endpoints["blob"], FixedAccounts({ACCOUNT: key}))) as blobs:
            disks = [blobs.parse(disk["vhd"]["uri"]) for disk in (storage["osDisk"], *storage["dataDisks"])]
            soon = datetime.now(UTC) + timedelta(hours=1)
            uris = [blobs.sas(disk, "rw", soon) for disk in disks]
            milliseconds, stamps = process.submit(snapshot_all, uris).result()
            for disk, stamp in zip(disks, stamps, strict=True):
                blobs.delete(disk.at(stamp))
        return milliseconds


def measure(disks: int, cycles: int, backups: int, bare: int, process: Executor, *, gateway: bool = False) -> Windows:
    """The first backup installs the extension, and the first bare round warms up: neither counts."""
    windows = Windows(disks, way=" through the storage gateway" if gateway else "")
    settings = ServiceSettings(
        limits=Limits(snapshots=1),
        on_demand_backups_per_day=0,
        unmanaged_data_disks_per_machine=disks,
    )
    with (
        TemporaryDirectory(prefix="backupsim-bench-") as folder,
        build(Config(state=Path(folder), settings=settings)) as world,
        Client(world.endpoints) as client,
    ):
        if gateway:
            client.sim("POST", "/faults/set", PASSED_BY)
        machine = Machine(client, disks)
        machine.start()
        machine.back_up()
        machine.snapshot_bare(process)
        for _ in range(cycles):
            windows.backup += [machine.back_up() for _ in range(backups)]
            machine.deallocate()
            windows.bare += [machine.snapshot_bare(process) for _ in range(bare)]
            machine.start()
    say(str(windows))
    return windows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disks", type=int, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--cycles", type=int, default=3, help="how often the machine is turned off and on")
    parser.add_argument("--backups", type=int, default=4, help="backups in each cycle")
    parser.add_argument("--bare", type=int, default=12, help="rounds of the bare client in each cycle")
    parser.add_argument("--gateway", action="store_true", help="with the storage gateway on the way of the machine")
    options = parser.parse_args()
    with bare_process() as process:
        measured = [
            measure(disks, options.cycles, options.backups, options.bare, process, gateway=options.gateway)
            for disks in sorted(options.disks)
        ]
    return finish(
        "freeze-gateway" if options.gateway else "freeze",
        [windows.aim for windows in measured],
        {"windows": [windows.to_json() for windows in measured]},
    )


if __name__ == "__main__":
    sys.exit(main())
