"""Logs: a JSON object a line, from whoever logs, and no secret whatever road it came."""

from __future__ import annotations

import io
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
import structlog

from simulator.failures import WrongUse
from simulator.state.logs import FILE, logger, recording


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]


def test_every_line_is_an_object_with_time_level_and_origin(tmp_path: Path) -> None:
    with recording(tmp_path), structlog.contextvars.bound_contextvars(job="j1"):
        logger("simulator.host").warning("agent is silent", vm="sql01", seconds=30)
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
            logger("x").exception("write failed", key=b"secret")
            logging.getLogger("y").exception("write failed")
    for line in lines(tmp_path):
        assert "sig=REDACTED refused" in line["exception"]
        assert "Zm9vYmFy" not in json.dumps(line)


def test_a_log_whose_disk_is_full_closes_in_silence(tmp_path: Path) -> None:
    """Linux answers every write to this device so: https://man7.org/linux/man-pages/man4/full.4.html."""
    (tmp_path / FILE).symlink_to("/dev/full")
    with recording(tmp_path):
        logger("simulator.host").warning("agent is silent")


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
            logger("x").exception("not delivered", uri="http://x/?sig=abcdefgh")
    assert "not delivered" in console.getvalue()
    assert "LookupError" in console.getvalue()
    assert "abcdefgh" not in console.getvalue()
    assert logging.getLogger().handlers == handlers


def test_each_of_two_worlds_writes_into_its_own_files(tmp_path: Path) -> None:
    def work(name: str, at_work: threading.Barrier, level: str) -> None:
        with recording(tmp_path / name, level), ThreadPoolExecutor() as pool:
            at_work.wait()
            pool.submit(copy_context().run, logger("ours").info, f"begun by {name}").result()
            logging.getLogger("azure.core").info("asked by %s", name)
            at_work.wait()

    both = threading.Barrier(2)
    worlds = [
        threading.Thread(target=work, args=(name, both, level)) for name, level in (("a", "info"), ("b", "debug"))
    ]
    for world in worlds:
        world.start()
    for world in worlds:
        world.join()
    assert [line["event"] for line in lines(tmp_path / "a")] == ["begun by a"]
    assert [line["event"] for line in lines(tmp_path / "b")] == ["begun by b", "asked by b"]


def test_what_is_nobodys_goes_to_the_oldest_and_a_world_that_goes_on_keeps_its_level(tmp_path: Path) -> None:
    level = logging.getLogger().level

    def nobody(text: str) -> None:
        thread = threading.Thread(target=logger("stray").info, args=(text,))
        thread.start()
        thread.join()

    first, second = ExitStack(), ExitStack()
    first.enter_context(recording(tmp_path / "first", "info"))
    second.enter_context(recording(tmp_path / "second", "info"))
    nobody("early")
    first.close()
    nobody("late")
    logger("ours").info("here")
    second.close()
    assert [line["event"] for line in lines(tmp_path / "first")] == ["early"]
    assert [line["event"] for line in lines(tmp_path / "second")] == ["late", "here"]
    assert logging.getLogger().level == level
