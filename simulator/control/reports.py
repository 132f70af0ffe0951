"""What a handler reported of a backup: the text of its status blob and of its log blob, attempt by attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Query

from controlplane.domain.recovery_services import job as jobs
from controlplane.json_object import Json
from controlplane.ports import Blob, BlobNotFound, Blobs, Document, Store
from extension.contract.redaction import redact
from simulator.control.strictness import Refused

MOST_READ_BYTES = 10 * 1024 * 1024
"""Of a blob, which for the most part is padding; our handler makes none larger."""
MOST_TOLD_CHARACTERS = 64 * 1024
"""Of a text. Of a longer one the end is told, where it says what became of the task."""


def add(app: FastAPI, store: Callable[[], Store], blobs: Callable[[], Blobs]) -> None:
    """The route; store and storage are asked at each request."""

    @app.get("/reports")
    def reports(job: Annotated[str, Query(max_length=200)]) -> Json:
        document = _find(store(), job)
        return {"attempts": [_told(blobs(), attempt) for attempt in document.private.get("attempts", [])]}


def _find(store: Store, name: str) -> Document:
    for document in store.find(jobs.KIND):
        if document.id.rpartition("/")[2] == name.lower():
            return document
    raise Refused(404, "NoSuchJob", f"no job {name} exists in this world; az backup job list shows those of a vault")


def _told(blobs: Blobs, attempt: Json) -> Json:
    facts = {key: attempt.get(key) for key in ("task_id", "code", "error_name", "consistency", "message")}
    return facts | {"status": _text(blobs, attempt["status_blob"]), "log": _text(blobs, attempt["logs_blob"])}


def _text(blobs: Blobs, address: Json) -> str | None:
    """None where the blob is gone, with the vault's item for instance."""
    try:
        content = blobs.read(Blob(address["account"], address["container"], address["name"]), 0, MOST_READ_BYTES)
    except BlobNotFound:
        return None
    return redact(content.decode(errors="replace").strip(" \0\n"))[-MOST_TOLD_CHARACTERS:]
