"""The machines that the kills fall upon: their group, their vault, and the bodies of the requests about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from controlplane.domain.arm_id import item_id
from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import SQL_SERVER, UBUNTU, agent_is_ready
from tests.kills.ledger import Ledger
from tests.kills.process import Broken

LOCATION, GROUP, VAULT, STAGING = "westus", "kills", "vault01", "killstaging"
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
EVERY_LINUX, EVERY_DATABASE, EVERY_MANY_DISKS = 4, 10, 6
FEW_DISKS, MANY_DISKS = 1, 8
"""Data disks of a machine; many of them make a freeze longer."""
AT = "2020-04-28T21:00:00Z"


@dataclass
class Estate:
    """Paths and bodies. `count` machines are there from the beginning; each start of the world has another client."""

    client: Client
    count: int
    state: Path
    """The folder of the world."""

    @property
    def group(self) -> str:
        return self.client.group(GROUP)

    @property
    def vault(self) -> str:
        return f"{self.group}/providers/Microsoft.RecoveryServices/vaults/{VAULT}"

    @property
    def network(self) -> str:
        return f"{self.group}/providers/Microsoft.Network/virtualNetworks/net"

    @property
    def staging(self) -> str:
        return f"{self.group}/providers/Microsoft.Storage/storageAccounts/{STAGING}"

    @property
    def names(self) -> list[str]:
        return [f"vm{number:03}" for number in range(self.count)]

    def machine(self, name: str) -> str:
        return f"{self.group}/providers/Microsoft.Compute/virtualMachines/{name}"

    def item(self, name: str) -> str:
        return item_id(self.vault, GROUP, name)

    def policy(self, name: str) -> str:
        return f"{self.vault}/backupPolicies/{name}"

    def protection(self, name: str, policy: str) -> Json:
        properties = {"protectedItemType": "Microsoft.Compute/virtualMachines", "sourceResourceId": self.machine(name)}
        return {"properties": properties | {"policyId": self.policy(policy)}}

    def restore(self, point: str, machine: str, **more: object) -> Json:
        return {
            "properties": {
                "objectType": "IaasVMRestoreRequest",
                "recoveryPointId": point.rpartition("/")[2],
                "sourceResourceId": self.machine(machine),
                "storageAccountId": self.staging,
                "region": LOCATION,
                "createNewCloudService": False,
                "originalStorageAccountOption": False,
                "encryptionDetails": {"encryptionEnabled": False},
            }
            | more
        }

    def build(self, ledger: Ledger) -> None:
        """Make all of it and wait until every machine is ready and protected."""

        def put(path: str, body: Json, content: int | None = None) -> None:
            if not ledger.ask(self.client, "build", "PUT", path, body, content=content):
                raise Broken(f"{path} cannot be made: {dict(ledger.answers)}")

        put(self.group, {"location": LOCATION})
        account = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        put(self.staging, account)
        subnet = {"name": "inner", "properties": {"addressPrefix": "10.1.0.0/20"}}
        space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}
        put(self.network, {"location": LOCATION, "properties": space})
        put(self.vault, {"location": LOCATION, "sku": {"name": "Standard"}, "properties": {}})
        for path in (self.staging, self.network, self.vault):
            self.client.wait_for(path, lambda made: made["properties"]["provisioningState"] == "Succeeded")
        for name in ("daily", "other"):
            put(self.policy(name), policy_body(30, 2), 30)
        for number, name in enumerate(self.names):
            put(self.machine(name), machine_body(number, name))
        for name in self.names:
            self.client.wait_for(f"{self.machine(name)}/instanceView", agent_is_ready)
            put(self.item(name), self.protection(name, "daily"))


def machine_body(number: int, name: str) -> Json:
    """Disks that hold little: an image and empty ones. Every few machines differ in system, database and disks."""
    image = UBUNTU if number % EVERY_LINUX == 0 else SQL_SERVER if number % EVERY_DATABASE == 1 else WINDOWS
    disks = MANY_DISKS if number % EVERY_MANY_DISKS == 2 else FEW_DISKS
    return {
        "location": LOCATION,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"computerName": name, "adminUsername": "azureuser"},
            "storageProfile": {
                "imageReference": image,
                "osDisk": {"createOption": "FromImage"},
                "dataDisks": [{"lun": lun, "createOption": "Empty", "diskSizeGB": 1} for lun in range(disks)],
            },
        },
    }


def policy_body(days: int, snapshot_days: int) -> Json:
    duration = {"count": days, "durationType": "Days"}
    return {
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "instantRpRetentionRangeInDays": snapshot_days,
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": [AT],
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {"retentionTimes": [AT], "retentionDuration": duration},
            },
            "timeZone": "UTC",
        }
    }


def template(chance: Random, prefix: str) -> Json:
    """A network and some machines on it."""
    machines = chance.randint(1, 2)
    image = WINDOWS | {"version": "latest"}
    network = {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2024-05-01",
        "name": f"{prefix}-net",
        "location": LOCATION,
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
            "subnets": [{"name": "inner", "properties": {"addressPrefix": "10.2.0.0/24"}}],
        },
    }
    machine = {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": "2024-07-01",
        "name": f"[format('{prefix}{{0}}', copyIndex())]",
        "copy": {"name": "machines", "count": machines},
        "location": LOCATION,
        "dependsOn": [f"{prefix}-net"],
        "properties": machine_body(1, prefix)["properties"]
        | {"storageProfile": {"imageReference": image, "osDisk": {"createOption": "FromImage"}}},
    }
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [network, machine],
    }
