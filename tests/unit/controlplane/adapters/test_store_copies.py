"""A store as it is at a moment, copied into a file while others write."""

from __future__ import annotations

import stat
from pathlib import Path

from controlplane.adapters.store import SqlStore
from simulator.clock.system import SystemClock


def test_a_copy_has_what_was_there_and_nothing_that_came_later(tmp_path: Path) -> None:
    clock = SystemClock(on_error=lambda error: None)
    store = SqlStore(f"sqlite:///{tmp_path / 'store.db'}", clock)
    store.put("kind", "one", {"a": 1})
    store.copy_to(tmp_path / "copy.db")
    store.put("kind", "two", {"a": 2})
    assert not (tmp_path / "copy.db-wal").exists()
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    copy = SqlStore(f"sqlite:///{tmp_path / 'copy.db'}", clock)
    assert [document.id for document in copy.find("kind")] == ["one"]
    copy.put("kind", "three", {"a": 3})
    assert [document.id for document in store.find("kind")] == ["one", "two"]
    for each in (copy, store, clock):
        each.close()
