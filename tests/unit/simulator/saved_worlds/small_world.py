"""A state folder as an orderly end leaves it, so small that a test makes one in a moment."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from simulator.state.folder import write_private
from simulator.storage import azurite_folder

EXTENT = "3f2b"


def make(folder: Path, *, seed: int = 7, foreign: bool = False) -> Path:
    folder.mkdir(mode=0o700)
    write_private(folder / "world.json", json.dumps({"format_version": 1, "seed": seed, "config": {}}))
    write_private(folder / "secrets.json", json.dumps({"sim_token": f"token-{seed}"}))
    write_private(folder / "accounts.json", json.dumps({"backupvaults": f"key-{seed}"}))
    with closing(sqlite3.connect(folder / "store.db")) as store:
        store.execute("CREATE TABLE documents (kind TEXT, id TEXT, body TEXT)")
        told = json.dumps({"url": "http://127.0.0.1:1", "foreign": foreign})
        store.execute("INSERT INTO documents VALUES ('world', 'storage', ?)", (told,))
        store.commit()
    digest = hashlib.sha256((folder / "store.db").read_bytes()).hexdigest()
    mark = {"starts": 3, "orderly": True, "examined": True, "digests": [digest]}
    write_private(folder / "store.mark", json.dumps(mark))
    blobs = folder / "azurite"
    (blobs / azurite_folder.EXTENTS).mkdir(parents=True)
    (blobs / azurite_folder.EXTENTS / EXTENT).write_bytes(b"content of blobs")
    for name in azurite_folder.DATABASES:
        (blobs / name).write_text("{}")
    for name in (azurite_folder.SAVES, azurite_folder.ENDED_IN_ORDER):
        (blobs / name).touch()
    for name in ("guests/sql01/ledger", "handlers", "ca", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "guests/sql01/ledger/os.table").write_bytes(bytes([seed]) * 100)
    program = folder / "guests/sql01/handler"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    (folder / "logs/world.log").write_text("what happened")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Everything in it that a saved world is made of."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in {"logs", "lock", ".gitignore"}
    }
