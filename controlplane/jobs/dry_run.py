"""Tries a request without carrying it out, to learn whether it would be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from controlplane.domain.errors import ServiceError
from controlplane.json_object import Json
from controlplane.overlay_store import OverlayStore
from controlplane.ports import Engine, Ports


class _IdleEngine(Engine):
    """An engine that begins nothing."""

    def start(self, plan: str, job_id: str, state: Json) -> None:
        return None

    def cancel(self, job_id: str) -> bool:
        return False

    def recover(self) -> int:
        return 0

    def close(self) -> None:
        return None


def refusal_of(ports: Ports, request: Callable[[Ports, Engine], object]) -> ServiceError | None:
    """Why the request would be refused; None if it would not. It is given ports and an engine of its own: whatever it
    writes to the store is dropped, and no job begins. So the checks are those of the request itself."""
    with ports.store.view() as view:
        try:
            request(replace(ports, store=OverlayStore(view, ports.clock)), _IdleEngine())
        except ServiceError as error:
            return error
    return None
