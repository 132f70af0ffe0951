"""What must hold of a whole world once everything that was under way has ended, whatever was killed before."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from tests.kills import leftovers
from tests.kills.estate import STAGING, Estate
from tests.kills.findings import Findings
from tests.kills.journal import Journal
from tests.kills.ledger import Expected, Ledger
from tests.kills.settle import LOOK_SECONDS, groups, machines, of_type

COMPLETED = frozenset({"Completed", "CompletedWithWarnings"})
UNDONE = frozenset({"Failed", "Cancelled"})
LOST_DISKS = ("there is no page blob", "cannot be booted")
"""Why a machine that was just made fails for good, where a killed storage has forgotten its disks."""
EVERY = 8
"""Of so many checks one asks for each known resource by itself; all of them look at the lists."""


@dataclass
class Checks:
    """`journal` is what the events tell, `ledger` what was acknowledged."""

    estate: Estate
    ledger: Ledger
    journal: Journal
    findings: Findings
    outcomes: Counter[str] = field(default_factory=Counter)
    """Provisioning states of resources that failed, by type."""
    _restores: set[str] = field(default_factory=set)
    """Restores whose blobs were looked at: what is made of them later is their owner's."""
    _count: int = 0

    def run(self, *, everything: bool = False) -> None:
        """All of it, in a world that has settled. `everything`: each resource also by itself."""
        self.journal.read(self.estate.client, self.findings)
        self.findings.add_all("wrong", self.ledger.faults)
        self.ledger.faults.clear()
        self._check_resources(everything or self._count % EVERY == 0)
        self._check_policies()
        self._check_machines()
        jobs = list(self.estate.client.list(f"{self.estate.vault}/backupJobs"))
        self._check_points(jobs)
        self._check_restores(jobs)
        self._check_vault()
        world, blobs = self.estate.state, str(self.estate.client.endpoints["blob"])
        self.findings.add_all("orphan disk", leftovers.disks_of_nobody(world, blobs))
        self._count += 1

    # -------------------------------------------------------------------------------------------------------- resources

    def _check_resources(self, each_by_itself: bool) -> None:
        client = self.estate.client
        listed = [each["id"].lower() for each in client.list(f"{client.subscription}/resources")]
        listed += [item["id"].lower() for item in client.list(f"{self.estate.vault}/backupProtectedItems")]
        listed += [policy["id"].lower() for policy in client.list(f"{self.estate.vault}/backupPolicies")]
        for group in groups(client):
            listed.append(group["id"].lower())
            deployments = client.list(f"{group['id']}/providers/Microsoft.Resources/deployments")
            listed += [each["id"].lower() for each in deployments]
        here = set(listed)
        self._doubled(listed)
        for path, expected in self.ledger.resources.items():
            if expected is Expected.EITHER:
                continue
            by_list = path.lower() in here
            if by_list is not (expected is Expected.THERE) or (each_by_itself and _is_there(client, path) != by_list):
                kind = "lost" if expected is Expected.THERE else "doubled"
                self.findings.add(kind, f"{path} should be {expected.value}; in its list it is {by_list}")

    def _doubled(self, ids: Iterable[str]) -> None:
        sentences = [f"{each} is listed {count} times" for each, count in Counter(ids).items() if count > 1]
        self.findings.add_all("doubled", sentences)

    def _check_policies(self) -> None:
        """The last acknowledged content is the one that is there."""
        for path, possible in self.ledger.contents.items():
            policy = self.estate.client.get(path)["properties"]
            days = policy["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"]
            if days not in possible:
                self.findings.add("lost", f"{path} keeps points for {days} days, and not for {sorted(possible)}")

    def _check_machines(self) -> None:
        """Disks, interfaces and machines name each other; and what was there before any kill is as good as new."""
        client = self.estate.client
        here = {each["id"].lower(): each for each in machines(client)}
        disks = {each["id"].lower(): each for each in of_type(client, "Compute/disks")}
        interfaces = {each["id"].lower(): each for each in of_type(client, "Network/networkInterfaces")}
        owned = [(id, each.get("managedBy")) for id, each in disks.items()]
        owned += [(id, each["properties"].get("virtualMachine", {}).get("id")) for id, each in interfaces.items()]
        for id, owner in owned:
            if owner and owner.lower() not in here:
                self.findings.add("wrong", f"{id} belongs to {owner}, which is gone")
        for id, machine in here.items():
            for used in _used_by(machine):
                if used.lower() not in disks and used.lower() not in interfaces:
                    self.findings.add("wrong", f"{id} uses {used}, which is gone")
        own = {self.estate.machine(name).lower() for name in self.estate.names}
        for id, each in {**here, **disks, **interfaces}.items():
            state = each["properties"]["provisioningState"]
            if state == "Succeeded":
                continue
            self.outcomes[f"{each['type']} {state}"] += 1
            if id in own or id not in here:
                self.findings.add("wrong", f"{id} is {state}")
            elif not any(each in (problem := _problem(client, id)) for each in LOST_DISKS):
                self.findings.add("wrong", f"{id} is {state}: {problem}")
        self.findings.add_all("lost", [f"{id} is gone" for id in own - set(here)])

    # ------------------------------------------------------------------------------------------------- points and jobs

    def _check_points(self, jobs: list[Json]) -> None:
        """Each backup that ARM calls completed made one recovery point, which is listed or was named as lost."""
        journal, listed = self.journal, list[str]()
        for item in self.estate.client.list(f"{self.estate.vault}/backupProtectedItems"):
            listed += [point["name"] for point in self.estate.client.list(f"{item['id']}/recoveryPoints")]
        self._doubled(listed)
        self._doubled(job["id"].lower() for job in jobs)
        for job in jobs:
            points = journal.points_of_job.get(job["name"], set())
            if job["properties"]["operation"] != "Backup":
                continue
            if len(points) > 1:
                self.findings.add("doubled", f"job {job['name']} made {sorted(points)}")
            if job["properties"]["status"] not in COMPLETED:
                continue
            if not points:
                self.findings.add("lost", f"job {job['name']} completed without a recovery point")
            gone = points - set(listed) - journal.named - journal.erased
            sentences = [f"point {each} of job {job['name']} is gone" for each in gone]
            self.findings.add_all("unnamed loss", sentences)
            journal.erased |= gone

    def _check_restores(self, jobs: list[Json]) -> None:
        """What a restore has made is there, or was named as lost; what was undone has left nothing."""
        for job in jobs:
            status, name = job["properties"]["status"], job["name"]
            if job["properties"]["operation"] != "Restore" or name in self._restores:
                continue
            self._restores.add(name)
            blobs = leftovers.restored(
                self.estate.state,
                str(self.estate.client.endpoints["blob"]),
                STAGING,
                job["properties"]["entityFriendlyName"],
                name,
            )
            bag = self.estate.client.get(job["id"])["properties"]["extendedInfo"]["propertyBag"]
            told = str(bag.get("Config Blob Name", ""))
            if status in UNDONE and blobs:
                self.findings.add("orphan disk", f"the restore {name} is {status} and has left {blobs}")
            elif status in COMPLETED and told and told not in blobs and name not in self.journal.named_restores:
                self.findings.add("unnamed loss", f"the restore {name} is {status} and has only {blobs}")

    def _check_vault(self) -> None:
        client = self.estate.client
        ended = _ended(client, client.sim("POST", "/vaultcheck", {})["id"])
        if ended["status"] != "Succeeded":
            self.findings.add("wrong", f"the check of the vaults ended with {ended.get('error')}")
            return
        report = ended["report"]
        known = self.journal.named | leftovers.taken_by_their_owner(self.estate.state)
        for problem in report["problems"]:
            if problem["point"].rpartition("/")[2] not in known:
                self.findings.add("unnamed loss", f"{problem}")
        for unnamed in report["unnamed"] or ():
            kind = "orphan snapshot" if unnamed["kind"] == "snapshot" else "orphan pack"
            self.findings.add(kind, f"{unnamed}")


def _is_there(client: Client, path: str) -> bool:
    try:
        client.get(path)
    except RequestFailed as error:
        if error.status == 404:
            return False
        raise
    return True


def _used_by(machine: Json) -> list[str]:
    properties = machine["properties"]
    storage = properties["storageProfile"]
    disks = [each.get("managedDisk", {}).get("id") for each in (storage["osDisk"], *storage.get("dataDisks", ()))]
    interfaces = [each["id"] for each in properties.get("networkProfile", {}).get("networkInterfaces", ())]
    return [id for id in (*disks, *interfaces) if id]


def _problem(client: Client, machine: str) -> str:
    return "; ".join(str(each.get("message")) for each in client.get(f"{machine}/instanceView").get("statuses", ()))


def _ended(client: Client, id: str) -> Json:
    while True:
        check = client.sim("GET", "/vaultcheck", id=id)
        if check["status"] != "InProgress":
            return check
        time.sleep(LOOK_SECONDS)
