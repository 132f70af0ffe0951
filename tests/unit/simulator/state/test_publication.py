"""endpoints.json while a world runs: it follows the storage accounts, is private, and goes with the world."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controlplane.json_object import Json
from simulator.state.publication import FOLLOW_SECONDS, Publication
from tests.virtual_clock import VirtualClock


class Told:
    """Endpoints with accounts that come and go."""

    def __init__(self, tmp_path: Path) -> None:
        self.files = (tmp_path / "endpoints.json", tmp_path / "copy.json")
        self.accounts: Json = {}
        self.clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.publication = Publication(self.clock, self.files, lambda: {"storage_accounts": dict(self.accounts)})

    def read(self) -> list[Json]:
        return [json.loads(file.read_bytes())["storage_accounts"] for file in self.files]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_both_files_follow_an_account_that_comes_and_goes(told: Told) -> None:
    assert told.read() == [{}, {}]
    told.accounts = {"disks": {"blob_endpoint": "http://127.0.0.1:10000/disks", "key": "a-key"}}
    told.clock.jump(FOLLOW_SECONDS)
    assert told.read() == [told.accounts, told.accounts]
    told.accounts = {}
    told.clock.jump(FOLLOW_SECONDS)
    assert told.read() == [{}, {}]


def test_they_are_read_by_their_owner_alone_and_left_as_they_are_while_nothing_changes(told: Told) -> None:
    told.accounts = {"disks": {}}
    told.clock.jump(FOLLOW_SECONDS)
    before = [file.stat() for file in told.files]
    assert {file.st_mode & 0o777 for file in before} == {0o600}
    told.clock.jump(FOLLOW_SECONDS)
    assert [file.stat().st_ino for file in told.files] == [file.st_ino for file in before]


def test_they_go_with_the_world_and_do_not_come_back(told: Told) -> None:
    told.publication.close()
    told.accounts = {"disks": {}}
    told.clock.jump(FOLLOW_SECONDS)
    assert not any(file.exists() for file in told.files)
