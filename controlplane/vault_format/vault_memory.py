"""What this process knows of a vault without asking the storage again: what it has read there itself.

Nothing in a vault changes: a manifest and a segment are written once, and a pack is at most thinned out or deleted,
which only this process does, and tells. A storage that ends and is started again may have lost what was written last.
So a vault is remembered only where the storage lives as long as the process, and only to see that something is there:
what is restored or checked by a vault check is always read.
"""

from __future__ import annotations

from typing import Any

from controlplane.remembered import Remembered
from controlplane.vault_format.manifest import Manifest, Segment, SegmentEntry

_PACK_BYTES, _STRETCH_BYTES = 500, 100
_MANIFEST_BYTES, _ENTRY_BYTES, _NAME_BYTES = 500, 400, 60
_SEGMENT_BYTES, _RUN_BYTES = 200, 250


class VaultMemory:
    """Of one vault account; without `remembered` nothing is remembered."""

    def __init__(self, account: str, remembered: Remembered | None) -> None:
        self._account = account
        self._remembered = remembered

    # ---------------------------------------------------------------------------------------------------------- packs

    def pack(self, pack: str) -> Any:
        """The blob of this pack, as it was put here."""
        return self._get("pack", pack)

    def put_pack(self, pack: str, blob: Any, stretches: int) -> None:
        self._put(("pack", pack), blob, _PACK_BYTES + stretches * _STRETCH_BYTES)

    def is_proved(self, pack: str) -> bool:
        """Whether some of its bytes have been read: a storage may know a blob and not have what was in it."""
        return self._get("proved", pack) is not None

    def prove(self, pack: str) -> None:
        self._put(("proved", pack), True, _PACK_BYTES // 2)

    def forget_pack(self, pack: str) -> None:
        if self._remembered is not None:
            self._remembered.forget((self._account, "pack", pack))
            self._remembered.forget((self._account, "proved", pack))

    # ------------------------------------------------------------------------------------------ manifests and segments

    def manifest(self, name: str) -> Manifest | None:
        found: Manifest | None = self._get("manifest", name)
        return found

    def put_manifest(self, name: str, manifest: Manifest) -> None:
        size = _MANIFEST_BYTES + len(manifest.segments) * _ENTRY_BYTES + len(manifest.packs) * _NAME_BYTES
        self._put(("manifest", name), manifest, size)

    def forget_manifest(self, name: str) -> None:
        if self._remembered is not None:
            self._remembered.forget((self._account, "manifest", name))

    def segment(self, entry: SegmentEntry) -> Segment | None:
        """The segment that lies there: its digest says that it is the same."""
        found: Segment | None = self._get("segment", entry)
        return found

    def put_segment(self, entry: SegmentEntry, segment: Segment) -> None:
        size = _SEGMENT_BYTES + sum(_RUN_BYTES + len(run.digests) for run in segment)
        self._put(("segment", entry), segment, size)

    def _get(self, kind: str, key: Any) -> Any:
        return self._remembered.get((self._account, kind, key)) if self._remembered is not None else None

    def _put(self, key: tuple[str, Any], value: Any, size_bytes: int) -> None:
        if self._remembered is not None:
            self._remembered.put((self._account, *key), value, size_bytes)
