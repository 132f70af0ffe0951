"""What a machine's handlers said: their commands with output and exit codes, their status files, and their logs.

It is read from the machine's system disk, whether the machine runs or not. Secrets are taken out of every text.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from controlplane.json_object import Json
from extension.contract.redaction import redact
from simulator.guest.agent import command_records
from simulator.guest.agent.handler import Handler, numbers
from simulator.guest.os_profile import AgentProfile
from simulator.guest.profiles import AGENTS

MOST_FILES = 50
"""Of one handler, the ones written last."""
LARGEST_TAIL_BYTES = 64 * 1024
MOST_COMMANDS = 100


def logs_of(disk: Path, lines: int) -> Json:
    """Of the machine whose system disk is this folder; of each text its last `lines`."""
    handlers, commands = [], []
    for agent in AGENTS:
        records = command_records.read(disk / agent.state)
        commands += records
        for name in sorted({record.handler for record in records}):
            versions = sorted(agent.versions_in(disk, name), key=numbers)
            handlers += [_handler(Handler(disk, agent, name, version), agent, lines) for version in versions]
    return {
        "commands": [
            {
                "time": each.time,
                "handler": each.handler,
                "version": each.version,
                "verb": each.verb,
                "sequence_number": each.sequence_number,
                "exit_code": each.exit_code,
                "seconds": each.seconds,
                "stdout": each.stdout,
                "stderr": each.stderr,
            }
            for each in commands[-MOST_COMMANDS:]
        ],
        "handlers": handlers,
    }


def _handler(handler: Handler, agent: AgentProfile, lines: int) -> Json:
    said, status_files = handler.status, newest_files(handler.status_folder)[-3:]
    folder = handler.disk / agent.log_folder(handler.name, handler.version)
    return {
        "name": handler.name,
        "version": handler.version,
        "state": handler.state,
        "status": said.status if said else None,
        "code": said.code if said else None,
        "message": said.message if said else None,
        "log_folder": str(folder),
        "files": [_tail(file, folder, lines) for file in newest_files(folder)],
        "status_files": [_tail(file, handler.status_folder, lines) for file in status_files],
    }


def newest_files(folder: Path) -> list[Path]:
    """The files below it, that written last at the end; links are passed over."""
    times: dict[Path, float] = {}
    for parent, _, names in os.walk(folder):
        for file in (Path(parent, name) for name in names):
            with suppress(OSError):  # a handler may remove it at this moment
                if not file.is_symlink():
                    times[file] = file.stat().st_mtime
    return sorted(times, key=lambda file: (times[file], file))[-MOST_FILES:]


def _tail(file: Path, folder: Path, lines: int) -> Json:
    size, text = 0, b""
    with suppress(OSError), file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        opened.seek(max(0, size - LARGEST_TAIL_BYTES))
        text = opened.read(LARGEST_TAIL_BYTES)
    if size > LARGEST_TAIL_BYTES:  # a secret that was cut in two could not be told from other text
        text = text.partition(b"\n")[2]
    shown = redact(text.decode(errors="replace")).splitlines()
    return {"name": file.relative_to(folder).as_posix(), "size_bytes": size, "lines": shown[-lines:] if lines else []}
