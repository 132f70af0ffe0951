"""Snapshots and reports by SAS, against a storage of a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest

from extension.blobs import PAGE_REPORT_BYTES, TRIES, DiskSnapshot, ReportBlob, ReportRefused, open_all, take_all
from extension.contract.reports import SnapshotInfo, unpadded
from tests.fake_storage import SECRET, Answer, FakeStorage, Request, refusal

METADATA = {"taskid": "e07354cf_1", "BackupName": "sql01"}


@pytest.fixture
def storage() -> Iterator[FakeStorage]:
    storage = FakeStorage()
    yield storage
    storage.close()


def disks(storage: FakeStorage, count: int) -> list[DiskSnapshot]:
    return [DiskSnapshot(storage.add(f"disk{number}.vhd", "PageBlob"), METADATA) for number in range(count)]


def taken(some: list[DiskSnapshot], seconds: float = 5, one_by_one: bool = False) -> list[SnapshotInfo]:
    open_all(some, one_by_one=one_by_one)
    take_all(some, seconds, one_by_one=one_by_one)
    return [disk.result() for disk in some]


# ------------------------------------------------------------------------------------------------------------ snapshots


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("count", [1, 3, 64])
def test_every_disk_is_snapshotted_once_and_answered_for_in_order(
    storage: FakeStorage, count: int, one_by_one: bool
) -> None:
    results = taken(disks(storage, count), one_by_one=one_by_one)

    assert [result.blob_uri for result in results] == [
        f"{storage.url}/account/vhds/disk{number}.vhd" for number in range(count)
    ]
    for result in results:
        assert result.is_successful
        assert result.snapshot_uri == f"{result.blob_uri}?snapshot={result.stamp}"
    assert [blob.snapshots for blob in storage.blobs.values()] == [[METADATA]] * count
    assert storage.connections == count, "each over the connection that was opened before"


def test_the_request_says_what_it_must_and_nothing_else(storage: FakeStorage) -> None:
    taken(disks(storage, 1))

    (request,) = storage.requests
    assert [name for name, _ in request.headers] == [
        "Host",
        "Accept-Encoding",
        "Content-Length",
        "x-ms-meta-taskid",
        "x-ms-meta-BackupName",
    ]
    assert list(request.query) == ["sv", "sr", "sig", "sp", "comp"]


def test_all_requests_are_under_way_before_the_first_answer_is_waited_for(storage: FakeStorage) -> None:
    """Three disks that each answer only when all three have been asked: one after another would never end."""
    asked: list[Request] = []

    def together(request: Request) -> None:
        asked.append(request)
        until = monotonic() + 5
        while len(asked) < 3 and monotonic() < until:
            pass

    storage.before = together
    assert all(result.is_successful for result in taken(disks(storage, 3)))


def test_one_by_one_means_that_the_next_is_asked_after_the_last_has_answered(storage: FakeStorage) -> None:
    under_way = 0
    most = 0

    def count(request: Request) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        under_way -= 1

    storage.before = count
    some = disks(storage, 3)
    taken(some, one_by_one=True)

    assert most == 1
    assert [request.path for request in storage.requests] == [disk.url.target.partition("?")[0] for disk in some]


def test_a_refusal_is_reported_in_its_place_and_leaves_the_others_alone(storage: FakeStorage) -> None:
    some = disks(storage, 3)
    storage.before = lambda request: (
        refusal(403, "AuthorizationFailure", f"String to sign was sig={SECRET}") if "disk1" in request.path else None
    )
    results = taken(some)

    assert [result.is_successful for result in results] == [True, False, True]
    assert results[1].blob_uri is results[1].snapshot_uri is None
    assert "AuthorizationFailure" in (results[1].error_message or "")
    assert SECRET not in (results[1].error_message or "")
    assert len(storage.requests) == 3, "a refused snapshot is not tried again"


def test_storage_that_does_not_answer_in_time_costs_its_own_disk_only(storage: FakeStorage) -> None:
    some = disks(storage, 3)
    released = monotonic() + 0.6

    def slow(request: Request) -> None:
        while "disk0" in request.path and monotonic() < released:
            pass

    storage.before = slow
    started = monotonic()
    open_all(some)
    take_all(some, 0.3)
    assert monotonic() - started < 0.55

    results = [disk.result() for disk in some]
    assert [result.is_successful for result in results] == [False, True, True]
    assert results[0].error_message == "timed out"


def test_storage_that_can_not_be_reached_is_known_before_the_freeze(storage: FakeStorage) -> None:
    some = disks(storage, 2)
    storage.close()
    open_all(some)

    assert all(disk.hopeless for disk in some)
    take_all(some, 5)
    assert [disk.result().is_successful for disk in some] == [False, False]


@pytest.mark.parametrize(("hang_ups", "successful"), [(1, True), (2, False)])
def test_a_connection_closed_without_an_answer_is_tried_once_more(
    storage: FakeStorage, hang_ups: int, successful: bool
) -> None:
    left = hang_ups

    def hang_up(request: Request) -> str | None:
        nonlocal left
        left -= 1
        return "hang up" if left >= 0 else None

    storage.before = hang_up  # type: ignore[assignment]
    (result,) = taken(disks(storage, 1))

    assert result.is_successful is successful
    assert len(storage.requests) == 2


def test_a_success_without_a_time_stamp_is_none(storage: FakeStorage) -> None:
    storage.before = lambda request: (201, {}, b"")
    (result,) = taken(disks(storage, 1))

    assert not result.is_successful


# -------------------------------------------------------------------------------------------------------------- reports


def test_a_block_blob_is_looked_at_once_and_then_replaced(storage: FakeStorage) -> None:
    blob = ReportBlob(storage.add("status", "BlockBlob"))
    blob.write(b"first and long")
    blob.write(b"second")

    assert storage.text("status") == "second"
    assert [request.method for request in storage.requests] == ["GET", "PUT", "PUT"]
    assert ("x-ms-blob-type", "BlockBlob") in storage.requests[1].headers


def test_a_block_blob_with_something_in_it_is_left_alone(storage: FakeStorage) -> None:
    blob = ReportBlob(storage.add("status", "BlockBlob", b"[]"))
    for _ in range(2):
        with pytest.raises(ReportRefused, match="not empty"):
            blob.write(b"mine")

    assert storage.text("status") == "[]"


def test_a_missing_blob_is_not_made(storage: FakeStorage) -> None:
    uri = storage.add("status", "BlockBlob")
    storage.blobs.clear()
    with pytest.raises(ReportRefused, match="404 BlobNotFound") as problem:
        ReportBlob(uri).write(b"mine")

    assert not storage.blobs
    assert SECRET not in str(problem.value)


@pytest.mark.parametrize("size", [0, 512, 4096])
def test_a_page_blob_is_cleared_grown_and_padded_with_spaces(storage: FakeStorage, size: int) -> None:
    blob = ReportBlob(storage.add("log", "PageBlob", b"x" * size))
    long, short = b"a" * 1000, b"b" * 10
    blob.write(long)
    assert storage.blob("log").content == long.ljust(1024, b" ") + bytes(max(0, size - 1024))
    blob.write(short)

    content = bytes(storage.blob("log").content)
    assert len(content) == max(size, 1024), "it never shrinks"
    assert content[:512] == short.ljust(512, b" ")
    assert unpadded(content) == short
    resizes = [request for request in storage.requests if request.query.get("comp") == "properties"]
    assert len(resizes) == (size < 1024)
    assert all(dict(request.headers)["Content-Length"] == "0" for request in resizes)


def test_of_a_report_too_long_for_a_page_blob_the_end_is_kept(storage: FakeStorage) -> None:
    text = b"start" + b"x" * PAGE_REPORT_BYTES + b"the end"
    ReportBlob(storage.add("log", "PageBlob", bytes(512))).write(text)

    content = storage.blob("log").content
    assert len(content) == PAGE_REPORT_BYTES
    assert content.endswith(b"the end")
    writes = [request for request in storage.requests if len(request.body)]
    assert [len(request.body) for request in writes] == [4 << 20, 4 << 20, 2 << 20]


@pytest.mark.parametrize("failures", [TRIES - 1, TRIES])
@pytest.mark.parametrize("how", ["status", "hang up"])
def test_each_request_is_tried_three_times(storage: FakeStorage, failures: int, how: str) -> None:
    left = failures

    def fail(request: Request) -> Answer | str | None:
        nonlocal left
        if request.method == "GET":
            return None
        left -= 1
        return None if left < 0 else "hang up" if how == "hang up" else refusal(503, "ServerBusy")

    storage.before = fail  # type: ignore[assignment]
    blob = ReportBlob(storage.add("status", "BlockBlob"))
    if failures < TRIES:
        blob.write(b"text")
        assert storage.text("status") == "text"
    else:
        with pytest.raises(ReportRefused):
            blob.write(b"text")
    assert sum(request.method == "PUT" for request in storage.requests) == TRIES
