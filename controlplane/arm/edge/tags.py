"""Tags, and what is kept without effect: the parts of a resource that its PATCH changes whatever its type."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.json_object import Json
from controlplane.ports import Document


class TagsRequest(RequestBody):
    tags: dict[str, str] | None = None


def tagged(document: Document, tags: dict[str, str]) -> Json:
    """The resource with these tags in place of those it had."""
    return document.json() | {"tags": tags}


def patching(kind: str, request: type[TagsRequest] = TagsRequest) -> Callable[[Call], Answer]:
    """A PATCH that changes tags and what is kept without effect, and nothing else."""

    def patch(call: Call) -> Answer:
        tags = call.read(request).tags
        with call.ports.store.transaction():
            existing = call.get(kind)
            call.check_precondition(existing)
            body = existing.json() if tags is None else tagged(existing, tags)
            changed = call.with_kept(request, body)
            return call.stored(existing if changed == existing.json() else call.ports.store.put(kind, call.id, changed))

    return patch
