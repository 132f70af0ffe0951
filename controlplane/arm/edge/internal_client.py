"""What a job asks of the service itself: the operations of the table, with their locks and their place in the journal.

No token is asked for: whoever ordered the job had one.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from controlplane.arm.edge.call import Answer, Call, Dispatcher
from controlplane.arm.edge.error_mapping import Expected, expected
from controlplane.arm.sign_in.aad import Identity
from controlplane.jobs.requests import Progress, Written
from controlplane.ports import Engine, Json, Ports

VERSION = "2024-11-01"
"""For what is asked without a version of its own."""


_NOWHERE = ""
"""Nobody reached us: addresses in answers are paths."""


def is_own(call: Call) -> bool:
    """Whether a job asks, and no client."""
    return call.base_url == _NOWHERE


class InternalClient:
    """The Requests of jobs."""

    def __init__(self, ports: Ports, engine: Engine, identity: Identity, dispatcher: Dispatcher) -> None:
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

    def write(self, id: str, api_version: str, body: Json, secrets: tuple[str, ...] = ()) -> Written:
        answer = self._ask("PUT", id, api_version, body, secrets)
        return Written(answer.status, operation_of(answer))

    def progress(self, operation: str) -> Progress:
        answer = self._ask("GET", operation, VERSION)
        if answer.status == 202:
            return Progress("InProgress")
        shown: Any = json.loads(answer.content or b"{}")
        return Progress(str(shown.get("status", "Succeeded")), shown.get("error"))

    def get(self, id: str, api_version: str | None) -> Json:
        found: Json = json.loads(self._ask("GET", id, api_version or VERSION).content)
        return found

    def act(self, action: str, id: str, api_version: str, body: Json | None) -> Json:
        answered: Json = json.loads(self._ask("POST", f"{id}/{action}", api_version, body).content)
        return answered

    def _ask(
        self, method: str, path: str, api_version: str, body: Json | None = None, secrets: tuple[str, ...] = ()
    ) -> Answer:
        caller = replace(self._caller.in_version(api_version), secrets=secrets)
        try:
            return caller.ask(method, path, body)
        except Expected as error:
            raise expected(error) from error


def operation_of(answer: Answer) -> str | None:
    """The path at which to ask for the long-running operation that an answer tells of."""
    address = answer.headers.get("Azure-AsyncOperation")
    if address is None and answer.status == 202:
        address = answer.headers.get("Location")
    return None if address is None else unquote(urlsplit(address).path)
