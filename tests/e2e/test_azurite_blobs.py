"""The suite of the Blobs port over a real Azurite, and what only a real endpoint can show."""

from __future__ import annotations

import traceback
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import md5
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from controlplane.adapters.azurite import AzuriteBlobs, FixedAccounts
from controlplane.ports import Blob, BlobNotFound, BlobRefused, Blobs, Range
from simulator.state.folder import cache_folder
from simulator.storage.azurite import Azurite, InstallFailed, ManagedAccounts, MissingNode
from tests.unit.controlplane.adapters import test_ports_blobs as suite
from tests.unit.controlplane.adapters.test_ports_blobs import ACCOUNT, MIB, new_blob, pattern, soon

# The same test functions, which find this module's `blobs` in place of the ones in memory.
globals().update({name: test for name, test in vars(suite).items() if name.startswith("test_")})
disk = suite.disk


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> ManagedAccounts:
    return ManagedAccounts(tmp_path_factory.mktemp("accounts") / "accounts.json")


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory, accounts: ManagedAccounts) -> Iterator[Azurite]:
    try:
        running = Azurite(cache_folder(), tmp_path_factory.mktemp("azurite"), accounts)
    except (MissingNode, InstallFailed) as lack:
        pytest.skip(str(lack))
    yield running
    running.close()


@pytest.fixture(scope="module")
def blobs(azurite: Azurite, accounts: ManagedAccounts) -> Iterator[AzuriteBlobs]:
    blobs = AzuriteBlobs(azurite.url, accounts)
    blobs.add_account(ACCOUNT)
    yield blobs
    blobs.close()


# SAS


def test_a_sas_reads_the_blob_and_its_snapshots(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 1024)
    blobs.write(disk, 0, b"1" * 512)
    stamp = blobs.snapshot(disk)
    blobs.write(disk, 0, b"2" * 512)
    assert fetch(blobs.sas(disk, "r", soon())) == b"2" * 512 + bytes(512)
    assert fetch(blobs.sas(disk.at(stamp), "r", soon())) == b"1" * 512 + bytes(512)


def test_a_sas_snapshots_a_disk_as_the_extension_does(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    blobs.write(disk, 0, b"1" * 512)
    with urlopen(Request(blobs.sas(disk, "rw", soon()) + "&comp=snapshot", method="PUT"), timeout=30) as answer:
        stamp = answer.headers["x-ms-snapshot"]
    blobs.clear(disk, 0, 512)
    assert blobs.read(disk.at(stamp)) == b"1" * 512


@pytest.mark.parametrize("name", ["a b/ü?#%&=+.txt", "plain"])
def test_a_sas_is_right_for_any_name(blobs: Blobs, name: str) -> None:
    blob = new_blob(name)
    blobs.put(blob, b"text")
    assert fetch(blobs.sas(blob, "r", soon())) == b"text"


def test_a_sas_is_refused_for_another_blob_another_verb_and_after_its_time(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    other = Blob(disk.account, disk.container, "other")
    blobs.put(other, b"text")
    of_other = blobs.url(disk) + "?" + blobs.sas(other, "r", soon()).partition("?")[2]
    late = blobs.sas(disk, "r", datetime.now(UTC) - timedelta(seconds=1))
    for url in (of_other, late, blobs.url(disk), blobs.sas(disk, "w", soon())):
        with pytest.raises(HTTPError) as caught:
            fetch(url)
        assert caught.value.code == 403


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=30) as answer:
        data: bytes = answer.read()
        return data


# Accounts


def test_a_removed_account_is_gone_at_once(blobs: Blobs, accounts: ManagedAccounts) -> None:
    accounts.add("passing")
    blob = Blob("passing", "container", "b")
    blobs.put(blob, b"")
    url = blobs.sas(blob, "r", soon())
    accounts.remove("passing")
    with pytest.raises(HTTPError, match="404"):
        fetch(url)
    with pytest.raises(BlobNotFound):
        blobs.read(blob)


def test_a_prefix_is_on_the_wire_and_nowhere_else(azurite: Azurite, accounts: ManagedAccounts, blobs: Blobs) -> None:
    inside = AzuriteBlobs(azurite.url, accounts, prefix="w7x")
    inside.add_account("disks")
    blob = Blob("disks", "container", "b c")
    inside.put(blob, b"text")
    assert blobs.read(Blob("w7xdisks", "container", "b c")) == b"text"
    assert fetch(inside.sas(blob, "r", soon())) == b"text"
    assert inside.parse(inside.url(blob)) == blob
    assert list(inside.find("disks", "container")) == [blob]
    with pytest.raises(ValueError, match="not the address"):
        inside.parse(blobs.url(Blob("other", "container", "b")))
    inside.close()


def test_a_wrong_key_is_refused_and_stays_unsaid(azurite: Azurite, blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 512)
    wrong = "d3Jvbmcga2V5"
    stranger = AzuriteBlobs(azurite.url, FixedAccounts.parse(f"{ACCOUNT}:{wrong}"))
    for attempt in (stranger.read, stranger.properties, stranger.snapshot, stranger.ranges):
        with pytest.raises(BlobRefused) as caught:
            attempt(disk)
        told = "".join(traceback.format_exception(caught.value))
        assert wrong not in told
        assert "SharedKey" not in told
    stranger.close()


# What the guard changes in Azurite


def test_an_md5_that_was_sent_is_still_checked(blobs: Blobs) -> None:
    blob, data = new_blob("checked"), b"block"
    blobs.put(blob, b"")
    url = f"{blobs.sas(blob, 'rw', soon())}&comp=block&blockid=MDAx"
    right, wrong = (b64encode(md5(text).digest()).decode() for text in (data, b"other"))
    with urlopen(Request(url, data, {"Content-MD5": right}, method="PUT"), timeout=30) as answer:
        assert answer.status == 201
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(url, data, {"Content-MD5": wrong}, method="PUT"), timeout=30)
    assert caught.value.code == 400


# Bulk


def test_many_threads_share_the_connections(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 64 * MIB)
    pieces = [pattern(MIB, seed) for seed in range(64)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: blobs.write(disk, number * MIB, pieces[number]), range(64)))
        read = list(pool.map(lambda number: blobs.read(disk, number * MIB, MIB), range(64)))
    assert read == pieces
    assert list(blobs.ranges(disk)) == [Range(0, 64 * MIB)]


def test_ranges_of_a_disk_in_pieces(blobs: Blobs, disk: Blob) -> None:
    blobs.create(disk, 1024**4)
    offsets = [number * 1024**3 for number in range(0, 1024, 8)]
    for offset in offsets:
        blobs.write(disk, offset, b"x" * 512)
    assert list(blobs.ranges(disk)) == [Range(offset, 512) for offset in offsets]
