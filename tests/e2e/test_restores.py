"""Restores of a machine on managed disks, on real storage and with a real guest: to itself, and to another machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import agent_is_ready
from tests.e2e.running import up

GROUP, LOCATION = "shop", "westus"
BEFORE, AFTER = 12, 30
"""Transactions before the backup, and those that a restore must take back."""


@dataclass
class Shop:
    """A group with a vault, and a machine that is protected and has one recovery point."""

    client: Client
    point: Json
    transaction: int
    """The last one when the recovery point was taken, or one that came soon after."""

    @property
    def group(self) -> str:
        return self.client.group(GROUP)

    def machine(self, name: str = "sql01") -> str:
        return f"{self.group}/providers/Microsoft.Compute/virtualMachines/{name}"

    def restore(self, **asked: object) -> Json:
        """The job of a restore that completed."""
        account = f"{self.group}/providers/Microsoft.Storage/storageAccounts/staging01"
        body = {"objectType": "IaasVMRestoreRequest", "sourceResourceId": self.machine(), "storageAccountId": account}
        answer = self.client.post(f"{self.point['id']}/restore", {"properties": body | asked})
        vault, number = self.point["id"].partition("/backupFabrics/")[0], self.client.finish(answer)
        job = f"{vault}/backupJobs/{number['properties']['jobId']}"
        ended = self.client.wait_for(job, lambda found: found["properties"]["status"] != "InProgress")
        assert ended["properties"]["status"] == "Completed", ended
        return ended

    def work(self, transactions: int, name: str = "sql01") -> int:
        """The number of the last transaction after so many more."""
        answer = self.client.sim("POST", "/workload", {"vm": self.machine(name), "transactions": transactions})
        return int(answer["last_transaction"])

    def verdict(self, job: Json) -> Json:
        return self.client.sim("POST", "/verify", {"recovery_point": self.point["id"], "job": job["name"]})

    def power(self, action: str, name: str = "sql01") -> None:
        self.client.finish(self.client.post(f"{self.machine(name)}/{action}"))

    def disks(self, name: str = "sql01") -> list[str]:
        """The managed disks of a machine, the OS disk first."""
        profile = self.client.get(self.machine(name))["properties"]["storageProfile"]
        return [disk["managedDisk"]["id"] for disk in (profile["osDisk"], *profile["dataDisks"])]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with up(tmp_path_factory.mktemp("restores") / "world") as world:
        yield opened(world.client)


def opened(client: Client) -> Shop:
    shop = Shop(client, {}, 0)
    compute, network = f"{shop.group}/providers/Microsoft.Compute", f"{shop.group}/providers/Microsoft.Network"
    client.put(shop.group, {"location": LOCATION})
    account = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    client.put(f"{shop.group}/providers/Microsoft.Storage/storageAccounts/staging01", account)
    subnet = {"name": "back", "properties": {"addressPrefix": "10.1.0.0/24"}}
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}
    client.put(f"{network}/virtualNetworks/net", {"location": LOCATION, "properties": space})
    image = {"publisher": "MicrosoftSQLServer", "offer": "sql2022-ws2022", "sku": "enterprise-gen2"}
    profile = {
        "imageReference": image,
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": [{"lun": lun, "createOption": "Empty", "diskSizeGB": 8} for lun in range(2)],
    }
    machine = {"osProfile": {"computerName": "sql01", "adminUsername": "me"}, "storageProfile": profile}
    client.put(f"{compute}/virtualMachines/sql01", {"location": LOCATION, "properties": machine})
    client.wait_for(f"{shop.machine()}/instanceView", agent_is_ready)
    vault = f"{shop.group}/providers/Microsoft.RecoveryServices/vaults/vault01"
    client.put(vault, {"location": LOCATION, "sku": {"name": "Standard"}, "properties": {}})
    name = f"iaasvmcontainerv2;{GROUP};sql01"
    item = f"{vault}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{name}/protectedItems/VM;{name}"
    kind, policy = "Microsoft.Compute/virtualMachines", f"{vault}/backupPolicies/DefaultPolicy"
    body = {"protectedItemType": kind, "sourceResourceId": shop.machine(), "policyId": policy}
    client.put(item, {"properties": body})
    shop.work(BEFORE)
    backup = client.post(f"{item}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}})
    job = f"{vault}/backupJobs/{client.finish(backup)['properties']['jobId']}"
    ended = client.wait_for(job, lambda found: found["properties"]["status"] != "InProgress")
    assert ended["properties"]["status"] == "Completed", ended
    (shop.point,) = client.list(f"{item}/recoveryPoints")
    shop.transaction = shop.work(0)
    shop.work(AFTER)
    return shop


def test_another_machine_starts_from_the_recovery_point(shop: Shop) -> None:
    network = f"{shop.group}/providers/Microsoft.Network/virtualNetworks/net"
    job = shop.restore(
        recoveryType="AlternateLocation",
        targetVirtualMachineId=shop.machine("copy"),
        targetResourceGroupId=shop.group,
        virtualNetworkId=network,
        subnetId=f"{network}/subnets/back",
    )
    shop.client.wait_for(f"{shop.machine('copy')}/instanceView", agent_is_ready)
    view = shop.client.get(f"{shop.machine('copy')}/instanceView")
    assert view["computerName"] == "sql01", "the name stands on the OS disk"
    assert BEFORE <= shop.work(0, "copy") < shop.transaction + AFTER <= shop.work(0)
    shop.power("deallocate", "copy")
    database = shop.verdict(job)["database"]
    assert (database["found"], database["opened_clean"], database["integrity"]) == (True, True, "ok")
    assert database["sum_of_balances_ok"]
    interface = shop.client.get(
        shop.client.get(shop.machine("copy"))["properties"]["networkProfile"]["networkInterfaces"][0]["id"]
    )
    assert interface["properties"]["virtualMachine"]["id"] == shop.machine("copy")


def test_a_machine_goes_back_to_the_recovery_point(shop: Shop) -> None:
    old = shop.disks()
    shop.power("deallocate")
    job = shop.restore(recoveryType="OriginalLocation")
    verdict = shop.verdict(job)
    assert verdict["verified"], verdict["checks"]
    assert [disk["equal"] for disk in verdict["restored"]] == [True, True, True]
    assert verdict["database"]["opened_clean"]
    assert not set(old) & set(shop.disks())
    assert {shop.client.get(disk)["properties"]["diskState"] for disk in old} == {"Unattached"}
    shop.power("start")
    assert shop.work(0) < shop.transaction + AFTER
    assert shop.work(1) > BEFORE


@pytest.mark.slow
def test_a_running_machine_is_started_again(shop: Shop) -> None:
    shop.client.wait_for(f"{shop.machine()}/instanceView", agent_is_ready)
    shop.work(AFTER)
    before = shop.work(0)
    job = shop.restore(recoveryType="OriginalLocation")
    tasks = [task["taskId"] for task in job["properties"]["extendedInfo"]["tasksList"]]
    assert tasks == [
        "Back up the existing virtual machine",
        "Create the restored disks",
        "Replace the existing disks",
    ]
    assert shop.work(0) < before
    item = shop.point["id"].partition("/recoveryPoints/")[0]
    assert len(list(shop.client.list(f"{item}/recoveryPoints"))) == 3, "two safety backups"
