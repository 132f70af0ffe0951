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
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from bench.report import Aim, finish, say
from controlplane.adapters.azurite import AzuriteBlobs, FixedAccounts
from controlplane.jobs.vault_store import VaultStore
from controlplane.ports import BLOCK_BYTES, READ_BYTES, WRITE_BYTES, Blob
from simulator.azurite import Azurite, ManagedAccounts, find_node
from simulator.state import cache_folder

Json = dict[str, Any]

MIB = 1024**2
GIB = 1024**3
DISKS, RESTORED, VAULT = "disks", "restored", "vault"
LEAST_SHARE = 0.7
MOST_MEMORY_MIB = 300.0
MOST_GROWTH = 1.5
"""Flat means: the largest case takes no more than this many times the smallest."""
SPARSE_BLOCKS = 1024


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
            wanted = {"x-ms-range": f"bytes={offset}-{end - 1}"}
            connection.request("GET", f"{self._source.path}?{self._source.query}", headers=wanted)
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


def throughput(blobs: AzuriteBlobs, size_bytes: int, rounds: int) -> tuple[list[Aim], Json]:
    """Rounds of everything in turn, so that a slow moment of the machine strikes all alike; the median counts."""
    disk = Disk("throughput", size_bytes, dense=True)
    source = disk.fill(blobs)
    vault = VaultStore(blobs, VAULT)
    soon = datetime.now(UTC) + timedelta(hours=3)
    target = Blob(RESTORED, "bench", "target")
    bare = BareLoop(blobs.sas(source, "r", soon), blobs.sas(target, "rw", soon))
    seconds: dict[str, list[float]] = {}

    def measure(name: str, act: Callable[[], object]) -> None:
        start = perf_counter()
        act()
        seconds.setdefault(name, []).append(perf_counter() - start)

    for number in range(rounds):
        for in_flight in (1, 2, 4):
            blobs.create(target, size_bytes)
            measure(f"bare_{in_flight}", lambda in_flight=in_flight: bare.run(size_bytes, in_flight))  # type: ignore[misc]
        name = f"round{number}"
        measure("transfer", lambda name=name: vault.back_up(source, size_bytes, name, None))  # type: ignore[misc]
        point = vault.back_up(source, size_bytes, name, None)
        measure("unchanged", lambda: vault.back_up(source, size_bytes, "again", point))  # noqa: B023
        measure("restore", lambda: vault.restore(point, target))  # noqa: B023
        vault.delete("again", [point])
        vault.delete(point.name, [])
        say(
            f"round {number + 1}: "
            + ", ".join(f"{key} {size_bytes / MIB / times[-1]:.0f}" for key, times in seconds.items())
        )
    rates = {name: size_bytes / MIB / median(times) for name, times in seconds.items()}
    best = max(rate for name, rate in rates.items() if name.startswith("bare"))
    aims = [
        Aim(f"{name} / best bare loop", rates[name] / best, LEAST_SHARE, "at least") for name in ("transfer", "restore")
    ]
    return aims, {
        "size_bytes": size_bytes,
        "rounds": rounds,
        "mebibytes_per_second": {name: round(rate, 1) for name, rate in rates.items()},
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
    growth = max(peaks.values()) / min(peaks.values())
    aims = [
        Aim("peak memory of the largest case", max(peaks.values()), MOST_MEMORY_MIB, "at most", "MiB"),
        Aim("largest / smallest case", growth, MOST_GROWTH, "at most"),
    ]
    return aims, {"peak_mebibytes": {name: round(peak, 1) for name, peak in peaks.items()}}


def one_case(task: Json) -> Json:
    import resource

    blobs = AzuriteBlobs(task["url"], FixedAccounts(task["keys"]))
    disk = Disk(task["name"], task["size_bytes"], task["dense"])
    vault = VaultStore(blobs, VAULT)
    first = vault.back_up(disk.fill(blobs), disk.size_bytes, f"{disk.name}/1", None)
    blobs.write(disk.blob, 0, os.urandom(BLOCK_BYTES))
    second = vault.back_up(disk.blob.at(blobs.snapshot(disk.blob)), disk.size_bytes, f"{disk.name}/2", first)
    vault.restore(second, Blob(RESTORED, "bench", disk.name))
    vault.delete(first.name, [second])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_bytes": peak if sys.platform == "darwin" else peak * 1024}


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
    parser.add_argument("--dense-mib", type=int, default=4096, help="dense disk for the memory (default 4096)")
    parser.add_argument("--sparse-gib", type=int, nargs="*", default=[1, 16, 128])
    parser.add_argument("--one-case", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_case:
        sys.stdout.write(json.dumps(one_case(json.load(sys.stdin))))
        return 0
    disks = [Disk(f"sparse {size} GiB", size * GIB, dense=False) for size in options.sparse_gib]
    disks.append(Disk(f"dense {options.dense_mib} MiB", options.dense_mib * MIB, dense=True))
    with storage() as (azurite, accounts):
        blobs = AzuriteBlobs(azurite.url, accounts)
        speed_aims, speed = throughput(blobs, options.size_mib * MIB, options.rounds)
        keys = {name: accounts.key(name) for name in (DISKS, RESTORED, VAULT)}
        memory_aims, peaks = memory(azurite.url, keys, disks)
        blobs.close()
    numbers = {"node": find_node().version, "throughput": speed, "memory": peaks}
    return finish("transfer", speed_aims + memory_aims, numbers)


if __name__ == "__main__":
    sys.exit(main())
