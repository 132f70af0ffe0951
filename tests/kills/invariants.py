"""What must hold of a whole world once everything that was under way has ended, whatever was killed before."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from controlplane.domain.recovery_services.recovery_point import TIERS
from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.scenario import agent_is_ready
from tests.kills.estate import Estate
from tests.kills.ledger import ENDED, RETRY_LATER, Expected, Ledger

UNENDED_JOBS = frozenset({"InProgress", "Cancelling"})
COMPLETED = frozenset({"Completed", "CompletedWithWarnings"})
KINDS = (
    "lost",
    "doubled",
    "stuck",
    "orphan process",
    "orphan snapshot",
    "orphan pack",
    "frozen",
    "unnamed loss",
    "wrong",
)
LOOK_SECONDS = 0.25
PAGE = 5000


@dataclass
class Findings:
    """Violations by kind: how many, and the first of them in words."""

    counts: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)

    def add(self, kind: str, sentence: str) -> None:
        assert kind in KINDS, kind
        self.counts[kind] += 1
        if len(self.sentences) < 200:
            self.sentences.append(f"{kind}: {sentence}")

    def add_all(self, kind: str, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            self.add(kind, sentence)


@dataclass
class Journal:
    """What the events told, read on from where the last look ended."""

    since: int = 0
    points_of_job: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    named: set[str] = field(default_factory=set)
    """Recovery points of which a loss or damage was named."""
    named_restores: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    """Recovery points that somebody deleted, or whose absence has been told."""
    left_frozen: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def read(self, client: Client, findings: Findings) -> None:
        while events := client.sim("GET", "/events", since=str(self.since), limit=str(PAGE))["events"]:
            for event in events:
                self.since = event["id"]
                self._take(event, findings)

    def _take(self, event: Json, findings: Findings) -> None:
        name, data = event["name"], event["data"]
        if name == "recovery_point.state" and not TIERS[data["to"]]:
            self.erased.add(data["point"])
        elif name == "recovery_point.state" and event["job"]:
            self.points_of_job[event["job"]].add(data["point"])
        elif name in ("recovery_point.lost", "recovery_point.damaged"):
            self.named.add(data["point"].rpartition("/")[2])
            self.counts[name] += 1
        elif name == "restore.lost":
            self.named_restores.add(data["restore"])
            self.counts[name] += 1
        elif name == "bridge.session_closed" and data.get("left_frozen"):
            self.left_frozen += 1
        elif name in ("job.mistake", "job.undo_failed"):
            findings.add("wrong", f"{name} in job {event['job']}: {data}")
        elif name in ("disk.lost_writes", "disk.raw", "machine.failed", "workload.failed", "snapshot.left_behind"):
            self.counts[name] += 1


# --------------------------------------------------------------------------------------------------------------- settle


def settle(estate: Estate, ledger: Ledger, patience_seconds: float, findings: Findings) -> None:
    """Wait until every operation, job, deployment and resource has come to its end, and every machine is ready."""
    deadline = time.monotonic() + patience_seconds
    waits: tuple[Callable[[], list[str]], ...] = (
        lambda: ledger.follow(estate.client),
        lambda: _running_jobs(estate),
        lambda: _in_transition(estate),
        lambda: _not_ready(estate),
        lambda: _frozen(estate),
    )
    for index, left in enumerate(waits):
        while unended := _patiently(left):
            if time.monotonic() > deadline:
                kind = "frozen" if index == len(waits) - 1 else "stuck"
                findings.add_all(kind, [f"after {patience_seconds:.0f} s: {each}" for each in unended])
                break
            time.sleep(LOOK_SECONDS)


def _patiently(left: Callable[[], list[str]]) -> list[str]:
    """The storage may be late at a start."""
    try:
        return left()
    except RequestFailed as error:
        if error.status not in RETRY_LATER:
            raise
        return [str(error)]


def _running_jobs(estate: Estate) -> list[str]:
    jobs = estate.client.list(f"{estate.vault}/backupJobs")
    return [
        f"job {job['name']} {job['properties']['operation']} {job['properties']['status']}"
        for job in jobs
        if job["properties"]["status"] in UNENDED_JOBS
    ]


def quiet_jobs(estate: Estate, patience_seconds: float) -> list[str]:
    """The names of the backups that still run after so long."""
    deadline = time.monotonic() + patience_seconds
    query = {"$filter": "status eq 'InProgress' and operation eq 'Backup'"}
    while jobs := [job["name"] for job in estate.client.list(f"{estate.vault}/backupJobs", **query)]:
        if time.monotonic() > deadline:
            return jobs
        time.sleep(LOOK_SECONDS)
    return []


def _groups(client: Client) -> list[Json]:
    return list(client.list(f"{client.subscription}/resourceGroups"))


def _in_transition(estate: Estate) -> list[str]:
    """Groups, deployments, machines, disks and networks that are neither made nor failed."""
    client, found = estate.client, []
    for group in _groups(client):
        found.append(group)
        for type in ("Resources/deployments", "Compute/disks", "Network/virtualNetworks", "Network/networkInterfaces"):
            found += client.list(f"{group['id']}/providers/Microsoft.{type}")
    found += _machines(client)
    return [
        f"{each['id']} {each['properties']['provisioningState']}"
        for each in found
        if each["properties"]["provisioningState"] not in ENDED
    ]


def _machines(client: Client) -> list[Json]:
    return list(client.list(f"{client.subscription}/providers/Microsoft.Compute/virtualMachines"))


def _not_ready(estate: Estate) -> list[str]:
    late = []
    for machine in _machines(estate.client):
        if machine["properties"]["provisioningState"] == "Succeeded":
            view = estate.client.get(f"{machine['id']}/instanceView")
            if not agent_is_ready(view):
                late.append(f"{machine['id']} is not ready: {view.get('statuses')}")
    return late


def _frozen(estate: Estate) -> list[str]:
    """Machines with a writer that is not stable."""
    frozen = []
    for machine in estate.client.sim("GET", "/vms")["vms"]:
        if machine["running"] and (states := unstable(estate.client, machine["id"])):
            frozen.append(f"{machine['id']} {states}")
    return frozen


def unstable(client: Client, machine: str) -> list[str]:
    """States of writers that do not rest; a guest without VSS has none."""
    try:
        text = client.sim_text("/vms/writers", vm=machine)
    except RequestFailed:
        return []
    return [line.strip() for line in text.splitlines() if "State:" in line and "[1] Stable" not in line]


# ---------------------------------------------------------------------------------------------------------------- check


def check(estate: Estate, ledger: Ledger, journal: Journal, findings: Findings) -> None:
    """All of it, in a world that has settled."""
    journal.read(estate.client, findings)
    findings.add_all("wrong", ledger.faults)
    ledger.faults.clear()
    _check_resources(estate, ledger, findings)
    _check_points(estate, journal, findings)
    _check_vault(estate, journal, findings)


def _check_resources(estate: Estate, ledger: Ledger, findings: Findings) -> None:
    client = estate.client
    for path, expected in ledger.resources.items():
        if expected is not Expected.EITHER and _is_there(client, path) is not (expected is Expected.THERE):
            findings.add("lost" if expected is Expected.THERE else "doubled", f"{path} should be {expected.value}")
    listed = [each["id"].lower() for each in client.list(f"{client.subscription}/resources")]
    listed += [job["id"].lower() for job in client.list(f"{estate.vault}/backupJobs")]
    listed += [item["id"].lower() for item in client.list(f"{estate.vault}/backupProtectedItems")]
    findings.add_all(
        "doubled", [f"{each} is listed {count} times" for each, count in Counter(listed).items() if count > 1]
    )


def _is_there(client: Client, path: str) -> bool:
    try:
        client.get(path)
    except RequestFailed as error:
        if error.status == 404:
            return False
        raise
    return True


def _check_points(estate: Estate, journal: Journal, findings: Findings) -> None:
    """Each backup that ARM calls completed made one recovery point, which is listed or was named as lost."""
    listed: list[str] = []
    for item in estate.client.list(f"{estate.vault}/backupProtectedItems"):
        listed += [point["name"] for point in estate.client.list(f"{item['id']}/recoveryPoints")]
    findings.add_all("doubled", [f"point {each} is listed twice" for each, n in Counter(listed).items() if n > 1])
    for job in estate.client.list(f"{estate.vault}/backupJobs"):
        points = journal.points_of_job.get(job["name"], set())
        if job["properties"]["operation"] != "Backup":
            continue
        if len(points) > 1:
            findings.add("doubled", f"job {job['name']} made {sorted(points)}")
        if job["properties"]["status"] not in COMPLETED:
            continue
        if not points:
            findings.add("lost", f"job {job['name']} completed without a recovery point")
        gone = points - set(listed) - journal.named - journal.erased
        findings.add_all("unnamed loss", [f"point {each} of job {job['name']} is gone" for each in gone])
        journal.erased |= gone


def _check_vault(estate: Estate, journal: Journal, findings: Findings) -> None:
    client = estate.client
    ended = _ended(client, client.sim("POST", "/vaultcheck", {})["id"])
    if ended["status"] != "Succeeded":
        findings.add("wrong", f"the check of the vaults ended with {ended.get('error')}")
        return
    report = ended["report"]
    for problem in report["problems"]:
        if problem["point"].rpartition("/")[2] not in journal.named:
            findings.add("unnamed loss", f"{problem}")
    for unnamed in report["unnamed"] or ():
        findings.add("orphan snapshot" if unnamed["kind"] == "snapshot" else "orphan pack", f"{unnamed}")


def _ended(client: Client, id: str) -> Json:
    while True:
        check = client.sim("GET", "/vaultcheck", id=id)
        if check["status"] != "InProgress":
            return check
        time.sleep(LOOK_SECONDS)
