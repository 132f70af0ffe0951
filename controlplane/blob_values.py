"""What passes through the Blobs port: addresses of blobs, ranges of their bytes, and what is known of them.

It is a part of `controlplane.ports`, and everybody has it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Blob:
    """Address of a blob or of one of its snapshots (`snapshot` = the service's time stamp)."""

    account: str
    container: str
    name: str
    snapshot: str | None = None

    def at(self, snapshot: str | None) -> Blob:
        return Blob(self.account, self.container, self.name, snapshot)


@dataclass(frozen=True, slots=True)
class Range:
    """`length` bytes from `offset`; `clear` = known to be zero since the snapshot compared with."""

    offset: int
    length: int
    clear: bool = False

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class BlobProperties:
    kind: Literal["page", "block"]
    size_bytes: int
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Container:
    """A container of an account. `public`: what strangers may read of it: blob, container, or nothing where empty."""

    name: str
    etag: str
    modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    public: str = ""


@dataclass(frozen=True, slots=True)
class BlobMade:
    """A blob was made, or its content replaced."""

    blob: Blob


@dataclass(frozen=True, slots=True)
class Deletion:
    """A blob or a snapshot was deleted, or where the blob has no name, its whole container. `snapshots`: those of the
    blob were, with it or alone."""

    blob: Blob
    snapshots: Literal["", "include", "only"] = ""
