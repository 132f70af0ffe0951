"""A request carried out as if, to learn what would be said against it."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.domain.errors import ServiceError
from controlplane.ports import Engine, Json, Ports


class _TakenBack(Exception):
    """Everything was allowed, and nothing of it shall stay."""


class _Nobody:
    """An engine that begins nothing."""

    def start(self, plan: str, job_id: str, state: Json) -> None:
        return None

    def cancel(self, job_id: str) -> bool:
        return False

    def recover(self) -> int:
        return 0

    def close(self) -> None:
        return None


def rehearse(ports: Ports, request: Callable[[Engine], object]) -> ServiceError | None:
    """Why the request would be refused; None if it would not. It is given an engine, and whatever it writes to the
    store is taken back, so that the checks are those of the request itself and cannot come to differ from them."""
    try:
        with ports.store.transaction():
            request(_Nobody())
            raise _TakenBack
    except _TakenBack:
        return None
    except ServiceError as error:
        return error
