"""Rows of the table RecoveryServicesResources: protected items, policies and jobs.

Facts: types, and the keys that items and jobs have here beside those of their own operations, from the queries of
"Query your backups using Azure Resource Graph" and from scripts that read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from controlplane.arm.resource_graph.rows import Owner, row
from controlplane.domain.arm_id import ResourceId, vault_id_of
from controlplane.domain.recovery_services import deleted_vault, job, policy, protected_item, vault
from controlplane.domain.recovery_services.deleted_vault import is_below
from controlplane.domain.times import parse_instant
from controlplane.json_object import Json
from controlplane.ports import StoreView

JOBS_KEPT = timedelta(days=14)
_ITEMS = "backupfabrics/protectioncontainers/protecteditems"
_STATES = {
    "IRPending": "ProtectionConfigured",
    "Protected": "ProtectionConfigured",
    "ProtectionError": "ProtectionError",
    "BackupsSuspended": "ProtectionStopped",
    "ProtectionStopped": "ProtectionStopped",
    "SoftDeleted": "SoftDeleted",
    "NotProtected": "ConfiguringProtection",
}
"""State of an item -> its `currentProtectionState`."""


def items(view: StoreView, owner: Owner) -> Iterator[Json]:
    """Also those of deleted vaults, under a type of their own."""
    for document in view.find(protected_item.KIND):
        body = document.json()
        kept = "locations/deletedvaults" if is_below(body["id"]) else "vaults"
        source = ResourceId.parse(body["properties"]["sourceResourceId"])
        yield row(
            owner,
            body | {"type": f"microsoft.recoveryservices/{kept}/{_ITEMS}", "properties": _item(body, source)},
            location=body["properties"].get("sourceLocation", ""),
            resourceGroup=_group_of(view, body["id"]).lower(),
        )


def _item(body: Json, source: ResourceId) -> Json:
    properties: Json = body["properties"]
    return properties | {
        "currentProtectionState": _STATES[protected_item.state_of(body)],
        "dataSourceInfo": {
            "resourceID": str(source),
            "resourceName": source.name,
            "resourceType": source.type,
            "resourceLocation": properties.get("sourceLocation", ""),
            "resourceUri": "",
            "datasourceType": source.type,
            "objectType": "Datasource",
        },
        "policyInfo": {"name": properties.get("policyName", ""), "policyId": properties.get("policyId", "")},
    }


def _group_of(view: StoreView, item: str) -> str:
    """The group of the vault, or of what a deleted one was."""
    if not is_below(item):
        return ResourceId.parse(vault_id_of(item)).group
    kept = view.get(deleted_vault.KIND, item.partition("/backupFabrics/")[0])
    return ResourceId.parse(kept.json()["properties"]["vaultId"]).group if kept else ""


def policies(view: StoreView, owner: Owner) -> Iterator[Json]:
    for document in view.find(policy.KIND):
        if not is_below(document.id):
            body = document.json()
            yield _in_vault(view, owner, body | {"type": policy.KIND})


def jobs(view: StoreView, owner: Owner, now: datetime) -> Iterator[Json]:
    for document in view.find(job.KIND):
        body = document.json()
        if is_below(document.id) or now - parse_instant(body["properties"]["startTime"]) > JOBS_KEPT:
            continue
        if body["properties"]["status"] not in job.ENDED:
            body = job.body(job.from_json(document.private["job"]), now)
        item = view.get(protected_item.KIND, str(document.private.get("item") or ""))
        more = _job(body, item.json() if item else None)
        more["isUserTriggered"] = document.private.get(job.BY_USER, True)
        yield _in_vault(view, owner, body | {"properties": body["properties"] | more})


def _job(body: Json, item: Json | None) -> Json:
    """What a job has here beside its own keys."""
    home = vault_id_of(body["id"])
    facts: Json = {"vaultName": ResourceId.parse(home).name}
    if item is None:
        return facts
    properties = item["properties"]
    return facts | {
        "backupInstanceId": item["id"],
        "dataSourceId": properties["sourceResourceId"],
        "dataSourceLocation": properties.get("sourceLocation", ""),
        "dataSourceName": properties["friendlyName"],
        "dataSourceType": properties["protectedItemType"],
    }


def _in_vault(view: StoreView, owner: Owner, body: Json) -> Json:
    home = ResourceId.parse(vault_id_of(body["id"]))
    document = view.get(vault.KIND, str(home))
    place = document.json()["location"] if document else ""
    return row(owner, body, location=place, resourceGroup=home.group.lower())
