"""The work that is killed: random requests of every kind about the machines of an estate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random

from simulator.client import Client, RequestFailed
from tests.kills.estate import LOCATION, Estate, policy_body, template
from tests.kills.ledger import Ledger

SHARES: Mapping[str, int] = {
    "backup": 40,
    "restore disks": 12,
    "restore machine": 5,
    "deploy": 8,
    "stop and delete": 12,
    "undelete": 4,
    "purge": 6,
    "protect": 6,
    "delete restore point": 3,
    "delete machine": 5,
    "delete group": 4,
    "change policy": 6,
    "move to policy": 4,
    "cancel": 4,
}
"""How often each is drawn. As much is deleted as is made, so that a check of all of it stays short."""
FOR_HANDLERS = "backup of one that runs"
"""Is never drawn: its handler is to be killed, so it has to begin soon."""
FIRST_BOOT_SECONDS, LOOK_SECONDS = 20.0, 0.1
"""Within which the first machine runs after a start, and how often it is looked."""
PROTECTED = frozenset({"Protected", "IRPending", "ProtectionError"})
"""States in which a machine is backed up when somebody asks."""
MOST_EXTRA_MACHINES = 12
"""Machines that deployments and restores have made and nobody has deleted yet; beyond that none is made."""


class Operations:
    """Draws and sends requests. All names come from the seed; what is there is asked of the service."""

    def __init__(self, estate: Estate, ledger: Ledger, chance: Random, count: int = 0) -> None:
        self._estate, self._ledger, self._chance = estate, ledger, chance
        self.count = count
        """Requests so far; names of what is made go on from there."""
        self._kinds: Mapping[str, Callable[[Client, str], None]] = {
            "backup": self._back_up,
            "restore disks": self._restore_disks,
            "restore machine": self._restore_machine,
            "deploy": self._deploy,
            "stop and delete": self._stop_and_delete,
            "undelete": self._undelete,
            "purge": self._purge,
            "protect": self._protect,
            "delete restore point": self._delete_restore_point,
            "delete machine": self._delete_machine,
            "delete group": self._delete_group,
            "change policy": self._change_policy,
            "move to policy": self._move_to_policy,
            "cancel": self._cancel,
            FOR_HANDLERS: self._back_up_a_running_one,
        }

    def draw(self) -> str:
        return self._chance.choices(list(SHARES), list(SHARES.values()))[0]

    def send(self, kind: str) -> None:
        """One operation; `Unreachable` when the world is gone. What it reads may be refused or vanish meanwhile."""
        self.count += 1
        try:
            self._kinds[kind](self._estate.client, self._chance.choice(self._estate.names))
        except RequestFailed as error:
            self._ledger.answers[f"{kind}, read: {error.status} {error.code}"] += 1
            if error.status >= 500 and error.status != 503:
                self._ledger.faults.append(f"a read for {kind} was answered {error.status} {error}")

    # ----------------------------------------------------------------------------------------------- backup and restore

    def _back_up(self, client: Client, name: str) -> None:
        body = {"properties": {"objectType": "IaasVMBackupRequest"}}
        self._ledger.ask(client, "backup", "POST", f"{self._estate.item(name)}/backup", body)

    def _back_up_a_running_one(self, client: Client, name: str) -> None:
        items = client.list(f"{self._estate.vault}/backupProtectedItems")
        states = {item["properties"]["friendlyName"].lower(): item["properties"]["protectionState"] for item in items}
        deadline = time.monotonic() + FIRST_BOOT_SECONDS
        while not (names := self._running(client)) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        protected = [each for each in names if states.get(each.lower()) in PROTECTED]
        self._back_up(client, self._chance.choice(protected or names or [name]))

    def _running(self, client: Client) -> list[str]:
        running = {each["id"].lower() for each in client.sim("GET", "/vms")["vms"] if each["running"]}
        return [each for each in self._estate.names if self._estate.machine(each).lower() in running]

    def _point(self, client: Client, name: str) -> str | None:
        points = [point["id"] for point in client.list(f"{self._estate.item(name)}/recoveryPoints")]
        return self._chance.choice(points) if points else None

    def _restore_disks(self, client: Client, name: str) -> None:
        if point := self._point(client, name):
            body = self._estate.restore(point, name, recoveryType="RestoreDisks")
            self._ledger.ask(client, "restore disks", "POST", f"{point}/restore", body)

    def _restore_machine(self, client: Client, name: str) -> None:
        point = self._point(client, name)
        if point is None or self._has_many(client):
            return
        group = self._new_group(client)
        target = f"{group}/providers/Microsoft.Compute/virtualMachines/copy{self.count}"
        body = self._estate.restore(
            point,
            name,
            recoveryType="AlternateLocation",
            targetVirtualMachineId=target,
            targetResourceGroupId=group,
            virtualNetworkId=self._estate.network,
            subnetId=f"{self._estate.network}/subnets/inner",
        )
        self._ledger.ask(client, "restore machine", "POST", f"{point}/restore", body)

    def _cancel(self, client: Client, name: str) -> None:
        running = list(client.list(f"{self._estate.vault}/backupJobs", **{"$filter": "status eq 'InProgress'"}))
        if running:
            self._ledger.ask(client, "cancel", "POST", f"{self._chance.choice(running)['id']}/cancel")

    # ------------------------------------------------------------------------------------------------------- protection

    def _stop_and_delete(self, client: Client, name: str) -> None:
        self._ledger.ask(client, "stop and delete", "DELETE", self._estate.item(name), softly=True)

    def _undelete(self, client: Client, name: str) -> None:
        body = self._estate.protection(name, "daily")
        properties = {"policyId": "", "protectionState": "ProtectionStopped", "isRehydrate": True}
        body["properties"] |= properties
        self._ledger.ask(client, "undelete", "PUT", self._estate.item(name), body)

    def _purge(self, client: Client, name: str) -> None:
        """What is softly deleted goes at once, with its recovery points."""
        for each in self._estate.names:
            self._ledger.forget(self._estate.item(each))
        client.sim("POST", "/purge")
        self._ledger.answers["purge: 200"] += 1

    def _protect(self, client: Client, name: str) -> None:
        """One that is not protected, if there is any."""
        items = client.list(f"{self._estate.vault}/backupProtectedItems")
        states = {item["properties"]["friendlyName"]: item["properties"]["protectionState"] for item in items}
        unprotected = [each for each in self._estate.names if states.get(each) in (None, "ProtectionStopped")]
        name = self._chance.choice(unprotected or [name])
        self._ledger.ask(client, "protect", "PUT", self._estate.item(name), self._estate.protection(name, "daily"))

    def _change_policy(self, client: Client, name: str) -> None:
        days, policy = self._chance.randint(20, 40), self._chance.choice(("daily", "other"))
        body = policy_body(days, self._chance.randint(1, 5))
        self._ledger.ask(client, "change policy", "PUT", self._estate.policy(policy), body, content=days)

    def _move_to_policy(self, client: Client, name: str) -> None:
        body = self._estate.protection(name, self._chance.choice(("daily", "other")))
        self._ledger.ask(client, "move to policy", "PUT", self._estate.item(name), body)

    # ----------------------------------------------------------------------------------------- what is made and removed

    def _new_group(self, client: Client) -> str:
        group = client.group(f"made{self.count}")
        self._ledger.ask(client, "create group", "PUT", group, {"location": LOCATION})
        return group

    def _made(self, client: Client) -> list[str]:
        """The groups that earlier operations made."""
        groups = [group["id"] for group in client.list(f"{client.subscription}/resourceGroups")]
        return [group for group in groups if group.rpartition("/")[2].startswith("made")]

    def _has_many(self, client: Client) -> bool:
        return len(self._made(client)) >= MOST_EXTRA_MACHINES

    def _deploy(self, client: Client, name: str) -> None:
        if self._has_many(client):
            return
        group = self._new_group(client)
        properties = {"mode": "Incremental", "template": template(self._chance, f"d{self.count}")}
        path = f"{group}/providers/Microsoft.Resources/deployments/machines"
        self._ledger.ask(client, "deploy", "PUT", path, {"properties": properties})

    def _delete_machine(self, client: Client, name: str) -> None:
        machines = [
            machine["id"]
            for group in self._made(client)
            for machine in client.list(f"{group}/providers/Microsoft.Compute/virtualMachines")
        ]
        if machines:
            self._ledger.ask(client, "delete machine", "DELETE", self._chance.choice(machines))

    def _delete_group(self, client: Client, name: str) -> None:
        groups = self._made(client)
        if groups:
            group = self._chance.choice(groups)
            if self._ledger.ask(client, "delete group", "DELETE", group):
                self._ledger.forget(group)

    def _delete_restore_point(self, client: Client, name: str) -> None:
        """One of the service's own restore points, which holds the snapshots of a recovery point."""
        collections = list(client.list(f"{client.subscription}/providers/Microsoft.Compute/restorePointCollections"))
        if not collections:
            return
        path = self._chance.choice(collections)["id"]
        points = client.get(path, **{"$expand": "restorePoints"})["properties"].get("restorePoints") or []
        if points:
            self._ledger.ask(client, "delete restore point", "DELETE", self._chance.choice(points)["id"])
