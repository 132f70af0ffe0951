"""A scenario in one world: create machines, let them work, protect, back up, restore and verify them.

This is the public way to drive a world from a program: the demo, benchmarks, tests and a user's own code call the same
verbs. A Scenario is an ordinary client. It needs a `Client` and nothing else of the world.

    with build(Config(state=folder)) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        machine = scenario.create_machine("sql01")
        scenario.work(machine, transactions=20)
        item = scenario.protect(machine)
        scenario.back_up(item)
        (point,) = scenario.recovery_points(item)
        job = scenario.restore_disks(point)
        assert scenario.verify(point, job).verified

Every verb waits until ARM reports its end, and may be called again: for another machine, or for the same one, where it
changes nothing that is there already. Errors: `RequestFailed` when the service refuses a request, `JobFailed` when a
job does not complete, `StillRunning` when the client's time limit passes, `Unreachable` when no world answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario_values import (
    Job,
    JobFailed,
    Machine,
    ProtectedItem,
    RecoveryPoint,
    StorageAccount,
    Vault,
    Verdict,
)

LOCATION = "westus"
MACHINE = "sql01"
RESTORE_ACCOUNT = "restored01"
OS_DISK_GIB = 127
DATA_DISK_GIB = (32, 16)
"""By default a disk for the database and one for its log."""
SQL_SERVER = {"publisher": "MicrosoftSQLServer", "offer": "sql2022-ws2022", "sku": "sqldev-gen2", "version": "latest"}
"""Windows Server with SQL Server: the image whose guest runs a database as its workload."""
UBUNTU = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
"""Linux: it has no VSS and no database, and its backups are file-system-consistent."""
RUNNING = frozenset({"InProgress", "Cancelling"})
LONGEST_ACCOUNT_NAME = 24


class Scenario:
    """One resource group with one vault in a world; the machines are given to the verbs."""

    def __init__(
        self,
        client: Client,
        *,
        group: str = "demo",
        vault: str = "vault01",
        policy: str = "DefaultPolicy",
        location: str = LOCATION,
    ) -> None:
        self.client = client
        self.group_id = client.group(group)
        self.vault_id = f"{self.group_id}/providers/Microsoft.RecoveryServices/vaults/{vault}"
        self.group, self.vault, self.policy, self.location = group, vault, policy, location

    # ----------------------------------------------------------------------------------------------------- addresses

    def machine_id(self, name: str = MACHINE) -> str:
        return f"{self.group_id}/providers/Microsoft.Compute/virtualMachines/{name}"

    def account_id(self, name: str) -> str:
        return f"{self.group_id}/providers/Microsoft.Storage/storageAccounts/{name}"

    def item_id(self, machine: str = MACHINE) -> str:
        """The protected item of a machine of this group, by the machine's name."""
        name = f"iaasvmcontainerv2;{self.group};{machine}"
        container = f"{self.vault_id}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{name}"
        return f"{container}/protectedItems/VM;{name}"

    def policy_id(self, name: str | None = None) -> str:
        return f"{self.vault_id}/backupPolicies/{name or self.policy}"

    # -------------------------------------------------------------------------------------------------------- create

    def create_group(self) -> str:
        """The ARM id of the resource group, which is created unless it exists."""
        self.client.put(self.group_id, {"location": self.location})
        return self.group_id

    def create_account(self, name: str) -> StorageAccount:
        """A storage account for disks, to run from or to restore to. Its group is created too."""
        self.create_group()
        body = {"location": self.location, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        account = self.client.put(self.account_id(name), body)
        return StorageAccount(account["id"], name, account["properties"]["primaryEndpoints"]["blob"])

    def create_machine(
        self,
        name: str = MACHINE,
        *,
        account: StorageAccount | None = None,
        os_disk_gib: int = OS_DISK_GIB,
        data_disk_gib: Sequence[int] = DATA_DISK_GIB,
        image: Json | None = None,
    ) -> Machine:
        """A VM that has booted and whose agent is ready.

        Its unmanaged disks lie in `account`; without one, an account named after the machine is created for them.
        `data_disk_gib` has the size of each data disk, `image` the imageReference (SQL_SERVER if it is None).
        """
        home = account or self.create_account(account_name(name))
        body = machine_body(name, home.blob_endpoint, data_disk_gib, os_disk_gib, image or SQL_SERVER, self.location)
        created = self.client.put(self.machine_id(name), body)
        self.wait_until_ready(created["id"])
        return Machine(created["id"], name, (os_disk_gib, *data_disk_gib))

    def create_vault(self) -> Vault:
        """The Recovery Services vault with its default policy. Its group is created too."""
        self.create_group()
        body = {"location": self.location, "sku": {"name": "RS0", "tier": "Standard"}, "properties": {}}
        vault = self.client.put(self.vault_id, body)
        return Vault(vault["id"], self.vault)

    def wait_until_ready(self, machine: Machine | str) -> None:
        """Wait until the agent of a machine reports that it is ready."""
        self.client.wait_for(f"{_id(machine)}/instanceView", agent_is_ready)

    # -------------------------------------------------------------------------------------------------- work, protect

    def work(self, machine: Machine | str, transactions: int = 20) -> int:
        """Let the database in the guest commit so many more transactions; returns the number of its last one."""
        answer = self.client.sim("POST", "/workload", {"vm": _id(machine), "transactions": transactions})
        return int(answer["last_transaction"])

    def fill(self, machine: Machine | str, mebibytes: int, lun: int = 0) -> str:
        """Write a text file of so many MiB on a disk of the guest (`lun` -1: the OS disk); returns its name."""
        answer = self.client.sim("POST", "/files", {"vm": _id(machine), "lun": lun, "mebibytes": mebibytes})
        return str(answer["file"])

    def protect(self, machine: Machine, policy: str | None = None) -> ProtectedItem:
        """Protect a machine with a policy of the vault, which is created unless it exists."""
        self.create_vault()
        properties = {
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "sourceResourceId": machine.id,
            "policyId": self.policy_id(policy),
        }
        path = self.item_id(machine.name)
        ended = self.client.finish(self.client.arm("PUT", path, {"properties": properties}))
        job = (ended.get("properties") or {}).get("jobId")
        return ProtectedItem(path, machine, self.policy_id(policy), self.wait_for_job(job) if job else None)

    # --------------------------------------------------------------------------------------------- back up and restore

    def start_backup(self, item: ProtectedItem | str) -> str:
        """Start an on-demand backup; returns the name of its job."""
        body = {"properties": {"objectType": "IaasVMBackupRequest"}}
        return self._job_of(self.client.finish(self.client.post(f"{_id(item)}/backup", body)))

    def back_up(self, item: ProtectedItem | str) -> Job:
        """An on-demand backup; returns its job when that has completed."""
        return self.wait_for_job(self.start_backup(item))

    def recovery_points(self, item: ProtectedItem | str) -> list[RecoveryPoint]:
        """The recovery points of an item, the oldest first, with the sizes that the service measured."""
        listed = [point["id"] for point in self.client.list(f"{_id(item)}/recoveryPoints")]
        details = [self.client.sim("GET", "/recoverypoint", id=point) for point in listed]
        return sorted(map(RecoveryPoint.from_json, details), key=lambda point: point.time)

    def restore_disks(self, point: RecoveryPoint | str, account: str = RESTORE_ACCOUNT) -> Job:
        """Restore the disks of a recovery point as blobs in an account, which is created unless it exists."""
        target = self.create_account(account)
        path = _id(point)
        item = self.client.get(path.rpartition("/recoveryPoints/")[0])
        properties = {
            "objectType": "IaasVMRestoreRequest",
            "recoveryPointId": path.rpartition("/")[2],
            "recoveryType": "RestoreDisks",
            "sourceResourceId": item["properties"]["sourceResourceId"],
            "storageAccountId": target.id,
            "region": self.location,
            "createNewCloudService": False,
            "originalStorageAccountOption": False,
            "encryptionDetails": {"encryptionEnabled": False},
        }
        answer = self.client.post(f"{path}/restore", {"properties": properties})
        return self.wait_for_job(self._job_of(self.client.finish(answer)))

    def verify(self, point: RecoveryPoint | str, restore_job: Job | None = None) -> Verdict:
        """Compare a recovery point, and the disks that a restore made of it, with what the guest had written."""
        body = {"recovery_point": _id(point), **({"job": restore_job.id} if restore_job else {})}
        return Verdict.from_json(self.client.sim("POST", "/verify", body))

    # --------------------------------------------------------------------------------------------------------- look

    def job(self, name: str) -> Job:
        """A job of the vault as it stands now."""
        return Job.from_arm(self.client.get(f"{self.vault_id}/backupJobs/{name}"))

    def jobs(self) -> list[Job]:
        """All jobs of the vault with their tasks, the newest first."""
        return [self.job(job["name"]) for job in self.client.list(f"{self.vault_id}/backupJobs")]

    def wait_for_job(self, name: str) -> Job:
        """Wait until a job has ended; JobFailed unless it completed, with or without warnings."""
        path = f"{self.vault_id}/backupJobs/{name}"
        ended = self.client.wait_for(path, lambda job: job["properties"]["status"] not in RUNNING)
        job = Job.from_arm(ended)
        if not job.succeeded:
            raise JobFailed(job)
        return job

    def extensions(self, machine: Machine | str) -> dict[str, str]:
        """The VM extensions of a machine: name to provisioning state."""
        listed = self.client.list(f"{_id(machine)}/extensions")
        return {extension["name"]: extension["properties"]["provisioningState"] for extension in listed}

    @staticmethod
    def _job_of(operation: Json) -> str:
        return str(operation["properties"]["jobId"])


def _id(thing: Machine | ProtectedItem | RecoveryPoint | str) -> str:
    return thing if isinstance(thing, str) else thing.id


def account_name(machine: str) -> str:
    """The storage account that a machine's disks lie in by default, within Azure's rules for such names."""
    plain = re.sub(r"[^a-z0-9]", "", machine.lower())
    return plain[: LONGEST_ACCOUNT_NAME - len("disks")] + "disks"


def machine_body(
    name: str,
    blob_endpoint: str,
    data_disk_gib: Sequence[int] = DATA_DISK_GIB,
    os_disk_gib: int = OS_DISK_GIB,
    image: Json = SQL_SERVER,
    location: str = LOCATION,
) -> Json:
    """The PUT body of a VM of this image, whose unmanaged disks lie under one blob endpoint. Sizes are in GiB."""

    def vhd(disk: str) -> Json:
        return {"uri": f"{blob_endpoint}vhds/{disk}.vhd"}

    os_disk = {
        "name": f"{name}-os",
        "createOption": "FromImage",
        "diskSizeGB": os_disk_gib,
        "vhd": vhd(f"{name}-os"),
    }
    data_disks = [
        {
            "name": f"{name}-data{lun}",
            "lun": lun,
            "createOption": "Empty",
            "diskSizeGB": size,
            "vhd": vhd(f"{name}-data{lun}"),
        }
        for lun, size in enumerate(data_disk_gib)
    ]
    return {
        "location": location,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"computerName": name[:15], "adminUsername": "azureuser"},
            "storageProfile": {"imageReference": dict(image), "osDisk": os_disk, "dataDisks": data_disks},
        },
    }


def agent_is_ready(view: Json) -> bool:
    """Whether an instance view says that the guest agent reports."""
    statuses = (view.get("vmAgent") or {}).get("statuses") or []
    return any(status.get("displayStatus") == "Ready" for status in statuses)
