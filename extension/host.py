"""Asks the backup service of the host for its time, and whether it answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

from extension.http import Url, call

DEFAULT_ADDRESS = "168.63.129.16"
TIMEOUT_SECONDS = 40.0
HEADERS = (("Backup", "true"), ("Content-type", "application/json"), ("UserAgent", "VMSnapshot"))
"""As the published handlers send them, the odd one included."""

NO_CONNECTION = 555
NOT_THERE = 556
EMPTY_ANSWER = 557
UNREADABLE = 558


class HostAnswer(NamedTuple):
    status: int
    """What HTTP said, or one of the numbers above, which the service knows from the telemetry."""
    time: datetime | None = None


def presnapshot(address: str, task_id: str, token: str) -> HostAnswer:
    body = json.dumps({"taskId": task_id, "snapshotTaskToken": token}).encode()
    try:
        url = Url(f"http://{address.rstrip('/')}/metadata/recsvc/snapshot/presnapshot?api-version=2017-12-01")
        answer = call(url, "POST", None, HEADERS, body, timeout_seconds=TIMEOUT_SECONDS)
    except (OSError, ValueError):
        return HostAnswer(NO_CONNECTION)
    if answer.status == 500 and not answer.body.startswith(b'{ "error"'):
        return HostAnswer(NOT_THERE)
    if answer.status not in (200, 201):
        return HostAnswer(answer.status)
    if not answer.body:
        return HostAnswer(EMPTY_ANSWER)
    try:
        time = json.loads(answer.body)["responseTime"]
        parts = [int(time[part]) for part in ("year", "month", "day", "hour", "minute", "second")]
        return HostAnswer(answer.status, datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]
    except (ValueError, KeyError, TypeError):
        return HostAnswer(UNREADABLE)
