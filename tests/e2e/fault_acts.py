"""What is done while a fault is set, beside backups and restores of disks: protecting, other restores, deleting.

Each act has what it needs before the fault is set in `before`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.scenario import RESTORE_ACCOUNT, Scenario, machine_body
from simulator.scenario_values import Job, Machine, ProtectedItem

MANAGED, UNPROTECTED, DELETED = "managed01", "web01", "old01"
SPARE_VAULT, SPARE_POLICY, NEW_POLICY = "vault02", "spare01", "spare02"
VAULTS_VERSION = "2026-05-01"
ERASED, LEFT_BEHIND = "Erased", "expiry.left_behind"


class Course(NamedTuple):
    """What came of an act while a fault was set."""

    status: str
    """Of the job; or the HTTP status of an answer."""
    code: str | None
    """The errorTitle of the job, or the code of an answer."""
    message: str
    consistency: str | None
    health: str | None
    """As the metric of health events counts the job."""
    hits: int
    events: list[Json]
    headers: Mapping[str, str] = {}


def told(status: str, code: str | None = None, message: str = "") -> Course:
    return Course(status, code, message, None, None, 0, [])


Send = Callable[..., httpx.Response]
"""(method, path, api-version, body) -> the answer to one request, which is tried once."""


class MoreActs:
    def __init__(
        self, client: Client, scenario: Scenario, item: ProtectedItem, send: Send, ended: Callable[[str], Job]
    ) -> None:
        """`ended` waits for the job of a name."""
        self._client, self._scenario, self._item = client, scenario, item
        self._send, self._ended = send, ended
        self.acts: Mapping[str, Callable[[], Any]] = {
            "protect machine": self._protect,
            "create policy": self._create_policy,
            "delete policy": lambda: send("DELETE", scenario.policy_id(SPARE_POLICY), VAULTS_VERSION),
            "delete vault": lambda: send("DELETE", self._spare_vault, VAULTS_VERSION),
            "restore machine": self._restore_machine,
            "restore managed disks": self._restore_managed_disks,
            "replace disks": lambda: self._restore(self._item, recoveryType="OriginalLocation"),
            "backup of managed disks": lambda: ended(scenario.start_backup(scenario.item_id(MANAGED))),
            "purge": lambda: self._purge(DELETED),
            "purge of managed disks": lambda: self._purge(MANAGED),
        }
        self.before: Mapping[str, Callable[[], Any]] = {
            "first backup of managed disks": self._without_restore_points,
            "protect machine": lambda: scenario.create_machine(UNPROTECTED, data_disk_gib=()),
            "delete policy": lambda: self._put_policy(SPARE_POLICY),
            "delete vault": lambda: client.put(self._spare_vault, {"location": "westus", "properties": {}}),
            "restore machine": self._create_network,
            "restore managed disks": self._managed_with_point,
            "backup of managed disks": self.protect_managed,
            "purge": self._deleted_with_point,
            "purge of managed disks": self._managed_with_point,
        }

    # ------------------------------------------------------------------------------------------------------- protection

    def _protect(self) -> Course | Job:
        machine = Machine(self._scenario.machine_id(UNPROTECTED), UNPROTECTED, ())
        try:
            self._scenario.protect(machine)
        except RequestFailed as refused:
            if refused.status != httpx.codes.OK:
                return told(str(refused.status), refused.code, str(refused))
        return next(job for job in self._scenario.jobs() if job.operation == "ConfigureBackup")

    def protect_managed(self) -> ProtectedItem:
        """A machine whose restore points lie in a group that the service makes with the first of them."""
        body = machine_body(MANAGED, "http://unused/", ())
        disk = body["properties"]["storageProfile"]["osDisk"]
        del disk["vhd"]
        disk["managedDisk"] = {"storageAccountType": "Standard_LRS"}
        made = self._client.put(self._scenario.machine_id(MANAGED), body)
        self._scenario.wait_until_ready(made["id"])
        return self._scenario.protect(Machine(made["id"], MANAGED, ()))

    def _without_restore_points(self) -> None:
        """Neither they nor the group of the service in which they lie."""
        item = self._scenario.item_id(MANAGED)
        if any(each["id"].lower() == item.lower() for each in self._items()):
            self._client.finish(self._client.arm("DELETE", item))
            self._client.sim("POST", "/purge")
        for group in self._client.list(f"{self._client.subscription}/resourceGroups"):
            if group["name"].startswith("AzureBackupRG_"):
                self._client.finish(self._client.arm("DELETE", group["id"]))

    def _items(self) -> list[Json]:
        return list(self._client.list(f"{self._scenario.vault_id}/backupProtectedItems"))

    def _managed_with_point(self) -> None:
        self._with_point(self.protect_managed())

    def _deleted_with_point(self) -> None:
        self._with_point(self._scenario.protect(self._scenario.create_machine(DELETED, data_disk_gib=())))

    def _with_point(self, item: ProtectedItem) -> None:
        if not self._scenario.recovery_points(item):
            self._scenario.back_up(item)

    # --------------------------------------------------------------------------------------------------------- restores

    def _restore(self, item: ProtectedItem | str, **asked: object) -> Job:
        id = item if isinstance(item, str) else item.id
        point = self._scenario.recovery_points(item)[-1]
        source = self._client.get(id)["properties"]["sourceResourceId"]
        account = self._scenario.create_account(RESTORE_ACCOUNT)
        body = {"objectType": "IaasVMRestoreRequest", "sourceResourceId": source, "storageAccountId": account.id}
        answer = self._client.post(f"{point.id}/restore", {"properties": body | {"region": "westus"} | asked})
        return self._ended(str(self._client.finish(answer)["properties"]["jobId"]))

    def _restore_machine(self) -> Job:
        return self._restore(
            self._item,
            recoveryType="AlternateLocation",
            targetVirtualMachineId=self._scenario.machine_id("copy01"),
            targetResourceGroupId=self._scenario.group_id,
            virtualNetworkId=self._network,
            subnetId=f"{self._network}/subnets/back",
        )

    def _restore_managed_disks(self) -> Job:
        group = self._scenario.group_id
        return self._restore(self._scenario.item_id(MANAGED), recoveryType="RestoreDisks", targetResourceGroupId=group)

    @property
    def _network(self) -> str:
        return f"{self._scenario.group_id}/providers/Microsoft.Network/virtualNetworks/net"

    def _create_network(self) -> None:
        subnet = {"name": "back", "properties": {"addressPrefix": "10.1.0.0/24"}}
        space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}
        self._client.put(self._network, {"location": "westus", "properties": space})

    # ----------------------------------------------------------------------------------------------- policies, deletion

    @property
    def _spare_vault(self) -> str:
        return f"{self._scenario.group_id}/providers/Microsoft.RecoveryServices/vaults/{SPARE_VAULT}"

    def _policy_body(self) -> Json:
        body = self._client.get(self._scenario.policy_id())
        return {"properties": {key: each for key, each in body["properties"].items() if key != "protectedItemsCount"}}

    def _put_policy(self, name: str) -> None:
        self._client.put(self._scenario.policy_id(name), self._policy_body())

    def _create_policy(self) -> httpx.Response:
        return self._send("PUT", self._scenario.policy_id(NEW_POLICY), VAULTS_VERSION, self._policy_body())

    def _purge(self, machine: str) -> Course:
        """Delete an item with its data, and erase them before their time."""
        self._client.finish(self._client.arm("DELETE", self._scenario.item_id(machine)))
        self._client.sim("POST", "/purge")
        return told(ERASED)


def with_what_is_left(course: Course) -> Course:
    """An erasure as the journal tells of it: what it could not do, and the storage's or Compute's reason."""
    reasons = [each["data"]["reason"] for each in course.events if each["name"] == LEFT_BEHIND]
    if course.status != ERASED or not reasons:
        return course
    return course._replace(status="Left behind", code=reasons[0].split()[1].rstrip(":"), message=reasons[0])
