"""Access to the bytes of a managed disk or of its snapshot: a SAS for a while, and its end.

The SAS is signed for real time and kept nowhere: whoever asks for the operation's result gets it signed anew. Its end
is told here; the storage itself honours it until its time has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from controlplane.arm.compute import compute_operations
from controlplane.arm.edge.call import Answer, Call, RequestBody, encode
from controlplane.arm.edge.routing import Route
from controlplane.domain import errors
from controlplane.domain.compute import managed_disk
from controlplane.domain.compute.virtual_machine import invalid, missing
from controlplane.domain.errors.compute import ACCESS_OUTSTANDING, DISK_OF_RUNNING_MACHINE
from controlplane.jobs.documents import managed_disks
from controlplane.ports import Document

UNTIL = "access_until"
"""What a document keeps, privately, of an access: the end of its time, ISO 8601; empty when it was ended."""
ACTIVE = "ActiveSAS"
LONGEST_SECONDS = 2**31 - 1


class AccessRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = {
        "getSecureVMGuestStateSAS": "access to the guest state of a confidential disk"
    }
    unseen = ("fileFormat",)

    access: str | None = None
    duration_in_seconds: int | None = None


def check_no_access(document: Document, act: str) -> None:
    """Refuse to attach or delete what somebody may still be reading. `act` is what the sentence calls it."""
    if _is_outstanding(document):
        raise ACCESS_OUTSTANDING.error(name=document.json()["name"], act=act)


def shown(call: Call, document: Document) -> Answer:
    """A disk or a snapshot; one whose access has ended by itself no longer says that it has one."""
    answer = call.stored(document)
    return replace(answer, content=_body(document)) if answer.content else answer


def rows(documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """The same for a list."""
    return ((document.id, _body(document)) for document in documents)


def _body(document: Document) -> bytes:
    if not document.private.get(UNTIL) or _is_outstanding(document):
        return document.body
    resource = document.json()
    if resource["properties"]["diskState"] != ACTIVE:
        return document.body
    return encode(resource | {"properties": resource["properties"] | {"diskState": _at_rest(document)}})


def _is_outstanding(document: Document) -> bool:
    until = document.private.get(UNTIL)
    return until is not None and until != "" and datetime.fromisoformat(until) > datetime.now(UTC)


def _at_rest(document: Document) -> str:
    return "Attached" if "managedBy" in document.json() else "Unattached"


def _begin(call: Call, kind: str) -> Answer:
    asked = call.read(AccessRequest)
    level = (asked.access or "").lower()
    if level == "write":
        raise errors.operation_not_simulated("write access to a managed disk")
    if level != "read":
        raise invalid("grantAccessData.access", "it must be Read or Write")
    seconds = asked.duration_in_seconds
    if seconds is None:
        raise missing("grantAccessData.durationInSeconds")
    if not 0 < seconds <= LONGEST_SECONDS:
        raise invalid("grantAccessData.durationInSeconds", f"it must be between 1 and {LONGEST_SECONDS}")
    until = datetime.now(UTC) + timedelta(seconds=seconds)  # SAS are checked in real time
    with call.ports.store.transaction():
        known = call.get(kind, _resource(call))
        managed_disk.check_ready(known.json())
        _check_at_rest(call, known)
        # An earlier access may last longer, and its holder still reads.
        _show(call, known, ACTIVE, max(until.isoformat(), known.private.get(UNTIL) or ""))
        path = compute_operations.granted(call, known.json()["location"], managed_disks.blob_of(known), until)
        return compute_operations.accepted(call, path)


def _end(call: Call, kind: str) -> Answer:
    with call.ports.store.transaction():
        known = call.get(kind, _resource(call))
        _show(call, known, _at_rest(known), "")
        path = compute_operations.done(call, known.json()["location"])
        return compute_operations.accepted(call, path)


def _resource(call: Call) -> str:
    return call.id.rpartition("/")[0]


def _check_at_rest(call: Call, known: Document) -> None:
    owner = known.json().get("managedBy")
    view = call.ports.fabric.instance_view(owner) if owner else None
    if view is not None and view.power != "deallocated":
        raise DISK_OF_RUNNING_MACHINE.error(name=known.json()["name"], owner=owner)


def _show(call: Call, known: Document, state: str, until: str) -> None:
    shown = known.json()
    properties = shown["properties"] | {"diskState": state}
    call.ports.store.put(
        known.kind, known.id, shown | {"properties": properties}, private=dict(known.private) | {UNTIL: until}
    )


def routes(path: str, kind: str) -> tuple[Route, ...]:
    """Both verbs below a disk or a snapshot."""

    def of(act: Callable[[Call, str], Answer]) -> Callable[[Call], Answer]:
        return lambda call: act(call, kind)

    return (
        Route("POST", f"{path}/beginGetAccess", of(_begin), body=AccessRequest, codes=(202,)),
        Route("POST", f"{path}/endGetAccess", of(_end), codes=(202,)),
    )
