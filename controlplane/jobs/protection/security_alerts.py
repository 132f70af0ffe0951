"""Security alerts: fired where backup data are deleted, or are kept for less long, or a guard is taken away.

Each is called inside the transaction of what it warns of, with a way to tell its event. Of the alerts that are
documented two cannot come about here: soft delete and the security features of a vault cannot be switched off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.due import Due
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.monitoring import alert
from controlplane.domain.monitoring.alert import Alert, Subject
from controlplane.domain.recovery_services import deleted_vault, protected_item
from controlplane.domain.times import instant
from controlplane.jobs.documents import alerts
from controlplane.jobs.documents.alerts import Tell
from controlplane.jobs.protection import vault_rules
from controlplane.json_object import Json
from controlplane.ports import Document, Ports, Store

WARNING = "warning"
"""Kind of what is due: an item is about to be purged."""
_WARNED = "warned_of_purge"
"""Among what the service remembers of an item: of which deletion its owner was warned."""


def data_deleted(store: Store, item: Json, now: datetime, job: str, tell: Tell) -> None:
    """A job soft-deleted an item with all its recovery points."""
    name = item["properties"]["friendlyName"]
    alerts.fire(
        store,
        Alert(
            rule=alert.DELETE_BACKUP_DATA,
            subject=_of(store, item),
            fired=now,
            description=f"The backup data of {name} have been deleted.",
            occurrence=job,
            recommendation="If this was not intended, undelete the item before it is purged.",
        ),
        tell,
    )


def item_kept_for_less(store: Store, before: Json, policy: str, now: datetime, job: str, tell: Tell) -> None:
    """A job gives an item another policy; `before` is its body. Fired where that keeps recovery points for less."""
    old = vault_rules.policy_of(store, str(before["properties"].get("policyId") or ""))
    new = vault_rules.policy_of(store, policy)
    if not (old and new and vault_rules.keeps_for_less(old, new)):
        return
    name = before["properties"]["friendlyName"]
    alerts.fire(
        store,
        Alert(
            rule=alert.SHORTER_RETENTION_OF_ITEM,
            subject=_of(store, before),
            fired=now,
            description=f"{name} is protected by a policy with a shorter retention, {policy.rpartition('/')[2]}.",
            occurrence=job,
            recommendation="If this was not intended, give the item its former policy.",
        ),
        tell,
    )


def policy_kept_for_less(store: Store, former: Document, changed: Document, now: datetime) -> None:
    """A policy was changed. Fired where it now keeps recovery points for less long."""
    old, new = former.json()["properties"], changed.json()["properties"]
    if not vault_rules.keeps_for_less(old, new):
        return
    body = changed.json()
    alerts.fire(
        store,
        Alert(
            rule=alert.SHORTER_RETENTION_OF_POLICY,
            subject=Subject(vault_id_of(body["id"]), body["id"], "Policy"),
            fired=now,
            description=f"The policy {body['name']} has been changed to a shorter retention.",
            occurrence=changed.etag,
            recommendation="If this was not intended, give the policy its former retention.",
        ),
        lambda fact: fact.event(),
    )


def guard_removed(store: Store, vault: str, guard: str, now: datetime) -> None:
    """A vault has no resource guard any more."""
    alerts.fire(
        store,
        Alert(
            rule=alert.MUA_DISABLED,
            subject=Subject(vault, vault),
            fired=now,
            description=f"Multi-user authorization has been disabled for the vault {vault.rpartition('/')[2]}.",
            occurrence=f"{guard}|{instant(now)}",
            recommendation="If this was not intended, map the vault to its resource guard again.",
        ),
        lambda fact: fact.event(),
    )


def purged(store: Store, item: Json, now: datetime) -> None:
    """A soft-deleted item ceased to be."""
    _about_purge(store, alert.PURGE_COMPLETE, item, now, "have been deleted for good", "")


def dues(item: Document) -> Iterator[Due]:
    """When the owner of a soft-deleted item is to be warned of its purge."""
    body = item.json()
    if protected_item.state_of(body) == "SoftDeleted" and item.private.get(_WARNED) != _deletion_of(body):
        yield Due(protected_item.purge_time(body) - alert.UPCOMING, WARNING, body["id"])


def warn_of_purge(ports: Ports, item: str) -> None:
    """Do what was due. Nobody is warned of what is over by now."""
    store, now = ports.store, ports.clock.now()
    with store.transaction():
        document = store.get(protected_item.KIND, item)
        if document is None or all(due.time > now for due in dues(document)):
            return
        body = document.json()
        end = protected_item.purge_time(body)
        store.put(protected_item.KIND, item, body, private=document.private | {_WARNED: _deletion_of(body)})
        if now < end:
            remedy = "If the data are still needed, undelete the item."
            what = f"will be deleted for good at {instant(end)}"
            _about_purge(store, alert.UPCOMING_PURGE, body, now, what, remedy)


def _deletion_of(item: Json) -> str:
    """When a soft-deleted item was deleted: it may be again, once it was undeleted."""
    return str(item["properties"]["deferredDeleteTimeInUTC"])


def _about_purge(store: Store, rule: alert.Rule, item: Json, now: datetime, what: str, remedy: str) -> None:
    properties = item["properties"]

    def tell(fact: Fact) -> Event:
        return fact.event(vm=properties["sourceResourceId"])

    alerts.fire(
        store,
        Alert(
            rule=rule,
            subject=_of(store, item),
            fired=now,
            description=f"The backup data of {properties['friendlyName']} {what}.",
            occurrence=_deletion_of(item),
            recommendation=remedy,
        ),
        tell,
    )


def _of(store: Store, item: Json) -> Subject:
    return alert.of_item(_home(store, item["id"]), item)


def _home(store: Store, item: str) -> str:
    """The vault in which an item lies or, where that is deleted too, lay."""
    if not deleted_vault.is_below(item):
        return vault_id_of(item)
    kept = store.get(deleted_vault.KIND, item.partition("/backupFabrics/")[0])
    assert kept is not None, "a deleted vault is kept as long as its items"
    return str(kept.json()["properties"]["vaultId"])
