"""The vault: keeps disks as packs and manifests in its own account, and deletes what no recovery point names.

Writing a recovery point reads what the snapshot holds and compares digests with the recovery point before: only blocks
that differ go into the new pack. The manifest is written last, so that a backup that broke off half-way has left
nothing that counts; the same backup done again gives the same names and, once done, does nothing more. So a name must
never be used for another backup.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass

from controlplane.domain.spans import Span, merged
from controlplane.json_object import Json
from controlplane.ports import BLOCK_BYTES, Blob, BlobConflict, Blobs, BlockSource
from controlplane.vault_format.damage import NO_DAMAGE, KnownDamage, VaultCorrupt
from controlplane.vault_format.digest_transfer import digest_snapshot
from controlplane.vault_format.manifest import BlockPlace, Manifest, encode_manifest, pack_of
from controlplane.vault_format.memory import memory_of
from controlplane.vault_format.packs import Packs
from controlplane.vault_format.sources import Progress, copy, in_order, silent
from controlplane.vault_format.vault_source import VaultSource, manifest_blob
from controlplane.vault_format.vault_transfer import Previous, Transfer

__all__ = ["VaultCorrupt", "VaultPoint", "VaultStore"]


@dataclass(frozen=True, slots=True)
class VaultPoint:
    """One disk at one recovery point, in the vault."""

    name: str
    disk: str
    """The page blob: account/container/name."""
    snapshot: str | None
    """The snapshot of it that was read; it may be gone by now."""
    size_bytes: int
    allocated_bytes: int
    """What the snapshot held, holes left out."""
    changed_bytes: int
    """In blocks that differ from the previous recovery point, those that became holes too."""
    transferred_bytes: int
    """In blocks that went into the vault."""
    segment_bytes: int
    """In new parts of the manifest, which went into the vault besides."""
    previous: str | None
    """The recovery point it was compared with; None if there was none, or none that could be read."""
    content: str = ""
    """Digest of the disk's content, by which digests that were lost can be made anew; empty in an older vault."""

    def to_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> VaultPoint:
        return cls(**data)


class VaultStore:
    """Disks in a vault account. Any number of calls at once, except that a recovery point which somebody compares with
    must not be deleted meanwhile."""

    def __init__(self, blobs: Blobs, account: str) -> None:
        self._blobs = blobs
        self._account = account

    def back_up(
        self,
        source: Blob,
        size_bytes: int,
        name: str,
        previous: VaultPoint | None,
        progress: Progress = silent,
        *,
        damage: KnownDamage = NO_DAMAGE,
        tell: Callable[[VaultCorrupt], None] = lambda problem: None,
        packs: Packs | None = None,
    ) -> VaultPoint:
        """Bring a snapshot of a disk into the vault under this name, moving only what differs from `previous`.

        Where the vault has lost part of `previous`, or is known to be damaged, that part is read and moved again. Of
        what it finds lost it calls `tell`, from any thread. `packs`: what has been looked up for another disk just now.
        """
        done = self._open(name)
        if done:
            point = _point(name, done.manifest)
            if (point.disk, point.snapshot) != (_disk(source), source.snapshot):
                raise BlobConflict(f"the vault has a recovery point {name} of another snapshot")
            return point
        source_before = self._open(previous.name, tell, packs=packs) if previous else None
        if source_before:
            source_before.packs.expect(source_before.manifest.packs)
        snapshot_before = previous.snapshot if previous and previous.disk == _disk(source) else None
        before = Previous(source_before, snapshot_before, damage, tell)
        pack = Packs(self._blobs, self._account).writer(pack_of(name))
        moved = Transfer(self._blobs, source, size_bytes, before, pack).run(progress)
        facts = {
            "disk": _disk(source),
            "snapshot": source.snapshot,
            "allocated_bytes": moved.allocated_bytes,
            "changed_bytes": moved.changed_bytes,
            "transferred_bytes": moved.transferred_bytes,
            "segment_bytes": moved.segment_bytes,
            "previous": source_before.name if source_before else None,
            "content": moved.content.hex(),
        }
        manifest = Manifest(size_bytes, BLOCK_BYTES, moved.segments, moved.packs, facts)
        self._put_manifest(name, manifest)
        return _point(name, manifest)

    def keep_digests(self, source: Blob, size_bytes: int, name: str) -> str:
        """Keep the digests of a snapshot under this name, without its blocks; returns the digest of its content."""
        pack = Packs(self._blobs, self._account).writer(pack_of(name))
        digested = digest_snapshot(self._blobs, source, size_bytes, pack)
        facts = {"disk": _disk(source), "snapshot": source.snapshot, "content": digested.content.hex()}
        self._put_manifest(name, Manifest(size_bytes, BLOCK_BYTES, digested.segments, digested.packs, facts))
        return digested.content.hex()

    def packs(self) -> Packs:
        """For several disks that are looked at one right after the other."""
        return Packs(self._blobs, self._account)

    def manifest(self, name: str) -> VaultSource:
        """What is kept under this name; of digests alone there are no bytes to read. Raises VaultCorrupt."""
        return VaultSource(self._blobs, self._account, name)

    def source(self, point: VaultPoint) -> BlockSource:
        """The disk as it was. Raises VaultCorrupt here or at any read."""
        return VaultSource(self._blobs, self._account, point.name)

    def restore(self, point: VaultPoint, target: Blob, progress: Progress = silent) -> None:
        """Make `target` the disk as it was. Raises VaultCorrupt before a wrong byte is written."""
        copy(self.source(point), self._blobs, target, progress)

    def delete(self, name: str, keep: Sequence[VaultPoint]) -> None:
        """Drop the recovery point of this name, also a half-written one, and what only it named. `keep` are the others
        of the same disk, all of them. May be repeated after a crash, since the manifest goes last."""
        packs = Packs(self._blobs, self._account, trusting=True)
        doomed = self._open(name, packs=packs, trusting=True)
        kept = [source for other in keep if (source := self._open(other.name, packs=packs, trusting=True))]
        sparse: list[str] = []
        for pack in sorted({pack_of(name), *(doomed.manifest.packs if doomed else ())}):
            named_bytes = max((source.manifest.packs.get(pack, 0) for source in kept), default=0)
            if not named_bytes:
                packs.delete(pack)
            elif packs.is_sparse(pack, named_bytes):
                sparse.append(pack)
            else:
                packs.drop_older(pack)
        for pack, live in _live_spans(sparse, kept).items():
            if packs.is_sparse(pack, sum(end - start for start, end in live)):
                packs.thin_out(pack, live)
            else:
                packs.drop_older(pack)
        blob = manifest_blob(self._account, name)
        if packs.memory is not None:
            packs.memory.forget_text(blob.account, blob.name)
        self._blobs.delete(blob)

    def check(self, point: VaultPoint, packs: Packs | None = None) -> list[str]:
        """What of a recovery point the vault lacks, a sentence each. Reads its manifest and segments, and no blocks.
        `packs`: what has been looked up for another disk just now."""
        try:
            source = VaultSource(self._blobs, self._account, point.name, packs)
        except VaultCorrupt as problem:
            return [str(problem)]
        source.packs.expect(source.manifest.packs)

        def problems_of(index: int) -> Collection[str]:
            try:
                return source.lost_packs(index).values()
            except VaultCorrupt as problem:
                return (str(problem),)

        problems_of_segments = in_order(problems_of, source.manifest.segments)
        return list(dict.fromkeys(problem for problems in problems_of_segments for problem in problems))

    def _open(
        self,
        name: str,
        tell: Callable[[VaultCorrupt], None] = lambda problem: None,
        *,
        packs: Packs | None = None,
        trusting: bool = False,
    ) -> VaultSource | None:
        """None when there is no such recovery point, or none that anybody could restore."""
        try:
            return VaultSource(self._blobs, self._account, name, packs, trusting=trusting)
        except VaultCorrupt as problem:
            tell(problem)
            return None

    def _put_manifest(self, name: str, manifest: Manifest) -> None:
        blob = manifest_blob(self._account, name)
        if (memory := memory_of(self._blobs)) is not None:
            memory.forget_text(blob.account, blob.name)
        self._blobs.put(blob, encode_manifest(manifest))


def _live_spans(packs: Sequence[str], kept: Sequence[VaultSource]) -> dict[str, list[Span]]:
    """What of these packs the kept recovery points name, as far as they can be read at all."""
    if not packs:
        return {}
    live: dict[str, list[Span]] = {pack: [] for pack in packs}
    entries = {entry.place: (source, index) for source in kept for index, entry in source.manifest.segments.items()}
    for place, (source, index) in entries.items():
        for named in (place, *_readable_places(source, index)):
            if named.pack in live:
                live[named.pack].append((named.offset, named.end))
    return {pack: merged(spans) for pack, spans in live.items()}


def _readable_places(source: VaultSource, index: int) -> Sequence[BlockPlace]:
    try:
        return source.places(index)
    except VaultCorrupt:
        return ()


def _disk(blob: Blob) -> str:
    return f"{blob.account}/{blob.container}/{blob.name}"


def _point(name: str, manifest: Manifest) -> VaultPoint:
    return VaultPoint(name=name, size_bytes=manifest.size_bytes, **manifest.facts)
