"""The files of one installed handler: environment, settings, status, events, and what it remembers between tasks."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from extension.contract.protocol import (
    ENVIRONMENT_FILE,
    HandlerEnvironment,
    ProtocolError,
    SettingsFile,
    StatusFile,
    parse_settings_file,
    without_protected_settings,
)
from extension.contract.redaction import redact

SEQUENCE_VARIABLE = "ConfigSequenceNumber"
NO_SEQUENCE_NUMBER = -1
RETIRED_FILES_MAX = 60
EVENT_CHARACTERS_MAX = 3000

# Names of the published handler: an agent carries the first over to a new version of the handler by its name.
LAST_SEQUENCE_FILE = "mrseq"
LAST_TASK_FILE = "task_identity_FD76C85E-406F-4CFA-8EB0-CF18B123365C"
MACHINE_FILE = "machine_identity_FD76C85E-406F-4CFA-8EB0-CF18B123365C"

_REPLACE_ATTEMPTS = 5
_REPLACE_PAUSE_SECONDS = 0.02


class HandlerFolder:
    """The folder that an agent made for this handler. Its memory lies beside HandlerEnvironment.json."""

    def __init__(self, root: Path, environment: HandlerEnvironment) -> None:
        self.root = root
        self.environment = environment
        self._config = Path(environment.config_folder)
        self._status = Path(environment.status_folder)

    @classmethod
    def open(cls, package_root: Path) -> HandlerFolder:
        """HandlerEnvironment.json lies in the package root or one above it."""
        for root in (package_root, package_root.parent):
            text = _read(root / ENVIRONMENT_FILE)
            if text is not None:
                return cls(root, HandlerEnvironment.parse(text))
        raise ProtocolError(f"{ENVIRONMENT_FILE} is missing")

    # ------------------------------------------------------------------------------------------------ sequence numbers

    def sequence_number(self, environ: Mapping[str, str]) -> int:
        """The number of the settings to work on: what the agent says, or else the settings written last. Numbers need
        not grow, so the largest one proves nothing."""
        told = environ.get(SEQUENCE_VARIABLE, "").strip()
        if told.isdecimal():
            return int(told)
        numbered = [path for path in self._config.glob("*.settings") if path.stem.isdecimal()]
        if not numbered:
            raise ProtocolError("there is no settings file")
        return int(max(numbered, key=lambda path: (path.stat().st_mtime_ns, int(path.stem))).stem)

    def last_sequence_number(self) -> int:
        """The number that was begun last; NO_SEQUENCE_NUMBER when none was."""
        text = (_read(self.root / LAST_SEQUENCE_FILE) or b"").strip()
        return int(text) if text.isdigit() else NO_SEQUENCE_NUMBER

    def begin(self, sequence_number: int) -> None:
        """Call this before anything else for this number, so that a crashed task is not repeated."""
        _write(self.root / LAST_SEQUENCE_FILE, str(sequence_number))

    def retire_others(self, sequence_number: int) -> None:
        """Rename the settings and status files of all other numbers, and keep the newest of the renamed ones."""
        for folder, kind in ((self._config, "settings"), (self._status, "status")):
            for path in folder.glob(f"*.{kind}"):
                if path.stem.isdecimal() and int(path.stem) != sequence_number:
                    _put_aside(path, path.with_name(f"{path.stem}_{kind}"))
            retired = sorted(folder.glob(f"*_{kind}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
            for path in retired[RETIRED_FILES_MAX:]:
                path.unlink(missing_ok=True)

    # -------------------------------------------------------------------------------------------------------- settings

    def settings(self, sequence_number: int) -> SettingsFile:
        text = _read(self._settings_path(sequence_number))
        if text is None:
            raise ProtocolError(f"{sequence_number}.settings is missing")
        return parse_settings_file(text)

    def wipe_protected_settings(self, sequence_number: int) -> None:
        """Take the sealed part out of the settings file, once it has been read."""
        path = self._settings_path(sequence_number)
        text = _read(path)
        wiped = None if text is None else without_protected_settings(text)
        if wiped is not None:
            _write(path, wiped, like=path.stat())

    def _settings_path(self, sequence_number: int) -> Path:
        return self._config / f"{sequence_number}.settings"

    # ---------------------------------------------------------------------------------------------------------- status

    def write_status(self, sequence_number: int, status: StatusFile, *, only_over_old: bool = False) -> bool:
        """Write N.status as a whole. With `only_over_old` a file that is gone stays gone: newer settings retired it."""
        path = self._status / f"{sequence_number}.status"
        if only_over_old and not path.exists():
            return False
        _write(path, status.render())
        return True

    # ---------------------------------------------------------------------------------------------------------- memory

    def last_task_id(self) -> str | None:
        text = _read(self.root / LAST_TASK_FILE)
        return None if text is None else text.decode("utf-8", "replace").strip() or None

    def remember_task(self, task_id: str) -> None:
        _write(self.root / LAST_TASK_FILE, task_id)

    def adopt_machine(self, machine_id: str) -> bool:
        """Remember which machine this is. True when it is another than before, a copy made by a restore: then the last
        sequence number is that of the original and means nothing here, so it is forgotten."""
        former_id = (_read(self.root / MACHINE_FILE) or b"").decode("utf-8", "replace").strip()
        if not machine_id or machine_id == former_id:
            return False
        if former_id:
            self.begin(NO_SEQUENCE_NUMBER)
        _write(self.root / MACHINE_FILE, machine_id)
        return bool(former_id)

    def forget(self) -> None:
        """Delete everything kept from earlier tasks."""
        for name in (LAST_SEQUENCE_FILE, LAST_TASK_FILE, MACHINE_FILE):
            (self.root / name).unlink(missing_ok=True)

    # -------------------------------------------------------------------------------------------------- logs and events

    @property
    def log_folder(self) -> Path:
        return Path(self.environment.log_folder)

    def write_event(
        self,
        message: str,
        *,
        level: str = "Info",
        operation_id: str = "",
        handler_version: str = "",
        at: datetime | None = None,
    ) -> Path | None:
        """Leave an event for the agent's telemetry; None where the agent takes none."""
        if not self.environment.events_folder:
            return None
        moment = (at or datetime.now(UTC)).astimezone(UTC)
        event = {
            "Version": f"{self.environment.name}-{handler_version}" if handler_version else self.environment.name,
            "Timestamp": moment.replace(tzinfo=None).isoformat(timespec="microseconds"),
            "TaskName": "Enable",
            "EventLevel": level,
            "Message": redact(message)[:EVENT_CHARACTERS_MAX],
            "EventPid": str(os.getpid()),
            "EventTid": str(threading.get_ident()),
            "OperationId": operation_id,
        }
        number = int(moment.timestamp() * 1000)
        folder = Path(self.environment.events_folder)
        while (path := folder / f"{number}.json").exists():
            number += 1
        _write(path, json.dumps([event]))
        return path


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, text: str, like: os.stat_result | None = None) -> None:
    """Replace a file atomically. `like`: keep the age and the mode that the file had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(text.encode("utf-8"))
        if like is not None:
            os.chmod(draft, like.st_mode & 0o777)
            os.utime(draft, ns=(like.st_atime_ns, like.st_mtime_ns))
        _replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _replace(source: Path, target: Path) -> None:
    """os.replace, patient with Windows, where a file cannot be replaced in the moment in which somebody reads it."""
    for _ in range(_REPLACE_ATTEMPTS - 1):
        try:
            os.replace(source, target)
        except PermissionError:
            time.sleep(_REPLACE_PAUSE_SECONDS)
        else:
            return
    os.replace(source, target)


def _put_aside(path: Path, retired: Path) -> None:
    try:
        _replace(path, retired)
    except (FileNotFoundError, PermissionError):
        # Another enable was faster, or somebody holds the file open. It is tried again at the next task.
        return
