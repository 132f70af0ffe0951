"""The handler's log: a file, and the same lines in memory for the log blob."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from extension.contract.redaction import redact
from extension.contract.reports import log_line

LOG_FILE = "IaaSBcdrExtension.log"
FILE_BYTES_MAX = 10 * 1024 * 1024


class Log:
    """Lines go to the file at once, except while it is held: a write to a frozen volume would wait for the thaw, and
    the thaw for the write. A log that cannot be written never stops a backup; its lines stay in memory.
    """

    def __init__(self, folder: Path | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = None if folder is None else folder / LOG_FILE
        self._now = now
        self._lines: list[str] = []
        self._written = 0
        self._held = False
        self._lock = threading.Lock()
        self._make_room()

    def info(self, text: str) -> None:
        self._add("Info", text)

    def warning(self, text: str) -> None:
        self._add("Warning", text)

    def error(self, text: str) -> None:
        self._add("Error", text)

    def hold(self) -> None:
        """From now on nothing is written, until `release`."""
        with self._lock:
            self._held = True

    def release(self) -> None:
        """Write what was held back."""
        with self._lock:
            self._held = False
            self._write()

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line so far, as the log blob shows it."""
        with self._lock:
            return tuple(self._lines)

    def _add(self, level: str, text: str) -> None:
        with self._lock:
            self._lines.append(log_line(self._now(), level, redact(text), frozen=self._held))
            if not self._held:
                self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write("".join(self._lines[self._written :]))
        except OSError:
            return
        self._written = len(self._lines)

    def _make_room(self) -> None:
        """Start a new file beside a full one."""
        try:
            if self._path is not None and self._path.stat().st_size > FILE_BYTES_MAX:
                os.replace(self._path, self._path.with_suffix(".1.log"))
        except OSError:
            return
