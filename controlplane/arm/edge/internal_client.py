"""What a job asks of the service itself: the operations of the table, with their locks and their place in the journal.

No token is asked for: whoever ordered the job had one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from controlplane.arm.edge import api_versions
from controlplane.arm.edge.call import Answer, Call, Dispatcher
from controlplane.arm.edge.error_mapping import Expected, expected
from controlplane.arm.sign_in.aad import Identity
from controlplane.domain.events.event import Cause
from controlplane.jobs.requests import WRITTEN, Progress, Written
from controlplane.json_object import Json
from controlplane.port_wrappers import StoreWrapper
from controlplane.ports import Document, Engine, Ports, Store

VERSION = "2024-11-01"
"""For what is asked without a version of its own."""


_ENDED = frozenset({"Succeeded", "Failed", "Canceled"})

_NOWHERE = ""
"""The base address of a job's requests: addresses in their answers are paths."""


def is_own(call: Call) -> bool:
    """Whether a job asks, and no client."""
    return call.base_url == _NOWHERE


class InternalClient:
    """The Requests of jobs. `kinds` are those of the documents of resources that lie in groups."""

    def __init__(
        self, ports: Ports, engine: Engine, identity: Identity, dispatcher: Dispatcher, kinds: Sequence[str] = ()
    ) -> None:
        self._kinds = kinds
        self._caller = Call(
            ports=ports,
            engine=engine,
            identity=identity,
            method="GET",
            id="",
            names={},
            query={"api-version": VERSION},
            headers={},
            content=b"",
            base_url=_NOWHERE,
            dispatcher=dispatcher,
        )

    def write(
        self,
        id: str,
        api_version: str,
        body: Json,
        secrets: tuple[str, ...] = (),
        *,
        once: str = "",
        cause: Cause | None = None,
    ) -> Written:
        caller = replace(self._caller, secrets=secrets, cause=cause)
        if once:
            if caller.ports.store.get(WRITTEN, once) is not None:
                return Written(200, id)
            caller = replace(caller, ports=replace(caller.ports, store=_NotingStore(caller.ports.store, once)))
        answer = self._ask("PUT", id, api_version, body, caller)
        return Written(answer.status, operation_of(answer))

    def progress(self, operation: str) -> Progress:
        answer = self._ask("GET", operation, VERSION)
        if answer.status == 202:
            return Progress("InProgress")
        body: Any = json.loads(answer.content or b"{}")
        if "status" in body:
            return Progress(str(body["status"]), body.get("error"))
        state = str((body.get("properties") or {}).get("provisioningState", "Succeeded"))
        return Progress(state if state in _ENDED else "InProgress")

    def get(self, id: str, api_version: str | None) -> Json:
        resource: Json = json.loads(self._ask("GET", id, api_version or VERSION).content)
        return resource

    def read(self, address: str) -> Json | None:
        """What ARM answers to a GET of this path with its query; None where there is nothing. In the version that the
        query names, or else one of our own."""
        parts = urlsplit(address)
        query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
        api_versions.check(query.setdefault("api-version", VERSION))
        try:
            answer = self._caller.ask("GET", unquote(parts.path), None, query)
        except Expected as error:
            refusal = expected(error)
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise refusal from error
        content: Json | None = json.loads(answer.content) if answer.content else None
        return content

    def delete(self, id: str, cause: Cause) -> None:
        self._ask("DELETE", id, VERSION, caller=replace(self._caller, cause=cause))

    def resources_of(self, group: str) -> Sequence[Json]:
        store = self._caller.ports.store
        return [document.json() for kind in self._kinds for document in store.find(kind, group)]

    def act(self, action: str, id: str, api_version: str, body: Json | None, *, cause: Cause | None = None) -> Json:
        caller = replace(self._caller, cause=cause)
        answered: Json = json.loads(self._ask("POST", f"{id}/{action}", api_version, body, caller).content)
        return answered

    def _ask(
        self, method: str, path: str, api_version: str, body: Json | None = None, caller: Call | None = None
    ) -> Answer:
        try:
            return (caller or self._caller).in_version(api_version).ask(method, path, body)
        except Expected as error:
            raise expected(error) from error


class _NotingStore(StoreWrapper):
    """A store for one write. The first transaction that changes it also notes that the write was done."""

    def __init__(self, inner: Store, once: str) -> None:
        super().__init__(inner)
        self._once = once
        self._noted = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        outermost = not self.inner.in_transaction()
        with super().transaction():
            yield
            if outermost and not self._noted:
                self.inner.put(WRITTEN, self._once, {})
        self._noted = self._noted or outermost

    def put(
        self,
        kind: str,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str = "",
        private: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> Document:
        with self.transaction():
            return super().put(
                kind, id, body, parent=parent, private=private, if_match=if_match, if_none_match=if_none_match
            )


def operation_of(answer: Answer) -> str | None:
    """The path at which to ask for the long-running operation that an answer tells of."""
    address = answer.headers.get("Azure-AsyncOperation")
    if address is None and answer.status == 202:
        address = answer.headers.get("Location")
    return None if address is None else unquote(urlsplit(address).path)
