"""Waits until a world has come to rest: whatever is under way has ended, and every machine is ready."""

from __future__ import annotations

import time
from collections.abc import Callable

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.scenario import agent_is_ready
from tests.kills import leftovers
from tests.kills.estate import Estate
from tests.kills.findings import Findings
from tests.kills.journal import UNENDED_JOBS
from tests.kills.ledger import ENDED, RETRY_LATER, Ledger

LOOK_SECONDS = 0.25
LISTED = ("Compute/disks", "Network/virtualNetworks", "Network/networkInterfaces")
Look = Callable[[], list[str]]
"""What is not at rest yet, a sentence each."""


def settle(
    estate: Estate, ledger: Ledger, patience_seconds: float, findings: Findings, *, for_good: bool = False
) -> None:
    """Wait until every operation, job, deployment and resource has come to its end, and every machine is ready.
    `for_good`: and until no handler of long ago is expected any more."""
    deadline = time.monotonic() + patience_seconds
    waits: tuple[tuple[str, Look], ...] = (
        ("stuck", lambda: ledger.follow(estate.client)),
        ("stuck", lambda: running_jobs(estate)),
        ("stuck", lambda: _in_transition(estate)),
        ("stuck", _until_good(lambda: _succeeded(estate.client), lambda vm: _not_ready(estate.client, vm))),
        ("frozen", _until_good(lambda: _running(estate.client), lambda vm: _frozen(estate.client, vm))),
        ("left over", lambda: leftovers.in_store(estate.state)),
        ("left over", lambda: leftovers.late(estate.state) if for_good else []),
    )
    for kind, left in waits:
        while unended := _patiently(left):
            if time.monotonic() > deadline:
                findings.add_all(kind, [f"after {patience_seconds:.0f} s: {each}" for each in unended])
                break
            time.sleep(LOOK_SECONDS)


def _patiently(left: Look) -> list[str]:
    """The storage may be late at a start."""
    try:
        return left()
    except RequestFailed as error:
        if error.status not in RETRY_LATER:
            raise
        return [str(error)]


def _until_good(machines: Callable[[], list[str]], problem: Callable[[str], str]) -> Look:
    """Each machine must be good once, while all the others may be so already."""
    good: set[str] = set()

    def look() -> list[str]:
        sentences = []
        for machine in machines():
            if machine in good:
                continue
            if sentence := problem(machine):
                sentences.append(sentence)
            else:
                good.add(machine)
        return sentences

    return look


# ----------------------------------------------------------------------------------------------------------------- jobs


def running_jobs(estate: Estate) -> list[str]:
    return [
        f"job {job['name']} {job['properties']['operation']} {job['properties']['status']}"
        for status in sorted(UNENDED_JOBS)
        for job in estate.client.list(f"{estate.vault}/backupJobs", **{"$filter": f"status eq '{status}'"})
    ]


def running_backups(estate: Estate) -> dict[str, str]:
    """The names of the backups that run, and of which machine each is."""
    query = {"$filter": "status eq 'InProgress' and operation eq 'Backup'"}
    jobs = estate.client.list(f"{estate.vault}/backupJobs", **query)
    return {job["name"]: job["properties"]["entityFriendlyName"].lower() for job in jobs}


# ------------------------------------------------------------------------------------------------------------ resources


def groups(client: Client) -> list[Json]:
    return list(client.list(f"{client.subscription}/resourceGroups"))


def machines(client: Client) -> list[Json]:
    return of_type(client, "Compute/virtualMachines")


def of_type(client: Client, type: str) -> list[Json]:
    return list(client.list(f"{client.subscription}/providers/Microsoft.{type}"))


def _in_transition(estate: Estate) -> list[str]:
    """Groups, deployments, machines, disks and networks that are neither made nor failed."""
    client = estate.client
    found = groups(client)
    for group in list(found):
        found += client.list(f"{group['id']}/providers/Microsoft.Resources/deployments")
    for type in (*LISTED, "Compute/virtualMachines"):
        found += of_type(client, type)
    return [
        f"{each['id']} {each['properties']['provisioningState']}"
        for each in found
        if each["properties"]["provisioningState"] not in ENDED
    ]


# ------------------------------------------------------------------------------------------------------------- machines


def _succeeded(client: Client) -> list[str]:
    return [each["id"] for each in machines(client) if each["properties"]["provisioningState"] == "Succeeded"]


def _not_ready(client: Client, machine: str) -> str:
    view = client.get(f"{machine}/instanceView")
    return "" if agent_is_ready(view) else f"{machine} is not ready: {view.get('statuses')}"


def _running(client: Client) -> list[str]:
    return [machine["id"] for machine in client.sim("GET", "/vms")["vms"] if machine["running"]]


def _frozen(client: Client, machine: str) -> str:
    states = unstable(client, machine)
    return f"{machine} {states}" if states else ""


def unstable(client: Client, machine: str) -> list[str]:
    """States of writers that do not rest; a guest without VSS has none."""
    try:
        text = client.sim_text("/vms/writers", vm=machine)
    except RequestFailed:
        return []
    return [line.strip() for line in text.splitlines() if "State:" in line and "[1] Stable" not in line]
