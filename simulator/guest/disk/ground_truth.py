"""The contents of a guest's disks during a snapshot session, against which backups are verified.

With a freeze there is one instant, and each disk of a backup must be equal to it, block by block. Without one, each
disk must be some instant of its own write order, and the disks may or may not share one.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from controlplane.json_object import Json
from controlplane.ports import BLOCK_BYTES, BlockSource
from simulator.guest.disk.digests import DIGEST_BYTES, DigestTable, differing, read_table
from simulator.guest.disk.write_history import Change, History, Interval, Write, instants, meet
from simulator.guest.disk.written_to import written_to

Consistency = Literal["application", "file-system", "crash"]

MOST_KEPT = 32
"""Of whole truths, with a digest for each block and the order of the writes."""
MOST_DIFFERING_BLOCKS = 1_000_000
"""An image with more of them has nothing to do with this disk; counting on would only cost memory."""

UNREADABLE = (ValueError, TypeError, KeyError, EOFError, struct.error, zipfile.BadZipFile, zlib.error)
"""What reading a file raises that is not what it should be."""
_WRITE = struct.Struct("<iQQI")
_CHANGE = struct.Struct(f"<Q{DIGEST_BYTES}s{DIGEST_BYTES}s")


@dataclass(frozen=True, slots=True)
class DiskVerdict:
    """One disk of a backup against the instant of its freeze."""

    equal: bool
    blocks_compared: int
    first_difference: int | None
    """Offset in bytes."""
    differing_blocks: int | None
    """None: some, and nobody knows how many."""


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """One disk of a backup against the order of its writes."""

    one_instant: bool | None
    """None: undecidable; `reason` says why."""
    intervals: tuple[Interval, ...] = ()
    """Where in the order of all writes its instant may lie."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CrashVerdict:
    """All disks of a backup that was taken without a freeze."""

    disks: Mapping[int, OrderVerdict]
    one_instant: bool | None
    """Whether all disks match one point in time; False: torn between disks; None: it cannot be told."""


@dataclass(frozen=True)
class GroundTruth:
    task_id: str
    time: datetime
    consistency: Consistency
    held_milliseconds: float | None
    """None when nothing was held: then the tables are those of the requester's end."""
    disks: Mapping[int, str]
    """LUN -> name."""
    tables: Mapping[int, DigestTable]
    workloads: Json = field(default_factory=dict)
    history: History = field(default_factory=lambda: History(()))

    def compare(self, lun: int, source: BlockSource) -> DiskVerdict:
        """Compare every block, holes included."""
        table = self.tables[lun]
        differing_blocks, first = 0, None
        for block, _ in differing(table, source):
            differing_blocks += 1
            first = block * BLOCK_BYTES if first is None else first
        if source.size_bytes != table.size_bytes:
            shorter, longer = sorted((source.size_bytes, table.size_bytes))
            differing_blocks += -(-longer // BLOCK_BYTES) - shorter // BLOCK_BYTES
            first = shorter if first is None else min(first, shorter)
        return DiskVerdict(differing_blocks == 0, table.block_count, first, differing_blocks)

    def compare_without_freeze(self, sources: Mapping[int, BlockSource]) -> CrashVerdict:
        disks = {lun: self._place_in_order(lun, source) for lun, source in sources.items()}
        verdicts = [verdict.one_instant for verdict in disks.values()]
        if all(verdicts):
            return CrashVerdict(disks, meet([verdict.intervals for verdict in disks.values()]))
        return CrashVerdict(disks, False if False in verdicts else None)

    def _place_in_order(self, lun: int, source: BlockSource) -> OrderVerdict:
        table = self.tables[lun]
        if source.size_bytes != table.size_bytes:
            return OrderVerdict(False, reason="the image has a different size")
        if lun in self.history.gaps:
            return OrderVerdict(None, reason="the outcome of a write at this time is unknown")
        image = dict(islice(differing(table, source), MOST_DIFFERING_BLOCKS))
        whole = len(image) < MOST_DIFFERING_BLOCKS
        intervals = tuple(instants(table, self.history.of(lun), image)) if whole else ()
        if intervals:
            return OrderVerdict(True, intervals)
        if not self.history.complete:
            return OrderVerdict(None, reason="there were too many writes to keep a record of each")
        return OrderVerdict(False, reason="the image matches no state that this disk had")


@dataclass(frozen=True, slots=True)
class DiskSummary:
    """What is left of the table of a disk."""

    name: str
    size_bytes: int
    digest: str
    """Of the whole table, hex."""


@dataclass(frozen=True)
class TruthSummary:
    """What is kept of a truth for ever: enough to say whether an image is equal, and not where it differs."""

    task_id: str
    consistency: Consistency
    held_milliseconds: float | None
    disks: Mapping[int, DiskSummary]

    def compare(self, lun: int, source: BlockSource) -> DiskVerdict:
        """Compare the whole image; where it differs nothing says how much."""
        disk = self.disks[lun]
        equal = source.size_bytes == disk.size_bytes and read_table(source).digest() == disk.digest
        return DiskVerdict(equal, -(-disk.size_bytes // BLOCK_BYTES), None, 0 if equal else None)


class GroundTruths:
    """The truths of a guest as files: the newest of them whole, of all a summary."""

    def __init__(self, folder: Path, most: int = MOST_KEPT) -> None:
        self._folder = folder
        self._most = most

    def keep(self, truth: GroundTruth) -> None:
        """StorageFull or StorageUnavailable: there is no room for it, or it cannot be written."""
        with written_to(self._folder):
            self._keep(truth)

    def _keep(self, truth: GroundTruth) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(truth.task_id)
        beside = path.with_suffix(".new")
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("truth.json", json.dumps(_facts_of(truth)))
            archive.writestr("writes", b"".join(_packed(truth.history.writes)))
            for lun, table in truth.tables.items():
                archive.writestr(f"disk {lun}", table.to_bytes())
        beside.replace(path)
        self._summarize(truth)
        kept = sorted(self._folder.glob("*.truth"), key=lambda each: each.stat().st_mtime_ns)
        for old in kept[: -self._most]:
            task_id = unquote(old.stem)
            if not self._summary_path(task_id).exists() and (older := self.get(task_id)):
                self._summarize(older)  # one that an earlier release kept
            old.unlink(missing_ok=True)

    def _summarize(self, truth: GroundTruth) -> None:
        disks = {
            str(lun): {"name": truth.disks[lun], "size_bytes": table.size_bytes, "digest": table.digest()}
            for lun, table in truth.tables.items()
        }
        facts = {"task_id": truth.task_id, "consistency": truth.consistency, "disks": disks}
        path = self._summary_path(truth.task_id)
        beside = path.with_suffix(".newer")
        beside.write_text(json.dumps(facts | {"held_milliseconds": truth.held_milliseconds}), encoding="utf-8")
        beside.replace(path)

    def summary(self, task_id: str) -> TruthSummary | None:
        """None also where it cannot be read: nobody knows it any more."""
        with suppress(FileNotFoundError, *UNREADABLE):
            facts = json.loads(self._summary_path(task_id).read_text(encoding="utf-8"))
            disks = {int(lun): DiskSummary(**disk) for lun, disk in facts["disks"].items()}
            return TruthSummary(facts["task_id"], facts["consistency"], facts["held_milliseconds"], disks)
        return None

    def has(self, task_id: str) -> bool:
        return self._path(task_id).exists()

    def get(self, task_id: str) -> GroundTruth | None:
        """None also where it cannot be read: a summary may still be there."""
        with suppress(FileNotFoundError, *UNREADABLE):
            return self._read(task_id)
        return None

    def _read(self, task_id: str) -> GroundTruth:
        with zipfile.ZipFile(self._path(task_id)) as archive:
            facts = json.loads(archive.read("truth.json"))
            luns = [int(lun) for lun in facts["disks"]]
            return GroundTruth(
                task_id=facts["task_id"],
                time=datetime.fromisoformat(facts["time"]),
                consistency=facts["consistency"],
                held_milliseconds=facts["held_milliseconds"],
                disks={lun: facts["disks"][str(lun)] for lun in luns},
                tables={lun: DigestTable.from_bytes(archive.read(f"disk {lun}")) for lun in luns},
                workloads=facts["workloads"],
                history=History(
                    tuple(_unpacked(archive.read("writes"))), facts["history_complete"], frozenset(facts["gaps"])
                ),
            )

    def _path(self, task_id: str) -> Path:
        return self._folder / f"{quote(task_id, safe='')}.truth"

    def _summary_path(self, task_id: str) -> Path:
        return self._folder / f"{quote(task_id, safe='')}.summary"


def _facts_of(truth: GroundTruth) -> Json:
    return {
        "task_id": truth.task_id,
        "time": truth.time.isoformat(),
        "consistency": truth.consistency,
        "held_milliseconds": truth.held_milliseconds,
        "disks": dict(truth.disks),
        "workloads": truth.workloads,
        "history_complete": truth.history.complete,
        "gaps": sorted(truth.history.gaps),
    }


def _packed(writes: tuple[Write, ...]) -> Iterator[bytes]:
    for write in writes:
        yield _WRITE.pack(write.lun, write.started, write.ended, len(write.changes))
        for change in write.changes:
            yield _CHANGE.pack(change.block, change.before, change.after)


def _unpacked(data: bytes) -> Iterator[Write]:
    at = 0
    while at < len(data):
        lun, started, ended, count = _WRITE.unpack_from(data, at)
        at += _WRITE.size
        changes = tuple(Change(*_CHANGE.unpack_from(data, at + index * _CHANGE.size)) for index in range(count))
        at += count * _CHANGE.size
        yield Write(lun, started, ended, changes)
