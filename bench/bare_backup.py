"""The least that a backup costs: a cold start of an interpreter, and bare storage requests, one after the other.

The requests are those that a backup of a world makes, over one kept connection: of the same disks, which nobody writes
to meanwhile, and of reports and vault blobs of the same sizes in a container of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.utils import formatdate
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from controlplane.adapters.azurite import API_VERSION, AzuriteBlobs, FixedAccounts
from controlplane.adapters.storage_keys import shared_key
from controlplane.domain.spans import Span, pieces, widened
from controlplane.ports import BLOCK_BYTES, READ_BYTES, Blob

ROOT = Path(__file__).parents[1]
IMPORTS = "import extension.handler, extension.guest_simulated, extension.unseal, subprocess"
"""All modules of the handler, and what it imports on its way."""
CONTAINER = "bare"
REPORT_BYTES, MANIFEST_BYTES, SEGMENT_BYTES = 4096, 512, 8192
EMPTY: Mapping[str, str] = {}


def start_cold() -> None:
    """An interpreter that imports what the handler imports, from its start to its end."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {IMPORTS}"
    subprocess.run([sys.executable, "-I", "-c", program], stdin=subprocess.DEVNULL, check=True)


@dataclass(frozen=True, eq=False)
class Disk:
    """A disk of the machine: what a backup reads of it, and what one moves to the vault."""

    blob: str
    """Container and name."""
    reads: Sequence[Span]
    moved_bytes: int


class BareBackup:
    """What one backup after the other asks of the storage, each only once: no polls, no lookups of what is known, and
    two packs of a disk to look into. `moved` is how many bytes of each disk go to the vault; what goes nowhere has not
    changed, which the storage tells without a read."""

    def __init__(self, endpoint: str, account: str, key: str, disks: Sequence[str], moved: Sequence[int]) -> None:
        self._account, self._key = account, key
        self._connection = HTTPConnection(urlsplit(endpoint).netloc)
        self._prefix = f"{urlsplit(endpoint).path.rstrip('/')}/{account}"
        self._number = 1
        self.requests = 0
        with closing(AzuriteBlobs(endpoint, FixedAccounts({account: key}))) as blobs:
            self._disks = [read_of(blobs, blobs.parse(disk), size) for disk, size in zip(disks, moved, strict=True)]
            for number in (0, 1):
                for disk in self._disks:
                    for name in (pack_of(disk, number), manifest_of(disk, number)):
                        blobs.put(Blob(account, CONTAINER, name), bytes(SEGMENT_BYTES))

    def close(self) -> None:
        self._connection.close()

    def run(self) -> None:
        """One backup: the task and its reports, snapshots, what changed, and the end of an older recovery point."""
        self._number += 1
        stamps = self._take_snapshots()
        for disk, stamp in stamps.items():
            self._ask("HEAD", disk.blob, {"snapshot": stamp})
        for disk, stamp in stamps.items():
            self._transfer(disk, stamp)
        for disk in stamps:
            self._check(disk, self._number)
        for disk, stamp in stamps.items():
            self._ask("HEAD", disk.blob, {"snapshot": stamp})
            self._list(disk.blob, include="snapshots")
        for disk, stamp in stamps.items():
            self._expire(disk, stamp)

    def _take_snapshots(self) -> dict[Disk, str]:
        """The task, the handler's two reports, and what the agent says before, during and after it."""
        self._list(f"{CONTAINER}/status")
        for name in ("log", "status"):
            self._put(name, 0)
        for name in ("status", "log"):
            self._get(name)
            self._put(name, REPORT_BYTES)
        stamps = {disk: str(self._ask("PUT", disk.blob, {"comp": "snapshot"})["x-ms-snapshot"]) for disk in self._disks}
        for name in ("status", "log", "agent", "agent", "agent"):
            self._put(name, REPORT_BYTES)
        self._get("status")
        return stamps

    def _transfer(self, disk: Disk, stamp: str) -> None:
        self._ask("GET", disk.blob, {"comp": "pagelist", "snapshot": stamp})
        for which in ({"snapshot": stamp}, EMPTY):
            self._ask("HEAD", disk.blob, which)
        self._check(disk, self._number - 1)
        for start, end in disk.reads:
            self._ask("GET", disk.blob, {"snapshot": stamp}, {"x-ms-range": f"bytes={start}-{end - 1}"})
        self._put(pack_of(disk, self._number), disk.moved_bytes + SEGMENT_BYTES)
        self._put(manifest_of(disk, self._number), MANIFEST_BYTES)

    def _check(self, disk: Disk, number: int) -> None:
        """Read a recovery point's manifest and segment, and see that the packs are there."""
        self._get(manifest_of(disk, number))
        for each in (number, number - 1):
            self._list(f"{CONTAINER}/{pack_of(disk, each)}")
            self._ask("HEAD", f"{CONTAINER}/{pack_of(disk, each)}")
            self._get(pack_of(disk, each), 1)
        self._get(pack_of(disk, number), SEGMENT_BYTES)

    def _expire(self, disk: Disk, stamp: str) -> None:
        """A snapshot, and a recovery point in the vault."""
        number = self._number - 2
        self._ask("DELETE", disk.blob, {"snapshot": stamp})
        self._get(manifest_of(disk, number))
        self._list(f"{CONTAINER}/{pack_of(disk, number)}")
        for name in (pack_of(disk, number), manifest_of(disk, number)):
            self._ask("DELETE", f"{CONTAINER}/{name}")

    # ------------------------------------------------------------------------------------------------------- requests

    def _get(self, name: str, length: int | None = None) -> None:
        headers = {"x-ms-range": f"bytes=0-{length - 1}"} if length else {}
        self._ask("GET", f"{CONTAINER}/{name}", headers=headers)

    def _put(self, name: str, size_bytes: int) -> None:
        self._ask("PUT", f"{CONTAINER}/{name}", headers={"x-ms-blob-type": "BlockBlob"}, body=os.urandom(size_bytes))

    def _list(self, blob: str, **query: str) -> None:
        container, _, prefix = blob.partition("/")
        self._ask("GET", container, {"restype": "container", "comp": "list", "prefix": prefix, **query})

    def _ask(
        self,
        verb: str,
        blob: str,
        query: Mapping[str, str] = EMPTY,
        headers: Mapping[str, str] = EMPTY,
        body: bytes = b"",
    ) -> HTTPMessage:
        path = f"{self._prefix}/{blob}"
        given = {"content-length": str(len(body)), "x-ms-date": formatdate(usegmt=True), "x-ms-version": API_VERSION}
        sent = {**headers, **given}
        sent["authorization"] = shared_key(self._account, self._key, verb, path, query, sent)
        self._connection.request(verb, f"{path}?{urlencode(query)}" if query else path, body or None, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 300, (verb, blob, answer.status, content[:400])
        self.requests += 1
        return answer.headers


def pack_of(disk: Disk, number: int) -> str:
    return f"packs/{disk.blob}/{number}/0000"


def manifest_of(disk: Disk, number: int) -> str:
    return f"manifests/{disk.blob}/{number}"


def read_of(blobs: AzuriteBlobs, blob: Blob, moved: int) -> Disk:
    """What a backup reads of a disk that has changed: whole blocks that hold anything, so much at once."""
    properties = blobs.properties(blob)
    assert properties is not None
    held = [(each.offset, each.offset + each.length) for each in blobs.ranges(blob)]
    reads = pieces(widened(held, BLOCK_BYTES, properties.size_bytes), READ_BYTES)
    return Disk(f"{blob.container}/{blob.name}", list(reads) if moved else [], moved)
