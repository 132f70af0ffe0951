"""How a job uses the service's own operations: the same that clients call, with no transport between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from controlplane.domain.events.event import Cause
from controlplane.json_object import Json

WRITTEN = "write.noted"
"""Kind of the documents that tell which writes have been done."""


@dataclass(frozen=True, slots=True)
class Written:
    """A resource was written. `status` is the number that ARM answered, `operation` the path at which to ask how far
    the long-running operation is that this began; None where there is none."""

    status: int
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long-running operation is: InProgress, Running, Succeeded, Failed or Canceled. `error` is as ARM shows
    it."""

    state: str
    error: Json | None = None


class Requests(Protocol):
    """Each raises ServiceError or PortError where a client were refused. `id` is an ARM id."""

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
        """`secrets` are texts of the body that no error of the resource's own job may tell. `once` names this write:
        the transaction that writes the resource puts a document WRITTEN of this id, which the caller deletes, and a
        write that is asked for once more while it is there is not repeated. `cause` is what the write follows from."""

    def progress(self, operation: str) -> Progress:
        """`operation` is a path as in `Written`; that of a resource tells how far its provisioning is."""

    def get(self, id: str, api_version: str | None) -> Json:
        """The resource as ARM shows it."""

    def delete(self, id: str, cause: Cause) -> None:
        """Delete a resource. What this begins may go on for longer."""

    def resources_of(self, group: str) -> Sequence[Json]:
        """The resources in a group, by its ARM id, as ARM shows them."""

    def act(self, action: str, id: str, api_version: str, body: Json | None, *, cause: Cause | None = None) -> Json:
        """What `POST {id}/{action}` answers. `cause` is what it follows from."""
