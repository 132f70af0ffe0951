"""The JSON Schemas are those of the code, and what we write obeys them."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from extension.contract import schemas
from extension.contract.protocol import settings_file
from extension.contract.settings import CustomSettings, snapshot_request
from tests.unit.extension.contract import contract_golden

REQUEST = snapshot_request(
    task_id="5b0fd3a5-6a4c-4f0e-9a57-1f6d7f2a9c11_1",
    started=datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC),
    disks=["https://contosodisks.blob.core.windows.net/vhds/os.vhd?sv=2018-03-28&sr=b&sig=c2ln&sp=rw"],
    status_uri="https://backupservice.blob.core.windows.net/task/Status.txt?sig=c2ln",
    logs_uri="https://backupservice.blob.core.windows.net/task/Logs.txt?sig=c2ln",
    locale="en-us",
    metadata={"taskid": "5b0fd3a5"},
    custom=CustomSettings(backup_task_id="b", write_accelerator_luns=(1,)),
    luns=[-1, 0],
)
SETTINGS = json.loads(settings_file(REQUEST[0], "TUlJQg==", "0123456789ABCDEF0123456789ABCDEF01234567"))


def written(name: str) -> Any:
    return json.loads((contract_golden.FOLDER / "written" / name).read_text(encoding="utf-8"))


def check(value: Any, schema: dict[str, Any]) -> None:
    """The value obeys the schema, and so does whatever is packed as text inside it."""
    jsonschema.validate(value, schema)
    for inner, inner_schema in packed(value, schema):
        check(inner, inner_schema)


def packed(value: Any, schema: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    if "contentSchema" in schema:
        text = base64.b64decode(value) if schema.get("contentEncoding") == "base64" else value
        return [(json.loads(text), schema["contentSchema"])]
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return [found for key in value if key in parts for found in packed(value[key], parts[key])]
    if isinstance(value, list):
        return [found for item in value for found in packed(item, schema.get("items", {}))]
    return []


@pytest.mark.parametrize("name", schemas.all_schemas())
def test_the_schema_files_are_what_the_code_writes(name: str) -> None:
    text = schemas.all_schemas()[name]
    assert (schemas.FOLDER / name).read_text(encoding="utf-8") == text, "run python -m extension.contract.schemas"
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


def test_there_is_no_schema_file_of_anything_else() -> None:
    assert {path.name for path in schemas.FOLDER.iterdir()} == set(schemas.all_schemas())


def test_what_is_written_obeys() -> None:
    check(SETTINGS, schemas.settings())
    check(REQUEST[1], schemas.protected_settings())
    for name in ("application", "partial"):
        check(written(f"status-blob.{name}.json"), schemas.status_blob())
        check(written(f"status-file.{name}.json"), schemas.status_file())


def test_packed_text_is_looked_into() -> None:
    assert len(packed(SETTINGS, schemas.settings())) == 2
    assert len(packed(REQUEST[1], schemas.protected_settings())) == 1
    assert len(packed(written("status-file.partial.json"), schemas.status_file())) == 2


SPOILT: list[tuple[str, list[str | int], object]] = [
    ("settings", ["runtimeSettings", 0, "handlerSettings", "publicSettings", "commandStartTimeUTCTicks"], 6.3e17),
    ("settings", ["runtimeSettings", 0, "handlerSettings", "publicSettings", "vmType"], "vm"),
    ("settings", ["runtimeSettings", 0, "handlerSettings", "publicSettings", "statusBlobUri"], "https://a/b?sig=c"),
    ("settings", ["runtimeSettings", 0, "handlerSettings", "publicSettings", "customSettings"], "{}"),
    ("settings", ["runtimeSettings", 0, "handlerSettings", "publicSettings", "objectStr"], "e30=="[:3]),
    ("protected-settings", ["objectStr"], base64.b64encode(b'{"blobSASUri": ["ftp://a/b"]}').decode()),
    ("protected-settings", ["statusBlobUri"], ""),
    ("status-blob", [0, "status", "code"], 0),
    ("status-blob", [0, "status", "status"], "transitioning"),
    ("status-blob", [0, "timestampUTC"], "2026-03-01T02:03:04Z"),
    ("status-blob", [0, "status", "snapshotInfo", 0, "snapshotUri"], "https://a/b?sig=c"),
    ("status-blob", [0, "status", "snapshotInfo", 0, "isSuccessful"], "true"),
    ("status-blob", [0, "status", "formattedMessage", "message"], '{"messageStr": ""}'),
    ("status-file", [0, "timestampUTC"], "/Date(1)/"),
    ("status-file", [0, "status", "substatus", 0, "name"], "[]"),
    ("status-file", [0, "status", "telemetryData"], []),
]


@pytest.mark.parametrize(("name", "path", "value"), SPOILT)
def test_what_nobody_may_write_does_not_obey(name: str, path: list[str | int], value: object) -> None:
    document = copy.deepcopy(
        {
            "settings": SETTINGS,
            "protected-settings": REQUEST[1],
            "status-blob": written("status-blob.application.json"),
            "status-file": written("status-file.application.json"),
        }[name]
    )
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises((jsonschema.ValidationError, ValueError)):
        check(document, json.loads(schemas.all_schemas()[f"{name}.json"]))
