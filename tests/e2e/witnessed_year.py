"""Days of a moved world, seen by witnesses that are no part of the product.

One is the package of the handler, into which a program is put that begins first: it notes its process and when that
started, and while the guest is frozen it hashes each disk's blob, before it lets the handler ask for the snapshot. The
other is the access log of an Azurite that somebody else runs. What was restored is read with Microsoft's own library.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from azure.storage.blob import BlobServiceClient

from bench.year import ACCOUNT, START, WORK, Progress, Year
from controlplane.json_object import Json
from simulator.client import Client
from simulator.clock.kept_clock import ClockSettings, Mode
from simulator.daily_work import DailyWork
from simulator.packages import HANDLER_FOLDER, packed
from simulator.scenario import RESTORE_ACCOUNT
from simulator.scenario_values import RecoveryPoint
from simulator.state.folder import cache_folder
from simulator.storage.azurite import find_node, install
from simulator.world import Config, build
from tests.e2e.running import eventually

ACCOUNTS = ("backupservice", "backupvaults", "manageddisks", ACCOUNT, RESTORE_ACCOUNT)
DISKS = 2
BLOCK_BYTES = 64 * 1024
SNAPSHOT = re.compile(rf'"PUT /{ACCOUNT}/[^ ?]+\?(?:[^ ]*&)?comp=snapshot(?:&[^ ]*)? HTTP/1\.1" 201 ')

PROGRAM = """
import gc, hashlib, json, os, sys, time, urllib.request
from pathlib import Path
from xml.etree import ElementTree

NOTES, BLOCK_BYTES = %(notes)r, %(block_bytes)d
root = Path(__file__).resolve().parent
sys.path[0] = str(root)


def note(**what):
    with open(NOTES, "a") as notes:
        notes.write(json.dumps({"process": os.getpid(), **what}) + "\\n")


note(verb=sys.argv[1], started=time.time())
gc.disable()


def ask(uri, query="", **headers):
    request = urllib.request.Request(uri + query, headers={"x-ms-version": "2020-10-02", **headers})
    return urllib.request.urlopen(request, timeout=5).read()


def hash_of(uri):
    blocks = {}
    for each in ElementTree.fromstring(ask(uri, "&comp=pagelist")).iter("PageRange"):
        start, end = int(each.findtext("Start")), int(each.findtext("End")) + 1
        data = ask(uri, Range=f"bytes={start}-{end - 1}")
        for block in range(start // BLOCK_BYTES, -(-end // BLOCK_BYTES)):
            low, high = max(start, block * BLOCK_BYTES), min(end, (block + 1) * BLOCK_BYTES)
            content = blocks.setdefault(block, bytearray(BLOCK_BYTES))
            content[low - block * BLOCK_BYTES : high - block * BLOCK_BYTES] = data[low - start : high - start]
    whole = hashlib.sha256()
    for block in sorted(block for block, content in blocks.items() if any(content)):
        whole.update(block.to_bytes(8, "big") + blocks[block])
    return whole.hexdigest()


if __name__ == "__main__":
    from extension import blobs, handler

    made, sent = blobs.DiskSnapshot.__init__, blobs.DiskSnapshot.send

    def make(self, uri, metadata):
        made(self, uri, metadata)
        self.seen_uri = uri

    def send(self, deadline):
        note(disk=self.seen_uri.partition("?")[0], sha256=hash_of(self.seen_uri))
        sent(self, deadline)

    blobs.DiskSnapshot.__init__, blobs.DiskSnapshot.send = make, send
    sys.exit(handler.main(sys.argv[1:], root, os.environ))
"""


def witness_package(notes: Path) -> bytes:
    """The handler's own package with another first program."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed(HANDLER_FOLDER))) as original,
        zipfile.ZipFile(content, "w") as changed,
    ):
        for entry in original.infolist():
            program = PROGRAM % {"notes": str(notes), "block_bytes": BLOCK_BYTES}
            changed.writestr(entry, program if entry.filename == "__main__.py" else original.read(entry))
    return content.getvalue()


class LoggingAzurite:
    """Azurite as anybody starts it, with its access log in a file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.log = folder / "access.log"
        chance = Random(12)
        self.keys = {name: b64encode(chance.randbytes(64)).decode() for name in ACCOUNTS}
        arguments = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(folder)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [find_node().program, install(cache_folder()), *arguments, "--skipApiVersionCheck"],
                env={"AZURITE_ACCOUNTS": self.listing},
                cwd=folder,
                stdout=log,
                stderr=subprocess.DEVNULL,
            )
        eventually(lambda: "successfully listens on" in self.log.read_text(), "Azurite listens")
        (self.url,) = re.findall(r"successfully listens on (http://\S+)", self.log.read_text())

    @property
    def listing(self) -> str:
        return ";".join(f"{name}:{key}" for name, key in self.keys.items())

    def snapshots(self) -> int:
        """How many snapshots of the machine's disks were asked for and taken."""
        return sum(SNAPSHOT.search(line) is not None for line in self.log.read_text().splitlines())

    def service(self, account: str) -> BlobServiceClient:
        credential = {"account_name": account, "account_key": self.keys[account]}
        return BlobServiceClient(f"{self.url}/{account}", credential=credential)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@dataclass(frozen=True)
class WitnessedYear:
    client: Client
    year: Year
    azurite: LoggingAzurite
    notes: Path

    def pass_days(self, days: int) -> Json:
        return self.client.advance(Progress(days), by=f"{days}d")

    def runs(self) -> list[tuple[int, float]]:
        """Process and start of each run of the handler that was to take snapshots."""
        return [(note["process"], note["started"]) for note in self._noted() if note.get("verb") == "enable"]

    def frozen(self) -> list[list[str]]:
        """The hashes of the disks at each freeze, in their order."""
        hashes = [note["sha256"] for note in self._noted() if "disk" in note]
        return [sorted(hashes[at : at + DISKS]) for at in range(0, len(hashes), DISKS)]

    def points(self) -> Sequence[RecoveryPoint]:
        return self.year.scenario.recovery_points(self.year.item)

    def restored(self, point: RecoveryPoint) -> tuple[list[str], str]:
        """The hashes of the disks that a restore of a point made, which are then removed; and what the world itself
        says of the point and of them."""
        job = self.year.scenario.restore_disks(point)
        assert (job.status, job.errors) == ("Completed", ())
        verdict = self.year.scenario.verify(point, job)
        hashes = []
        with self.azurite.service(RESTORE_ACCOUNT) as service:
            for container in list(service.list_containers()):
                inside = service.get_container_client(container.name)
                for blob in list(inside.list_blobs()):
                    if blob.blob_type == "PageBlob":
                        hashes.append(hash_of(inside.get_blob_client(blob.name)))
                        inside.delete_blob(blob.name)
        return sorted(hashes), verdict.outcome

    def _noted(self) -> list[Json]:
        return [json.loads(line) for line in self.notes.read_text().splitlines()]


def hash_of(blob: Any) -> str:
    """As the program in the package makes it, by way of the library."""
    blocks: dict[int, bytearray] = {}
    for each in blob.list_page_ranges():
        if each.cleared:
            continue
        data = blob.download_blob(each.start, each.end - each.start + 1).readall()
        for at in range(0, len(data), 512):
            block, inside = divmod(each.start + at, BLOCK_BYTES)
            blocks.setdefault(block, bytearray(BLOCK_BYTES))[inside : inside + 512] = data[at : at + 512]
    whole = sha256()
    for block in sorted(block for block, content in blocks.items() if any(content)):
        whole.update(block.to_bytes(8, "big") + blocks[block])
    return whole.hexdigest()


@contextmanager
def witnessed_year(folder: Path) -> Iterator[WitnessedYear]:
    """A world whose time stands, before its first backup."""
    notes, package = folder / "notes.jsonl", folder / "handler.zip"
    package.write_bytes(witness_package(notes))
    azurite = LoggingAzurite(folder / "azurite")
    try:
        config = Config(
            folder / "world",
            packages=(package,),
            clock=ClockSettings(Mode.VIRTUAL, start=START),
            workload_rate=0,
            workload_per_day=DailyWork.parse(WORK),
            blob_endpoint=azurite.url,
            blob_accounts=azurite.listing,
        )
        with build(config) as world, Client(world.endpoints, limit_seconds=7200, read_seconds=600) as client:
            yield WitnessedYear(client, Year(client, azurite.process.pid), azurite, notes)
    finally:
        azurite.close()


def drawn_days(days: int, count: int, seed: int) -> list[int]:
    """So many different days, counted from 1, in their order."""
    return sorted(Random(seed).sample(range(1, days + 1), count))


def real_seconds_since(began: float) -> float:
    return round(time.monotonic() - began, 1)
