"""Resource types that are nothing but their documents: what PUT, PATCH, GET, DELETE and lists do for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from controlplane.arm.edge.call import Answer, Call, RequestBody, rows
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.edge.tags import TagsRequest, patching
from controlplane.domain import errors, location
from controlplane.json_object import Json
from controlplane.ports import Document


class ResourceRequest(RequestBody):
    """What a PUT of any such type may hold; each adds its `properties`."""

    location: str | None = None
    tags: dict[str, str] | None = None


Request = TypeVar("Request", bound=ResourceRequest)


def _nothing(call: Call, existing: Document) -> None:
    return None


@dataclass(frozen=True)
class PlainType(Generic[Request]):
    full_type: str
    request: type[Request]
    body: Callable[[Call, Request, Json | None], Json]
    """What a resource shows beside id, name, type, location, tags and the keys that it keeps without effect; the body
    it had before, if there was one."""
    patch: type[TagsRequest] = TagsRequest
    before_deletion: Callable[[Call, Document], None] = _nothing
    """Raises where something still needs the resource, and ends what it had."""
    created_status: int = 201
    """With which a PUT that creates succeeds; some types say 200 then too."""
    after_write: Callable[[Call, Json, Json | None], None] = field(default=lambda call, new, old: None)
    """What the write means for other documents, in the same transaction."""

    @property
    def kind(self) -> str:
        return self.full_type.lower()

    @property
    def collection_path(self) -> str:
        return f"{GROUP}/providers/{self.full_type}"

    @property
    def path(self) -> str:
        return f"{self.collection_path}/{{name}}"

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("PUT", self.path, self._put, body=self.request, codes=tuple(sorted({200, self.created_status}))),
            reading(self.path, lambda call: call.stored(call.get(self.kind))),
            Route("PATCH", self.path, patching(self.kind, self.patch), body=self.patch),
            Route("DELETE", self.path, self._delete, codes=(200, 204)),
            reading(self.collection_path, self._list),
            reading(
                f"{SUBSCRIPTION}/providers/{self.full_type}", lambda call: call.page(rows(call.by_id(self.kind, None)))
            ),
        )

    def _put(self, call: Call) -> Answer:
        request = call.read(self.request)
        place = location.normalised(request.location, self.full_type)
        with call.ports.store.transaction():
            call.get_group()
            existing = call.find(self.kind)
            call.check_precondition(existing)
            old = existing.json() if existing else None
            if old and old["location"] != place:
                raise errors.location_conflict(old["name"], old["location"], call.group, place)
            id = old["id"] if old else call.id
            body = {
                "name": id.rpartition("/")[2],
                "id": id,
                "type": self.full_type,
                "location": place,
                **({"tags": request.tags} if request.tags else {}),
                **self.body(call, request, old),
            }
            body = call.with_kept(self.request, body)
            document = call.ports.store.put(self.kind, id, body, parent=call.group_id)
            self.after_write(call, body, old)
        return call.stored(document, 200 if old else self.created_status)

    def _delete(self, call: Call) -> Answer:
        with call.ports.store.transaction():
            existing = call.find(self.kind)
            if existing is None:
                return Answer(204)
            call.check_precondition(existing)
            self.before_deletion(call, existing)
            call.ports.store.delete(self.kind, existing.id)
        return Answer(200)

    def _list(self, call: Call) -> Answer:
        call.get_group()
        return call.page(rows(call.by_id(self.kind, call.group_id)))
