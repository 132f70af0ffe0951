"""A store whose file was changed from outside: every read of what is damaged says so, by an error of the port."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.arm.edge.error_mapping import as_service_error
from controlplane.ports import StorageFull, StoreDamaged, StoreFull, StoreUnavailable
from simulator.clock.system import SystemClock

PAGE_BYTES = 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store with a thousand documents, closed."""
    path = tmp_path / "store.db"
    store = SqlStore(f"sqlite:///{path}", SystemClock())
    with store.transaction():
        for number in range(1000):
            store.put("thing", f"/things/{number:04}", {"number": number, "text": "x" * 200})
    store.close()
    return path


def flip_pages(file: Path) -> None:
    """The heads of all pages but the first twenty, which hold the schema and the first of every tree."""
    pages = file.stat().st_size // PAGE_BYTES
    with file.open("r+b") as store:
        for page in range(20, pages):
            store.seek(page * PAGE_BYTES)
            store.write(bytes(64))


def read_all(store: SqlStore) -> None:
    for number in range(1000):
        document = store.get("thing", f"/things/{number:04}")
        assert document is not None
        document.json()


def write_all(store: SqlStore) -> None:
    with store.transaction():
        for number in range(1000):
            store.put("thing", f"/things/{number:04}", {})


def list_all(store: SqlStore) -> None:
    for document in store.find("thing"):
        document.json()


def test_pages_that_were_flipped(file: Path) -> None:
    flip_pages(file)
    store = SqlStore(f"sqlite:///{file}", SystemClock())
    try:
        with pytest.raises(StoreDamaged):
            store.check()
        with pytest.raises(StoreDamaged):
            store.find("thing")
        with pytest.raises(StoreDamaged):
            read_all(store)
        with pytest.raises(StoreDamaged):
            write_all(store)
    finally:
        store.close()


@pytest.mark.parametrize("column", ["private", "body"])
def test_a_text_that_was_flipped(file: Path, column: str) -> None:
    with sqlite3.connect(file) as database:
        database.execute(f"UPDATE documents SET {column} = ? WHERE id = '/things/0007'", (b'{"number',))
    database.close()
    store = SqlStore(f"sqlite:///{file}", SystemClock())
    try:
        with pytest.raises(StoreDamaged):
            store.check()
        with pytest.raises(StoreDamaged):
            list_all(store)
        with pytest.raises(StoreDamaged):
            read_all(store)
    finally:
        store.close()


def is_whole(file: Path) -> bool:
    store = SqlStore(f"sqlite:///{file}", SystemClock())
    try:
        store.check()
    except StoreDamaged:
        return False
    finally:
        store.close()
    return True


@pytest.mark.parametrize(
    ("text", "at", "found"),
    [(b"/things/0500", 11, True), (b'{"number":500', 0, True), (b'{"number":500', 12, False)],
    ids=["an id, which an index has too", "a text that is no JSON any more", "a value in a text"],
)
def test_a_byte_inside_a_text(file: Path, text: bytes, at: int, found: bool) -> None:
    """SQLite keeps no checksum of its pages: a value that is another one, nobody notices."""
    content = file.read_bytes()
    row = content.index(b'{}{"number":500')
    changed = at + (content.rindex(text, 0, row) if text.startswith(b"/") else content.index(text, row))
    file.write_bytes(content[:changed] + bytes([content[changed] ^ 1]) + content[changed + 1 :])
    assert is_whole(file) is not found


def test_a_whole_store_passes(file: Path) -> None:
    store = SqlStore(f"sqlite:///{file}", SystemClock())
    store.check()
    store.close()


def test_what_clients_are_told() -> None:
    errors = [as_service_error(kind("why")) for kind in (StoreFull, StorageFull, StoreDamaged, StoreUnavailable)]
    assert [(error.status, error.code) for error in errors if error] == [
        (507, "InsufficientStorage"),
        (507, "InsufficientStorage"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ]
