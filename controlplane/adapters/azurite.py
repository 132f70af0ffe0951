"""Blobs on Azurite or Azure Storage, the only file that imports azure.storage.blob.

The library serves what is rare: containers, new disks, snapshots, deletions. What every backup asks for again and again
goes over plain kept connections with signatures of our own, which costs a fraction of the library's processor time.
Nothing here asks for what Azurite answers wrongly: page-range differences, copies of page blobs, incremental copies.
"""

from __future__ import annotations

import platform
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from email.utils import formatdate
from functools import partial
from http.client import HTTPResponse
from itertools import groupby
from operator import itemgetter
from threading import BoundedSemaphore, Lock
from time import monotonic, sleep
from typing import TypeVar
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobServiceClient, ContainerProperties, LinearRetry

from controlplane.adapters.block_writer import BlockWriter
from controlplane.adapters.connections import TIMEOUT_SECONDS, Connections
from controlplane.adapters.storage_answers import (
    METADATA,
    block_list,
    properties_of,
    read_blob_list,
    read_page_list,
)
from controlplane.adapters.storage_keys import Accounts, FixedAccounts, blob_sas, shared_key
from controlplane.domain.spans import Span, merged, within
from controlplane.domain.storage import blob_container
from controlplane.ports import (
    CLAIMS,
    MAX_IN_FLIGHT,
    WRITE_BYTES,
    Blob,
    BlobConflict,
    BlobNotFound,
    BlobProperties,
    BlobRefused,
    Container,
    PortError,
    Range,
    StorageFull,
    StorageUnavailable,
)

__all__ = ["Accounts", "AzuriteBlobs", "FixedAccounts"]

API_VERSION = "2021-12-02"
"""Old enough for every Azurite in use, which refuses versions newer than itself."""
LARGE_BYTES = 1024 * 1024
"""From this size on a request counts as a large transfer."""
_SAFE_IN_QUERY = "%=&/:+,;@!$'()*?~-._"
"""What stays as it is in a query that is escaped already."""
SNAPSHOT_INTERVAL_SECONDS = 0.002
"""Azurite names snapshots by the millisecond: two of one blob in the same one would share name and fate."""

_Result = TypeVar("_Result")


class AzuriteBlobs:
    """Blobs at `endpoint`: a URL below which each account has its path, or one with `{account}` in the host name.

    Every account's name at the endpoint begins with `prefix`, which nobody above this class sees.
    `lifetime` is what the verb of this name answers.
    """

    def __init__(self, endpoint: str, accounts: Accounts, prefix: str = "", *, lifetime: object | None = None) -> None:
        self._lifetime = lifetime
        endpoint = endpoint.rstrip("/")
        self._template = endpoint if "{account}" in endpoint else endpoint + "/{account}"
        self._accounts = accounts
        self._prefix = prefix
        self._connections = Connections()
        self._large_transfers = BoundedSemaphore(MAX_IN_FLIGHT)
        self._lock = Lock()
        self._snapshot_lock = Lock()
        self._last_snapshot = 0.0
        self._services: dict[str, BlobServiceClient] = {}
        before, after = map(re.escape, self._template.split("{account}"))
        self._address = re.compile(f"{before}{re.escape(prefix)}([^/.:]+){after}/([^/]+)/(.+)")

    def close(self) -> None:
        self._connections.close()
        with self._lock:
            for service in self._services.values():
                service.close()
            self._services.clear()

    @property
    def is_by_path(self) -> bool:
        """Whether accounts are parts of the path, and none has a host of its own."""
        return "{account}" not in urlsplit(self._template).netloc

    def at(self, address: str) -> AzuriteBlobs:
        """The same storage under another scheme, host and port, over connections of its own; the caller closes it. Only
        for one `is_by_path`."""
        endpoint = address.rstrip("/") + urlsplit(self._template).path.removesuffix("/{account}")
        return AzuriteBlobs(endpoint, self._accounts, self._prefix, lifetime=self._lifetime)

    # Accounts and addresses

    def add_account(self, account: str) -> None:
        self._accounts.add(self._prefix + account)

    def empty_account(self, account: str) -> None:
        names = [container.name for container in self.containers(account)]
        for name in sorted(names, key=lambda name: name == CLAIMS):
            self.delete_container(account, name)

    def containers(self, account: str) -> Sequence[Container]:
        with _translated(Blob(account, "", "")):
            return [_container(each) for each in self._service(account).list_containers(include_metadata=True)]

    def container(self, account: str, name: str) -> Container | None:
        try:
            with _translated(Blob(account, name, "")):
                return _container(self._service(account).get_container_client(name).get_container_properties())
        except BlobNotFound:
            return None

    def put_container(self, account: str, container: Container) -> None:
        client = self._service(account).get_container_client(container.name)
        metadata, public = dict(container.metadata), container.public or None
        with _translated(Blob(account, container.name, "")):
            try:
                client.create_container(metadata, public)
            except ResourceExistsError:
                client.set_container_metadata(metadata)
                client.set_container_access_policy({}, public)

    def delete_container(self, account: str, name: str) -> None:
        with _translated(Blob(account, name, "")), suppress(ResourceNotFoundError):
            self._service(account).delete_container(name)

    def account_key(self, account: str) -> str:
        return self._accounts.key(self._prefix + account)

    def account_url(self, account: str) -> str:
        return self._template.replace("{account}", self._prefix + account)

    def url(self, blob: Blob) -> str:
        address = f"{self.account_url(blob.account)}/{blob.container}/{_escaped(blob.name)}"
        return f"{address}?snapshot={quote(blob.snapshot, safe='')}" if blob.snapshot else address

    def parse(self, url: str) -> Blob:
        address, _, query = url.partition("?")
        match = self._address.fullmatch(address)
        account, container, name = match.groups() if match else ("", "", "")
        name = unquote(name)
        if not (blob_container.is_name(container) and blob_container.is_blob_name(name)):
            raise ValueError("this URL is not the address of a blob in this storage")
        return Blob(account, container, name, parse_qs(query).get("snapshot", [None])[0])

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        account, key = self._prefix + blob.account, self.account_key(blob.account)
        query = blob_sas(account, key, blob.container, blob.name, permissions, expires, blob.snapshot)
        return f"{self.url(blob.at(None))}?{query}"

    # Page blobs

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        _check_base(blob)
        client = self._client(blob)
        self._in_container(blob, lambda: client.create_page_blob(size_bytes, metadata=dict(metadata or {})))

    def grow(self, blob: Blob, size_bytes: int) -> None:
        _check_base(blob)
        properties = self.properties(blob)
        if properties is not None and size_bytes < properties.size_bytes:
            raise BlobConflict("the blob is larger than that")
        self._send("PUT", blob, {"comp": "properties"}, {"x-ms-blob-content-length": str(size_bytes)}, None)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        for start in range(0, len(view), WRITE_BYTES):
            self._put_pages(
                blob, offset + start, len(view[start : start + WRITE_BYTES]), view[start : start + WRITE_BYTES]
            )

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        self._put_pages(blob, offset, length, None)

    def _put_pages(self, blob: Blob, offset: int, length: int, data: memoryview | None) -> None:
        _check_base(blob)
        if offset % 512 or length % 512 or length <= 0:
            raise BlobConflict("pages are whole multiples of 512 bytes")
        headers = {
            "x-ms-page-write": "clear" if data is None else "update",
            "x-ms-range": f"bytes={offset}-{offset + length - 1}",
        }
        self._send("PUT", blob, {"comp": "page"}, headers, data)

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        return [Range(start, end - start) for start, end in self._spans(blob, offset, length)]

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range] | None:
        """Nothing if both snapshots have one ETag, else unknown: Azurite answers a request for the difference wrongly.

        Every write gives a blob another ETag, and a snapshot has the one that its blob had. In Azure a snapshot with
        metadata of its own gets its own ETag: there two never have the same, and so nothing is concluded.
        """
        etag = self._etag(blob)
        return [] if self._etag(blob.at(previous)) == etag and etag else None

    def _etag(self, blob: Blob) -> str:
        with self._response("HEAD", blob, {}, {}) as response:
            return response.headers.get("etag") or ""

    def _spans(self, blob: Blob, offset: int = 0, length: int | None = None) -> list[Span]:
        end = None if length is None else offset + length
        if end == offset:
            return []
        headers = {"x-ms-range": f"bytes={offset}-{'' if end is None else end - 1}"} if offset or end else {}
        listed: list[Span] = []
        marker = ""
        while True:
            query = {"comp": "pagelist"} | ({"marker": marker} if marker else {})
            with self._response("GET", blob, query, headers) as response:
                marker = read_page_list(response, listed)
            if not marker:
                break
        pages = merged(listed)
        return within(pages, offset, pages[-1][1] if end is None and pages else end or 0)

    # Blobs of both kinds

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            return b""
        last = "" if length is None else offset + length - 1
        headers = {"x-ms-range": f"bytes={offset}-{last}"} if offset or length is not None else {}
        with self._if_large(length or 0), self._response("GET", blob, {}, headers, past_the_end=True) as response:
            return b"" if response.status == 416 else response.read()

    def fetch(self, blob: Blob, query: str, most_bytes: int) -> bytes:
        """The storage itself checks the SAS: nothing of ours signs this request."""
        self.account_key(blob.account)
        parts = urlsplit(self.url(blob.at(None)))
        target = f"{parts.path}?{quote(query, safe=_SAFE_IN_QUERY)}" if query else parts.path
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._connections.exchange("GET", origin, target, {"x-ms-version": API_VERSION}) as response:
            if response.status >= 300:
                raise _failure(blob, response.status, response.headers.get("x-ms-error-code", ""))
            data = response.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise BlobConflict(f"{_address(blob)} is larger than {most_bytes} bytes")
        return data

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        _check_base(blob)
        headers = {"x-ms-blob-type": "BlockBlob"} | _metadata_headers(metadata)
        self._in_container(blob, lambda: self._send("PUT", blob, {}, headers, data))

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        _check_base(blob)
        headers = {"x-ms-blob-type": "BlockBlob", "if-none-match": "*"}
        try:
            self._in_container(blob, lambda: self._send("PUT", blob, {}, headers, data))
        except BlobConflict:
            if self.properties(blob) is None:
                raise
            return False
        return True

    def writer(self, blob: Blob) -> BlockWriter:
        _check_base(blob)
        self.account_key(blob.account)
        return BlockWriter(partial(self._put_block, blob), partial(self._commit_blocks, blob), partial(self.put, blob))

    def _put_block(self, blob: Blob, block: str, data: memoryview) -> None:
        query = {"comp": "block", "blockid": _block_id(block)}
        self._in_container(blob, lambda: self._send("PUT", blob, query, {}, data))

    def _commit_blocks(self, blob: Blob, blocks: Sequence[str], metadata: Mapping[str, str] | None) -> None:
        body = block_list([_block_id(block) for block in blocks])
        headers = {"content-type": "application/xml"} | _metadata_headers(metadata)
        self._in_container(blob, lambda: self._send("PUT", blob, {"comp": "blocklist"}, headers, body))

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        client = self._client(blob.at(None))
        with self._snapshot_lock, _translated(blob):
            sleep(max(0.0, self._last_snapshot + SNAPSHOT_INTERVAL_SECONDS - monotonic()))
            try:
                taken = client.create_snapshot(metadata=None if metadata is None else dict(metadata))
            finally:
                self._last_snapshot = monotonic()
        return str(taken["snapshot"])

    def properties(self, blob: Blob) -> BlobProperties | None:
        try:
            with self._response("HEAD", blob, {}, {}) as response:
                return properties_of(response.headers)
        except BlobNotFound:
            return None

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        listed = self._listed(Blob(account, container, ""), prefix, snapshots)
        try:
            for name, group in groupby(listed, key=itemgetter(0)):
                stamps = [stamp for _, stamp in group]
                yield from (Blob(account, container, name, stamp) for stamp in sorted(filter(None, stamps)))
                if None in stamps:
                    yield Blob(account, container, name)
        except BlobNotFound:
            return

    def _listed(self, container: Blob, prefix: str, snapshots: bool) -> Iterator[tuple[str, str | None]]:
        query = {"restype": "container", "comp": "list"} | ({"prefix": prefix} if prefix else {})
        if snapshots:
            query["include"] = "snapshots"
        while True:
            with self._response("GET", container, query, {}) as response:
                page = read_blob_list(response)
            yield from page.blobs
            if not page.marker:
                return
            query["marker"] = page.marker

    def lifetime(self) -> object | None:
        return self._lifetime

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        headers = {"x-ms-delete-snapshots": "include"} if snapshots and blob.snapshot is None else {}
        with suppress(BlobNotFound):
            self._send("DELETE", blob, {}, headers, None)

    # Requests

    def _send(
        self,
        verb: str,
        blob: Blob,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
    ) -> None:
        with self._if_large(len(body or b"")), self._response(verb, blob, query, headers, body) as response:
            response.read()

    def _if_large(self, length: int) -> AbstractContextManager[object]:
        """Holds a large transfer back while MAX_IN_FLIGHT others are under way, whoever asked for them."""
        return self._large_transfers if length >= LARGE_BYTES else nullcontext()

    @contextmanager
    def _response(
        self,
        verb: str,
        blob: Blob,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | memoryview | None = None,
        past_the_end: bool = False,
    ) -> Iterator[HTTPResponse]:
        """A signed request's answer when it is a good one (416 too with `past_the_end`); the body is read inside. A
        blob without a name stands for its container.

        Azurite saves blobs and the places of their bytes at different moments. Killed in between, it knows the blob
        afterwards but not its bytes, and answers 500 without any code.
        """
        url = self.url(blob.at(None))
        parts = urlsplit(url if blob.name else url.removesuffix("/"))
        query = {**query, **({"snapshot": blob.snapshot} if blob.snapshot else {})}
        headers = {
            **headers,
            "content-length": str(len(body) if body is not None else 0),
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": API_VERSION,
        }
        account = self._prefix + blob.account
        key = self.account_key(blob.account)
        signed = {**headers, "authorization": shared_key(account, key, verb, parts.path, query, headers)}
        target = f"{parts.path}?{urlencode(query)}" if query else parts.path
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._connections.exchange(verb, origin, target, signed, body) as response:
            if response.status >= 300 and not (past_the_end and response.status == 416):
                response.read()
                code = response.headers.get("x-ms-error-code", "")
                if verb == "GET" and response.status == 500 and not code:
                    raise BlobNotFound(f"the storage no longer has the content of {_address(blob)}")
                raise _failure(blob, response.status, code)
            yield response
            response.read()

    def _service(self, account: str) -> BlobServiceClient:
        key = self.account_key(account)
        with self._lock:
            if account not in self._services:
                _know_platform()
                self._services[account] = BlobServiceClient(
                    self.account_url(account),
                    credential={"account_name": self._prefix + account, "account_key": key},
                    api_version=API_VERSION,
                    connection_timeout=TIMEOUT_SECONDS,
                    read_timeout=TIMEOUT_SECONDS,
                    use_env_settings=False,  # no proxy, as on our own connections
                    retry_policy=LinearRetry(backoff=0, retry_total=1, random_jitter_range=0),
                )
            return self._services[account]

    def _client(self, blob: Blob) -> BlobClient:
        return self._service(blob.account).get_blob_client(blob.container, blob.name, snapshot=blob.snapshot)

    def _in_container(self, blob: Blob, act: Callable[[], _Result]) -> _Result:
        """Do what needs the container to be there, and if that fails for want of it, make it and do it again."""
        try:
            with _translated(blob):
                return act()
        except BlobNotFound:
            with _translated(blob):
                with suppress(ResourceExistsError):
                    self._service(blob.account).create_container(blob.container)
                return act()


def _know_platform() -> None:
    """The library asks for the platform's name. Python would run `uname -p` for it, with our whole environment."""
    vars(platform.uname()).setdefault("processor", "")


def _container(properties: ContainerProperties) -> Container:
    metadata, public = dict(properties.metadata or {}), str(properties.public_access or "")
    return Container(str(properties.name), str(properties.etag), properties.last_modified, metadata, public)


def _block_id(block: str) -> str:
    return b64encode(block.encode()).decode()


def _metadata_headers(metadata: Mapping[str, str] | None) -> dict[str, str]:
    return {f"{METADATA}{name}": value for name, value in (metadata or {}).items()}


def _escaped(name: str) -> str:
    return quote(name, safe="/~")


def _check_base(blob: Blob) -> None:
    """Azurite takes a write to a snapshot for one to its blob."""
    if blob.snapshot:
        raise BlobConflict("a snapshot cannot be written to")


def _failure(blob: Blob, status: int, code: str) -> PortError:
    kind: type[PortError] = {403: BlobRefused, 404: BlobNotFound}.get(status, BlobConflict)
    if status >= 500:
        kind = StorageFull if status == 507 else StorageUnavailable
    return kind(f"{_address(blob)}: {code or 'no reason given'} ({status})")


def _address(blob: Blob) -> str:
    return f"{blob.account}/{blob.container}/{blob.name}" + (f" at {blob.snapshot}" if blob.snapshot else "")


@contextmanager
def _translated(blob: Blob) -> Iterator[None]:
    """The library's exceptions hold whole requests; ours hold a sentence."""
    try:
        yield
    except HttpResponseError as problem:
        code = getattr(problem, "error_code", None)
        raise _failure(blob, problem.status_code or 500, str(getattr(code, "value", code) or "")) from None
    except AzureError as problem:
        raise StorageUnavailable(f"the storage of {blob.account} does not answer ({type(problem).__name__})") from None
