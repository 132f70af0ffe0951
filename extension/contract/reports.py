"""What a handler reports: status blob, log blob, snapshot info, consistency and error codes.

The status blob has quirks that its reader must live with, all of them seen on the wire of the published Linux handler:
it says "success" with code 76 when every snapshot failed; it says code 4 and then nothing more when the handler lost
its way; it says snapshotConsistency 0 whatever was reached, except for crash consistency; a flag may be the text
"true"; the snapshot list may be null; what follows the text in a page blob are spaces or zeros.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Literal, NamedTuple

from extension.contract.codes import UNKNOWN_CODE, Code, Health, health_of, name_of
from extension.contract.protocol import (
    NOTHING,
    Json,
    ProtocolError,
    StatusFile,
    SubStatus,
    as_flag,
    as_integer,
    as_text,
    load_json,
)
from extension.contract.redaction import redact, redact_json

__all__ = [
    "Code",
    "Consistency",
    "Health",
    "Progress",
    "SnapshotConsistency",
    "SnapshotInfo",
    "StatusReport",
    "StorageDetails",
    "health_of",
    "log_blob",
    "log_line",
    "name_of",
    "padded",
    "parse_status_blob",
    "unpadded",
]

Progress = Literal["InProgress", "Succeeded", "Failed"]
Consistency = Literal["AppConsistent", "FileSystemConsistent", "CrashConsistent"]

CLASSIC_VM_TYPE = "microsoft.classiccompute/virtualmachines"
PAGE_BYTES = 512
LOG_TAIL_LINES = 10
ERROR_NAME_KEY = "extErrorCode"
"""Telemetry key under which a report names its error; it can be finer than the code."""


class SnapshotConsistency(IntEnum):
    """The number inside the formatted message."""

    none = 0
    file_system = 1
    application = 2
    crash = 3


# ---------------------------------------------------------------------------------------------------------- status blob


class SnapshotInfo(NamedTuple):
    """What became of one disk. A failed one has no URIs: only its place in the list tells which disk it was."""

    is_successful: bool
    snapshot_uri: str | None = None
    error_message: str | None = None
    blob_uri: str | None = None
    direct_drive: Json | None = None

    @classmethod
    def taken(cls, uri: str, stamp: str) -> SnapshotInfo:
        """`uri` may carry a signature; what is reported carries none."""
        plain = uri.partition("?")[0]
        return cls(True, f"{plain}?snapshot={stamp}", "", plain)

    @classmethod
    def failed(cls, error_message: str | None) -> SnapshotInfo:
        return cls(False, error_message=None if error_message is None else redact(error_message))

    @property
    def stamp(self) -> str | None:
        """The snapshot's time stamp."""
        return (self.snapshot_uri or "").partition("snapshot=")[2].partition("&")[0] or None

    def to_json(self) -> Json:
        return {
            "isSuccessful": self.is_successful,
            "snapshotUri": self.snapshot_uri,
            "errorMessage": self.error_message,
            "blobUri": self.blob_uri,
            "directDriveSnapshotIdentifier": self.direct_drive,
        }

    @classmethod
    def from_json(cls, data: Json) -> SnapshotInfo:
        direct_drive = data.get("directDriveSnapshotIdentifier")
        return cls(
            is_successful=as_flag(data.get("isSuccessful")),
            snapshot_uri=_text_or_none(data.get("snapshotUri")),
            error_message=_text_or_none(data.get("errorMessage")),
            blob_uri=_text_or_none(data.get("blobUri")),
            direct_drive=direct_drive if isinstance(direct_drive, dict) else None,
        )


class StorageDetails(NamedTuple):
    """What the guest found of its own storage."""

    partition_count: int = 0
    total_used_bytes: int = 0
    is_storage_space_present: bool = False
    is_size_computation_failed: bool = False

    def to_json(self) -> Json:
        return {
            "partitionCount": self.partition_count,
            "totalUsedSizeInBytes": self.total_used_bytes,
            "isStoragespacePresent": self.is_storage_space_present,
            "isSizeComputationFailed": self.is_size_computation_failed,
        }

    @classmethod
    def from_json(cls, data: Json) -> StorageDetails:
        return cls(
            partition_count=as_integer(data.get("partitionCount"), 0),
            total_used_bytes=as_integer(data.get("totalUsedSizeInBytes"), 0),
            is_storage_space_present=as_flag(data.get("isStoragespacePresent")),
            is_size_computation_failed=as_flag(data.get("isSizeComputationFailed")),
        )


class StatusReport(NamedTuple):
    """Everything in a status blob. `started_ticks` is echoed as it was received; `snapshots` None = none attempted."""

    name: str
    status: str
    code: int
    task_id: str
    time: datetime
    message: str = ""
    started_ticks: str = ""
    machine_id: str = ""
    snapshots: tuple[SnapshotInfo, ...] | None = None
    telemetry: Mapping[str, str] = NOTHING
    storage: StorageDetails = StorageDetails()
    snapshot_consistency: int = SnapshotConsistency.none
    health_code: int | None = None
    """None: the health follows from `code`."""
    health: int | None = None
    job_message: str = ""
    lang: str = "en-US"
    operation: str = "Enable"
    version: str = "1.0"

    @property
    def progress(self) -> Progress:
        """How the attempt stands. Succeeded says nothing of what was snapshotted: for that see `consistency`."""
        status = self.status.lower()
        if status == "transitioning" or (status == "success" and self.code == Code.ExtensionTempTerminalState):
            return "InProgress"
        done = status in ("success", "warning") and self.code in _SUCCESSES
        return "Succeeded" if done and not self.failed_disks else "Failed"

    @property
    def consistency(self) -> Consistency | None:
        """What a recovery point of this report would be; None: there is nothing to make one of."""
        if self.progress != "Succeeded" or not self.snapshots:
            return None
        if self.snapshot_consistency == SnapshotConsistency.crash:
            return "CrashConsistent"
        if self.code == Code.success_appconsistent:
            return "AppConsistent"
        return "FileSystemConsistent" if self.code == Code.success else None

    @property
    def failed_disks(self) -> tuple[int, ...]:
        """Places, in the order of the task's disks, of those without a snapshot."""
        return tuple(place for place, disk in enumerate(self.snapshots or ()) if not disk.is_successful)

    @property
    def error_name(self) -> str:
        """The finest name that the report has for its outcome."""
        return self.telemetry.get(ERROR_NAME_KEY) or name_of(self.code)

    def render(self) -> str:
        """The text of the status blob."""
        date = f"/Date({(self.time - _EPOCH) // timedelta(milliseconds=1)})/"
        document = [{"version": self.version, "timestampUTC": date, "status": self._status_object()}]
        return _escape_dates(json.dumps(document))

    def status_file(self, vm_type: str) -> StatusFile:
        """N.status of this report: the whole status blob is the name of its one substatus.

        On a machine of today's kind a handler that has ended calls itself successful whatever became of the task; a
        classic machine is told the truth.
        """
        failed = self.progress == "Failed" and vm_type.lower() == CLASSIC_VM_TYPE
        status = self._status_object() | {"telemetryData": None, "snapshotInfo": None, "vmHealthInfo": None}
        own = ("name", "operation", "status", "substatus", "code", "formattedMessage")
        return StatusFile(
            status="error" if failed else "success",
            code=self.code,
            time=self.time,
            name=self.name,
            operation=self.operation,
            message=status["formattedMessage"]["message"],
            lang=self.lang,
            substatus=(SubStatus(self.render()),),
            extra={key: value for key, value in status.items() if key not in own},
            version=self.version,
        )

    def _status_object(self) -> Json:
        message = {
            "messageStr": self.message,
            "snapshotConsistency": int(self.snapshot_consistency),
            "jobMessage": self.job_message,
            "isSizeComputationFailed": self.storage.is_size_computation_failed,
        }
        health_code = self._health_code()
        health = health_of(health_code) if self.health is None else self.health
        return {
            "name": self.name,
            "operation": self.operation,
            "status": self.status,
            "substatus": [],
            "code": str(int(self.code)),
            "taskId": self.task_id,
            "formattedMessage": {"lang": self.lang, "message": json.dumps(message)},
            "storageDetails": self.storage.to_json(),
            "commandStartTimeUTCTicks": self.started_ticks,
            "telemetryData": [{"Value": value, "Key": key} for key, value in self.telemetry.items()],
            "uniqueMachineId": self.machine_id,
            "snapshotInfo": None if self.snapshots is None else [disk.to_json() for disk in self.snapshots],
            "vmHealthInfo": {"vmHealthState": int(health), "vmHealthStatusCode": int(health_code)},
        }

    def _health_code(self) -> int:
        if self.health_code is not None:
            return self.health_code
        return Code.success if self.code == Code.ExtensionTempTerminalState else self.code

    @classmethod
    def from_json(cls, document: Any) -> StatusReport:
        """Read generously: whatever is missing has its default, a missing code is UNKNOWN_CODE."""
        outer = _dict(document[0] if isinstance(document, list) and document else document)
        status = outer.get("status")
        if not isinstance(status, dict):
            raise ProtocolError("the status blob has no status")
        formatted = _dict(status.get("formattedMessage"))
        inner = _inner_message(as_text(formatted.get("message")))
        health = _dict(status.get("vmHealthInfo"))
        snapshots = status.get("snapshotInfo")
        return cls(
            name=as_text(status.get("name")),
            status=as_text(status.get("status")),
            code=as_integer(status.get("code"), UNKNOWN_CODE),
            task_id=as_text(status.get("taskId")),
            time=_parse_time(outer.get("timestampUTC")),
            message=as_text(inner.get("messageStr")),
            started_ticks=as_text(status.get("commandStartTimeUTCTicks")),
            machine_id=as_text(status.get("uniqueMachineId")),
            snapshots=tuple(SnapshotInfo.from_json(_dict(disk)) for disk in snapshots)
            if isinstance(snapshots, list)
            else None,
            telemetry=_telemetry(status.get("telemetryData")),
            storage=StorageDetails.from_json(_dict(status.get("storageDetails"))),
            snapshot_consistency=as_integer(inner.get("snapshotConsistency"), SnapshotConsistency.none),
            health_code=_integer_or_none(health.get("vmHealthStatusCode")),
            health=_integer_or_none(health.get("vmHealthState")),
            job_message=as_text(inner.get("jobMessage")),
            lang=as_text(formatted.get("lang"), "en-US"),
            operation=as_text(status.get("operation"), "Enable"),
            version=as_text(outer.get("version"), "1.0"),
        )


_SUCCESSES = (Code.success_appconsistent, Code.success, Code.SuccessAlreadyProcessedInput)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_status_blob(data: bytes) -> StatusReport | None:
    """The report in a status blob; None while the blob is empty. Raises ProtocolError for what is no report.

    Any handler may have written it, so its texts are redacted."""
    text = unpadded(data)
    return StatusReport.from_json(redact_json(load_json(text, "the status blob"))) if text else None


def _escape_dates(text: str) -> str:
    # The reader in the service takes a date only with escaped slashes; a JSON encoder never writes those.
    return text.replace('"/Date(', '"\\/Date(').replace(')/"', ')\\/"')


def _parse_time(value: object) -> datetime:
    """The time in either form, .NET or RFC 3339; the epoch for anything else."""
    text = as_text(value)
    milliseconds = text.removeprefix("/Date(").removesuffix(")/")
    try:
        if milliseconds == text:
            time = datetime.fromisoformat(text)
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        # An offset such as +0100 says how to show the time, it does not move it.
        return _EPOCH + timedelta(milliseconds=int(milliseconds[:1] + milliseconds[1:].split("+")[0].split("-")[0]))
    except (ValueError, OverflowError):
        return _EPOCH


def _inner_message(text: str) -> Json:
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        inner = None
    return inner if isinstance(inner, dict) else {"messageStr": text}


def _telemetry(value: object) -> dict[str, str]:
    pairs = [_dict(pair) for pair in value] if isinstance(value, list) else []
    return {as_text(pair.get("Key")): as_text(pair.get("Value")) for pair in pairs if pair.get("Key")}


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer_or_none(value: object) -> int | None:
    return None if value is None else as_integer(value, UNKNOWN_CODE)


# ------------------------------------------------------------------------------------------------------- blobs as bytes


def padded(data: bytes) -> bytes:
    """Text of a page blob: spaces up to whole pages."""
    return data + b" " * (-len(data) % PAGE_BYTES)


def unpadded(data: bytes) -> bytes:
    """The text of a blob without what a page blob leaves behind it: spaces, zeros, line ends."""
    return data.strip(b" \0\r\n\t")


def log_line(time: datetime, level: str, text: str, *, frozen: bool = False) -> str:
    """One line of the log blob. Those from inside a freeze have slashes in their date."""
    day = "%Y/%m/%d" if frozen else "%Y-%m-%d"
    return f"{time.astimezone(UTC):{day} %H:%M:%S.%f}  {level}  {text} \n"


def log_blob(lines: Iterable[str], launcher_log: str = "") -> bytes:
    """The log blob: all lines of the task so far, then the end of what the launcher wrote."""
    tail = "".join(launcher_log.splitlines(keepends=True)[-LOG_TAIL_LINES:])
    return f"{''.join(lines)}Tail of shell script log:{tail}".encode("utf-8", "backslashreplace")
