"""Finds out by trying, in a throw-away container, what a storage endpoint that somebody else runs can and cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener
from xml.etree import ElementTree

from controlplane.adapters.azurite import API_VERSION, AzuriteBlobs
from controlplane.json_object import Json
from controlplane.ports import Blob, PortError, StorageRefused

TIMEOUT_SECONDS = 30
_PAGE = 512
_open = build_opener(ProxyHandler({})).open
"""Without a proxy, as the rest of the service reaches the storage."""


@dataclass(frozen=True)
class ProbeAnswer:
    """One thing tried. `needed`: without it nothing can be backed up."""

    able: bool
    needed: bool
    detail: str


def probe(blobs: AzuriteBlobs, account: str) -> dict[str, ProbeAnswer]:
    """What the endpoint does for this account of it, by name of the ability. Raises PortError when it is not there."""
    with _throw_away(blobs, account) as container:
        disk = Blob(account, container, "disk")
        blobs.create(disk, 8 * _PAGE)
        blobs.write(disk, 0, b"1" * 2 * _PAGE)
        before = blobs.snapshot(disk)
        blobs.clear(disk, 0, _PAGE)
        blobs.write(disk, 4 * _PAGE, b"2" * _PAGE)
        return {
            "snapshots": _snapshots(blobs, disk.at(before)),
            "sas_enforced": _sas_enforced(blobs, disk),
            "snapshot_read_by_blob_sas": _snapshot_by_sas(blobs, disk.at(before)),
            "page_range_diff": _page_range_diff(blobs, disk, before),
            "new_accounts": _new_accounts(blobs),
        }


def use_account(blobs: AzuriteBlobs, account: str) -> None:
    """Raises PortError where the endpoint has no such account, or does not take its key."""
    with _throw_away(blobs, account) as container:
        blobs.put(Blob(account, container, "word"), b"word")


def to_json(answers: dict[str, ProbeAnswer]) -> Json:
    return {name: asdict(answer) for name, answer in answers.items()}


@contextmanager
def _throw_away(blobs: AzuriteBlobs, account: str) -> Iterator[str]:
    container = f"backupsim-probe-{token_hex(8)}"
    try:
        yield container
    finally:
        # Where the trial failed, this may fail too; the error of the trial is the one to tell.
        with suppress(PortError):
            blobs.delete_container(account, container)


def _snapshots(blobs: AzuriteBlobs, snapshot: Blob) -> ProbeAnswer:
    able = blobs.read(snapshot) == b"1" * 2 * _PAGE + bytes(6 * _PAGE)
    return ProbeAnswer(
        able, True, "snapshots keep the content of their blob" if able else "snapshots change when their blob changes"
    )


def _sas_enforced(blobs: AzuriteBlobs, disk: Blob) -> ProbeAnswer:
    readable, _ = _try("GET", blobs.sas(disk, "r", _soon()))
    if readable != 200:
        return ProbeAnswer(False, True, f"a valid SAS is refused ({readable})")
    writing, _ = _try("PUT", blobs.sas(disk, "r", _soon()) + "&comp=snapshot")
    late, _ = _try("GET", blobs.sas(disk, "r", datetime.now(UTC) - timedelta(hours=1)))
    if (writing, late) == (403, 403):
        return ProbeAnswer(True, False, "permissions and expiry of a SAS are enforced")
    return ProbeAnswer(
        False, False, "permissions or expiry of a SAS are not enforced, so access to a disk does not end"
    )


def _snapshot_by_sas(blobs: AzuriteBlobs, snapshot: Blob) -> ProbeAnswer:
    status, _ = _try("GET", blobs.sas(snapshot, "r", _soon()))
    if status == 200:
        return ProbeAnswer(True, False, "the SAS of a blob also reads its snapshots")
    return ProbeAnswer(False, False, f"the SAS of a blob does not read its snapshots ({status})")


def _page_range_diff(blobs: AzuriteBlobs, disk: Blob, before: str) -> ProbeAnswer:
    """Nothing here relies on it: blocks are compared by their digests."""
    status, body = _try("GET", f"{blobs.sas(disk, 'r', _soon())}&comp=pagelist&prevsnapshot={before}")
    if status != 200:
        return ProbeAnswer(
            False, False, f"does not report the pages changed since a snapshot ({status}); blocks are compared instead"
        )
    ranges = {(element.tag, element.findtext("Start")) for element in ElementTree.fromstring(body)}
    able = ranges == {("ClearRange", "0"), ("PageRange", str(4 * _PAGE))}
    if able:
        return ProbeAnswer(True, False, "reports the pages changed since a snapshot")
    return ProbeAnswer(False, False, "reports wrong pages as changed since a snapshot; blocks are compared instead")


def _new_accounts(blobs: AzuriteBlobs) -> ProbeAnswer:
    try:
        blobs.add_account(f"probe{token_hex(6)}")
    except StorageRefused:
        return ProbeAnswer(False, False, "has the listed accounts, and no others can be added")
    return ProbeAnswer(True, False, "new accounts can be added at any time")


def _try(verb: str, url: str) -> tuple[int, bytes]:
    try:
        request = Request(url, method=verb, headers={"x-ms-version": API_VERSION})
        with _open(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.read()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, b""
    except URLError:
        return 0, b""


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)
