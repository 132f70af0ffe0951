"""Throughput of transfer and restore against a bare HTTP loop over the same Azurite; peak memory by size of disk."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit

from bench.report import RESULTS, Aim, finish, say
from controlplane.adapters.azurite import AzuriteBlobs, FixedAccounts
from controlplane.json_object import Json
from controlplane.ports import BLOCK_BYTES, READ_BYTES, WRITE_BYTES, Blob
from controlplane.vault_format.vault_store import VaultStore
from simulator.state.folder import cache_folder
from simulator.storage.azurite import Azurite, ManagedAccounts, find_node

MIB = 1024**2
GIB = 1024**3
DISKS, RESTORED, VAULT = "disks", "restored", "vault"
LEAST_SHARE = 0.7
MOST_MEMORY_MIB = 300.0
MOST_GROWTH = 1.5
"""Flat means: however much larger a disk, it takes no more than this many times the memory."""
SPARSE_BLOCKS = 1024
IN_FLIGHT = (1, 2, 4)


@dataclass(frozen=True)
class Disk:
    """A disk to measure with: dense, or holding some blocks far from each other."""

    name: str
    size_bytes: int
    dense: bool

    @property
    def blob(self) -> Blob:
        return Blob(DISKS, "bench", self.name)

    def fill(self, blobs: AzuriteBlobs) -> Blob:
        """Write it; the snapshot to back up."""
        noise = os.urandom(READ_BYTES + MIB)
        blobs.create(self.blob, self.size_bytes)
        if self.dense:
            for number, offset in enumerate(range(0, self.size_bytes, READ_BYTES)):
                start = number * 512 % MIB
                length = min(READ_BYTES, self.size_bytes - offset)
                blobs.write(self.blob, offset, memoryview(noise)[start : start + length])
        else:
            for number in range(SPARSE_BLOCKS):
                offset = self.size_bytes // SPARSE_BLOCKS * number // BLOCK_BYTES * BLOCK_BYTES
                blobs.write(self.blob, offset, memoryview(noise)[number * 512 : number * 512 + BLOCK_BYTES])
        return self.blob.at(blobs.snapshot(self.blob))


# ----------------------------------------------------------------------------------------------------------- Throughput


class BareLoop:
    """What the same bytes cost with nothing around them: 8 MiB reads, 4 MiB page writes, a connection per worker."""

    def __init__(self, source: str, target: str) -> None:
        self._source = urlsplit(source)
        self._target = urlsplit(target)

    def run(self, size_bytes: int, in_flight: int) -> None:
        with ThreadPoolExecutor(in_flight) as pool:
            list(pool.map(lambda worker: self._work(size_bytes, worker, in_flight), range(in_flight)))

    def _work(self, size_bytes: int, worker: int, workers: int) -> None:
        connection = HTTPConnection(self._source.netloc)
        for offset in range(worker * READ_BYTES, size_bytes, workers * READ_BYTES):
            end = min(offset + READ_BYTES, size_bytes)
            range_header = {"x-ms-range": f"bytes={offset}-{end - 1}"}
            connection.request("GET", f"{self._source.path}?{self._source.query}", headers=range_header)
            data = memoryview(connection.getresponse().read())
            for start in range(offset, end, WRITE_BYTES):
                piece = data[start - offset : start - offset + WRITE_BYTES]
                headers = {"x-ms-page-write": "update", "x-ms-range": f"bytes={start}-{start + len(piece) - 1}"}
                headers["content-length"] = str(len(piece))
                connection.request("PUT", f"{self._target.path}?comp=page&{self._target.query}", piece, headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 201
        connection.close()


class Timing:
    """Seconds that each thing took, each time."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.seconds: dict[str, list[float]] = {}

    def measure(self, name: str, act: Callable[[], object]) -> float:
        start = perf_counter()
        act()
        taken = perf_counter() - start
        self.seconds.setdefault(name, []).append(taken)
        say(f"{name}: {self.size_bytes / MIB / taken:.0f} MiB/s")
        return taken

    def rate(self, name: str) -> float:
        """MiB/s of the median."""
        return self.size_bytes / MIB / median(self.seconds[name])


def throughput(blobs: AzuriteBlobs, size_bytes: int, rounds: int) -> tuple[list[Aim], Json]:
    """Each thing is timed right between two runs of the bare loop, so that a slow moment of the machine strikes both;
    the median of these pairs counts. The bare loop runs with as many in flight as serve it best."""
    disk = Disk("throughput", size_bytes, dense=True)
    source, target = disk.fill(blobs), Blob(RESTORED, "bench", "target")
    vault = VaultStore(blobs, VAULT)
    soon = datetime.now(UTC) + timedelta(hours=3)
    loop = BareLoop(blobs.sas(source, "r", soon), blobs.sas(target, "rw", soon))
    timing = Timing(size_bytes)

    def bare(in_flight: int) -> float:
        blobs.create(target, size_bytes)
        return timing.measure(f"bare loop, {in_flight} in flight", partial(loop.run, size_bytes, in_flight))

    # Of each its fastest run: a slow moment must not choose the loop that everything is held against.
    fastest = {in_flight: min(bare(in_flight) for _ in range(3)) for in_flight in IN_FLIGHT}
    best = min(IN_FLIGHT, key=lambda in_flight: fastest[in_flight])
    shares: dict[str, list[float]] = {"transfer": [], "restore": []}
    for number in range(rounds):
        before = bare(best)
        taken = timing.measure("transfer", partial(vault.back_up, source, size_bytes, f"round {number}", None))
        between = bare(best)
        shares["transfer"].append((before + between) / 2 / taken)
        point = vault.back_up(source, size_bytes, f"round {number}", None)
        taken = timing.measure("restore", partial(vault.restore, point, target))
        shares["restore"].append((between + bare(best)) / 2 / taken)
        timing.measure("unchanged", partial(vault.back_up, source, size_bytes, f"again {number}", point))
        vault.delete(f"again {number}", [point])
        vault.delete(point.name, [])
    aims = [Aim(f"{name} / bare loop", median(values), LEAST_SHARE, "at least") for name, values in shares.items()]
    return aims, {
        "size_bytes": size_bytes,
        "rounds": rounds,
        "bare_loop_in_flight": best,
        "mebibytes_per_second": {name: round(timing.rate(name), 1) for name in timing.seconds},
        "shares": {name: [round(share, 3) for share in values] for name, values in shares.items()},
    }


# --------------------------------------------------------------------------------------------------------------- Memory


def memory(url: str, keys: dict[str, str], disks: list[Disk]) -> tuple[list[Aim], Json]:
    """Each disk is filled, backed up twice and restored by a process of its own, whose peak is what is measured."""
    peaks: dict[str, float] = {}
    for disk in disks:
        task = {"url": url, "keys": keys, "name": disk.name, "size_bytes": disk.size_bytes, "dense": disk.dense}
        command = [sys.executable, "-m", "bench.transfer", "--one-case"]
        done = subprocess.run(command, input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True)
        peaks[disk.name] = json.loads(done.stdout)["peak_bytes"] / MIB
        say(f"{disk.name}: {peaks[disk.name]:.0f} MiB at most")
    aims = [Aim(f"peak memory, {name}", peak, MOST_MEMORY_MIB, "at most", "MiB") for name, peak in peaks.items()]
    for kind, dense in (("sparse", False), ("dense", True)):
        of_kind = [peaks[disk.name] for disk in disks if disk.dense == dense]
        if of_kind:
            aims.append(
                Aim(
                    f"peak memory of {kind} disks, largest / smallest",
                    max(of_kind) / min(of_kind),
                    MOST_GROWTH,
                    "at most",
                )
            )
    return aims, {"peak_mebibytes": {name: round(peak, 1) for name, peak in peaks.items()}}


def one_case(task: Json) -> Json:
    blobs = AzuriteBlobs(task["url"], FixedAccounts(task["keys"]))
    disk = Disk(task["name"], task["size_bytes"], task["dense"])
    vault = VaultStore(blobs, VAULT)
    first = vault.back_up(disk.fill(blobs), disk.size_bytes, f"{disk.name}/1", None)
    blobs.write(disk.blob, 0, os.urandom(BLOCK_BYTES))
    second = vault.back_up(disk.blob.at(blobs.snapshot(disk.blob)), disk.size_bytes, f"{disk.name}/2", first)
    vault.restore(second, Blob(RESTORED, "bench", disk.name))
    vault.delete(first.name, [second])
    return {"peak_bytes": peak_bytes()}


def peak_bytes() -> int:
    """Most memory this process ever had. Linux hands `ru_maxrss` down from the parent, so there /proc is asked."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


# -------------------------------------------------------------------------------------------------------------- Running


@contextmanager
def storage() -> Iterator[tuple[Azurite, ManagedAccounts]]:
    with TemporaryDirectory(prefix="backupsim-bench-") as folder:
        accounts = ManagedAccounts(Path(folder) / "accounts.json")
        for name in (DISKS, RESTORED, VAULT):
            accounts.add(name)
        azurite = Azurite(cache_folder(), Path(folder) / "azurite", accounts)
        try:
            yield azurite, accounts
        finally:
            azurite.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-mib", type=int, default=1024, help="disk for the throughput (default 1024)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dense-mib", type=int, nargs="*", default=[256, 4096])
    parser.add_argument("--sparse-gib", type=int, nargs="*", default=[1, 16, 128])
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the JSON file")
    parser.add_argument("--one-case", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_case:
        sys.stdout.write(json.dumps(one_case(json.load(sys.stdin))))
        return 0
    disks = [Disk(f"sparse {size} GiB", size * GIB, dense=False) for size in options.sparse_gib]
    disks += [Disk(f"dense {size} MiB", size * MIB, dense=True) for size in options.dense_mib]
    with storage() as (azurite, accounts):
        blobs = AzuriteBlobs(azurite.url, accounts)
        speed_aims, speed = throughput(blobs, options.size_mib * MIB, options.rounds)
        keys = {name: accounts.key(name) for name in (DISKS, RESTORED, VAULT)}
        memory_aims, peaks = memory(azurite.url, keys, disks)
        blobs.close()
    numbers = {"node": find_node().version, "throughput": speed, "memory": peaks}
    return finish("transfer", speed_aims + memory_aims, numbers, options.out)


if __name__ == "__main__":
    sys.exit(main())
