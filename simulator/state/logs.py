"""Logs of a world: one JSON object per line in its folder, without secrets.

Whoever logs, ours or a library, does so through the standard library's logging; `log_lines` gives each record its form.
Secrets are taken out at the very end, from the line as it will be written: whatever road a signature took to get there,
inside a URL, an exception or the repr of an object, the line does not show it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

from simulator.failures import WrongUse

FILE = "backupsim.jsonl"
FILE_BYTES = 16 * 1024 * 1024
FORMER_FILES = 3
LEVELS = ("debug", "info", "warning", "error")
CHATTY = ("alembic", "azure", "httpcore", "httpx", "sqlalchemy", "urllib3", "uvicorn")
"""Libraries that log every request; they log with `debug` only."""


def logger(name: str) -> Any:
    """One whose calls take facts by keyword: `logger("clock").error("action failed", reason=...)`."""
    from simulator.state.log_lines import logger as made

    return made(name)


@contextmanager
def recording(folder: Path, level: str | None = None, console: TextIO | None = None) -> Iterator[None]:
    """Write what is logged until the end of the block into the folder, and on the console too if one is given.

    Several may record at once, each world its own: to the last that began in the context where something is logged. A
    thread or pool that works for a world is therefore started with a copy of the context. What a thread without one
    logs goes to the recording that is the oldest.
    """
    made = _Recording(folder, _level(level or os.environ.get("BACKUPSIM_LOG") or "info"), console)
    former = _HERE.get()
    _HERE.set(made)
    _process.add(made)
    try:
        yield
    finally:
        _process.remove(made)
        if _HERE.get() is made:
            _HERE.set(former)


class _Formatter(logging.Formatter):
    """Loads what gives lines their form with the first record."""

    def __init__(self, for_terminal: bool = False) -> None:
        super().__init__()
        self._for_terminal = for_terminal
        self._made: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self._made is None:
            from simulator.state.log_lines import formatter

            self._made = formatter(self._for_terminal)
        return self._made.format(record)


class _LogFile(RotatingFileHandler):
    """A line for which the disk has no room is left out; the world goes on, and so does the log once there is room."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):  # what it still had to write
            super().close()


class _Recording(logging.Filter):
    """The handlers of one world; as a filter, lets through to them what is this world's."""

    def __init__(self, folder: Path, level: int, console: TextIO | None) -> None:
        super().__init__()
        self.level = level
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = _LogFile(folder / FILE, maxBytes=FILE_BYTES, backupCount=FORMER_FILES, encoding="utf-8")
        file.setFormatter(_Formatter())
        self.handlers: list[logging.Handler] = [file]
        if console is not None:
            self.handlers.append(logging.StreamHandler(console))
            self.handlers[-1].setFormatter(_Formatter(for_terminal=True))
        for handler in self.handlers:
            handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._least(record.name) and _process.recording_here() is self

    def _least(self, logger: str) -> int:
        is_chatty = logger.partition(".")[0] in CHATTY and self.level > logging.DEBUG
        return max(self.level, logging.WARNING) if is_chatty else self.level


class _Process:
    """Logging is set up with the first recording of the process, and as it was before when the last has ended."""

    def __init__(self) -> None:
        self._recordings: list[_Recording] = []
        self._former: list[tuple[logging.Logger, int]] = []
        self._lock = threading.Lock()

    def recording_here(self) -> _Recording | None:
        """The recording of the world for which this thread works now."""
        here, recordings = _HERE.get(), self._recordings
        return here if here in recordings else next(iter(recordings), None)

    def add(self, recording: _Recording) -> None:
        with self._lock:
            if not self._recordings:
                self._begin()
            self._recordings = [*self._recordings, recording]
            self._set_levels()
            for handler in recording.handlers:
                logging.getLogger().addHandler(handler)

    def remove(self, recording: _Recording) -> None:
        with self._lock:
            for handler in recording.handlers:
                logging.getLogger().removeHandler(handler)
                handler.close()
            self._recordings = [each for each in self._recordings if each is not recording]
            if self._recordings:
                self._set_levels()
            else:
                for logger, was in self._former:
                    logger.setLevel(was)

    def _begin(self) -> None:
        loggers = [logging.getLogger(), *map(logging.getLogger, CHATTY)]
        self._former = [(logger, logger.level) for logger in loggers]

    def _set_levels(self) -> None:
        """As much as the most curious recording wants; the others leave out the rest."""
        level = min(recording.level for recording in self._recordings)
        logging.getLogger().setLevel(level)
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.NOTSET if level <= logging.DEBUG else logging.WARNING)


_HERE: ContextVar[_Recording | None] = ContextVar("recording", default=None)
_process = _Process()


def _level(name: str) -> int:
    if name.lower() not in LEVELS:
        raise WrongUse(f"{name} is not a log level; use one of {', '.join(LEVELS)}")
    return logging.getLevelNamesMapping()[name.upper()]
