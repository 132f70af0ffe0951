"""Plans of storage accounts: one makes an account and claims its name, one empties an account that is gone from ARM.

Several worlds may use one storage, which knows nothing of them. So an account that a world makes holds its claim: a
blob that is only written where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.arm import CONFLICT
from controlplane.domain.errors.storage import ACCOUNT_NOT_EMPTIED, STORAGE_ACCOUNT_CREATION_FAILED
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.storage.storage_account import name_taken
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.jobs.provisioning.resource_log import ResourceLog, ResourceState
from controlplane.jobs.provisioning.retrying import retried
from controlplane.ports import CLAIMS, Blob, BlobNotFound, PortError, Ports, StorageRefused, Store

EMPTYING = "storage.emptying"
"""Kind of the documents that name accounts which are still being emptied; `failed`: nobody does it any more."""
LONGEST_EMPTYING = timedelta(minutes=30)


class AccountState(ResourceState):
    """An account that is made, or emptied."""

    account: str
    """Its name."""


def is_claimed_by_another(ports: Ports, account: str) -> bool:
    """Whether another world over the same storage has an account of this name."""
    try:
        return ports.blobs.read(_claim(account)).decode() != ports.settings.claim
    except BlobNotFound:
        return False


def _claim(account: str) -> Blob:
    return Blob(account, CLAIMS, "world")


def _create(ports: Ports, state: AccountState) -> Waiting[Outcome]:
    account = state["account"]
    yield from _after_the_former(ports, account)

    def create() -> None:
        ports.blobs.add_account(account)
        if ports.settings.claim:
            is_ours = ports.blobs.put_if_absent(_claim(account), ports.settings.claim.encode())
            if not is_ours and is_claimed_by_another(ports, account):
                raise name_taken(account)

    try:
        yield from retried(ports.settings, "make an account", create)
    except StorageRefused as refusal:
        raise CONFLICT.error(reason=refusal) from refusal
    except PortError as problem:
        raise STORAGE_ACCOUNT_CREATION_FAILED.error(name=account, reason=problem) from problem
    return Outcome(state)


def _after_the_former(ports: Ports, account: str) -> Waiting[None]:
    """What an account of this name held before is gone first."""

    def is_over() -> bool:
        note = ports.store.get(EMPTYING, account)
        return note is None or bool(note.json().get("failed"))

    yield Wait("an account of the same name that is being emptied", is_over, ports.clock.now() + LONGEST_EMPTYING)
    if ports.store.get(EMPTYING, account) is not None:
        yield from _emptied(ports, account)
        ports.store.delete(EMPTYING, account)


def _release(ports: Ports, state: AccountState) -> Outcome:
    """Only the claim: what else the account holds is not from here."""
    with suppress(BlobNotFound):
        if ports.settings.claim and not is_claimed_by_another(ports, state["account"]):
            ports.blobs.delete(_claim(state["account"]))
    return Outcome(state)


def _empty(ports: Ports, state: AccountState) -> Waiting[Outcome]:
    yield from _emptied(ports, state["account"])
    return Outcome(state)


def _emptied(ports: Ports, account: str) -> Waiting[None]:
    def empty() -> None:
        with suppress(BlobNotFound):  # The endpoint has no such account any more.
            ports.blobs.empty_account(account)

    try:
        yield from retried(ports.settings, "empty an account", empty)
    except PortError as problem:
        raise ACCOUNT_NOT_EMPTIED.error(name=account, reason=problem) from problem


class _CreationLog(ResourceLog):
    """An account that could not be made is not there."""

    def show(self, store: Store, state: ResourceState, provisioning_state: str) -> None:
        if provisioning_state == "Failed":
            store.delete(state["kind"], state["resource"])
        else:
            super().show(store, state, provisioning_state)


class _EmptyingLog(ResourceLog):
    """The note goes with the end of the job, or says that it failed."""

    def close(
        self, store: Store, state: ResourceState, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        if errors:
            store.put(state["kind"], state["resource"], {"failed": True})
        else:
            store.delete(state["kind"], state["resource"])
        return None


CREATE = Plan(
    "CreateAccount", (Step("Make the account", do=_create, undo=_release, listed=False),), job_log=_CreationLog()
)
EMPTY = Plan("EmptyAccount", (Step("Empty the account", do=_empty, listed=False),), job_log=_EmptyingLog())

PLANS = (CREATE, EMPTY)
