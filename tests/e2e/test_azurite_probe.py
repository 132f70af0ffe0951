"""What the probe says of Azurite, which is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from controlplane.adapters.azurite import AzuriteBlobs, FixedAccounts
from controlplane.adapters.endpoint_probe import probe
from controlplane.ports import StorageUnavailable
from simulator.state.folder import cache_folder
from simulator.storage.azurite import Azurite, InstallFailed, ManagedAccounts, MissingNode


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[tuple[str, ManagedAccounts]]:
    accounts = ManagedAccounts(tmp_path / "accounts.json")
    accounts.add("given")
    try:
        azurite = Azurite(cache_folder(), tmp_path / "data", accounts)
    except (MissingNode, InstallFailed) as lack:
        pytest.skip(str(lack))
    yield azurite.url, accounts
    azurite.close()


def test_azurite_is_seen_as_it_is(endpoint: tuple[str, ManagedAccounts]) -> None:
    url, accounts = endpoint
    blobs = AzuriteBlobs(url, FixedAccounts({"given": accounts.key("given")}))
    answers = probe(blobs, "given")
    assert {name: answer.able for name, answer in answers.items()} == {
        "snapshots": True,
        "sas_enforced": True,
        "snapshot_read_by_blob_sas": True,
        "page_range_diff": False,
        "new_accounts": False,
    }
    credential = {"account_name": "given", "account_key": accounts.key("given")}
    assert list(BlobServiceClient(f"{url}/given", credential=credential).list_containers()) == []


def test_a_managed_endpoint_takes_new_accounts(endpoint: tuple[str, ManagedAccounts]) -> None:
    url, accounts = endpoint
    assert probe(AzuriteBlobs(url, accounts), "given")["new_accounts"].able


def test_an_endpoint_that_is_not_there_is_said_to_be_so() -> None:
    blobs = AzuriteBlobs("http://127.0.0.1:9", FixedAccounts({"given": "a2V5"}))
    with pytest.raises(StorageUnavailable):
        probe(blobs, "given")
