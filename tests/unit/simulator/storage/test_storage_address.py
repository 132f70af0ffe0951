"""A world's documents follow its blobs to another port, and to nobody else's storage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from controlplane.adapters.store import SqlStore
from simulator.failures import WrongUse
from simulator.storage.storage_address import settle
from tests.virtual_clock import VirtualClock

ACCOUNT = "microsoft.storage/storageaccounts"


@pytest.fixture
def store() -> SqlStore:
    return SqlStore(":memory:", VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)))


def account(endpoint: str) -> dict[str, Any]:
    return {"name": "disks", "properties": {"primaryEndpoints": {"blob": f"{endpoint}/disks/"}}}


def test_documents_name_the_address_of_today(store: SqlStore) -> None:
    settle(store, "http://127.0.0.1:1000", foreign=False)
    kept = {"kept": 1, "uri": "http://127.0.0.1:1000/disks/config.json"}
    store.put(ACCOUNT, "/mine", account("http://127.0.0.1:1000"), parent="/group", private=kept)
    longer = store.put(ACCOUNT, "/other", account("http://127.0.0.1:10000"))
    settle(store, "http://127.0.0.1:2000", foreign=False)
    found = store.get(ACCOUNT, "/mine")
    assert found
    assert (found.json(), found.parent) == (account("http://127.0.0.1:2000"), "/group")
    assert found.private == {"kept": 1, "uri": "http://127.0.0.1:2000/disks/config.json"}
    assert store.get(ACCOUNT, "/other") == longer


def test_at_the_same_address_nothing_changes(store: SqlStore) -> None:
    settle(store, "http://127.0.0.1:1000", foreign=True)
    before = store.put(ACCOUNT, "/mine", account("http://127.0.0.1:1000"))
    settle(store, "http://127.0.0.1:1000", foreign=True)
    assert store.get(ACCOUNT, "/mine") == before


@pytest.mark.parametrize(("foreign", "told"), [(True, "at http://old; start it with"), (False, "its own Azurite")])
def test_blobs_stay_with_who_keeps_them(store: SqlStore, foreign: bool, told: str) -> None:
    settle(store, "http://old", foreign=foreign)
    before = store.put(ACCOUNT, "/mine", account("http://old"))
    with pytest.raises(WrongUse, match=told):
        settle(store, "http://new", foreign=not foreign)
    settle(store, "http://old", foreign=foreign)
    assert store.get(ACCOUNT, "/mine") == before


def test_a_world_that_holds_nothing_may_go_anywhere(store: SqlStore) -> None:
    settle(store, "http://old", foreign=True)
    settle(store, "http://new", foreign=False)
