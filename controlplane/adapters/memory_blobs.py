"""Blobs in memory: the storage of unit tests, with the behaviour of the real one and none of its processes."""

from __future__ import annotations

from base64 import b64encode
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import RLock
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from controlplane.domain.spans import Span, merged, within
from controlplane.domain.storage import blob_container
from controlplane.ports import Blob, BlobConflict, BlobNotFound, BlobProperties, BlobRefused, Container, Range

PAGE_BYTES = 512
ENDPOINT = "http://blobs.invalid"
"""Nothing listens here, by the definition of the top-level domain: a test that would leave the process fails."""


class MemoryBlobs:
    """A storage endpoint in this process. Accounts are added at will; their keys follow from their names."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._accounts: set[str] = set()
        self._contents: dict[Blob, _Content] = {}
        self._containers: dict[tuple[str, str], Container] = {}
        self._last_stamp = datetime.min.replace(tzinfo=UTC)
        self._etags = 0

    def add_account(self, account: str) -> None:
        with self._lock:
            self._accounts.add(account)

    def empty_account(self, account: str) -> None:
        with self._lock:
            self.account_key(account)
            self._contents = {blob: content for blob, content in self._contents.items() if blob.account != account}
            self._containers = {at: each for at, each in self._containers.items() if at[0] != account}

    def containers(self, account: str) -> Sequence[Container]:
        with self._lock:
            self.account_key(account)
            return [each for at, each in sorted(self._containers.items()) if at[0] == account]

    def container(self, account: str, name: str) -> Container | None:
        with self._lock:
            self.account_key(account)
            return self._containers.get((account, name))

    def put_container(self, account: str, container: Container) -> None:
        with self._lock:
            self.account_key(account)
            stamped = replace(container, etag=self._next_etag(), modified=datetime.now(UTC))
            self._containers[account, container.name] = stamped

    def delete_container(self, account: str, name: str) -> None:
        with self._lock:
            self.account_key(account)
            self._containers.pop((account, name), None)
            self._contents = {
                blob: content
                for blob, content in self._contents.items()
                if (blob.account, blob.container) != (account, name)
            }

    def account_key(self, account: str) -> str:
        with self._lock:
            if account not in self._accounts:
                raise BlobNotFound(f"there is no storage account {account!r}")
        return b64encode(sha256(f"memory {account}".encode()).digest()).decode()

    def account_url(self, account: str) -> str:
        return f"{ENDPOINT}/{account}"

    def url(self, blob: Blob) -> str:
        address = f"{ENDPOINT}/{blob.account}/{blob.container}/{quote(blob.name)}"
        return f"{address}?snapshot={quote(blob.snapshot)}" if blob.snapshot else address

    def parse(self, url: str) -> Blob:
        address, _, query = url.partition("?")
        account, container, name = [*unquote(address.removeprefix(f"{ENDPOINT}/")).split("/", 2), "", ""][:3]
        ours = address.startswith(f"{ENDPOINT}/") and account
        if not ours or not (blob_container.is_name(container) and blob_container.is_blob_name(name)):
            raise ValueError("this URL is not the address of a blob in this storage")
        return Blob(account, container, name, parse_qs(query).get("snapshot", [None])[0])

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        _check_pages(0, size_bytes)
        self._place(blob, _Content("page", size_bytes, metadata=dict(metadata or {})))

    def grow(self, blob: Blob, size_bytes: int) -> None:
        _check_pages(0, size_bytes)
        with self._lock:
            content = self._pages(blob, 0, 512)
            if size_bytes < content.size_bytes:
                raise BlobConflict("the blob is larger than that")
            content.size_bytes = size_bytes
            content.etag = self._next_etag()

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._place(blob, _Content("block", len(data), [0], [bytes(data)], dict(metadata or {})))

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        with self._lock:
            if blob in self._contents:
                return False
            self.put(blob, data)
            return True

    def writer(self, blob: Blob) -> MemoryWriter:
        self.account_key(blob.account)
        return MemoryWriter(self, blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        with self._lock:
            content = self._content(blob)
            end = content.size_bytes if length is None else min(offset + length, content.size_bytes)
            return content.read(offset, end)

    def fetch(self, blob: Blob, query: str, most_bytes: int) -> bytes:
        """A SAS is good when this storage would make the same one, it grants reading and its time has not passed."""
        container = self.container(blob.account, blob.container)
        if query:
            self._check_sas(blob, query)
        elif container is None or not container.public:
            raise BlobNotFound(f"{blob.account}/{blob.container} is not public")
        data = self.read(blob)
        if len(data) > most_bytes:
            raise BlobConflict(f"{blob.name!r} is larger than {most_bytes} bytes")
        return data

    def _check_sas(self, blob: Blob, query: str) -> None:
        given = {key: values[0] for key, values in parse_qs(query).items()}
        try:
            expires = datetime.fromisoformat(given["se"])
            right = parse_qs(urlsplit(self.sas(blob, given["sp"], expires)).query)["sig"][0] == given["sig"]
        except (KeyError, ValueError):
            right = False
        if not right or "r" not in given["sp"] or expires <= datetime.now(UTC):
            raise BlobRefused(f"the SAS does not grant reading {blob.name!r}")

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        with self._lock:
            content = self._pages(blob, offset, len(data))
            content.replace(offset, offset + len(data), bytes(data))
            content.etag = self._next_etag()

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        with self._lock:
            content = self._pages(blob, offset, length)
            content.replace(offset, offset + length, b"")
            content.etag = self._next_etag()

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        with self._lock:
            content = self._content(blob.at(None))
            self._last_stamp = max(datetime.now(UTC), self._last_stamp + timedelta(microseconds=1))
            stamp = self._last_stamp.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
            self._contents[blob.at(stamp)] = content.copy(metadata)
            return stamp

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        with self._lock:
            content = self._content(blob)
            if content.kind != "page":
                raise BlobConflict(f"{blob.name!r} is not a page blob")
            end = content.size_bytes if length is None else offset + length
            return [Range(first, last - first) for first, last in within(content.spans(), offset, end)]

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range] | None:
        with self._lock:
            return [] if self._content(blob).etag == self._content(blob.at(previous)).etag else None

    def properties(self, blob: Blob) -> BlobProperties | None:
        with self._lock:
            self.account_key(blob.account)
            content = self._contents.get(blob)
            if content is None:
                return None
            return BlobProperties(content.kind, content.size_bytes, content.etag, dict(content.metadata))

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        with self._lock:
            self.account_key(account)
            here = [
                blob
                for blob in self._contents
                if (blob.account, blob.container) == (account, container)
                and blob.name.startswith(prefix)
                and (snapshots or blob.snapshot is None)
            ]
        return iter(sorted(here, key=lambda blob: (blob.name, blob.snapshot is None, blob.snapshot or "")))

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        """In the shape of the real one; nothing here checks it."""
        until = expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        granted = f"sv=2018-03-28&sr=b&sp={permissions}&se={quote(until, safe='')}"
        signature = b64encode(sha256(f"{self.account_key(blob.account)} {blob} {granted}".encode()).digest()).decode()
        separator = "&" if blob.snapshot else "?"
        return f"{self.url(blob)}{separator}{granted}&sig={quote(signature, safe='')}"

    def lifetime(self) -> object | None:
        return None

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        with self._lock:
            self.account_key(blob.account)
            taken = [
                other for other in self._contents if blob.snapshot is None and other.snapshot and other.at(None) == blob
            ]
            if taken and not snapshots:
                raise BlobConflict(f"{blob.name!r} has snapshots")
            for gone in (*taken, blob):
                self._contents.pop(gone, None)

    def _place(self, blob: Blob, content: _Content) -> None:
        if blob.snapshot:
            raise BlobConflict("a snapshot cannot be written to")
        with self._lock:
            self.account_key(blob.account)
            if (blob.account, blob.container) not in self._containers:
                self.put_container(blob.account, Container(blob.container, "", datetime.now(UTC)))
            content.etag = self._next_etag()
            self._contents[blob] = content

    def _content(self, blob: Blob) -> _Content:
        self.account_key(blob.account)
        if blob not in self._contents:
            raise BlobNotFound(
                f"there is no blob {blob.account}/{blob.container}/{blob.name} (snapshot {blob.snapshot})"
            )
        return self._contents[blob]

    def _pages(self, blob: Blob, offset: int, length: int) -> _Content:
        if blob.snapshot:
            raise BlobConflict("a snapshot cannot be written to")
        content = self._content(blob)
        _check_pages(offset, length)
        if content.kind != "page" or offset + length > content.size_bytes:
            raise BlobConflict(f"{blob.name!r} has no pages from {offset} to {offset + length}")
        return content

    def _next_etag(self) -> str:
        self._etags += 1
        return f'"0x{self._etags:016X}"'


class MemoryWriter:
    """Pieces of a block blob that is not there yet."""

    def __init__(self, blobs: MemoryBlobs, blob: Blob) -> None:
        self._blobs = blobs
        self._blob = blob
        self._data = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._data += data

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        self._blobs.put(self._blob, bytes(self._data), metadata)
        return len(self._data)

    def abort(self) -> None:
        self._data.clear()


@dataclass
class _Content:
    """What one blob or snapshot holds: pieces of bytes and where each starts, ascending, not overlapping."""

    kind: Literal["page", "block"]
    size_bytes: int
    starts: list[int] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    etag: str = ""

    def copy(self, metadata: Mapping[str, str] | None) -> _Content:
        kept = dict(self.metadata if metadata is None else metadata)
        return _Content(self.kind, self.size_bytes, list(self.starts), list(self.data), kept, self.etag)

    def spans(self) -> list[Span]:
        return merged((start, start + len(piece)) for start, piece in zip(self.starts, self.data, strict=True))

    def read(self, offset: int, end: int) -> bytes:
        result = bytearray(max(end - offset, 0))
        first, last = self._touched(offset, end)
        for start, piece in zip(self.starts[first:last], self.data[first:last], strict=True):
            low, high = max(start, offset), min(start + len(piece), end)
            result[low - offset : high - offset] = piece[low - start : high - start]
        return bytes(result)

    def replace(self, offset: int, end: int, data: bytes) -> None:
        """Put `data` (or nothing: a hole) in the place of what lies between `offset` and `end`."""
        first, last = self._touched(offset, end)
        parts: list[tuple[int, bytes]] = [(offset, data)] if data else []
        for start, piece in zip(self.starts[first:last], self.data[first:last], strict=True):
            if start < offset:
                parts.insert(0, (start, piece[: offset - start]))
            if start + len(piece) > end:
                parts.append((end, piece[end - start :]))
        self.starts[first:last] = [start for start, _ in parts]
        self.data[first:last] = [piece for _, piece in parts]

    def _touched(self, offset: int, end: int) -> tuple[int, int]:
        """Indexes of the pieces that overlap the stretch."""
        if offset >= end:
            return 0, 0
        first = bisect_left(self.starts, offset)
        if first and self.starts[first - 1] + len(self.data[first - 1]) > offset:
            first -= 1
        return first, bisect_left(self.starts, end)


def _check_pages(offset: int, length: int) -> None:
    if offset % PAGE_BYTES or length % PAGE_BYTES or offset < 0 or length < 0:
        raise BlobConflict(f"pages are whole multiples of {PAGE_BYTES} bytes")
