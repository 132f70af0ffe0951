"""Handlers that somebody publishes are kept, blocked and withdrawn, and stay so over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.ports import Store
from simulator.handlers.package_check import CheckedPackage, checked
from simulator.host.packages import PackageRepository
from simulator.host.publications import NotPublished, Publications
from tests.unit.simulator.guest.guest_rig import START
from tests.unit.simulator.handlers.test_package_check import MANIFEST, NAME
from tests.unit.simulator.handlers.test_package_check import package as zipped
from tests.virtual_clock import VirtualClock

OWN = "1.0.0.0"


@pytest.fixture
def store() -> Iterator[Store]:
    made = SqlStore(":memory:", VirtualClock(START))
    yield made
    made.close()


def given(version: str, note: bytes = b"") -> CheckedPackage:
    return checked(zipped([{**MANIFEST[0], "version": version}], note=note))


def started(store: Store, folder: Path, lost: list[str] | None = None) -> Publications:
    """A world that begins, with a package of its own."""
    repository = PackageRepository()
    repository.publish(zipped([{**MANIFEST[0], "version": OWN}]))
    return Publications(repository, store, folder, (lost if lost is not None else []).append)


def versions(publications: Publications) -> list[str]:
    return publications.repository.versions(NAME)


def content(publications: Publications, version: str) -> bytes:
    package = publications.repository.get(NAME, version)
    assert package is not None
    return package.content


def test_versions_stand_side_by_side_and_outlive_a_restart(store: Store, tmp_path: Path) -> None:
    first = started(store, tmp_path)
    first.publish(given("1.1.0.0"))
    first.publish(given("1.2.0.0"))
    assert versions(first) == [OWN, "1.1.0.0", "1.2.0.0"]
    again = started(store, tmp_path)
    assert versions(again) == versions(first)
    assert content(again, "1.2.0.0") == given("1.2.0.0").content
    assert [(each["version"], each["given"]) for each in again.listed()] == [
        (OWN, False),
        ("1.1.0.0", True),
        ("1.2.0.0", True),
    ]


def test_the_worlds_own_can_be_replaced(store: Store, tmp_path: Path) -> None:
    publications = started(store, tmp_path)
    mine = given(OWN, b"mine")
    publications.publish(mine)
    assert content(publications, OWN) == mine.content
    assert content(started(store, tmp_path), OWN) == mine.content


def test_a_package_that_is_replaced_leaves_no_file(store: Store, tmp_path: Path) -> None:
    publications = started(store, tmp_path)
    publications.publish(given("1.1.0.0"))
    publications.publish(given("1.1.0.0", b"another"))
    assert len(list(tmp_path.glob("*.zip"))) == 1
    assert content(publications, "1.1.0.0") == given("1.1.0.0", b"another").content


def test_a_blocked_version_is_chosen_for_nobody_until_it_is_not(store: Store, tmp_path: Path) -> None:
    publications = started(store, tmp_path)
    publications.publish(given("1.1.0.0"))
    publications.block(NAME.upper(), "1.1.0.0")
    for each in (publications, started(store, tmp_path)):
        assert versions(each) == [OWN]
        assert each.repository.get(NAME, "1.1.0.0") is None
        chosen = each.repository.resolve("Contoso", "Backup", "1.0", True)
        assert chosen is not None
        assert chosen.version == OWN
        assert [entry["status"] for entry in each.listed()] == ["published", "blocked"]
    publications.block(NAME, "1.1.0.0", blocked=False)
    assert versions(started(store, tmp_path)) == [OWN, "1.1.0.0"]


def test_a_withdrawn_version_is_gone_even_one_of_the_worlds_own(store: Store, tmp_path: Path) -> None:
    publications = started(store, tmp_path)
    publications.publish(given("1.1.0.0"))
    publications.withdraw(NAME, "1.1.0.0")
    assert not list(tmp_path.glob("*.zip"))
    publications.withdraw(NAME, OWN)
    assert started(store, tmp_path).listed() == []
    publications.publish(given(OWN))
    assert versions(started(store, tmp_path)) == [OWN]


def test_what_is_not_published_can_be_neither_blocked_nor_withdrawn(store: Store, tmp_path: Path) -> None:
    publications = started(store, tmp_path)
    with pytest.raises(NotPublished, match=r"no version 9\.9 of Contoso\.Backup is published"):
        publications.block(NAME, "9.9")
    with pytest.raises(NotPublished):
        publications.withdraw(NAME, "9.9")


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_kept_package_that_is_lost_is_told_and_not_offered(store: Store, tmp_path: Path, damage: str) -> None:
    started(store, tmp_path).publish(given("1.1.0.0"))
    (file,) = tmp_path.glob("*.zip")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(b"PK")
    lost: list[str] = []
    again = started(store, tmp_path, lost)
    assert versions(again) == [OWN]
    assert lost == [
        "the package of Contoso.Backup 1.1.0.0 is gone or damaged; publish it again with backupsim handler publish"
    ]
    again.publish(given("1.1.0.0"))
    assert versions(started(store, tmp_path)) == [OWN, "1.1.0.0"]


def test_each_change_is_told_once_and_has_its_event(store: Store, tmp_path: Path) -> None:
    publications = started(store, tmp_path)
    told: list[None] = []
    publications.changed = lambda: told.append(None)
    for _ in range(2):
        publications.publish(given("1.1.0.0"))
    publications.block(NAME, "1.1.0.0")
    publications.block(NAME, "1.1.0.0", blocked=False)
    publications.withdraw(NAME, "1.1.0.0")
    acts = [event.data["act"] for event in store.events() if event.name == "handler.package"]
    assert acts == ["published", "blocked", "unblocked", "withdrawn"]
    assert len(told) == 4
