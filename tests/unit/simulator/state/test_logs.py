"""Logs: a JSON object a line, from whoever logs, and no secret whatever road it came."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog

from simulator.failures import WrongUse
from simulator.state.logs import FILE, recording


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]


def test_every_line_is_an_object_with_time_level_and_origin(tmp_path: Path) -> None:
    with recording(tmp_path), structlog.contextvars.bound_contextvars(job="j1"):
        structlog.get_logger("simulator.host").warning("agent is silent", vm="sql01", seconds=30)
        logging.getLogger("some.library").warning("retry %d of %s", 2, "http://x/?sig=abcdefgh&y")
    ours, theirs = lines(tmp_path)
    assert ours.pop("time").endswith("Z")
    assert ours == {
        "event": "agent is silent",
        "level": "warning",
        "logger": "simulator.host",
        "vm": "sql01",
        "seconds": 30,
        "job": "j1",
    }
    assert (theirs["event"], theirs["logger"], theirs["job"]) == (
        "retry 2 of http://x/?sig=REDACTED&y",
        "some.library",
        "j1",
    )


def test_an_exception_is_kept_without_its_secrets(tmp_path: Path) -> None:
    with recording(tmp_path):
        try:
            raise ConnectionError("PUT http://127.0.0.1/acc/c/b?comp=page&sig=Zm9vYmFy%3D refused")
        except ConnectionError:
            structlog.get_logger("x").exception("write failed", key=b"secret")
            logging.getLogger("y").exception("write failed")
    for line in lines(tmp_path):
        assert "sig=REDACTED refused" in line["exception"]
        assert "Zm9vYmFy" not in json.dumps(line)


def test_levels_and_chatty_libraries(tmp_path: Path) -> None:
    def heard(level: str | None) -> set[str]:
        folder = tmp_path / str(level)
        with recording(folder, level):
            for name in ("simulator", "azure.core"):
                for word in ("debug", "info", "warning"):
                    getattr(logging.getLogger(name), word)("x")
        return {f"{line['logger']} {line['level']}" for line in lines(folder)}

    assert heard("info") == {"simulator info", "simulator warning", "azure.core warning"}
    assert heard("warning") == {"simulator warning", "azure.core warning"}
    assert len(heard("debug")) == 6
    with pytest.raises(WrongUse, match="loud is not a log level; use one of debug"):
        heard("loud")


def test_the_console_shows_the_same_without_secrets_and_all_ends_with_the_block(tmp_path: Path) -> None:
    console = io.StringIO()
    handlers = list(logging.getLogger().handlers)
    with recording(tmp_path, console=console):
        try:
            raise LookupError("no http://x/?sig=abcdefgh")
        except LookupError:
            structlog.get_logger("x").exception("not delivered", uri="http://x/?sig=abcdefgh")
    assert "not delivered" in console.getvalue()
    assert "LookupError" in console.getvalue()
    assert "abcdefgh" not in console.getvalue()
    assert logging.getLogger().handlers == handlers
