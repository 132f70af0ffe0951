"""What was seen of a handler in one scene: commands, files, blobs, and every message. Plain data, as JSON and back.

Times are seconds since the scene began. Signatures in it belong to a storage that lived as long as the scene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class CommandRun:
    at: float
    verb: str
    number: int
    """ConfigSequenceNumber that it was given."""
    exit_code: int | None
    """None: it had to be ended."""
    stdout: str
    stderr: str
    seconds: float
    processor_seconds: float = 0.0
    """Of the command and of what it waited for."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `party` is who was asked: storage, guest or host."""

    at: float
    done_at: float
    party: str
    what: str
    """In short: `snapshot disk0`, `write status1`, `freeze`."""
    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: str
    status: int
    """0: the connection was closed instead of an answer."""
    answer: str

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Happening:
    """What is no message: a freeze that began or ended, a session that was lost, a handler that ended or was killed."""

    at: float
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as it was at one moment. `identity` changes when a file is replaced, not when it is written over."""

    at: float
    moment: str
    path: str
    """Relative to its folder, with `status/`, `settings/`, `log/`, `owner/` or `package/` before it."""
    text: str
    identity: int


@dataclass(frozen=True, slots=True)
class TaskGiven:
    """What the handler was asked to do under one number."""

    number: int
    task_id: str
    locale: str
    ticks: str
    disks: Sequence[str]
    """Names of the disks, in the order of the task."""
    uris: Sequence[str]
    """Their addresses without signatures."""
    queries: Sequence[str]
    """What stands behind each address, signature and all."""
    metadata: Sequence[tuple[str, str]]
    status_blob: str
    log_blob: str


@dataclass(frozen=True, slots=True)
class BlobSeen:
    name: str
    kind: str
    text: str
    snapshots: Sequence[str] = ()
    """Their time stamps."""


@dataclass(frozen=True, slots=True)
class Recording:
    scene: str
    profile: str
    seed: int
    handler: str
    version: str
    manifest: str = ""
    """HandlerManifest.json as it stands in the package."""
    package_files: Sequence[str] = ()
    tasks: Sequence[TaskGiven] = ()
    commands: Sequence[CommandRun] = ()
    exchanges: Sequence[Exchange] = ()
    happenings: Sequence[Happening] = ()
    files: Sequence[FileSeen] = ()
    blobs: Sequence[BlobSeen] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    """What each is -> the secret. None may be told to anybody."""
    left_running: Sequence[str] = ()
    """Command lines of processes that had to be ended."""
    problem: str = ""
    """Why the scene could not be played to its end; empty: it was."""
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recording:
        """ValueError for a recording of another version of the suite."""
        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"a recording of format {data.get('schema_version')} cannot be read")
        parts: dict[str, Any] = dict(data)
        for name, kind in _PARTS.items():
            parts[name] = tuple(kind(**each) for each in data[name])
        parts["exchanges"] = tuple(
            Exchange(**{**each, "headers": tuple((key, value) for key, value in each["headers"])})
            for each in data["exchanges"]
        )
        return cls(**parts)


_PARTS: Mapping[str, Any] = {
    "tasks": TaskGiven,
    "commands": CommandRun,
    "happenings": Happening,
    "files": FileSeen,
    "blobs": BlobSeen,
}
