"""Protection containers: one for each protected virtual machine of a vault, shown from its item."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.arm.edge.call import RETRY_AFTER_SECONDS, Answer, Call, as_json, encode
from controlplane.arm.edge.filters import holds
from controlplane.arm.edge.routing import Route, reading, refused
from controlplane.arm.recovery_services import list_filters
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain.arm_id import ResourceId, container_id, container_name, item_id, parse_container_name
from controlplane.domain.errors import container_name_incorrect, operation_not_found
from controlplane.domain.errors.protection import CONTAINER_HAS_DATASOURCES, CONTAINER_NOT_FOUND
from controlplane.domain.recovery_services import other_workloads, protected_item
from controlplane.json_object import Json
from controlplane.ports import Document

TYPE = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers"
FABRIC = f"{VAULT}/backupFabrics/Azure"
CONTAINER = f"{FABRIC}/protectionContainers/{{container}}"


def list_containers(call: Call) -> Answer:
    vault = require_vault(call)
    filter_terms = list_filters.read(call, list_filters.CONTAINERS)
    return call.page(_listed(call, vault, filter_terms))


def get_container(call: Call) -> Answer:
    vault = require_vault(call)
    item = _item_in(call, vault)
    if item is None:
        raise CONTAINER_NOT_FOUND.error(name=call.names["container"])
    return as_json(_container(vault, item.json()["properties"]["sourceResourceId"]))


def delete_container(call: Call) -> Answer:
    """A machine's container exists as long as its item, so a container without an item is already unregistered."""
    vault = require_vault(call)
    if _item_in(call, vault) is not None:
        raise CONTAINER_HAS_DATASOURCES.error()
    return Answer(204)


def _item_in(call: Call, vault: str) -> Document | None:
    other_workloads.check(call.names["container"])
    try:
        name = parse_container_name(call.names["container"])
    except ValueError as error:
        raise container_name_incorrect(str(error)) from None
    return call.ports.store.get(protected_item.KIND, item_id(vault, *name))


def list_deleted_containers(call: Call) -> Answer:
    """Those whose item is soft-deleted; they stand in the other list as well, as in the service."""
    vault = require_vault(call)
    filter_terms = list_filters.read(call, list_filters.CONTAINERS)
    return call.page(_listed(call, vault, filter_terms, only_deleted=True))


def refresh_containers(call: Call) -> Answer:
    """Machines are looked up with each list, so there is nothing to refresh and the operation ends at once."""
    require_vault(call)
    location = call.url(f"{vault_id(call)}/backupFabrics/Azure/operationResults/refresh")
    return Answer(202, headers={"Location": location, "Retry-After": str(RETRY_AFTER_SECONDS)})


def get_refresh_result(call: Call) -> Answer:
    require_vault(call)
    if call.names["operation"] != "refresh":
        raise operation_not_found(call.names["operation"])
    return Answer(204)


def _listed(
    call: Call, vault: str, filter_terms: dict[str, str], only_deleted: bool = False
) -> Iterator[tuple[str, bytes]]:
    for item in call.by_id(protected_item.KIND, vault):
        body = item.json()
        if only_deleted and protected_item.state_of(body) != "SoftDeleted":
            continue
        container = _container(vault, body["properties"]["sourceResourceId"])
        facts = {
            "backupmanagementtype": "AzureIaasVM",
            "friendlyname": container["properties"]["friendlyName"],
            "status": "Registered",
        }
        if holds(filter_terms, facts):
            yield item.id, encode(container)


def _container(vault: str, source: str) -> Json:
    vm = ResourceId.parse(source)
    return {
        "id": container_id(vault, vm.group, vm.name),
        "name": container_name(vm.group, vm.name),
        "type": TYPE,
        "properties": {
            "virtualMachineId": source,
            "virtualMachineVersion": "Compute",
            "resourceGroup": vm.group,
            "friendlyName": vm.name,
            "backupManagementType": "AzureIaasVM",
            "registrationStatus": "Registered",
            "healthStatus": "Healthy",
            "containerType": "Microsoft.Compute/virtualMachines",
            "protectableObjectType": "Microsoft.Compute/virtualMachines",
        },
    }


ROUTES = (
    reading(f"{VAULT}/backupProtectionContainers", list_containers),
    reading(f"{VAULT}/backupDeletedProtectionContainers", list_deleted_containers),
    reading(CONTAINER, get_container),
    refused("PUT", CONTAINER),
    Route("DELETE", CONTAINER, delete_container, codes=(204,)),
    Route("POST", f"{FABRIC}/refreshContainers", refresh_containers, codes=(202,)),
    reading(f"{FABRIC}/operationResults/{{operation}}", get_refresh_result, codes=(204,)),
)
