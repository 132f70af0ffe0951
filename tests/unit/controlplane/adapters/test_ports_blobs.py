"""The suite of the Blobs port; tests/e2e/test_azurite_blobs.py runs the same functions over the real storage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from urllib.parse import urlsplit

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import (
    BLOCK_BYTES,
    READ_BYTES,
    WRITE_BYTES,
    Blob,
    BlobConflict,
    BlobNotFound,
    BlobRefused,
    Blobs,
    Container,
    Range,
)

ACCOUNT = "suite"
NAMES = count()
MIB = 1024 * 1024
TIB = 1024**4


@pytest.fixture
def blobs() -> Blobs:
    memory = MemoryBlobs()
    memory.add_account(ACCOUNT)
    return memory


@pytest.fixture
def disk() -> Blob:
    return new_blob("disk.vhd")


def new_blob(name: str) -> Blob:
    """A name that no other test has used, since the real storage outlives a test."""
    return Blob(ACCOUNT, f"suite-{next(NAMES)}", name)


def pattern(length: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(length)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


# Accounts and addresses


def test_an_account_can_be_added_twice_and_keeps_its_key(blobs: Blobs) -> None:
    key = blobs.account_key(ACCOUNT)
    blobs.add_account(ACCOUNT)
    assert blobs.account_key(ACCOUNT) == key


def test_accounts_have_different_keys(blobs: Blobs) -> None:
    blobs.add_account("suite2")
    assert blobs.account_key("suite2") != blobs.account_key(ACCOUNT)


def test_a_new_account_is_usable_at_once(blobs: Blobs) -> None:
    name = f"suitenew{next(NAMES)}"
    blobs.add_account(name)
    blob = Blob(name, "container", "b")
    blobs.put(blob, b"data")
    assert blobs.read(blob) == b"data"


def test_an_emptied_account_is_as_good_as_new(blobs: Blobs) -> None:
    name, neighbour = f"suiteempty{next(NAMES)}", new_blob("kept")
    blobs.add_account(name)
    blobs.put(neighbour, b"kept")
    page, block = Blob(name, "disks", "d.vhd"), Blob(name, "other", "b")
    blobs.create(page, MIB)
    stamp = blobs.snapshot(page)
    blobs.put(block, b"data")
    blobs.empty_account(name)
    assert [blobs.properties(each) for each in (page, page.at(stamp), block)] == [None] * 3
    blobs.put(block, b"again")
    assert blobs.read(block) == b"again"
    assert blobs.read(neighbour) == b"kept"


def test_containers_are_made_changed_and_deleted(blobs: Blobs) -> None:
    name, before = f"suiteboxes{next(NAMES)}", datetime.now(UTC) - timedelta(minutes=5)
    blobs.add_account(name)
    assert blobs.container(name, "box") is None
    blobs.put_container(name, Container("box", "", soon(), {"a": "b"}))
    made = blobs.container(name, "box")
    assert made
    assert (made.name, made.metadata, made.public) == ("box", {"a": "b"}, "")
    assert before < made.modified < soon()
    blobs.put(Blob(name, "box", "b"), b"kept")
    blobs.put_container(name, Container("box", "", soon(), {"c": "d"}, "blob"))
    changed = blobs.container(name, "box")
    assert changed
    assert (changed.metadata, changed.public) == ({"c": "d"}, "blob")
    assert blobs.read(Blob(name, "box", "b")) == b"kept"
    blobs.delete_container(name, "box")
    blobs.delete_container(name, "box")
    assert blobs.container(name, "box") is None
    assert blobs.properties(Blob(name, "box", "b")) is None


def test_a_container_that_appeared_by_a_write_is_listed(blobs: Blobs) -> None:
    name = f"suiteboxes{next(NAMES)}"
    blobs.add_account(name)
    blobs.put(Blob(name, "zone", "b"), b"data")
    blobs.put_container(name, Container("area", "", soon()))
    assert [each.name for each in blobs.containers(name)] == ["area", "zone"]
    with pytest.raises(BlobNotFound):
        blobs.containers("nobody")


def test_of_those_who_put_where_nothing_is_one_succeeds(blobs: Blobs) -> None:
    contested = new_blob("contested")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: blobs.put_if_absent(contested, b"%d" % number), range(8)))
    assert sorted(results) == [False] * 7 + [True]
    assert blobs.read(contested) == b"%d" % results.index(True)
    blobs.delete(contested)
    assert blobs.put_if_absent(contested, b"again")


def test_an_unknown_account_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(BlobNotFound):
        blobs.account_key("nobody")
    with pytest.raises(BlobNotFound):
        blobs.put(Blob("nobody", "container", "b"), b"")


@pytest.mark.parametrize("name", ["plain", "a folder/b c.vhd", "ü?#%&=+.txt"])
@pytest.mark.parametrize("snapshot", [None, "2026-01-02T03:04:05.6789010Z"])
def test_parse_undoes_url(blobs: Blobs, name: str, snapshot: str | None) -> None:
    blob = Blob(ACCOUNT, "container", name, snapshot)
    assert blobs.url(blob).startswith(blobs.account_url(ACCOUNT) + "/container/")
    assert blobs.parse(blobs.url(blob)) == blob


@pytest.mark.parametrize("snapshot", [None, "2026-01-02T03:04:05.6789010Z"])
def test_parse_undoes_sas(blobs: Blobs, snapshot: str | None) -> None:
    blob = Blob(ACCOUNT, "container", "a b", snapshot)
    assert blobs.parse(blobs.sas(blob, "rw", soon())) == blob


def test_parse_refuses_a_foreign_url_and_does_not_repeat_its_signature(blobs: Blobs) -> None:
    here = blobs.account_url(ACCOUNT)
    foreign = ("https://elsewhere.example/c/b?sig=secret", f"{here}?sig=secret", "sig=secret", "http://[?sig=secret")
    names = (
        "container/..",
        "container/a/../b",
        "container/%2e%2e",
        "container/a%00b",
        "../b",
        "..",
        "C/b",
        "a;b/c",
        "",
    )
    for url in (
        *foreign,
        *(f"{here}/{name}?sig=secret" for name in names),
        f"{here}/container/{'n' * 1025}?sig=secret",
    ):
        with pytest.raises(ValueError, match="not the address") as caught:
            blobs.parse(url)
        assert "secret" not in str(caught.value)


# Page blobs


def test_a_new_disk_is_zeros(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, MIB)
    assert blobs.read(disk) == bytes(MIB)
    assert list(blobs.ranges(disk)) == []


@pytest.mark.parametrize("size_bytes", [0, 512, 32 * TIB])
def test_sizes(blobs: Blobs, disk: Blob, size_bytes: int) -> None:
    blobs.create(disk, size_bytes)
    found = blobs.properties(disk)
    assert found is not None
    assert (found.kind, found.size_bytes) == ("page", size_bytes)


def test_a_disk_grows_by_zeros_and_its_snapshots_do_not(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, MIB)
    blobs.write(disk, MIB - 512, b"e" * 512)
    before = disk.at(blobs.snapshot(disk))
    blobs.grow(disk, 2 * MIB)
    assert blobs.read(disk, MIB - 512) == b"e" * 512 + bytes(MIB)
    blobs.write(disk, 2 * MIB - 512, b"n" * 512)
    assert blobs.read(disk, 2 * MIB - 512) == b"n" * 512
    assert [found.size_bytes for found in map(blobs.properties, (disk, before)) if found] == [2 * MIB, MIB]
    with pytest.raises(BlobConflict):
        blobs.grow(disk, MIB)


def test_a_disk_of_32_tib_is_written_at_its_end(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 32 * TIB)
    blobs.write(disk, 32 * TIB - 512, b"e" * 512)
    assert list(blobs.ranges(disk)) == [Range(32 * TIB - 512, 512)]
    assert blobs.read(disk, 32 * TIB - 1024) == bytes(512) + b"e" * 512


def test_pages_read_back_and_holes_read_as_zeros(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, MIB)
    data = pattern(1024)
    blobs.write(disk, 512, data)
    assert blobs.read(disk, 0, 2048) == bytes(512) + data + bytes(512)
    assert blobs.read(disk, 700, 10) == data[188:198]


def test_all_kinds_of_bytes_can_be_written(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 4096)
    blobs.write(disk, 0, bytearray(b"a" * 512))
    blobs.write(disk, 512, memoryview(b"x" * 1024)[512:])
    assert blobs.read(disk, 0, 1024) == b"a" * 512 + b"x" * 512


def test_a_write_longer_than_one_request_arrives_whole(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 2 * READ_BYTES)
    data = pattern(WRITE_BYTES + BLOCK_BYTES)
    blobs.write(disk, 512, data)
    assert blobs.read(disk, 512, len(data)) == data


def test_a_read_stops_at_the_end(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 1024)
    assert blobs.read(disk, 512, 4096) == bytes(512)
    assert blobs.read(disk, 1024, 512) == b""
    assert blobs.read(disk, 4096, 512) == b""
    assert blobs.read(disk, 0, 0) == b""


@pytest.mark.parametrize(("offset", "length"), [(1024, 512), (100, 512), (0, 100)])
def test_pages_outside_the_disk_or_out_of_step_are_refused(blobs: Blobs, disk: Blob, offset: int, length: int) -> None:
    blobs.create(disk, 1024)
    with pytest.raises(BlobConflict):
        blobs.write(disk, offset, bytes(length))
    with pytest.raises(BlobConflict):
        blobs.clear(disk, offset, length)


def test_cleared_pages_are_zero_and_cost_nothing(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 8192)
    blobs.write(disk, 0, pattern(4096))
    blobs.clear(disk, 512, 1024)
    assert blobs.read(disk, 0, 4096) == pattern(4096)[:512] + bytes(1024) + pattern(4096)[1536:]
    assert list(blobs.ranges(disk)) == [Range(0, 512), Range(1536, 2560)]


def test_neighbouring_writes_are_one_range(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 8192)
    for offset in (1024, 0, 512, 4096):
        blobs.write(disk, offset, b"d" * 512)
    assert list(blobs.ranges(disk)) == [Range(0, 1536), Range(4096, 512)]


def test_ranges_of_a_window(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 8192)
    blobs.write(disk, 0, bytes(2048))
    blobs.write(disk, 4096, bytes(2048))
    assert list(blobs.ranges(disk, 1024, 4096)) == [Range(1024, 1024), Range(4096, 1024)]
    assert list(blobs.ranges(disk, 2048, 2048)) == []
    assert list(blobs.ranges(disk, 5120)) == [Range(5120, 1024)]


def test_creating_again_gives_zeros_and_keeps_the_snapshots(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 1024)
    blobs.write(disk, 0, b"1" * 512)
    stamp = blobs.snapshot(disk)
    blobs.create(disk, 2048)
    assert blobs.read(disk) == bytes(2048)
    assert blobs.read(disk.at(stamp)) == b"1" * 512 + bytes(512)


def test_random_writes_and_clears_agree_with_a_bytearray(blobs: Blobs, disk: Blob) -> None:
    chance, model = Random(7), bytearray(64 * 512)
    blobs.create(disk, len(model))
    for number in range(60):
        first, last = sorted(chance.sample(range(65), 2))
        data = bytes([number + 1]) * (512 * (last - first)) if chance.random() < 0.7 else bytes(512 * (last - first))
        if any(data):
            blobs.write(disk, first * 512, data)
        else:
            blobs.clear(disk, first * 512, len(data))
        model[first * 512 : last * 512] = data
    assert blobs.read(disk) == model
    held = [range for range in blobs.ranges(disk) for _ in range_pages(range)]
    assert len(held) == sum(any(model[at : at + 512]) for at in range(0, len(model), 512))


def range_pages(found: Range) -> range:
    return range(found.offset, found.end, 512)


# Snapshots


def test_a_snapshot_stays_as_it_was(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 1024)
    blobs.write(disk, 0, b"1" * 512)
    stamp = blobs.snapshot(disk)
    blobs.write(disk, 0, b"2" * 512)
    blobs.clear(disk, 0, 512)
    assert blobs.read(disk.at(stamp)) == b"1" * 512 + bytes(512)
    assert list(blobs.ranges(disk.at(stamp))) == [Range(0, 512)]
    assert blobs.read(disk) == bytes(1024)


def test_snapshots_in_a_row_have_ascending_stamps(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    stamps = [blobs.snapshot(disk) for _ in range(5)]
    assert sorted(set(stamps)) == stamps


def test_a_snapshot_has_the_metadata_given_or_the_blobs_own(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512, {"from": "blob"})
    own, given = blobs.snapshot(disk), blobs.snapshot(disk, {"from": "snapshot"})
    assert metadata(blobs, disk.at(own)) == {"from": "blob"}
    assert metadata(blobs, disk.at(given)) == {"from": "snapshot"}
    assert metadata(blobs, disk) == {"from": "blob"}


def metadata(blobs: Blobs, blob: Blob) -> dict[str, str]:
    found = blobs.properties(blob)
    assert found is not None
    return dict(found.metadata)


def test_a_snapshot_cannot_be_written_to(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    stamp = blobs.snapshot(disk)
    with pytest.raises(BlobConflict):
        blobs.write(disk.at(stamp), 0, bytes(512))
    with pytest.raises(BlobConflict):
        blobs.clear(disk.at(stamp), 0, 512)
    with pytest.raises(BlobConflict):
        blobs.create(disk.at(stamp), 512)
    with pytest.raises(BlobConflict):
        blobs.put(disk.at(stamp), b"")


def test_a_blob_with_snapshots_is_deleted_only_with_them(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    stamp = blobs.snapshot(disk)
    with pytest.raises(BlobConflict):
        blobs.delete(disk)
    blobs.delete(disk, snapshots=True)
    assert blobs.properties(disk) is None
    assert blobs.properties(disk.at(stamp)) is None


def test_one_snapshot_is_deleted_alone(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    first, second = blobs.snapshot(disk), blobs.snapshot(disk)
    blobs.delete(disk.at(first))
    assert list(blobs.find(disk.account, disk.container, snapshots=True)) == [disk.at(second), disk]


def test_deleting_what_is_not_there_is_fine(blobs: Blobs, disk: Blob) -> None:
    blobs.delete(disk)
    blobs.create(disk, 512)
    blobs.delete(disk.at("2026-01-02T03:04:05.6780000Z"))
    assert blobs.properties(disk) is not None


# What changed between two snapshots


def test_nothing_changed_between_two_snapshots_of_a_disk_that_nobody_wrote_to(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 4096)
    blobs.write(disk, 1024, pattern(512))
    before = blobs.snapshot(disk, {"task": "one"})
    after = blobs.snapshot(disk, {"task": "two"})
    assert blobs.changed_ranges(disk.at(after), before) == []
    assert blobs.read(disk.at(after)) == blobs.read(disk.at(before))


CHANGES: dict[str, Callable[[Blobs, Blob], object]] = {
    "other bytes": lambda blobs, disk: blobs.write(disk, 512, pattern(512, 2)),
    "the same bytes": lambda blobs, disk: blobs.write(disk, 0, pattern(512)),
    "cleared": lambda blobs, disk: blobs.clear(disk, 0, 512),
    "cleared where nothing was": lambda blobs, disk: blobs.clear(disk, 2048, 512),
    "grown": lambda blobs, disk: blobs.grow(disk, 8192),
    "made anew": lambda blobs, disk: blobs.create(disk, 4096),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_write_between_two_snapshots_is_noticed(blobs: Blobs, disk: Blob, change: str) -> None:
    blobs.create(disk, 4096)
    blobs.write(disk, 0, pattern(512))
    before = blobs.snapshot(disk)
    CHANGES[change](blobs, disk)
    after = blobs.snapshot(disk)
    assert blobs.changed_ranges(disk.at(after), before) is None


def test_changes_since_a_snapshot_that_is_gone_are_not_found(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    before, after = blobs.snapshot(disk), blobs.snapshot(disk)
    blobs.delete(disk.at(before))
    with pytest.raises(BlobNotFound):
        blobs.changed_ranges(disk.at(after), before)


# Block blobs


@pytest.mark.parametrize("data", [b"", b"text", pattern(MIB)], ids=["empty", "short", "long"])
def test_a_block_blob_reads_back(blobs: Blobs, data: bytes) -> None:
    blob = new_blob("report")
    blobs.put(blob, data, {"kind": "report"})
    assert blobs.read(blob) == data
    assert blobs.read(blob, 1, 2) == data[1:3]
    found = blobs.properties(blob)
    assert found is not None
    assert (found.kind, found.size_bytes, found.metadata) == ("block", len(data), {"kind": "report"})


def test_putting_again_replaces_data_metadata_and_etag(blobs: Blobs) -> None:
    blob = new_blob("report")
    blobs.put(blob, b"first", {"a": "b"})
    first = blobs.properties(blob)
    blobs.put(blob, b"second one")
    second = blobs.properties(blob)
    assert first is not None
    assert second is not None
    assert first.etag != second.etag
    assert (blobs.read(blob), second.metadata) == (b"second one", {})


def test_a_writer_joins_pieces_of_any_size(blobs: Blobs) -> None:
    blob, data = new_blob("pack"), pattern(3 * WRITE_BYTES + 17)
    writer = blobs.writer(blob)
    for start, end in ((0, 1), (1, WRITE_BYTES + 5), (WRITE_BYTES + 5, len(data))):
        writer.write(memoryview(data)[start:end])
    assert blobs.properties(blob) is None
    assert writer.commit({"kind": "pack"}) == len(data)
    assert blobs.read(blob) == data
    assert metadata(blobs, blob) == {"kind": "pack"}


def test_a_writer_that_is_given_up_leaves_nothing(blobs: Blobs) -> None:
    blob = new_blob("pack")
    writer = blobs.writer(blob)
    writer.write(pattern(WRITE_BYTES + 1))
    writer.abort()
    assert blobs.properties(blob) is None
    assert list(blobs.find(ACCOUNT, blob.container)) == []


def test_a_writer_may_write_nothing(blobs: Blobs) -> None:
    blob = new_blob("pack")
    assert blobs.writer(blob).commit() == 0
    assert blobs.read(blob) == b""


def test_pages_of_a_block_blob_are_refused(blobs: Blobs) -> None:
    blob = new_blob("report")
    blobs.put(blob, bytes(512))
    with pytest.raises(BlobConflict):
        blobs.write(blob, 0, bytes(512))
    with pytest.raises(BlobConflict):
        blobs.ranges(blob)


# Finding, and what is not there


def test_find_lists_by_name_and_prefix(blobs: Blobs) -> None:
    first = new_blob("b/2")
    names = ("b/2", "a", "b/1", "c", "b")
    for name in names:
        blobs.put(Blob(ACCOUNT, first.container, name), b"")
    assert [blob.name for blob in blobs.find(ACCOUNT, first.container)] == sorted(names)
    assert [blob.name for blob in blobs.find(ACCOUNT, first.container, "b/")] == ["b/1", "b/2"]


def test_find_with_snapshots_names_them_before_their_blob(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    first, second = blobs.snapshot(disk), blobs.snapshot(disk)
    assert list(blobs.find(ACCOUNT, disk.container)) == [disk]
    assert list(blobs.find(ACCOUNT, disk.container, "disk", True)) == [disk.at(first), disk.at(second), disk]


def test_find_in_no_container_finds_nothing(blobs: Blobs) -> None:
    assert list(blobs.find(ACCOUNT, "no-such-container")) == []


@pytest.mark.parametrize("container_exists", [False, True])
@pytest.mark.parametrize("snapshot", [None, "2026-01-02T03:04:05.6780000Z"])
def test_what_is_not_there_is_not_found(blobs: Blobs, disk: Blob, container_exists: bool, snapshot: str | None) -> None:
    if container_exists:
        blobs.create(disk, 512)
    missing = Blob(disk.account, disk.container, "other")
    assert blobs.properties(missing.at(snapshot)) is None
    with pytest.raises(BlobNotFound):
        blobs.read(missing.at(snapshot))
    with pytest.raises(BlobNotFound):
        blobs.ranges(missing.at(snapshot))
    with pytest.raises(BlobNotFound):
        blobs.changed_ranges(missing.at(snapshot), "2026-01-01T03:04:05.6780000Z")
    with pytest.raises(BlobNotFound):
        blobs.snapshot(missing)
    with pytest.raises(BlobNotFound):
        blobs.write(missing, 0, bytes(512))
    with pytest.raises(BlobNotFound):
        blobs.clear(missing, 0, 512)


# As a stranger


def test_a_stranger_gets_what_is_signed_or_public(blobs: Blobs) -> None:
    blob = new_blob("a b/text.json")
    blobs.put(blob, b"text")
    query = urlsplit(blobs.sas(blob, "r", soon())).query
    assert blobs.fetch(blob, query, 4) == b"text"
    with pytest.raises(BlobConflict):
        blobs.fetch(blob, query, 3)
    blobs.put_container(blob.account, Container(blob.container, "", datetime.now(UTC), public="blob"))
    assert blobs.fetch(blob, "", 4) == b"text"


def test_a_stranger_gets_nothing_else(blobs: Blobs) -> None:
    blob = new_blob("text.json")
    blobs.put(blob, b"text")
    past = datetime.now(UTC) - timedelta(hours=1)
    signed = urlsplit(blobs.sas(blob, "r", soon())).query
    wrong = [
        "",
        urlsplit(blobs.sas(blob, "w", soon())).query,
        urlsplit(blobs.sas(blob, "r", past)).query,
        signed.replace("sig=", "sig=A"),
        "sig=\r\nx: y",
    ]
    for query in wrong:
        with pytest.raises((BlobNotFound, BlobRefused, BlobConflict)):
            blobs.fetch(blob, query, 4)
    with pytest.raises(BlobNotFound):
        blobs.fetch(Blob("unknown", "templates", "text.json"), "", 4)
