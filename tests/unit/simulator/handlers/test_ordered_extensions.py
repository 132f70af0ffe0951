"""Which extension the service orders is kept by the world, until somebody says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.ports import Store
from controlplane.service_settings import OrderedExtension, ServiceSettings
from simulator.handlers.ordered_extensions import DOCUMENT, FIELDS, WORLD_KIND, kept, parsed
from tests.virtual_clock import VirtualClock

USUAL = ServiceSettings()
MINE = OrderedExtension("Contoso.Backup", "Snapshot", "1.0")
OTHER = OrderedExtension("Contoso.Backup", "Other", "2.0.0.0")


@pytest.fixture
def store() -> Iterator[Store]:
    made = SqlStore(":memory:", VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)))
    yield made
    made.close()


def test_what_a_start_says_counts_for_the_next_ones(store: Store) -> None:
    assert kept(store, USUAL, windows_extension=MINE, linux_extension=None).windows_extension == MINE
    later = kept(store, USUAL, windows_extension=None, linux_extension=OTHER)
    assert (later.windows_extension, later.linux_extension) == (MINE, OTHER)
    assert kept(store, USUAL, windows_extension=None, linux_extension=None) == later
    changed = kept(store, USUAL, windows_extension=OTHER, linux_extension=None)
    assert (changed.windows_extension, changed.linux_extension) == (OTHER, OTHER)


def test_ours_is_ordered_again_by_the_word_usual(store: Store) -> None:
    kept(store, USUAL, windows_extension=MINE, linux_extension=MINE)
    back = kept(store, USUAL, windows_extension=parsed("usual", "windows_extension"), linux_extension=None)
    assert (back.windows_extension, back.linux_extension) == (USUAL.windows_extension, MINE)
    kept(store, USUAL, **{field: parsed("usual", field) for field in FIELDS})
    assert kept(store, USUAL) == USUAL
    document = store.get(WORLD_KIND, DOCUMENT)
    assert document is not None
    assert document.json() == {}, "a later release may order another one of ours"


def test_nothing_is_written_where_nothing_is_said(store: Store) -> None:
    assert kept(store, USUAL, windows_extension=None, linux_extension=USUAL.linux_extension) == USUAL
    assert store.get(WORLD_KIND, DOCUMENT) is None


def test_settings_of_a_program_count_where_nobody_said_anything(store: Store) -> None:
    assert kept(store, ServiceSettings(windows_extension=OTHER)).windows_extension == OTHER
