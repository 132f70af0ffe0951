"""Protected items: everything that changes protection, backup-now, and the vault's list of items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.filters import holds
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services import list_filters
from controlplane.arm.recovery_services.vault_request import ENVELOPE
from controlplane.arm.recovery_services.vaults import VAULT, check_region, require_vault, vault_id
from controlplane.domain import errors
from controlplane.domain.arm_id import item_id, parse_container_name, parse_item_name
from controlplane.domain.errors.protection import ITEM_NAME_INCORRECT
from controlplane.domain.recovery_services import other_workloads, policy
from controlplane.domain.recovery_services.protected_item import KIND, as_of, policy_applied, state_of
from controlplane.domain.recovery_services.recovery_point import extended_info
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.documents import points
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.protection import stopping, vault_rules
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.json_object import Json
from controlplane.ports import Document

ITEM = f"{VAULT}/backupFabrics/Azure/protectionContainers/{{container}}/protectedItems/{{item}}"

EXTENDED_INFO = "extendedInfo"


class DiskExclusionRequest(RequestBody):
    disk_lun_list: list[int] | None = None
    is_inclusion_list: bool = False


class ExtendedPropertiesRequest(RequestBody):
    disk_exclusion_properties: DiskExclusionRequest | None = None


class ItemPropertiesRequest(RequestBody):
    protected_item_type: str | None = None
    source_resource_id: str | None = None
    policy_id: str | None = None
    protection_state: str | None = None
    is_rehydrate: bool | None = None
    create_mode: str | None = None
    extended_properties: ExtendedPropertiesRequest | None = None
    resource_guard_operation_requests: list[str] | None = None


class ItemRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = {
        "properties.extendedProperties.linuxVmApplicationName": "an application of a Linux virtual machine"
    }
    decided = (
        *ENVELOPE,
        *(
            f"properties.{key}"
            for key in (
                "backupSetName",
                "containerName",
                "deferredDeleteTimeInUTC",
                "deferredDeleteTimeRemaining",
                "extendedInfo",
                "healthDetails",
                "isArchiveEnabled",
                "isDeferredDeleteScheduleUpcoming",
                "isScheduledForDeferredDelete",
                "kpisHealths",
                "lastBackupStatus",
                "lastRecoveryPoint",
                "policyName",
                "protectionStatus",
                "softDeleteRetentionPeriodInDays",
                "sourceSideScanInfo",
            )
        ),
    )

    properties: ItemPropertiesRequest = ItemPropertiesRequest()


class BackupPropertiesRequest(RequestBody):
    object_type: str | None = None
    recovery_point_expiry_time_in_utc: str | None = Field(default=None, alias="recoveryPointExpiryTimeInUTC")


class BackupRequest(RequestBody):
    decided = ENVELOPE

    properties: BackupPropertiesRequest = BackupPropertiesRequest()


def put_item(call: Call) -> Answer:
    item_request = call.read(ItemRequest)
    if (item_request.properties.create_mode or "Default").lower() not in {"default", "invalid"}:
        raise errors.operation_not_simulated(f"protection with the createMode {item_request.properties.create_mode}")
    request = item_request.model_dump(by_alias=True, exclude_none=True)
    other_workloads.check(item_request.properties.protected_item_type)
    item = _item_id(call, require_vault(call))
    vault_rules.check_item_put(call.ports, item, request["properties"])
    ticket = configure_protection(call.ports, call.engine, item, request)
    return started(call, ticket, call.id)


def get_item(call: Call) -> Answer:
    """$expand, or `expand` in $filter as older clients ask, adds what has to be counted."""
    filter_terms = list_filters.read(call, list_filters.ITEM)
    item = require_item(call)
    return as_json(_expanded(call, item)) if _is_expanded(call, filter_terms) else item_answer(call, item)


def item_answer(call: Call, item: Document) -> Answer:
    """A soft-deleted item changes with time, any other only when somebody changes it."""
    body = item.json()
    return as_json(as_of(body, call.ports.clock.now())) if state_of(body) == "SoftDeleted" else call.stored(item)


def delete_item(call: Call) -> Answer:
    """The operation belongs to the vault, since the item may be gone before the operation is read."""
    vault = require_vault(call)
    item = _item_id(call, vault)
    vault_rules.check_item_deletion(call.ports, item)
    ticket = stopping.delete(call.ports, call.engine, item)
    if ticket is None:
        return Answer(204)
    home = vault_id(call)
    return call.accepted(
        f"{home}/backupOperations/{ticket.operation_id}", f"{home}/backupOperationResults/{ticket.operation_id}"
    )


def list_items(call: Call) -> Answer:
    check_region(call)
    require_vault(call)
    filter_terms = list_filters.read(call, list_filters.ITEMS)
    return call.page(_listed(call, filter_terms, _is_expanded(call, filter_terms)))


def _listed(call: Call, filter_terms: dict[str, str], expanded: bool) -> Iterator[tuple[str, bytes]]:
    for item in call.by_id(KIND, vault_id(call)):
        body = item.json()
        if not holds(filter_terms, _facts(body)):
            continue
        if expanded:
            yield item.id, encode(_expanded(call, item))
        elif state_of(body) == "SoftDeleted":
            yield item.id, encode(as_of(body, call.ports.clock.now()))
        else:
            yield item.id, item.body


def _is_expanded(call: Call, filter_terms: dict[str, str]) -> bool:
    return EXTENDED_INFO.lower() in {call.query.get("$expand", "").lower(), filter_terms.get("expand", "").lower()}


def _expanded(call: Call, item: Document) -> Json:
    """The item with what its recovery points and its policy make of it now."""
    store, body = call.ports.store, item.json()
    if state_of(body) == "SoftDeleted":
        body = as_of(body, call.ports.clock.now())
    rules = store.get(policy.KIND, body["properties"].get("policyId") or "")
    applied = policy_applied(item.private)
    inconsistent = rules is not None and applied is not None and applied != rules.etag
    info = extended_info(points.of_item(store, item.id), inconsistent)
    return body | {"properties": body["properties"] | {EXTENDED_INFO: info}}


def post_backup(call: Call) -> Answer:
    request = call.read(BackupRequest).model_dump(by_alias=True, exclude_none=True)
    other_workloads.check(request["properties"].get("objectType"))
    ticket = backup_now(call.ports, call.engine, require_item(call).json()["id"], request)
    return started(call, ticket, call.id.removesuffix("/backup"))


def started(call: Call, ticket: Ticket, item: str) -> Answer:
    """A job of an item began. `item` is its path as the request wrote it: the service echoes that spelling."""
    return call.accepted(
        f"{item}/operationsStatus/{ticket.operation_id}", f"{item}/operationResults/{ticket.operation_id}"
    )


def find_item(call: Call) -> Document | None:
    return call.ports.store.get(KIND, _item_id(call, vault_id(call)))


def require_item(call: Call) -> Document:
    """The item that the path names; a 404 for it or for its vault."""
    item = find_item(call)
    if item is None:
        require_vault(call)
        raise errors.item_not_found(call.names["item"])
    return item


def _item_id(call: Call, vault: str) -> str:
    """The id of the item that the path names, in the service's own spelling."""
    other_workloads.check(call.names["container"])
    other_workloads.check(call.names["item"])
    try:
        container = parse_container_name(call.names["container"])
    except ValueError as error:
        raise errors.container_name_incorrect(str(error)) from None
    try:
        item = parse_item_name(call.names["item"])
    except ValueError as error:
        raise ITEM_NAME_INCORRECT.error(reason=error) from None
    if [part.lower() for part in container] != [part.lower() for part in item]:
        raise errors.container_name_incorrect("container and item name different virtual machines")
    return item_id(vault, *item)


def _facts(item: Json) -> dict[str, str]:
    """The keys of a filter of items."""
    properties = item["properties"]
    return {
        "backupmanagementtype": properties["backupManagementType"],
        "itemtype": properties["workloadType"],
        "policyname": properties.get("policyName") or "",
        "friendlyname": properties["friendlyName"],
        "containername": properties["containerName"],
        "healthstate": properties["healthStatus"],
    }


ROUTES = (
    Route("PUT", ITEM, put_item, body=ItemRequest, codes=(202,)),
    reading(ITEM, get_item),
    Route("DELETE", ITEM, delete_item, codes=(202, 204)),
    Route("POST", f"{ITEM}/backup", post_backup, body=BackupRequest, codes=(202,)),
    reading(f"{VAULT}/backupProtectedItems", list_items),
)
