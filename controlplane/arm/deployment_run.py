"""Carries a deployment on: writes each resource by its own PUT as soon as all it waits for is there.

Nobody works on a deployment between requests. Whoever asks for it carries it on, as far as it goes at that moment;
resources that are done at once are all written by the request that begins it. What is done and the note that it is
done are one transaction, so that a process may end anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from controlplane.arm.call import Answer, Call
from controlplane.arm.refusals import Expected, expected
from controlplane.domain.deployment import ENDED, KIND, Operation, body, failed, may_begin, state_of
from controlplane.domain.times import parse_instant
from controlplane.ports import Document, Json


def carry_on(call: Call, document: Document) -> Document:
    """The deployment as it is after everything was done that can be done now."""
    if document.json()["properties"]["provisioningState"] in ENDED:
        return document
    with call.ports.store.transaction():
        current = call.ports.store.get(KIND, document.id)
        if current is None or current.json()["properties"]["provisioningState"] in ENDED:
            return current or document
        return write(call, current.json()["id"], current.private)


def write(call: Call, id: str, private: Json) -> Document:
    """Do what can be done now, and store the deployment. Belongs into a transaction."""
    operations = _moved(call, [Operation.from_json(each) for each in private["operations"]])
    state, now = state_of(operations), call.ports.clock.now()
    ended: Json = {}
    if state == "Failed":
        ended = failed(operations).envelope()
    elif state == "Succeeded":
        resources = [{"id": operation.resource} for operation in operations]
        ended = {"outputs": private["outputs"], "outputResources": resources}
    started = parse_instant(private["started"])
    shown = body(id, private["facts"], state, started, now, **ended)
    kept = private | {"operations": [operation.to_json() for operation in operations]}
    if state in ENDED:
        kept = kept | {"operations": [each | {"body": None} for each in kept["operations"]]}
    return call.ports.store.put(KIND, id, shown, parent=call.group_id, private=kept)


def _moved(call: Call, operations: Sequence[Operation]) -> list[Operation]:
    """In their order, in which each stands behind all that it waits for, so that once through is enough."""
    moved = list(operations)
    for index, operation in enumerate(moved):
        if may_begin(operation, moved):
            operation = _begun(call, operation)
        if operation.state == "Running":
            operation = _looked_at(call, operation)
        moved[index] = operation
    return moved


def _begun(call: Call, operation: Operation) -> Operation:
    try:
        with call.ports.store.transaction():
            answer = call.ask("PUT", operation.resource, operation.body or {})
    except Expected as error:
        return _failed(call, operation, error)
    return operation.began(answer.status, _status_path(answer), call.ports.clock.now())


def _looked_at(call: Call, operation: Operation) -> Operation:
    """Ended, if the resource's own long-running operation has; a resource without one is there at once."""
    now = call.ports.clock.now()
    if operation.status_path is None:
        return operation.succeeded(now)
    try:
        shown = json.loads(call.ask("GET", operation.status_path).content)
    except Expected as error:
        return _failed(call, operation, error)
    if shown["status"] == "Failed":
        return operation.failed(shown.get("error") or {}, 409, now)
    return operation.succeeded(now) if shown["status"] == "Succeeded" else operation


def _failed(call: Call, operation: Operation, error: Exception) -> Operation:
    refusal = expected(error)
    shown: Json = refusal.envelope()["error"]
    return operation.failed(shown, refusal.status, call.ports.clock.now())


def _status_path(answer: Answer) -> str | None:
    address = answer.headers.get("Azure-AsyncOperation")
    return None if address is None else unquote(urlsplit(address).path)
