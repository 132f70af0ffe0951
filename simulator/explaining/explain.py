"""Finds what a name means, a job, a recovery point or a vault, and explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from controlplane.domain.recovery_services import job, recovery_point, vault
from controlplane.json_object import Json
from controlplane.ports import Document, Store
from simulator.explaining import jobs, points, vaults
from simulator.failures import Failure, WrongUse

KINDS = (job.KIND, recovery_point.KIND, vault.KIND)
SCHEMA_VERSION = 1


class NothingToExplain(Failure):
    """No job, recovery point or vault has this name or id."""


def explain(store: Store, name_or_id: str, now: datetime, settle: Callable[[], None] = lambda: None) -> Json:
    """The explanation of a job, a recovery point or a vault, by its name or ARM id; `now` is world time. `settle` waits
    until what handlers did was looked at."""
    found = list(_named(store, name_or_id.strip().lower()))
    if not found:
        raise NothingToExplain(
            f"no job, recovery point or vault {name_or_id} exists in this world; "
            "az backup job list, az backup recoverypoint list and az backup vault list show them"
        )
    if len(found) > 1:
        ids = ", ".join(str(document.json()["id"]) for document in found)
        raise WrongUse(f"several things are named {name_or_id}; name one by its ARM id: {ids}")
    (document,) = found
    if document.kind != vault.KIND:
        settle()
    explainers: dict[str, Callable[[], Json]] = {
        job.KIND: lambda: jobs.explain(store, document),
        recovery_point.KIND: lambda: points.explain(store, document),
        vault.KIND: lambda: vaults.explain(store, document, now),
    }
    return {"schema_version": SCHEMA_VERSION, **explainers[document.kind]()}


def _named(store: Store, name: str) -> Iterator[Document]:
    for kind in KINDS:
        if "/" in name:
            document = store.get(kind, name)
            yield from () if document is None else (document,)
        else:
            yield from (document for document in store.find(kind) if document.id.rpartition("/")[2] == name)
