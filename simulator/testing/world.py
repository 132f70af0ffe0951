"""A world as a test sees it: its addresses, its time, its faults, and the verbs that make machines and vaults in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import MACHINE, Scenario
from simulator.scenario_values import Job, Machine, ProtectedItem, RecoveryPoint, Verdict
from simulator.testing.fault_terms import setting_of

if TYPE_CHECKING:
    from simulator.testing.opening import Opener, SavedBackupWorld

GROUP, VAULT = "demo", "vault01"
DATA_DISK_GIB = (4,)
"""By default one disk for the database: a test's machine is small."""
PAGE = 1000


class BackupWorld:
    """One running world. `endpoints` holds the keys of endpoints.json, `seed` what its chance was drawn from, `options`
    the keywords of the mark `backup_world` that it was opened with, by `opener`."""

    def __init__(self, endpoints: Mapping[str, Any], seed: int, options: Mapping[str, Any], opener: Opener) -> None:
        self.endpoints = endpoints
        self.seed = seed
        self.options = options
        self._opener = opener
        self.arm = str(endpoints["arm"])
        """The URL of Azure Resource Manager, by HTTPS; `ca_file` holds the authority that a client has to trust."""
        self.ca_file = Path(endpoints["ca_file"])
        self.blob = str(endpoints["blob"])
        self.tenant_id = str(endpoints["tenant_id"])
        self.subscription_id = str(endpoints["subscription_id"])
        self.client_id = str(endpoints["client_id"])
        self.location = str(endpoints["location"])
        self.state = Path(endpoints["state"])
        """The folder of the world."""
        self._stack = ExitStack()
        self.client = self._stack.enter_context(Client(endpoints))
        self.clock = BackupClock(self.client)
        self.faults = BackupFaults(self.client)

    def __enter__(self) -> BackupWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the world, and remove its folder. A world of a fixture ends with that."""
        self._opener.end(self)

    def disconnect(self) -> None:
        """End the connections; the world goes on."""
        self._stack.close()

    def save(self) -> SavedBackupWorld:
        """This world as it is, with its bytes, at its next moment of rest; it goes on. It has to have an Azurite of its
        own: `backup_world(own_azurite=True)`, a fork, or one of `backup_new_world`."""
        return self._opener.save(self)

    def fork(self, **options: Any) -> BackupWorld:
        """A world that has everything of this one as it is now, and goes its own way. `options` are keywords of the
        mark `backup_world`, beside those of this world. It ends with `close`, a `with`, or this world's fixture."""
        return self.save().fork(**options)

    @property
    def client_secret(self) -> str:
        return str(self.endpoints["client_secret"])

    @property
    def subscription(self) -> str:
        """The beginning of every path below the subscription."""
        return self.client.subscription

    @property
    def storage_accounts(self) -> Mapping[str, Mapping[str, str]]:
        """The storage accounts as they are now: name -> `blob_endpoint` and `key`."""
        accounts: Mapping[str, Mapping[str, str]] = self.client.sim("GET", "/endpoints")["storage_accounts"]
        return accounts

    def scenario(self, group: str = GROUP, vault: str = VAULT) -> Scenario:
        """The verbs of `simulator.scenario`, for one resource group and one vault."""
        return Scenario(self.client, group=group, vault=vault, location=self.location)

    def create_vault(self, name: str = VAULT, group: str = GROUP) -> BackupVault:
        """A Recovery Services vault with its built-in policies."""
        scenario = self.scenario(group, name)
        return BackupVault(self, scenario.create_vault().id, name, group)

    def create_vm(
        self,
        name: str = MACHINE,
        group: str = GROUP,
        *,
        data_disk_gib: Sequence[int] = DATA_DISK_GIB,
        image: Json | None = None,
    ) -> BackupVM:
        """A virtual machine that runs and whose agent is ready: Windows with a database, or as `image` says."""
        machine = self.scenario(group).create_machine(name, data_disk_gib=data_disk_gib, image=image)
        return BackupVM(self, machine, group)

    def protect(self, vm: BackupVM, vault: BackupVault | None = None, policy: str = "DefaultPolicy") -> ProtectedVM:
        """The machine protected by a policy of the vault; without a vault, by one that is made."""
        vault = vault or self.create_vault(group=vm.group)
        item = self.scenario(vault.group, vault.name).protect(vm.machine, policy)
        return ProtectedVM(self, vm.machine, vm.group, vault, item)

    def find_vault(self, name: str = VAULT, group: str = GROUP) -> BackupVault | None:
        """The vault of this name, in a fork say; None where there is none."""
        found = self.client.find(self.scenario(group, name).vault_id)
        return BackupVault(self, found["id"], name, group) if found else None

    def find_vm(self, name: str = MACHINE, group: str = GROUP) -> BackupVM | None:
        """The virtual machine of this name, its agent ready; None where there is none."""
        scenario = self.scenario(group)
        found = self.client.find(scenario.machine_id(name))
        if found is None:
            return None
        scenario.wait_until_ready(found["id"])
        return BackupVM(self, Machine(found["id"], found["name"], _disk_gib(found)), group)

    def find_protected_vm(
        self, name: str = MACHINE, group: str = GROUP, vault: BackupVault | None = None
    ) -> ProtectedVM | None:
        """The virtual machine of this name, which the vault protects (`vault01` of its group unless one is given); None
        where it does not."""
        vm, of = self.find_vm(name, group), vault or self.find_vault(group=group)
        if vm is None or of is None:
            return None
        path = self.scenario(of.group, of.name).item_id(name)
        item = self.client.find(path)
        if item is None or item["properties"]["protectionState"] == "ProtectionStopped":
            return None
        known = ProtectedItem(path, vm.machine, item["properties"]["policyId"])
        return ProtectedVM(self, vm.machine, group, of, known)

    def job(self, id: str, vault: BackupVault | None = None) -> BackupJob:
        """A job by its ARM id, or by its name in a vault: `vault01` of the group `demo` unless one is given."""
        of_vault = vault.id if vault else self.scenario().vault_id
        return BackupJob(self, id if "/" in id else f"{of_vault}/backupJobs/{id}")

    def events(self, job: str | None = None) -> list[Json]:
        """All that happened so far, or what belongs to the job of this name; in the order of docs/control.md."""
        found: list[Json] = []
        since = 0
        while True:
            query = {"since": str(since), "limit": str(PAGE)} | ({"job": job} if job else {})
            page = self.client.sim("GET", "/events", None, **query)
            if not page["events"]:
                return found
            found += page["events"]
            since = page["last"]

    def environment(self) -> dict[str, str]:
        """The variables by which az, SDKs, Terraform and `backupsim` in another process find this world, and no other
        Azure: this process's environment with what `backupsim env` prints."""
        import os

        from simulator.command import client_environment

        bundle = client_environment.trust_bundle(self.ca_file)
        told = client_environment.direct(self.endpoints, self.state / "az", bundle)
        return {**client_environment.without_others(os.environ), **told}

    def sdk_options(self) -> dict[str, Any]:
        """What a client of azure.mgmt takes beside credential and subscription to talk to this world."""
        return {
            "base_url": self.arm,
            "credential_scopes": [f"{self.arm}/.default"],
            "connection_verify": str(self.ca_file),
        }


def _disk_gib(machine: Json) -> tuple[int, ...]:
    """The sizes of a machine's disks, the OS disk first."""
    profile = machine["properties"]["storageProfile"]
    return tuple(int(disk["diskSizeGB"]) for disk in (profile["osDisk"], *profile["dataDisks"]))


class BackupClock:
    """The world's time, which stands unless the mark `backup_world` says otherwise."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def now(self) -> datetime:
        return datetime.fromisoformat(self._client.sim("GET", "/clock")["now"])

    def advance(self, by: str | timedelta) -> Json:
        """Let so much time pass, `30d` or `36h`; what is due on the way is done at its minute."""
        return self._client.advance(by=by if isinstance(by, str) else f"{by.total_seconds():g}s")

    def to(self, time: str | datetime) -> Json:
        """Let time pass until then."""
        return self._client.advance(to=time if isinstance(time, str) else time.isoformat())

    def until(self, what: str | Mapping[str, str]) -> Json:
        """Let time pass until the `next` thing that is due is done, until `idle`, or until
        `{"job": ...}` or `{"path": ..., "condition": ...}`, see docs/time.md."""
        return self._client.advance(until=what)


class BackupFaults:
    """What fails in the world; docs/faults.md lists it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def set(self, fault: str, /, **terms: Any) -> int:
        """Have something fail from now on; the number of the setting. `terms` are where (`vm`, `disk`, `vault`, `job`,
        `operation`, `party`), when (`nth`, `first`, `last`, `after`, `before`, `for_`, `probability`), and the fault's
        own parameters."""
        return int(self._client.sim("POST", "/faults/set", setting_of(fault, terms))["number"])

    def clear(self, *faults: str | int) -> None:
        """Those of these names or numbers; all, where none is named."""
        body: Json = {"faults": list(faults)} if faults else {"all": True}
        self._client.sim("POST", "/faults/clear", body)

    def standing(self) -> list[Json]:
        """What is set, with how often each was hit."""
        standing: list[Json] = self._client.sim("GET", "/faults")["set"]
        return standing

    def hits(self, number: int | None = None) -> list[Json]:
        """When faults acted, and upon what; of one setting, or of all."""
        query = {} if number is None else {"number": str(number)}
        hits: list[Json] = self._client.sim("GET", "/faults/hits", None, **query)["hits"]
        return hits


class BackupVault:
    def __init__(self, world: BackupWorld, id: str, name: str, group: str) -> None:
        self.world, self.id, self.name, self.group = world, id, name, group

    def policy_id(self, name: str = "DefaultPolicy") -> str:
        return f"{self.id}/backupPolicies/{name}"

    def jobs(self) -> list[BackupJob]:
        """The jobs of the vault, the newest first."""
        return [BackupJob(self.world, job["id"]) for job in self.world.client.list(f"{self.id}/backupJobs")]


class BackupGuest:
    """What runs inside a virtual machine."""

    def __init__(self, world: BackupWorld, vm: str) -> None:
        self._client, self._scenario, self._vm = world.client, world.scenario(), vm

    def work(self, transactions: int = 20) -> int:
        """Let the database commit so many more transactions; the number of its last one."""
        return self._scenario.work(self._vm, transactions)

    def fill(self, mebibytes: int, lun: int = 0) -> str:
        """Write a file of so many MiB on a disk (`lun` -1: the OS disk); its name."""
        return self._scenario.fill(self._vm, mebibytes, lun)

    def writers(self) -> str:
        """What `vssadmin list writers` prints in it."""
        return self._client.sim_text("/vms/writers", vm=self._vm)


class BackupVM:
    def __init__(self, world: BackupWorld, machine: Machine, group: str) -> None:
        self.world, self.machine, self.group = world, machine, group
        self.id, self.name = machine.id, machine.name
        self.guest = BackupGuest(world, machine.id)


class ProtectedVM(BackupVM):
    """A virtual machine that a vault protects. `item` is its protected item."""

    def __init__(
        self, world: BackupWorld, machine: Machine, group: str, vault: BackupVault, item: ProtectedItem
    ) -> None:
        super().__init__(world, machine, group)
        self.vault, self.item = vault, item
        self._scenario = world.scenario(vault.group, vault.name)

    def back_up(self) -> BackupJob:
        """A backup on demand; its job, when that has ended, well or badly."""
        return self.start_backup().wait()

    def start_backup(self) -> BackupJob:
        """A backup on demand that has begun."""
        return self._job(self._scenario.start_backup(self.item))

    def jobs(self) -> list[BackupJob]:
        """Its jobs in the vault, the newest first."""
        listed = self.world.client.list(f"{self.vault.id}/backupJobs")
        named = [job for job in listed if job["properties"]["entityFriendlyName"].lower() == self.name.lower()]
        return [BackupJob(self.world, job["id"]) for job in named]

    def points(self) -> list[RecoveryPoint]:
        """Its recovery points, the oldest first."""
        return self._scenario.recovery_points(self.item)

    def restore_disks(self, point: RecoveryPoint | None = None) -> BackupJob:
        """Restore the disks of a recovery point, the newest unless one is given; the job, when that has ended."""
        from simulator.scenario_values import JobFailed

        chosen = point or self.points()[-1]
        try:
            return self._job(self._scenario.restore_disks(chosen).id)
        except JobFailed as failed:
            return self._job(failed.job.id)

    def verify(self, point: RecoveryPoint | None = None, restore: BackupJob | None = None) -> Verdict:
        """Compare a recovery point, and what a restore made of it, with what the guest had written."""
        return self._scenario.verify(point or self.points()[-1], restore.read() if restore else None)

    def _job(self, name: str) -> BackupJob:
        return self.world.job(name, self.vault)


class BackupJob:
    """A job of a vault. Each property asks the world anew."""

    def __init__(self, world: BackupWorld, id: str) -> None:
        self.world, self.id = world, id
        self.name = id.rpartition("/")[2]

    def read(self) -> Job:
        """As ARM shows it now."""
        return Job.from_arm(self.world.client.get(self.id))

    def wait(self) -> BackupJob:
        """Until it has ended, well or badly."""
        from simulator.scenario import RUNNING

        self.world.client.wait_for(self.id, lambda job: job["properties"]["status"] not in RUNNING)
        return self

    @property
    def status(self) -> str:
        return self.read().status

    def events(self) -> Iterator[Json]:
        return iter(self.world.events(self.name))
