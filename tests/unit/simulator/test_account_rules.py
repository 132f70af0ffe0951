"""Which storage accounts refuse the service by their own network rules, and which of its requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.domain.storage.network_rules import updated
from controlplane.domain.storage.storage_account import KIND
from controlplane.json_object import Json
from controlplane.ports import Blob, BlobRefused
from simulator.account_rules import AccountRules, RuledBlobs
from tests.virtual_clock import VirtualClock


class Accounts:
    def __init__(self) -> None:
        self.store = SqlStore(":memory:", VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)))
        self.rules = AccountRules(self.store)

    def put(self, name: str, default_action: str | None, bypass: str | None = None) -> None:
        acls = updated(None, default_action, bypass)
        body: Json = {"name": name, "properties": {} if acls is None else {"networkAcls": acls}}
        self.store.put(KIND, name, body)


@pytest.mark.parametrize(
    ("default_action", "bypass", "refuses"),
    [
        (None, None, False),
        ("Allow", "None", False),
        ("deny", None, False),
        ("Deny", "Logging, AzureServices", False),
        ("Deny", "None", True),
        ("Deny", "logging,metrics", True),
    ],
)
def test_an_account_that_denies_by_default_needs_its_exception(
    default_action: str | None, bypass: str | None, refuses: bool
) -> None:
    accounts = Accounts()
    accounts.put("disks", default_action, bypass)
    assert accounts.rules.refuses("disks") is refuses
    assert accounts.rules.any is refuses


def test_a_change_counts_at_once() -> None:
    accounts = Accounts()
    seen = [accounts.rules.refuses("disks")]
    for action in ("Deny", "Allow"):
        accounts.put("disks", action, "None")
        seen.append(accounts.rules.refuses("disks"))
    assert seen == [False, True, False]


def test_only_backups_and_restores_meet_them() -> None:
    accounts, job = Accounts(), [""]
    accounts.put("disks", "Deny", "None")
    blobs = MemoryBlobs()
    for account in ("disks", "others"):
        blobs.add_account(account)
    ruled = RuledBlobs(blobs, accounts.rules, lambda: job[0])
    disk, other = (Blob(account, "vhds", "os.vhd") for account in ("disks", "others"))
    for blob in (disk, other):
        ruled.create(blob, 1024)
    for kind in ("Backup", "Restore"):
        job[0] = kind
        for act in (ruled.read, ruled.snapshot, ruled.ranges, ruled.writer):
            with pytest.raises(BlobRefused, match="AuthorizationFailure"):
                act(disk)
        assert ruled.read(other) == bytes(1024)
        assert ruled.properties(disk) is not None
    job[0] = "ConfigureBackup"
    assert ruled.read(disk) == bytes(1024)
