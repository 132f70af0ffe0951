"""What the service has acknowledged: so what has to be there, or gone, after every kill, and which operations end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

import httpx

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed

ENDED = frozenset({"Succeeded", "Failed", "Canceled"})
RETRY_LATER = frozenset({429, 503})
"""The service, or the storage under it, cannot do it now and says so."""


class Expected(Enum):
    """What is known of a resource."""

    THERE = "there"
    GONE = "gone"
    EITHER = "there or gone"
    """A request about it had no answer, or its operation has not ended or failed."""


@dataclass
class Operation:
    """An operation that was acknowledged. `address` is path and query: the port changes with every start."""

    address: str
    removes: bool
    resource: str
    content: int | None = None
    status: str = "InProgress"


@dataclass
class Ledger:
    """Filled by the thread that asks; read once that has ended."""

    resources: dict[str, Expected] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    contents: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """What a resource may hold, told by one number: what was acknowledged last, and what was asked for since."""
    answers: Counter[str] = field(default_factory=Counter)
    """Requests by what they were for and how they were answered."""
    faults: list[str] = field(default_factory=list)
    """Answers that no request may get."""

    def ask(
        self,
        client: Client,
        what: str,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        softly: bool = False,
        content: int | None = None,
    ) -> bool:
        """One request that may change something; whether it was accepted. `Unreachable` passes. `softly`: what is
        deleted stays there. `content`: what the resource holds if this is done."""
        removes = method == "DELETE" and not softly
        before, held = self.resources.get(path, Expected.EITHER), self.contents.get(path, ())
        if method in ("PUT", "DELETE"):
            self.resources[path] = Expected.EITHER
        if content is not None:
            self.contents[path] = (*held, content)
        try:
            response = client.arm(method, path, body)
        except RequestFailed as error:
            self.answers[f"{what}: {error.status} {error.code}"] += 1
            if error.status < 500 and path in self.resources:
                self.resources[path] = before
                if content is not None:
                    self.contents[path] = held
            elif error.status >= 500 and error.status not in RETRY_LATER:
                self.faults.append(f"{method} {path} was answered {error.status} {error}")
            return False
        self.answers[f"{what}: {response.status_code}"] += 1
        address = response.headers.get("Azure-AsyncOperation") or response.headers.get("Location")
        if address and response.status_code in (200, 201, 202):
            place = urlsplit(address)
            self.operations.append(Operation(f"{place.path}?{place.query}", removes, path, content))
        elif removes:
            self.resources[path] = Expected.GONE
        elif content is not None:
            self.contents[path] = (content,)
        if method == "PUT":
            self.resources[path] = Expected.THERE
        return True

    def follow(self, client: Client) -> list[str]:
        """Look at the operations that have not ended; the addresses of those that still run."""
        running = [each for each in self.operations if each.status == "InProgress"]
        for operation in running:
            operation.status = self._status(client, operation)
            if operation.removes and operation.status == "Succeeded":
                self.forget(operation.resource)
                self.resources[operation.resource] = Expected.GONE
            elif operation.status in ("Failed", "Canceled"):
                self.resources[operation.resource] = Expected.EITHER
            if operation.content is not None and operation.status == "Succeeded":
                possible = self.contents[operation.resource]
                if operation.content in possible:  # what was asked for before it, no longer
                    self.contents[operation.resource] = possible[possible.index(operation.content) :]
        return [each.address for each in running if each.status == "InProgress"]

    def forget(self, path: str) -> None:
        """Nothing is known any more of a resource and what lies in it."""
        for known in [each for each in self.resources if each == path or each.startswith(f"{path}/")]:
            self.resources[known] = Expected.EITHER

    def _status(self, client: Client, operation: Operation) -> str:
        try:
            return _status(client.arm("GET", f"{client.endpoints['arm_http']}{operation.address}"))
        except RequestFailed as error:
            if error.status in RETRY_LATER:
                return "InProgress"
            group = "/".join(operation.resource.split("/")[:5])
            if error.status == 404 and not operation.removes and self.resources.get(group) is Expected.THERE:
                self.faults.append(f"the operation {operation.address} was acknowledged and is not known: {error}")
            return "Failed"


def _status(response: httpx.Response) -> str:
    if response.status_code == 202:
        return "InProgress"
    if not response.content:
        return "Succeeded"
    body = response.json()
    status = body.get("status", "Succeeded") if isinstance(body, dict) else "Succeeded"
    return str(status) if status in ENDED else "InProgress"
