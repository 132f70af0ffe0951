"""Protectable items: the virtual machines of the vault's region that no vault protects."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.arm.edge.call import Answer, Call, encode
from controlplane.arm.edge.filters import holds
from controlplane.arm.edge.routing import reading
from controlplane.arm.recovery_services import list_filters
from controlplane.arm.recovery_services.vaults import VAULT, require_vault
from controlplane.domain.arm_id import ResourceId, backup_name, container_id
from controlplane.domain.compute import virtual_machine
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.vault import KIND as VAULT_KIND
from controlplane.jobs.documents import items
from controlplane.json_object import Json

TYPE = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectableItems"


def list_protectable_items(call: Call) -> Answer:
    vault = require_vault(call)
    filter_terms = list_filters.read(call, list_filters.PROTECTABLE_ITEMS)
    return call.page(_listed(call, vault, filter_terms))


def _listed(call: Call, vault: str, filter_terms: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    store = call.ports.store
    place = call.get(VAULT_KIND, vault).json()["location"]
    vault_items = ((item.parent, item.json()) for item in items.in_vaults(store))
    protected = {
        body["properties"]["sourceResourceId"].lower()
        for parent, body in vault_items
        if parent == vault.lower() or protected_item.state_of(body) in protected_item.BACKED_UP
    }
    for machine in call.by_id(virtual_machine.KIND, None):
        body = machine.json()
        name = body["name"]
        facts = {"friendlyname": name, "containername": backup_name(ResourceId.parse(body["id"]).group, name)}
        if machine.id not in protected and body["location"] == place and holds(filter_terms, facts):
            yield machine.id, encode(_protectable(vault, body["id"]))


def _protectable(vault: str, source: str) -> Json:
    vm = ResourceId.parse(source)
    name = backup_name(vm.group, vm.name)
    return {
        "id": f"{container_id(vault, vm.group, vm.name)}/protectableItems/vm;{name}",
        "name": name,
        "type": TYPE,
        "properties": {
            "virtualMachineId": source,
            "virtualMachineVersion": "Compute",
            "resourceGroup": vm.group,
            "backupManagementType": "AzureIaasVM",
            "protectableItemType": "Microsoft.Compute/virtualMachines",
            "friendlyName": vm.name,
            "protectionState": "NotProtected",
        },
    }


ROUTES = (reading(f"{VAULT}/backupProtectableItems", list_protectable_items),)
