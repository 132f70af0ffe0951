"""Asks the backup service of the host for its time and whether it answers, and orders snapshots from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from extension.contract.protocol import as_flag, as_integer, as_text
from extension.contract.reports import SnapshotInfo
from extension.contract.settings import KNOWN_CONFIGS, SnapshotSettings
from extension.http import Answer, Url, call

DEFAULT_ADDRESS = "168.63.129.16"
TIMEOUT_SECONDS = 40.0
HEADERS = (("Backup", "true"), ("Content-type", "application/json"), ("UserAgent", "VMSnapshot"))
"""As the published handlers send them, the odd one included."""

NO_CONNECTION = 555
NOT_THERE = 556
EMPTY_ANSWER = 557
UNREADABLE = 558


USABLE = (200, 201)
"""With these answers to presnapshot the host can take snapshots."""


class HostAnswer(NamedTuple):
    status: int
    """What HTTP said, or one of the numbers above, which the service knows from the telemetry."""
    time: datetime | None = None

    @property
    def is_usable(self) -> bool:
        return self.status in USABLE


def presnapshot(address: str, task_id: str, token: str) -> HostAnswer:
    body = json.dumps({"taskId": task_id, "snapshotTaskToken": token}).encode()
    try:
        url = _url(address, "presnapshot")
        answer = call(url, "POST", None, HEADERS, body, timeout_seconds=TIMEOUT_SECONDS)
    except (OSError, ValueError):
        return HostAnswer(NO_CONNECTION)
    status = _status(answer)
    if status not in USABLE:
        return HostAnswer(status)
    try:
        time = json.loads(answer.body)["responseTime"]
        parts = [int(time[part]) for part in ("year", "month", "day", "hour", "minute", "second")]
        return HostAnswer(answer.status, datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]
    except (ValueError, KeyError, TypeError):
        return HostAnswer(UNREADABLE)


class HostSnapshots:
    """One order to the host: snapshots of the disks of its machine with these numbers, -1 for the OS disk."""

    def __init__(self, address: str, settings: SnapshotSettings) -> None:
        self.luns = settings.included.luns
        self.status: int | None = None
        """What came of the order; None: it was not sent."""
        self._address = address
        self._body = json.dumps(_order(settings)).encode()
        self._answer: Answer | None = None

    @property
    def is_answered(self) -> bool:
        return self.status in USABLE

    def take(self, seconds: float) -> None:
        """Returns when the host has taken them, or not within so many seconds."""
        try:
            url = _url(self._address, "dosnapshot")
            self._answer = call(url, "POST", None, HEADERS, self._body, timeout_seconds=min(seconds, TIMEOUT_SECONDS))
            self.status = _status(self._answer)
        except (OSError, ValueError):
            self.status = NO_CONNECTION

    def results(self) -> tuple[SnapshotInfo, ...]:
        """One for each disk, in the order of `luns`; those that the host does not tell of have failed."""
        told: list[Any] = []
        if self._answer is not None and self.is_answered:
            try:
                listed = json.loads(self._answer.body)["snapshotInfo"]
                told = listed if isinstance(listed, list) else []
            except (ValueError, KeyError, TypeError):
                self.status = UNREADABLE
        missing = f"the snapshot service of the host answered {self.status}"
        infos = [_info(each) for each in told[: len(self.luns)]]
        return (*infos, *[SnapshotInfo.failed(missing)] * (len(self.luns) - len(infos)))


def _url(address: str, verb: str) -> Url:
    return Url(f"http://{address.rstrip('/')}/metadata/recsvc/snapshot/{verb}?api-version=2017-12-01")


def _status(answer: Answer) -> int:
    if answer.status == 500 and not answer.body.startswith(b'{ "error"'):
        return NOT_THERE
    return EMPTY_ANSWER if answer.status in USABLE and not answer.body else answer.status


def _order(settings: SnapshotSettings) -> dict[str, Any]:
    """The body of dosnapshot, as the published handler writes it."""
    flags = {name: settings.dynamic_configs.get(name, False) for name in KNOWN_CONFIGS}
    flags["isVmmdBlobIncluded"] = settings.included.is_vmmd_blob_included
    order: dict[str, Any] = {
        "taskId": settings.custom.backup_task_id or settings.task_id,
        "diskIds": list(settings.included.luns),
        "settings": _pairs(flags),
        "snapshotTaskToken": settings.snapshot_token,
        "snapshotMetadata": _pairs(settings.metadata),
    }
    if settings.included.instant_access_minutes is not None:
        order["instantAccessDurationMinutes"] = settings.included.instant_access_minutes
    return order


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _info(told: Any) -> SnapshotInfo:
    """What the host says of one disk. A disk without a page blob has an identifier instead of an address; such disks
    are not simulated, and this handler could not say what was snapshotted."""
    entry = told if isinstance(told, dict) else {}
    uri = as_text(entry.get("snapshotUri"))
    if not as_flag(entry.get("isSuccessful")) or "snapshot=" not in uri:
        said = as_text(entry.get("errorMessage")) or f"status {as_integer(entry.get('statusCode'), 0)}"
        return SnapshotInfo.failed(said)
    plain, _, stamp = uri.partition("?")
    return SnapshotInfo.taken(plain, stamp.partition("snapshot=")[2].partition("&")[0])
