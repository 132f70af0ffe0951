"""Tags: the one part of a resource that its PATCH changes whatever its type."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.ports import Document, Json


class TagsRequest(RequestBody):
    tags: dict[str, str] | None = None


def tagged(document: Document, tags: dict[str, str]) -> Json:
    """The resource with these tags in place of those it had."""
    return document.json() | {"tags": tags}


def patching(kind: str) -> Callable[[Call], Answer]:
    """A PATCH that changes tags and nothing else."""

    def patch(call: Call) -> Answer:
        tags = call.read(TagsRequest).tags
        with call.ports.store.transaction():
            known = call.get(kind)
            call.check_precondition(known)
            return call.stored(known if tags is None else call.ports.store.put(kind, call.id, tagged(known, tags)))

    return patch
