"""What checks read of a recording. Everything raises LookupError, ValueError or TypeError for what is not there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from simulator.conformance.recording import CommandRun, Exchange, FileSeen, Recording, TaskGiven

IN_PROGRESS = 4
SUCCESSES = (0, 1)


def commands(recording: Recording, verb: str) -> list[CommandRun]:
    return [each for each in recording.commands if each.verb == verb]


def failed_commands(recording: Recording, *verbs: str) -> str | None:
    """What to say of commands that did not end with 0."""
    bad = [each for each in recording.commands if each.verb in verbs and each.exit_code != 0]
    if not bad:
        return None
    if bad[0].exit_code is None:
        return f"{bad[0].verb} had to be ended"
    return f"{bad[0].verb} ended with exit code {bad[0].exit_code}"


def task(recording: Recording, place: int = 0) -> TaskGiven:
    return recording.tasks[place]


def span(recording: Recording, place: int = 0) -> tuple[float, float]:
    """From the start of the enable in this place to that of the next one."""
    starts = [each.at for each in recording.commands if each.verb == "enable"]
    return starts[place], starts[place + 1] if place + 1 < len(starts) else float("inf")


def exchanges(recording: Recording, party: str, doing: str, place: int | None = None) -> list[Exchange]:
    """Those of one party whose `what` begins with a word; of all the time, or of one enable."""
    begin, end = (0.0, float("inf")) if place is None else span(recording, place)
    return [
        each
        for each in recording.exchanges
        if each.party == party and each.what.split(" ")[0] == doing and begin <= each.at < end
    ]


def taken(recording: Recording, place: int | None = 0) -> list[Exchange]:
    """The snapshot requests that succeeded."""
    return [each for each in exchanges(recording, "storage", "snapshot", place) if each.status in (200, 201)]


# -------------------------------------------------------------------------------------------------------------- freezes


def freezes(recording: Recording) -> list[tuple[float, float, str]]:
    """Begin, end, and how each ended: thawed, let go, released, or nothing."""
    found: list[tuple[float, float, str]] = []
    begun: float | None = None
    for each in recording.happenings:
        if each.what == "frozen":
            begun = each.at
        elif each.what in ("thawed", "let go", "released") and begun is not None:
            found.append((begun, each.at, each.what))
            begun = None
    return [*found, (begun, float("inf"), "")] if begun is not None else found


# -------------------------------------------------------------------------------------------------------------- reports


def status_texts(recording: Recording, number: int = 1) -> list[FileSeen]:
    return [each for each in recording.files if each.path == f"status/{number}.status"]


def status_at(recording: Recording, moment: str, number: int = 1) -> FileSeen:
    return next(each for each in status_texts(recording, number) if each.moment == moment)


def status_file(recording: Recording, number: int = 1) -> dict[str, Any]:
    """The outer object of the last N.status."""
    return _first(json.loads(status_texts(recording, number)[-1].text))


def first_status_file(recording: Recording, number: int = 1) -> dict[str, Any]:
    """As it was when `enable` returned."""
    return _first(json.loads(status_at(recording, f"enable {number} returned", number).text))


def blob_text(recording: Recording, name: str) -> str:
    return next(each.text for each in recording.blobs if each.name == name)


def report_document(recording: Recording, place: int = 0) -> dict[str, Any]:
    """The outer object in the status blob of a task."""
    return _first(json.loads(blob_text(recording, task(recording, place).status_blob).strip(" \0\r\n")))


def report(recording: Recording, place: int = 0) -> dict[str, Any]:
    """The status in it."""
    status: dict[str, Any] = report_document(recording, place)["status"]
    return status


def told_code(status: dict[str, Any]) -> int:
    return int(status["code"])


def code(recording: Recording, place: int = 0) -> int:
    return told_code(report(recording, place))


def consistency(status: dict[str, Any]) -> int:
    return int(json.loads(status["formattedMessage"]["message"])["snapshotConsistency"])


def entries(recording: Recording, place: int = 0) -> list[dict[str, Any]]:
    listed = report(recording, place)["snapshotInfo"]
    if not isinstance(listed, list):
        raise TypeError("snapshotInfo is no list")
    return listed


def is_successful(entry: dict[str, Any]) -> bool:
    """The published handlers write a flag, and copy the host's text."""
    return entry["isSuccessful"] is True or entry["isSuccessful"] == "true"


def claims_success(recording: Recording, place: int = 0) -> bool:
    """Whether the service takes this report for a recovery point."""
    status = report(recording, place)
    return str(status["status"]).lower() == "success" and told_code(status) in SUCCESSES


def texts_of_logs(recording: Recording) -> dict[str, str]:
    """Log files as they were last, and log blobs."""
    found = {each.path: each.text for each in recording.files if each.path.startswith("log/")}
    logs = {each.log_blob for each in recording.tasks}
    return found | {each.name: each.text for each in recording.blobs if each.name in logs}


def leaks(recording: Recording, texts: dict[str, str]) -> str | None:
    """Where a secret stands, as it is or as an address writes it."""
    for place, text in texts.items():
        for what, secret in recording.secrets.items():
            if any(form in text for form in _forms(secret)):
                return f"{what} stands in {place}"
    return None


def without_secrets(recording: Recording, text: str) -> str:
    for secret in recording.secrets.values():
        for form in _forms(secret):
            text = text.replace(form, "...")
    return text


def _forms(secret: str) -> tuple[str, ...]:
    """As it is, as an address has it, and as JSON and shells write it. A scene without secrets has empty ones."""
    return (secret, quote(secret, safe=""), secret.replace("/", "\\/")) if secret else ()


def _first(document: Any) -> dict[str, Any]:
    outer = document[0]
    if not isinstance(outer, dict):
        raise TypeError("the document is no list of one object")
    return outer


def rendered(values: Sequence[object]) -> str:
    return ", ".join(map(str, values)) or "none"
