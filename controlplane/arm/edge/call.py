"""One ARM request as a resource type's file sees it, and the answers it may give.

Everything that every resource type shares stands here once: reading a body, finding a document or the right 404, ETags,
pages of a list, and the headers of a long-running operation.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from pydantic import ValidationError

from controlplane.arm.edge import choices, kept_keys
from controlplane.arm.edge.paths import operation_name, split
from controlplane.arm.edge.request_body import RequestBody as RequestBody
from controlplane.arm.edge.request_body import is_named
from controlplane.arm.sign_in.aad import Identity
from controlplane.arm.sign_in.cloud import PUBLIC_ARM
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.errors import ServiceError
from controlplane.domain.events.event import Cause
from controlplane.domain.resources.resource_group import check_stays
from controlplane.jobs.engine.records import new_guid
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, Ports

GROUP_KIND = "microsoft.resources/resourcegroups"
PAGE_ITEMS = 200
"""Entries of a list in one answer: what the lists of Azure Backup are cut to."""
RETRY_AFTER_SECONDS = 1
"""Clients fall back to half a minute where this is absent or zero."""


Body = TypeVar("Body", bound=RequestBody)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `headers` only names what this operation adds to what every answer carries."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Dispatcher(Protocol):
    """All operations of this service, for one that needs another."""

    def carry_out(
        self, caller: Call, method: str, path: str, body: Json | None, query: Mapping[str, str] | None = None
    ) -> Answer: ...

    def knows(self, method: str, path: str) -> bool: ...

    def check_alone(self, caller: Call, method: str, path: str, body: Json) -> None: ...


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Call:
    """One request, already authenticated and routed."""

    ports: Ports
    engine: Engine
    identity: Identity
    method: str
    id: str
    """What the path names, its keywords in the documented spelling and its names as the request wrote them."""
    names: Mapping[str, str]
    query: Mapping[str, str]
    """Keys in lower case."""
    headers: Mapping[str, str]
    """Keys in lower case."""
    content: bytes
    base_url: str
    """Scheme and host by which the client reached us; every address in an answer starts with it."""
    dispatcher: Dispatcher
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What no error of a job that this begins may tell: the deployment that asks has put it into the request."""

    caller: str = ""
    """Object id of the client; empty where the service asks itself."""
    correlation_id: str = ""
    """What a client's request and its answer bear."""
    cause: Cause | None = None
    """Because of which event a job asks; None for a client's request, which is its own cause."""
    cancelled: Callable[[], bool] = _never
    """Whether the client has left, so that nobody waits for the answer. Long work that changes nothing asks."""

    # ------------------------------------------------------------------------------------------------------ the request

    @property
    def group(self) -> str:
        return self.names["group"]

    @property
    def is_public(self) -> bool:
        """Whether the client reached us by Azure's own address, through a proxy: it then knows no other of ours."""
        return self.base_url == PUBLIC_ARM

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.names['subscription']}/resourceGroups/{self.group}"

    @property
    def subscription_id(self) -> str:
        return f"/subscriptions/{self.names['subscription']}"

    def json(self) -> Json:
        """The body, which must be a JSON object; an absent one is an empty object."""
        return parse_object(self.content) if self.content.strip() else {}

    def read(self, model: type[Body]) -> Body:
        """The body as `model` describes it; what it asks for and nothing here does is refused by its name."""
        body = self.json()
        for path, what in model.refused.items():
            if is_named(body, path.split(".")):
                raise errors.operation_not_simulated(what)
        try:
            return model.model_validate(self._spelled(body))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            path = ".".join(str(part) for part in first["loc"])
            raise errors.invalid_content(f"{first['msg']}. Path '{path}'") from None

    def with_kept(self, model: type[RequestBody], body: Json) -> Json:
        """A resource as the operation made it, with what its request says and `model` does not read."""
        return kept_keys.with_kept(self._operation, model, self._spelled(self.json()), body)

    def _spelled(self, body: Json) -> Json:
        return choices.spelled(self._operation, body)

    @property
    def _operation(self) -> str:
        return operation_name(self.method, split(self.id))

    def new_guid(self) -> str:
        """A fresh id, drawn from the world's own chance."""
        return new_guid(self.ports.chance)

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The address of an ARM path on this server, with the request's api-version."""
        parameters = {"api-version": self.query["api-version"], **(query or {})}
        return f"{self.base_url}{quote(path, safe='/;=')}?{urlencode(parameters, quote_via=quote, safe='$')}"

    def ask(self, method: str, path: str, body: Json | None = None, query: Mapping[str, str] | None = None) -> Answer:
        """Carry out another operation in this caller's name, in this thread. What it refuses is raised. `query` is what
        is asked beside the api-version, its names in lower case."""
        return self.dispatcher.carry_out(self, method, path, body, query)

    def check_alone(self, method: str, path: str, body: Json) -> None:
        """Raise what another operation would refuse in any case, while what it depends on does not exist yet."""
        self.dispatcher.check_alone(self, method, path, body)

    def in_version(self, api_version: str) -> Call:
        """The same caller, asking in another api-version."""
        return replace(self, query={**self.query, "api-version": api_version})

    def knows(self, method: str, path: str) -> bool:
        """Whether there is such an operation."""
        return self.dispatcher.knows(method, path)

    # ---------------------------------------------------------------------------------------------------- the documents

    def find(self, kind: str, id: str | None = None) -> Document | None:
        return self.ports.store.get(kind, (id or self.id).lower())

    def get(self, kind: str, id: str | None = None) -> Document:
        """The document of this id (the path's own by default), or the 404 that ARM answers without it."""
        document = self.find(kind, id)
        if document is None:
            raise self.not_found(id)
        return document

    def not_found(self, id: str | None = None) -> ServiceError:
        """Why a resource that ARM itself tracks is not there: its group is not, or it is not."""
        resource = ResourceId.parse(id or self.id)
        if self.find(GROUP_KIND, resource.group_id) is None:
            return errors.resource_group_not_found(resource.group)
        return errors.resource_not_found(resource.type, resource.name, resource.group)

    def get_group(self) -> Document:
        group = self.find(GROUP_KIND, self.group_id)
        if group is None:
            raise errors.resource_group_not_found(self.group)
        if self.method == "PUT":
            check_stays(group.json())
        return group

    def check_precondition(self, document: Document | None) -> None:
        """Refuse a write whose If-Match or If-None-Match no longer holds."""
        required_etag, refused_etag = self.headers.get("if-match"), self.headers.get("if-none-match")
        if refused_etag == "*" and document is not None:
            raise errors.precondition_failed("The resource already exists.")
        if required_etag is None:
            return
        if document is None:
            raise errors.precondition_failed("The resource does not exist.")
        if required_etag != "*" and required_etag not in (_quoted(document.etag), document.json().get("etag")):
            raise errors.precondition_failed("The resource has changed since it was read.")

    # ------------------------------------------------------------------------------------------------------ the answers

    def stored(self, document: Document, status: int = 200) -> Answer:
        """The document as it lies in the store, without decoding it."""
        etag = _quoted(document.etag)
        if self.method == "GET" and self.headers.get("if-none-match") == etag:
            return Answer(304, headers={"ETag": etag})
        return Answer(status, document.body, {"ETag": etag})

    def accepted(
        self, status_path: str, result_path: str | None = None, *, status: int = 202, body: Json | None = None
    ) -> Answer:
        """A long-running operation began: where its status is asked for, and where its result."""
        headers = {"Azure-AsyncOperation": self.url(status_path), "Retry-After": str(RETRY_AFTER_SECONDS)}
        if result_path is not None:
            headers["Location"] = self.url(result_path)
        return Answer(status, b"" if body is None else encode(body), headers)

    @property
    def after(self) -> str:
        """Where the page before this one ended; empty for the first."""
        token = self.query.get("$skiptoken", "")
        try:
            return b64decode(token, b"-_", validate=True).decode()
        except ValueError:
            raise errors.invalid_query("$skipToken", "it was not issued by this service") from None

    def page(self, rows: Iterable[tuple[str, bytes]]) -> Answer:
        """The next entries of a list. `rows` are its (key, body) in the list's order, from behind the key `after`."""
        taken = list(islice(rows, PAGE_ITEMS + 1))
        page, more = taken[:PAGE_ITEMS], len(taken) > PAGE_ITEMS
        content = b'{"value":[' + b",".join(body for _, body in page) + b"]"
        if more:
            token = urlsafe_b64encode(page[-1][0].encode()).decode()
            others = {key: value for key, value in self.query.items() if key not in {"api-version", "$skiptoken"}}
            content += b',"nextLink":' + json.dumps(self.url(self.id, {**others, "$skipToken": token})).encode()
        return Answer(content=content + b"}")

    def by_id(self, kind: str, parent: str | None) -> Iterator[Document]:
        """The documents below `parent` (everywhere without one) in the order of their ids, from behind `after`."""
        after = self.after
        while True:
            documents = self.ports.store.find(kind, parent, after=after, limit=PAGE_ITEMS + 1)
            yield from documents
            if len(documents) <= PAGE_ITEMS:
                return
            after = documents[-1].id

    def newest_first(self, rows: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        """The rows by descending key, from behind `after`. Keys start with a time."""
        after = self.after
        return ((key, body) for key, body in sorted(rows, reverse=True) if not after or key < after)


def as_json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, encode(body), headers or {})


def encode(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def rows(documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    return ((document.id, document.body) for document in documents)


def parse_object(content: bytes) -> Json:
    """A JSON object, or the error that ARM answers to anything else."""
    try:
        decoded = json.loads(content, parse_constant=_refuse_constant)
        encode(decoded)  # half of a surrogate pair and 1e999 pass the parser, but nothing can store them
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else _first_line(error)
        raise errors.invalid_content(reason) from None
    if not isinstance(decoded, dict):
        raise errors.invalid_content("a JSON object is expected")
    return decoded


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _first_line(error: ValueError) -> str:
    # The message of a UnicodeError shows the text it failed on, which may hold a secret.
    return "it is not well-formed Unicode" if isinstance(error, UnicodeError) else str(error).partition("\n")[0]


def _quoted(etag: str) -> str:
    return f'"{etag}"'
