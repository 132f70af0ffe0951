"""Access to the bytes of a managed disk or of its snapshot: a SAS for a while, and its end; what diskState says.

A disk made by Upload is ReadyToUpload, ActiveUpload once somebody may write to it, and Unattached when that access was
ended; until then nothing else can be done with it (learn.microsoft.com, "Upload a VHD to Azure").

The SAS is signed for real time and kept nowhere: whoever asks for the operation's result gets it signed anew. Its end
is told here; the storage itself honours it until its time has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from controlplane.arm.compute import compute_operations
from controlplane.arm.edge.call import Answer, Call, RequestBody, encode
from controlplane.arm.edge.routing import Route
from controlplane.domain.compute import managed_disk
from controlplane.domain.compute.managed_disk import (
    ACTIVE_SAS,
    ACTIVE_UPLOAD,
    ATTACHED,
    RESERVED,
    UNATTACHED,
    UPLOADING,
)
from controlplane.domain.compute.virtual_machine import invalid, missing
from controlplane.domain.errors.compute import ACCESS_OUTSTANDING, DISK_OF_RUNNING_MACHINE, DISK_WRITE_NOT_ALLOWED
from controlplane.jobs.documents import managed_disks
from controlplane.json_object import Json
from controlplane.ports import Document, Fabric

UNTIL = "access_until"
"""What a document keeps, privately, of an access: the end of its time, ISO 8601; empty when it was ended."""
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


def answer(call: Call, document: Document) -> Answer:
    """A disk or a snapshot with the state it has now. The ETag is that of the stored body: one that says something else
    has none, so that no client is told that it is unchanged."""
    body = _body(call, document)
    return call.stored(document) if body == document.body else Answer(content=body)


def rows(call: Call, documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """The same for a list."""
    return ((document.id, _body(call, document)) for document in documents)


def _body(call: Call, document: Document) -> bytes:
    resource = document.json()
    now = current(call, document)
    return document.body if now == resource else encode(now)


def current(call: Call, document: Document) -> Json:
    """The disk or snapshot with the state it has now: an access ends by itself, and a machine stops and starts, without
    a write to the disk."""
    resource = document.json()
    state = resource["properties"]["diskState"]
    if state == ACTIVE_SAS and not _is_outstanding(document):
        state = _at_rest(resource)
    if state == ATTACHED and _is_deallocated(call.ports.fabric, resource["managedBy"]):
        state = RESERVED
    return resource | {"properties": resource["properties"] | {"diskState": state}}


def _is_outstanding(document: Document) -> bool:
    until: str = document.private.get(UNTIL) or ""
    return bool(until) and datetime.fromisoformat(until) > datetime.now(UTC)  # SAS are checked in real time


def _is_deallocated(fabric: Fabric, machine: str) -> bool:
    view = fabric.instance_view(machine)
    return view is not None and view.power == "deallocated"


def _at_rest(resource: Json) -> str:
    return ATTACHED if "managedBy" in resource else UNATTACHED


def _begin(call: Call, kind: str) -> Answer:
    request = call.read(AccessRequest)
    level = (request.access or "").lower()
    if level not in ("read", "write"):
        raise invalid("grantAccessData.access", "it must be Read or Write")
    seconds = request.duration_in_seconds
    if seconds is None:
        raise missing("grantAccessData.durationInSeconds")
    if not 0 < seconds <= LONGEST_SECONDS:
        raise invalid("grantAccessData.durationInSeconds", f"it must be between 1 and {LONGEST_SECONDS}")
    until = datetime.now(UTC) + timedelta(seconds=seconds)  # SAS are checked in real time
    with call.ports.store.transaction():
        document = call.get(kind, _resource(call))
        disk = document.json()
        if level == "write":
            _check_awaits_upload(disk)
        else:
            managed_disk.check_ready(disk)
            _check_at_rest(call, document)
        # An earlier access may last longer, and its holder still reads or writes.
        state = ACTIVE_UPLOAD if level == "write" else ACTIVE_SAS
        _show(call, document, state, max(until.isoformat(), document.private.get(UNTIL) or ""))
        blob, permissions = managed_disks.blob_of(document), "rw" if level == "write" else "r"
        path = compute_operations.granted(call, disk["location"], blob, permissions, until)
        return compute_operations.accepted(call, path)


def _end(call: Call, kind: str) -> Answer:
    with call.ports.store.transaction():
        document = call.get(kind, _resource(call))
        disk = document.json()
        if disk["properties"]["diskState"] in (ACTIVE_SAS, ACTIVE_UPLOAD):
            _show(call, document, _at_rest(disk), "")
        path = compute_operations.done(call, disk["location"])
        return compute_operations.accepted(call, path)


def _resource(call: Call) -> str:
    return call.id.rpartition("/")[0]


def _check_awaits_upload(disk: Json) -> None:
    """Only a disk made by Upload is written from outside, until that access is ended."""
    properties = disk["properties"]
    if properties["provisioningState"] != "Succeeded" or properties["diskState"] not in UPLOADING:
        raise DISK_WRITE_NOT_ALLOWED.error(name=disk["name"], state=properties["diskState"])


def _check_at_rest(call: Call, document: Document) -> None:
    owner = document.json().get("managedBy")
    view = call.ports.fabric.instance_view(owner) if owner else None
    if view is not None and view.power != "deallocated":
        raise DISK_OF_RUNNING_MACHINE.error(name=document.json()["name"], owner=owner)


def _show(call: Call, document: Document, state: str, until: str) -> None:
    resource = document.json()
    properties = resource["properties"] | {"diskState": state}
    call.ports.store.put(
        document.kind,
        document.id,
        resource | {"properties": properties},
        private=dict(document.private) | {UNTIL: until},
    )


def routes(path: str, kind: str) -> tuple[Route, ...]:
    """Both verbs below a disk or a snapshot."""

    def of(act: Callable[[Call, str], Answer]) -> Callable[[Call], Answer]:
        return lambda call: act(call, kind)

    return (
        Route("POST", f"{path}/beginGetAccess", of(_begin), body=AccessRequest, codes=(202,)),
        Route("POST", f"{path}/endGetAccess", of(_end), codes=(202,)),
    )
