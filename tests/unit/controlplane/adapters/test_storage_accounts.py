"""Storage accounts: those we manage, and those somebody else's endpoint has."""

from __future__ import annotations

import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import parse_qs

import pytest

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.adapters.storage_keys import FixedAccounts, blob_sas
from controlplane.ports import Blob, BlobNotFound, StorageRefused
from simulator.storage.azurite import ManagedAccounts

KEY = "c2VjcmV0IGtleQ=="


def test_managed_accounts_survive_with_their_keys(tmp_path: Path) -> None:
    first = ManagedAccounts(tmp_path / "accounts.json", lambda: Random(1).randbytes(64))
    first.add("disks")
    again = ManagedAccounts(tmp_path / "accounts.json")
    again.add("disks")
    assert again.key("disks") == first.key("disks")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    ManagedAccounts(tmp_path / "accounts.json").add("disks")
    assert stat.S_IMODE((tmp_path / "accounts.json").stat().st_mode) == 0o600


def test_the_one_who_listens_is_told_the_whole_list_each_time(tmp_path: Path) -> None:
    accounts = ManagedAccounts(tmp_path / "accounts.json", lambda: b"secret key")
    told: list[str] = []
    accounts.add("disks")
    accounts.attach(told.append)
    accounts.add("vault")
    accounts.add("vault")
    accounts.remove("disks")
    accounts.remove("disks")
    assert told == [f"disks:{KEY}", f"disks:{KEY};vault:{KEY}", f"vault:{KEY}"]
    with pytest.raises(BlobNotFound):
        accounts.key("disks")


def test_fixed_accounts_are_read_from_a_list() -> None:
    accounts = FixedAccounts.parse(f"disks:{KEY};vault:{KEY}:{KEY}\n\n other:{KEY} \n")
    assert accounts.names == ("disks", "vault", "other")
    assert accounts.key("vault") == KEY


@pytest.mark.parametrize("text", ["disks", "disks:", ":key", "disks:not base64!"])
def test_a_malformed_list_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="account 2") as caught:
        FixedAccounts.parse(f"good:{KEY};{text}")
    assert "not base64!" not in str(caught.value)


def test_fixed_accounts_refuse_new_ones_with_the_remedy() -> None:
    accounts = FixedAccounts({"disks": KEY})
    accounts.add("disks")
    with pytest.raises(StorageRefused, match=r"'vault'.*add it with its key"):
        accounts.add("vault")
    with pytest.raises(BlobNotFound):
        accounts.key("vault")


def test_no_account_shows_its_key(tmp_path: Path) -> None:
    managed = ManagedAccounts(tmp_path / "accounts.json", lambda: b"secret key")
    managed.add("disks")
    fixed = FixedAccounts({"disks": KEY})
    assert KEY not in repr(managed) + repr(fixed) + repr(AzuriteBlobs("http://127.0.0.1:1", fixed))


def test_a_sas_grants_what_was_asked_and_nothing_more() -> None:
    until = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    granted = parse_qs(blob_sas("disks", KEY, "vhds", "a b", "rw", until, "2026-01-02T03:04:05.6780000Z"))
    assert len(granted.pop("sig")[0]) == 44
    assert granted == {
        "snapshot": ["2026-01-02T03:04:05.6780000Z"],
        "sv": ["2018-03-28"],
        "sr": ["b"],
        "sp": ["rw"],
        "se": ["2026-11-22T10:00:00Z"],
    }


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:10000/", "http://127.0.0.1:10000/w1xdisks/vhds/a%20b"),
        ("https://{account}.blob.core.windows.net", "https://w1xdisks.blob.core.windows.net/vhds/a%20b"),
        ("http://{account}.blob.localhost:10000", "http://w1xdisks.blob.localhost:10000/vhds/a%20b"),
    ],
)
def test_addresses_of_either_style(endpoint: str, url: str) -> None:
    blobs = AzuriteBlobs(endpoint, FixedAccounts({"w1xdisks": KEY}), prefix="w1x")
    blob = Blob("disks", "vhds", "a b")
    assert blobs.url(blob) == url
    assert blobs.parse(url + "?sv=2018-03-28&sig=x") == blob
    assert blobs.parse(url + "?snapshot=now") == blob.at("now")
    for foreign in (
        url.replace("w1x", "w2x"),
        url.replace("http", "ftp"),
        url.rpartition("/")[0],
        f"{url}#fragment"[:9],
    ):
        with pytest.raises(ValueError, match="not the address"):
            blobs.parse(foreign)
