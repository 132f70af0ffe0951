"""The page of the contract between control plane, agent, handler and guest, from extension/contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from controlplane.json_object import Json
from docs.generator import contract_words as words
from docs.generator.markdown import block, code, codes, page, paragraph, section, table
from docs.generator.source import Field, fields, files
from extension.contract import bridge, messages, reports, schemas, settings
from extension.contract.codes import Code, health_of
from extension.contract.messages import CHINESE, ENGLISH, TEXTS, Sentence
from extension.contract.reports import SnapshotConsistency, SnapshotInfo, StatusReport
from extension.contract.settings_json import SnapshotMethod

BRIDGE_MESSAGES = (
    bridge.Facts,
    bridge.Volume,
    bridge.FreezeRequest,
    bridge.FreezeReport,
    bridge.ThawReport,
    bridge.WriterReport,
)
MANY = 10
"""Lists of values longer than this stand elsewhere on the page."""


def text() -> str:
    return page(
        "The contract",
        "What travels between control plane, agent, handler and guest: `extension/contract`, which both sides import, "
        "and nothing else of each other. The tables show what we write; what we read may be looser. JSON Schemas of "
        "the same are in [extension/contract/schema](../extension/contract/schema).",
        _files(),
        _settings(),
        _reports(),
        _judging(),
        _codes(),
        _sentences(),
        _bridge(),
    )


def _files() -> str:
    rows = [
        ("`HandlerManifest.json`", "the package", "the agent", "which command does what"),
        ("`HandlerEnvironment.json`", "the agent", "the handler", "where to find settings, and leave status and logs"),
        ("`N.settings`", "the agent", "the handler", "the task; its protected part sealed for this machine"),
        ("`N.status`", "the handler", "the agent", "how the task stands; goes on to the instance view"),
        ("status blob", "the handler, by SAS", "the backup job", "what became of the task, disk by disk"),
        ("log blob", "the handler, by SAS", "people", "what happened, line by line"),
        ("snapshots", "the handler, by SAS", "the backup job", "the disks; their metadata name task and job"),
        ("bridge", "handler and guest", "guest and handler", "freeze, thaw, facts of a simulated guest"),
    ]
    return section("What there is", table(("", "written by", "read by", "content"), rows))


# ------------------------------------------------------------------------------------------------------------- settings


def _settings() -> str:
    handler = schemas.settings()["properties"]["runtimeSettings"]["items"]["properties"]["handlerSettings"]
    public = handler["properties"]["publicSettings"]
    protected = schemas.protected_settings()
    task, open_task = protected["properties"]["objectStr"], public["properties"]["objectStr"]
    assert set(open_task["contentSchema"]["properties"]) < set(task["contentSchema"]["properties"])
    minutes = settings.FRESHNESS_LIMIT // timedelta(minutes=1)
    ticks = settings.to_ticks(datetime(2026, 1, 1, tzinfo=UTC))
    return section(
        "Settings",
        paragraph((settings.__doc__ or "").partition("\n\n")[2]),
        f"The publisher is {' or '.join(map(code, settings.PUBLISHERS))}. A task that began more than {minutes} "
        f"minutes ago is refused. Ticks count 100 ns since the year 1: 2026 began at {code(ticks)}.",
        "**`runtimeSettings[0].handlerSettings`**",
        _keys(handler, words.SETTINGS, deep=False),
        "**`publicSettings`**",
        _keys(public, words.PUBLIC),
        "**Protected settings**, once unsealed",
        _keys(protected, words.PROTECTED),
        "**`objectStr`**, decoded. What both parts say of it is merged; what was sealed wins",
        _keys(task["contentSchema"], words.OBJECT),
        "**`customSettings`**",
        _keys(public["properties"]["customSettings"]["contentSchema"], words.CUSTOM),
        "Who takes the snapshots when nobody says: " + code(SnapshotMethod.of("").value) + ".",
    )


# -------------------------------------------------------------------------------------------------------------- reports


def _reports() -> str:
    blob, file = schemas.status_blob()["items"], schemas.status_file()["items"]
    message = blob["properties"]["status"]["properties"]["formattedMessage"]["properties"]["message"]
    return section(
        "Reports",
        paragraph((reports.__doc__ or "").partition("\n\n")[2]),
        "**Status blob**, an array of one",
        _keys(blob, words.STATUS_BLOB),
        "**`formattedMessage.message`**",
        _keys(message["contentSchema"], words.MESSAGE),
        "**`N.status`**, an array of one",
        _keys(file, words.STATUS_FILE),
    )


def _judging() -> str:
    """What the service makes of a report, asked of the code for every kind of report there is."""
    cases = [
        ("success", Code.success_appconsistent, SnapshotConsistency.application, True),
        ("success", Code.success_appconsistent, SnapshotConsistency.none, True),
        ("success", Code.success, SnapshotConsistency.file_system, True),
        ("success", Code.success, SnapshotConsistency.none, True),
        ("success", Code.success, SnapshotConsistency.crash, True),
        ("success", Code.success, SnapshotConsistency.file_system, False),
        ("success", Code.SuccessAlreadyProcessedInput, SnapshotConsistency.none, None),
        ("success", Code.ExtensionTempTerminalState, SnapshotConsistency.none, None),
        ("success", Code.FailedRetryableSnapshotFailedNoNetwork, SnapshotConsistency.none, False),
        ("transitioning", Code.success, SnapshotConsistency.none, None),
        ("error", Code.error, SnapshotConsistency.none, None),
    ]
    disks = {True: "all", False: "not all", None: "none tried"}
    rows = []
    for status, number, consistency, taken in cases:
        snapshots = None if taken is None else (SnapshotInfo(taken),)
        report = StatusReport("", status, number, "", datetime(2026, 1, 1, tzinfo=UTC), snapshots=snapshots)
        report = report._replace(snapshot_consistency=consistency)
        made = report.consistency or ""
        rows.append((status, str(int(number)), str(int(consistency)), disks[taken], report.progress, made))
    head = ("status", "code", "snapshotConsistency", "snapshots", "the task", "recovery point")
    return section("How a report is judged", table(head, rows))


def _codes() -> str:
    sources = [path.read_text(encoding="utf-8") for path in files("extension") if path.name != "codes.py"]
    used = set(re.findall(r"\bCode\.(\w+)", "\n".join(sources)))
    rows = [
        (str(int(member)), code(member.name), _health(member), "yes" if member.name in used else "") for member in Code
    ]
    return section(
        "Codes",
        "The number travels as text in `status.code`. A code that is not here counts as a failure, and its machine "
        f"as {health_of(-1).name}. [Errors](errors.md#the-extension) says what the service makes of each.",
        table(("number", "name", "health", "sent by this handler"), rows),
    )


def _health(member: Code) -> str:
    health = health_of(member)
    return f"{int(health)} {health.name}"


def _sentences() -> str:
    rows = [(TEXTS[ENGLISH][sentence], TEXTS[CHINESE][sentence]) for sentence in Sentence]
    return section(
        "Sentences",
        "What the handler says to people.",
        table((messages.LANGUAGES[ENGLISH], messages.LANGUAGES[CHINESE]), rows),
    )


# --------------------------------------------------------------------------------------------------------------- bridge


def _bridge() -> str:
    about, _, rest = (bridge.__doc__ or "").partition("\n\n")
    introduction, verbs, ending = rest.split("\n\n")
    return section(
        "Bridge",
        paragraph(about),
        paragraph(introduction),
        block(verbs),
        paragraph(ending),
        *(part for message in BRIDGE_MESSAGES for part in _message(message)),
    )


def _message(message: type) -> Iterator[str]:
    # A named tuple without a docstring shows its own signature in that place.
    said = paragraph(message.__doc__ or "")
    yield f"**{message.__name__}**" + ("" if said.startswith(f"{message.__name__}(") else f": {said}")
    rows = [(code(field.name), field.type, _default(field), paragraph(field.text)) for field in fields(message)]
    yield table(("field", "type", "default", "meaning"), rows)


def _default(field: Field) -> str:
    return (field.default or "").removeprefix("MappingProxyType(").removesuffix(")") if field.default != "()" else "()"


# ----------------------------------------------------------------------------------------------------------------- keys


def _keys(schema: Json, meanings: words.Meanings, deep: bool = True) -> str:
    properties = list(_walk(schema, deep))
    keys = [key for key, _, _ in properties]
    assert set(keys) == set(meanings), f"in words or in the schema only: {set(keys) ^ set(meanings)}"
    rows = [(code(key), kind, "yes" if needed else "", meanings[key]) for key, kind, needed in properties]
    return table(("key", "value", "always", "meaning"), rows)


def _walk(schema: Json, deep: bool, prefix: str = "") -> Iterator[tuple[str, str, bool]]:
    for name, value in schema["properties"].items():
        key = prefix + name
        yield key, _kind(value), name in schema["required"]
        inner, suffix = _inside(value)
        if deep and inner:
            yield from _walk(inner, deep, key + suffix)


def _inside(schema: Json) -> tuple[Json | None, str]:
    """The object in a value, and what stands between its key and theirs."""
    schema = _not_null(schema)
    if schema.get("type") == "array" and "properties" in schema.get("items", {}):
        return schema["items"], "[]."
    return (schema, ".") if "properties" in schema else (None, "")


def _not_null(schema: Json) -> Json:
    """The other of two possibilities, where one is null."""
    schema_of_value: Json = schema["anyOf"][0] if "anyOf" in schema else schema
    return schema_of_value


PLAIN = (
    (schemas.FLAG, "true or false"),
    (schemas.INTEGER, "whole number"),
    (schemas.DIGITS, "digits as text"),
    (schemas.URI, "URI"),
    (schemas.BASE64, "base64"),
)


def _kind(schema: Json) -> str:
    if "anyOf" in schema:
        return f"{_kind(_not_null(schema))}, or null"
    if "contentSchema" in schema:
        return "JSON in base64" if "contentEncoding" in schema else "JSON as text"
    if "enum" in schema:
        return _one_of(schema["enum"])
    if schema.get("type") == "array":
        return "empty list" if schema.get("maxItems") == 0 else f"list of {_kind(schema['items'])}"
    if schema.get("type") == "object":
        return "object"
    words = next((said for plain, said in PLAIN if plain == schema), None)
    return words or {"integer": "whole number, 0 or more", "null": "null"}.get(str(schema["type"]), "text")


def _one_of(values: list[Any]) -> str:
    if len(values) > MANY:
        return "a code, as text" if isinstance(values[0], str) else "a code"
    return codes(values)
