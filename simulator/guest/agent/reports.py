"""What the guest agent reports: status files, read by the agent's rules, and the aggregate status of the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controlplane.json_object import Json
from extension.contract.bridge import Facts
from extension.contract.protocol import ProtocolError, StatusFile
from extension.contract.redaction import redact

LARGEST_STATUS_BYTES = 128 * 1024
"""A longer status file is cut: its message, its substatus texts, then the list itself."""
LONGEST_MESSAGE = 1024
LONGEST_SUBSTATUS_TEXT = 10 * 1024
MARK = " ... [TRUNCATED]"

STATUS_INVALID = 1012


@dataclass(frozen=True, slots=True)
class HandlerReport:
    """One handler in the aggregate status. `settings_status` is None before there are settings to report on."""

    name: str
    version: str
    status: str
    code: int
    message: str
    sequence_number: int
    settings_status: Json | None


def aggregate(
    *, facts: Facts, now: datetime, incarnation: int, handlers: Sequence[HandlerReport], failure: str | None
) -> Json:
    """The whole status of a machine. `failure`: why the goal state could not be reached, None when it was."""
    return {
        "version": "1.1",
        "timestampUTC": timestamp(now),
        "aggregateStatus": {
            "guestAgentStatus": {
                "version": facts.agent_version,
                "status": "Ready",
                "formattedMessage": _message("Guest Agent is running"),
            },
            "handlerAggregateStatus": [_handler(report) for report in handlers],
            "vmArtifactsAggregateStatus": {
                "goalStateAggregateStatus": {
                    "formattedMessage": _message(failure or "GoalState executed successfully"),
                    "timestampUTC": timestamp(now),
                    "inSvdSeqNo": str(incarnation),
                    "status": "Failed" if failure else "Success",
                    "code": 1 if failure else 0,
                }
            },
        },
        "guestOSInfo": {
            "computerName": facts.computer_name,
            "osName": facts.os_name,
            "osVersion": facts.os_version,
            "version": facts.agent_version,
        },
        "supportedFeatures": [],
    }


def render(status: Json) -> bytes:
    """As it travels. Signatures in handlers' texts are redacted."""
    return redact(json.dumps(status)).encode()


def timestamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


# --------------------------------------------------------------------------------------------------------- status files


def read_status_file(file: Path, handler: str, now: datetime) -> Json:
    """The settings status of a handler, whatever state its file is in. Raises ProtocolError for one that can't be
    understood: it may be in the middle of being written, so the caller tries again before it reports that."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return missing_status(handler, now)
    return settings_status(text)


def settings_status(text: bytes) -> Json:
    """What the agent passes on of a status file; ProtocolError when the file breaks the rules."""
    StatusFile.parse(text)
    first = json.loads(text.decode("utf-8-sig"))[0]
    status = first["status"]
    passed_on = {key: status.get(key) for key in _PASSED_ON}
    if str(status["status"]).lower() not in ("transitioning", "error", "success", "warning"):
        passed_on["status"] = "error"
    if len(text) > LARGEST_STATUS_BYTES:
        passed_on = _shortened(passed_on)
    return {"version": first.get("version", 1.0), "timestampUTC": first.get("timestampUTC"), "status": passed_on}


_PASSED_ON = ("name", "configurationAppliedTime", "operation", "status", "code", "formattedMessage", "substatus")


def missing_status(handler: str, now: datetime) -> Json:
    text = f"This status is being reported by the Guest Agent since no status file was reported by extension {handler}"
    return _own_status(handler, now, "transitioning", 0, text)


def invalid_status(handler: str, now: datetime, problem: ProtocolError) -> Json:
    return _own_status(handler, now, "error", STATUS_INVALID, str(problem))


def state_of(status: Json) -> tuple[str, int | None]:
    """Status and code, as numbers that others may rely on: handlers write their code as a text, too."""
    values = status["status"]
    code = str(values.get("code"))
    return str(values["status"]), int(code) if re.fullmatch(r"-?\d{1,10}", code, re.ASCII) else None


def in_progress(status: Json) -> bool:
    return bool(status["status"]["status"] == "transitioning")


def _own_status(handler: str, now: datetime, status: str, code: int, text: str) -> Json:
    values: Json = {
        "name": handler,
        "configurationAppliedTime": None,
        "operation": "Enable",
        "status": status,
        "code": code,
        "formattedMessage": _message(text),
        "substatus": [],
    }
    return {"version": 1.0, "timestampUTC": timestamp(now), "status": values}


def _shortened(status: Json) -> Json:
    status = {**status, "formattedMessage": _short_message(status["formattedMessage"], LONGEST_MESSAGE)}
    parts: list[Json] = []
    room = LARGEST_STATUS_BYTES - len(json.dumps({**status, "substatus": []}))
    for part in status["substatus"] or ():
        short = {
            **part,
            "name": _cut(part.get("name"), LONGEST_SUBSTATUS_TEXT),
            "formattedMessage": _short_message(part.get("formattedMessage"), LONGEST_SUBSTATUS_TEXT),
        }
        room -= len(json.dumps(short))
        if room < 0:
            break
        parts.append(short)
    return {**status, "substatus": parts}


def _short_message(message: Json | None, limit: int) -> Json | None:
    return message and {**message, "message": _cut(message.get("message"), limit)}


def _cut(text: object, limit: int) -> object:
    return text[: limit - len(MARK)] + MARK if isinstance(text, str) and len(text) > limit else text


def _message(text: str) -> Json:
    return {"lang": "en-US", "message": text}


def _handler(report: HandlerReport) -> Json:
    entry: Json = {
        "handlerVersion": report.version,
        "handlerName": report.name,
        "status": report.status,
        "code": report.code,
        "useExactVersion": True,
        "formattedMessage": _message(report.message),
    }
    if report.settings_status is not None:
        entry["runtimeSettingsStatus"] = {
            "sequenceNumber": report.sequence_number,
            "settingsStatus": report.settings_status,
        }
    return entry
