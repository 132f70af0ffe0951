"""The address of a blob as a machine is given it."""

from __future__ import annotations

from datetime import UTC, datetime

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.guest_urls import guest_sas
from controlplane.ports import Blob

EXPIRES = datetime(2099, 1, 1, tzinfo=UTC)
DISK = Blob("sql01disks", "vhds", "os disk.vhd", "2026-01-01T00:00:00.0000000Z")


def blobs() -> MemoryBlobs:
    made = MemoryBlobs()
    made.add_account(DISK.account)
    return made


def test_a_machine_without_an_address_of_its_own_is_given_the_storages() -> None:
    assert guest_sas(blobs(), None, DISK, "rw", EXPIRES) == blobs().sas(DISK, "rw", EXPIRES)


def test_an_address_of_its_own_stands_in_place_of_the_storages_and_the_rest_stays() -> None:
    own = blobs().sas(DISK, "rw", EXPIRES)
    for address in ("http://storage.example.org:10000", "http://storage.example.org:10000/"):
        given = guest_sas(blobs(), address, DISK, "rw", EXPIRES)
        assert given.startswith("http://storage.example.org:10000/")
        assert given.partition("://")[2].partition("/")[2] == own.partition("://")[2].partition("/")[2]
