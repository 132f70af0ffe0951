"""What each command of a handler came to, with what it wrote: a line of JSON each, on the machine's system disk.

Real agents keep the same in CommandExecution.log, as text among text; ours writes that too. These lines are for
`backupsim handler logs`. Secrets are taken out before a line is written, and only the newest lines are kept.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from extension.contract.redaction import redact
from simulator.guest.files import write_whole

FILE = "Commands.jsonl"
SIGNATURE = re.compile(rb"(?i)(?:[?&]|u0026)sig(?:=|%3d)(?!REDACTED)[A-Za-z0-9%+/=_-]{16}")
"""The signature of a SAS, which whoever has it can use."""
LARGEST_BYTES = 512 * 1024
"""When the file gets longer, its older half goes."""


@dataclass(frozen=True, slots=True)
class CommandRecord:
    time: str
    """World time of its end, ISO 8601."""
    handler: str
    version: str
    verb: str
    sequence_number: int
    exit_code: int | None
    """None: it was killed."""
    seconds: float
    """Real time that it took."""
    stdout: str
    stderr: str
    leaked: bool = False
    """A signature stood in what it wrote."""


def append(folder: Path, record: CommandRecord) -> None:
    """Keep this record in the agent's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    leaked = SIGNATURE.search(f"{record.stdout}\n{record.stderr}".encode()) is not None
    safe = replace(record, stdout=redact(record.stdout), stderr=redact(record.stderr), leaked=leaked)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(safe)) + "\n")
    if file.stat().st_size > LARGEST_BYTES:
        kept = file.read_bytes()[-LARGEST_BYTES // 2 :]
        write_whole(file, kept.partition(b"\n")[2])


def read(folder: Path) -> list[CommandRecord]:
    """The records, the oldest first. Lines that cannot be read are passed over."""
    names = {each.name for each in fields(CommandRecord)}
    records = []
    with suppress(OSError):
        for line in (folder / FILE).read_bytes().splitlines():
            with suppress(ValueError, TypeError, AttributeError, RecursionError):
                values = json.loads(line)
                records.append(CommandRecord(**{key: value for key, value in values.items() if key in names}))
    return records
