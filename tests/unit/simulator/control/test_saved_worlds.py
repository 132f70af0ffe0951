"""Saved worlds by the control API: what a request names that no file system has is refused, and a full disk is told."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from simulator.command import texts
from simulator.control import api, saved_worlds
from simulator.control.saved_worlds import SavedWorldControls
from simulator.saved_worlds.archive import NoRoom
from simulator.saved_worlds.library import Library
from tests.unit.simulator.saved_worlds.small_world import make

HERE: dict[str, dict[str, str]] = {
    "save": {},
    "restore": {},
    "fork": {"state": "fork"},
    "delete": {},
    "export": {"file": "exported.zip"},
    "import": {"file": "year.zip"},
}
"""What each takes besides a name and the library, as a path in the folder of the test."""
Ask = Callable[..., tuple[int, dict[str, Any]]]


def client(save: Callable[[Path, str], None]) -> TestClient:
    app = FastAPI()
    saved_worlds.add(app, lambda: SavedWorldControls(save, lambda world: None))
    api._add_errors(app)
    return TestClient(app)


def copied(target: Path, name: str) -> None:
    make(target)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """With a world saved as `year`, and exported. What is refused changes none of it."""
    tmp_path = tmp_path_factory.mktemp("asked")
    library = Library(tmp_path / "worlds", lambda: datetime(2026, 3, 1, 8, tzinfo=UTC))
    library.save_standing("year", make(tmp_path / "world"))
    library.export("year", tmp_path / "year.zip")
    asked = client(copied)

    def send(act: str, **body: str) -> tuple[int, dict[str, Any]]:
        paths = {key: str(tmp_path / path) for key, path in HERE[act].items()}
        whole = {"name": "year", "library": str(library.folder), **paths, **body}
        sent = asked.post(f"/worlds/{act}", content=json.dumps(whole), headers={"Content-Type": "application/json"})
        return sent.status_code, sent.json()

    return send


@pytest.mark.parametrize(
    "path", ["/\0", "/\ud800", "/" + "x" * 300, "/proc/none/such", "relative", "/etc/passwd/below"], ids=ascii
)
@pytest.mark.parametrize(
    ("act", "key"),
    [(act, key) for act, more in HERE.items() for key in ("library", *more)],
)
def test_a_path_that_cannot_be_is_refused(ask: Ask, act: str, key: str, path: str) -> None:
    status, answer = ask(act, **{"name": "another" if act in {"save", "import"} else "year", key: path})
    assert (status, answer["error"]["code"]) == (400, "InvalidRequest")
    assert "英文" not in texts.failure(answer["error"]["message"], "zh-cn"), "there is a Chinese text"


@pytest.mark.parametrize("name", ["..", "../year", "year\n", "\0", "\ud800", ""], ids=ascii)
@pytest.mark.parametrize("act", HERE)
def test_a_name_that_cannot_be_is_refused(ask: Ask, act: str, name: str) -> None:
    status, answer = ask(act, name=name)
    assert (status, answer["error"]["code"]) == (400, "InvalidRequest")
    assert "cannot name a saved world" in answer["error"]["message"]


@pytest.mark.parametrize(
    "problem", [OSError(errno.ENOSPC, "No space left on device"), NoRoom("it holds 9 MiB, and /tmp has 1 MiB")]
)
def test_a_full_disk_is_told(tmp_path: Path, problem: Exception) -> None:
    def full(target: Path, name: str) -> None:
        raise problem

    body = {"name": "year", "library": str(tmp_path / "worlds")}
    sent = client(full).post("/worlds/save", json=body)
    assert (sent.status_code, sent.json()["error"]["code"]) == (507, "InsufficientStorage")
    assert [each.name for each in (tmp_path / "worlds").iterdir() if each.name != ".lock"] == []


def test_any_other_error_of_a_file_system_stays_a_bug(tmp_path: Path) -> None:
    def broken(target: Path, name: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        client(broken).post("/worlds/save", json={"name": "year", "library": str(tmp_path / "worlds")})
