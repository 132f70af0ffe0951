"""Which daily work of a guest is due: for the world time for which it has run since its programs did some last."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from simulator.daily_work import DailyWork, Work
from simulator.guest.disk.written_to import written_to
from simulator.guest.files import write_whole


class DueWork:
    """Kept in a file, so that a guest that boots anew goes on where it was. What passed since its boot is lost when it
    is not shut down, as in a power cut."""

    def __init__(self, file: Path, daily: DailyWork, now: datetime) -> None:
        self._file = file
        self._daily = daily
        kept = json.loads(file.read_bytes()) if file.exists() else {}
        self._began = datetime.fromisoformat(kept["began"]) if kept else now
        self._since = now - timedelta(seconds=kept.get("unworked_seconds", 0.0))
        self._rest = Work(kept.get("file_bytes", 0.0), kept.get("transactions", 0.0))
        """What was due before and was less than a whole unit, or could not be done."""

    def due(self, now: datetime) -> Work:
        return self._daily.bounded(self._rest + self._daily.between(self._began, self._since, now))

    def done(self, work: Work, now: datetime) -> float:
        """So much of what is due now was done; how many seconds had passed."""
        passed = (now - self._since).total_seconds()
        self._rest = self.due(now) - work
        self._since = now
        self.keep(now)
        return passed

    def keep(self, now: datetime) -> None:
        """Note how things stand. StorageFull or StorageUnavailable: that cannot be written."""
        kept = {
            "began": self._began.isoformat(),
            "unworked_seconds": (now - self._since).total_seconds(),
            "file_bytes": self._rest.file_bytes,
            "transactions": self._rest.transactions,
        }
        with written_to(self._file):
            write_whole(self._file, json.dumps(kept))
