"""The network of a machine and of its storage accounts, as somebody sets it by ARM, and what it does to backups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import Scenario, account_name, machine_body
from simulator.scenario_values import JobFailed, Machine, ProtectedItem, RecoveryPoint
from simulator.world import Config, build
from tests.e2e.fault_rig import SETTINGS

NO_NETWORK = "ExtensionSnapshotFailedNoNetwork"


class Networked:
    """A machine behind an interface with a security group."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.scenario = Scenario(client)
        self.account = self.scenario.create_account(account_name("sql01"))
        self.networks = f"{self.scenario.machine_id('x').partition('/providers/')[0]}/providers/Microsoft.Network"

    def machine(self, name: str, **disk: Any) -> ProtectedItem:
        body = machine_body(name, self.account.blob_endpoint, data_disk_gib=())
        if disk:
            del body["properties"]["storageProfile"]["osDisk"]["vhd"]
            body["properties"]["storageProfile"]["osDisk"] |= disk
        body["properties"]["networkProfile"] = {"networkInterfaces": [{"id": self._interface(name)}]}
        made = self.client.put(self.scenario.machine_id(name), body)
        self.scenario.wait_until_ready(made["id"])
        return self.scenario.protect(Machine(made["id"], name, ()))

    def rules(self, *rules: Json) -> None:
        """The rules of the group of all machines."""
        properties = {"securityRules": list(rules)}
        self.client.put(
            f"{self.networks}/networkSecurityGroups/group", {"location": "westus", "properties": properties}
        )

    def acls(self, **acls: str) -> None:
        self.client.arm("PATCH", self.account.id, {"properties": {"networkAcls": acls}})

    def code(self, item: ProtectedItem) -> str | None:
        """The error of one more backup; None: it is good."""
        try:
            self.scenario.back_up(item)
        except JobFailed as failed:
            return failed.job.errors[0].code
        return None

    def restored(self, point: RecoveryPoint) -> str | None:
        """The error of a restore of disks to the account as it is; None: it succeeds."""
        properties = {
            "objectType": "IaasVMRestoreRequest",
            "recoveryPointId": point.id.rpartition("/")[2],
            "recoveryType": "RestoreDisks",
            "sourceResourceId": self.scenario.machine_id("ruled01"),
            "storageAccountId": self.account.id,
            "region": "westus",
            "createNewCloudService": False,
            "originalStorageAccountOption": False,
            "encryptionDetails": {"encryptionEnabled": False},
        }
        self.client.finish(self.client.post(f"{point.id}/restore", {"properties": properties}))
        newest = next(iter(self.client.list(f"{self.scenario.vault_id}/backupJobs")))["name"]
        try:
            job = self.scenario.wait_for_job(newest)
        except JobFailed as failed:
            job = failed.job
        assert job.operation == "Restore"
        return job.errors[0].code if job.errors else None

    def _interface(self, name: str) -> str:
        subnet = {"name": "one", "properties": {"addressPrefix": "10.7.0.0/24"}}
        space = {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}, "subnets": [subnet]}
        network = f"{self.networks}/virtualNetworks/net"
        self.client.put(network, {"location": "westus", "properties": space})
        group = {"networkSecurityGroup": {"id": f"{self.networks}/networkSecurityGroups/group"}}
        configuration = {"name": "one", "properties": {"subnet": {"id": f"{network}/subnets/one"}}}
        properties = {"ipConfigurations": [configuration], **group}
        id = f"{self.networks}/networkInterfaces/{name}"
        return str(self.client.put(id, {"location": "westus", "properties": properties})["id"])


@pytest.fixture(scope="module")
def networked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Networked]:
    folder = tmp_path_factory.mktemp("network") / "world"
    config = Config(state=folder, scheduled=False, workload_rate=0, on_demand_backups_per_day=0, settings=SETTINGS)
    with build(config) as world, Client(world.endpoints, limit_seconds=120) as client:
        yield Networked(client)


@pytest.mark.slow
def test_a_group_that_denies_the_internet_concerns_machines_that_take_their_own_snapshots(networked: Networked) -> None:
    deny: Json = {
        "name": "deny",
        "properties": {
            "direction": "Outbound",
            "access": "Deny",
            "priority": 200,
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "Internet",
            "destinationPortRange": "*",
        },
    }
    storage = {"priority": 100, "access": "Allow", "destinationAddressPrefix": "Storage"}
    networked.rules()
    own = networked.machine("own01")
    managed = networked.machine("managed01", managedDisk={"storageAccountType": "Standard_LRS"})
    assert (networked.code(own), networked.code(managed)) == (None, None)
    networked.rules(deny)
    assert (networked.code(own), networked.code(managed)) == (NO_NETWORK, None)
    networked.rules(deny, {"name": "storage", "properties": {**deny["properties"], **storage}})
    assert networked.code(own) is None


@pytest.mark.slow
def test_an_account_that_denies_needs_its_exception_for_its_disks_and_for_a_restore(networked: Networked) -> None:
    networked.rules()
    item = networked.machine("ruled01")
    assert networked.code(item) is None
    networked.acls(defaultAction="Deny", bypass="None")
    assert networked.code(item) == NO_NETWORK
    (point, *_) = networked.scenario.recovery_points(item)
    assert networked.restored(point) == "UserErrorNetworkAclsANotSupported"
    networked.acls(defaultAction="Deny", bypass="AzureServices")
    assert networked.code(item) is None
    assert networked.restored(point) is None
