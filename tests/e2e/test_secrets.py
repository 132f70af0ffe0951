"""No secret in anything a run leaves behind or says: one scan over all of it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import KeptDemo

SIGNATURE = re.compile(rb"[?&;]sig=[A-Za-z0-9%+/]{20}")
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}")
PRIVATE_KEY = b"PRIVATE KEY-----"

KEEPERS = ("secrets.json", "accounts.json", "ca.key", "server.pem", "TransportPrivate.pem", "bridge.token")
"""Files whose job is to keep secrets; they are readable by their owner only."""


@pytest.mark.slow
def test_what_keeps_secrets_is_readable_by_its_owner_only(kept_demo: KeptDemo) -> None:
    keepers = [path for path in _files(kept_demo.folder) if _is_keeper(path)]
    assert keepers
    assert [path for path in keepers if path.stat().st_mode & 0o077] == []
    assert kept_demo.folder.stat().st_mode & 0o077 == 0


def test_no_secret_is_left_in_any_file_or_output(kept_demo: KeptDemo) -> None:
    secrets = _secrets(kept_demo.folder)
    assert len(secrets) >= 4, "the scan knows what to look for"
    found = {str(place): _findings(data, secrets) for place, data in _everything(kept_demo) if _findings(data, secrets)}
    assert found == {}


def test_the_scan_would_find_one() -> None:
    assert _findings(b"PUT /vhds/a.vhd?sv=2018-03-28&sig=aGVsbG8gaGVsbG8gaGVsbG8%3D", set())
    assert _findings(b'{"key": "c2VjcmV0"}', {b"c2VjcmV0"})


def _everything(demo: KeptDemo) -> Iterator[tuple[object, bytes]]:
    yield "stdout", demo.stdout.encode()
    yield "stderr", demo.stderr.encode()
    for path in _files(demo.folder):
        if not _is_keeper(path):
            yield path, path.read_bytes()
    with sqlite3.connect(demo.folder / "store.db") as store:
        for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in store.execute(f"SELECT * FROM {table}"):
                yield f"{table} {row[0]}", b"\0".join(str(value).encode() for value in row)


def _findings(data: bytes, secrets: set[bytes]) -> list[str]:
    patterns = [name for name, pattern in (("signature", SIGNATURE), ("token", TOKEN)) if pattern.search(data)]
    if PRIVATE_KEY in data:
        patterns.append("private key")
    return patterns + ["known secret" for secret in secrets if secret in data]


def _secrets(folder: Path) -> set[bytes]:
    """Every text value of the files that keep secrets, if it is long enough to be one."""
    texts: set[str] = set()
    for path in _files(folder):
        if path.name == "bridge.token":
            texts.add(path.read_text(encoding="utf-8").strip())
        elif path.suffix == ".json" and _is_keeper(path):
            texts |= set(_texts(json.loads(path.read_text(encoding="utf-8"))))
    return {text.encode() for text in texts if len(text) >= 20}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _is_keeper(path: Path) -> bool:
    return path.name in KEEPERS or path.suffix == ".prv"
