"""The main job as a story: protect a running VM, back it up twice, restore it, and prove every byte.

The demo is an ordinary client. It knows the world by its endpoints alone and judges it by checks; `result()` has the
keys of `demo --json` (docs/schemas/demo.schema.json).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.client import Client

Json = dict[str, Any]
GIB = 1024**3

GROUP = "demo"
VM = "sql01"
VAULT = "vault01"
SOURCE_ACCOUNT = "sql01disks"
TARGET_ACCOUNT = "restored01"
LOCATION = "westus"
POLICY = "DefaultPolicy"

OS_DISK_GIB = 127
DATABASE_DISK_GIB = 32
LOG_DISK_GIB = 16
OTHER_DISK_GIB = 8
TRANSACTIONS_BEFORE = 20
TRANSACTIONS_BETWEEN = 10


@dataclass(frozen=True)
class DemoOptions:
    seed: int = 0
    data_disks: int = 2
    vss: bool = True


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    detail: str = ""


class JobEndedBadly(Exception):
    """A job did not complete; the check that says so is already noted."""


@dataclass
class Demo:
    """One run. `say(step, values)` is told what happens (the words are in texts.py); nothing is printed here."""

    client: Client
    options: DemoOptions
    say: Callable[[str, Json], None]
    monotonic: Callable[[], float] = time.monotonic
    checks: list[Check] = field(default_factory=list)
    jobs: list[Json] = field(default_factory=list)

    def run(self) -> Json:
        """Everything from the empty subscription to the verdict; a job that fails ends the story there."""
        began = self.monotonic()
        points: list[Json] = []
        restore: Json | None = None
        try:
            self._create_machine()
            self._create_vault()
            self._work(TRANSACTIONS_BEFORE)
            self._protect()
            self._back_up("first")
            self._check_extension()
            self._work(TRANSACTIONS_BETWEEN)
            self._back_up("second")
            points = self._recovery_points()
            self._check_points(points)
            restore = self._verify(points, self._restore(points[0]))
        except JobEndedBadly:
            points = points or self._recovery_points()
        return {
            "schema_version": 1,
            "seed": self.options.seed,
            "duration_seconds": round(self.monotonic() - began, 3),
            "vm": self.vm,
            "vault": self.vault,
            "verified": all(check.passed for check in self.checks),
            "checks": [vars(check) for check in self.checks],
            "jobs": self.jobs,
            "recovery_points": points,
            "restore": restore,
        }

    # ----------------------------------------------------------------------------------------------------- addresses

    @property
    def vm(self) -> str:
        return f"{self.client.group(GROUP)}/providers/Microsoft.Compute/virtualMachines/{VM}"

    @property
    def vault(self) -> str:
        return f"{self.client.group(GROUP)}/providers/Microsoft.RecoveryServices/vaults/{VAULT}"

    @property
    def item(self) -> str:
        name = f"iaasvmcontainerv2;{GROUP};{VM}"
        return f"{self.vault}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{name}/protectedItems/VM;{name}"

    def account(self, name: str) -> str:
        return f"{self.client.group(GROUP)}/providers/Microsoft.Storage/storageAccounts/{name}"

    # --------------------------------------------------------------------------------------------------------- steps

    def _create_machine(self) -> None:
        self.say("create", {"group": GROUP, "source": SOURCE_ACCOUNT, "target": TARGET_ACCOUNT})
        self.client.put(self.client.group(GROUP), {"location": LOCATION})
        for name in (SOURCE_ACCOUNT, TARGET_ACCOUNT):
            self.client.put(
                self.account(name), {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
            )
        endpoint = self.client.get(self.account(SOURCE_ACCOUNT))["properties"]["primaryEndpoints"]["blob"]
        sizes = self._data_disk_sizes()
        self.say("boot", {"vm": VM, "os_disk_gib": OS_DISK_GIB, "data_disks": len(sizes)})
        self.client.put(self.vm, machine_body(endpoint, sizes))
        self.client.wait_for(f"{self.vm}/instanceView", agent_is_ready)

    def _data_disk_sizes(self) -> list[int]:
        roles = [DATABASE_DISK_GIB, LOG_DISK_GIB]
        return [roles[lun] if lun < len(roles) else OTHER_DISK_GIB for lun in range(self.options.data_disks)]

    def _create_vault(self) -> None:
        self.say("vault", {"vault": VAULT, "policy": POLICY})
        body = {"location": LOCATION, "sku": {"name": "RS0", "tier": "Standard"}, "properties": {}}
        self.client.put(self.vault, body)
        self.client.get(f"{self.vault}/backupPolicies/{POLICY}")

    def _work(self, transactions: int) -> None:
        answer = self.client.sim("POST", "/workload", {"vm": self.vm, "transactions": transactions})
        self.say("workload", {"transactions": answer["last_transaction"]})

    def _protect(self) -> None:
        self.say("protect", {"vm": VM, "policy": POLICY})
        body = {
            "properties": {
                "protectedItemType": "Microsoft.Compute/virtualMachines",
                "sourceResourceId": self.vm,
                "policyId": f"{self.vault}/backupPolicies/{POLICY}",
            }
        }
        self.client.put(self.item, body)
        self.jobs += self._new_jobs()
        installed = [extension["name"] for extension in self.client.list(f"{self.vm}/extensions")]
        self._check("enabling protection installs nothing", not installed, ", ".join(installed))

    def _back_up(self, which: str) -> None:
        self.say(f"backup_{which}", {})
        self.client.post(f"{self.item}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}})
        self._wait_for_job(f"{which} backup completes")

    def _check_extension(self) -> None:
        extensions = list(self.client.list(f"{self.vm}/extensions"))
        described = [f"{extension['name']} {extension['properties']['provisioningState']}" for extension in extensions]
        good = [extension["properties"]["provisioningState"] for extension in extensions] == ["Succeeded"]
        self._check("the first backup installs the VMSnapshot extension", good, ", ".join(described))

    def _restore(self, point: Json) -> str:
        self.say("restore", {"point": point["id"].rpartition("/")[2], "target": TARGET_ACCOUNT})
        body = {
            "properties": {
                "objectType": "IaasVMRestoreRequest",
                "recoveryPointId": point["id"].rpartition("/")[2],
                "recoveryType": "RestoreDisks",
                "sourceResourceId": self.vm,
                "storageAccountId": self.account(TARGET_ACCOUNT),
                "region": LOCATION,
                "createNewCloudService": False,
                "originalStorageAccountOption": False,
                "encryptionDetails": {"encryptionEnabled": False},
            }
        }
        self.client.post(f"{point['id']}/restore", body)
        return self._wait_for_job("the restore completes")

    def _verify(self, points: list[Json], restore_job: str) -> Json:
        self.say("verify", {})
        verdict = self.client.sim("POST", "/verify", {"recovery_point": points[0]["id"], "job": restore_job})
        self.checks += [Check(**check) for check in verdict["checks"]]
        last = self.client.sim("POST", "/verify", {"recovery_point": points[-1]["id"]})
        self.checks += [Check(**{**check, "name": f"second backup: {check['name']}"}) for check in last["checks"]]
        return {
            "recovery_point": points[0]["id"],
            "disks": [{"name": disk["name"], "equal": disk["equal"]} for disk in verdict["restored"]],
            "database": verdict["database"],
        }

    # -------------------------------------------------------------------------------------------------------- judging

    def _check(self, name: str, passed: bool, detail: str = "") -> None:
        self.checks.append(Check(name, passed, detail))

    def _recovery_points(self) -> list[Json]:
        """Oldest first, with what the service measured of each."""
        listed = [point["id"] for point in self.client.list(f"{self.item}/recoveryPoints")]
        details = [self.client.sim("GET", "/recoverypoint", id=point) for point in listed]
        return sorted(details, key=lambda point: str(point["time"]))

    def _check_points(self, points: list[Json]) -> None:
        wanted = "AppConsistent" if self.options.vss else "CrashConsistent"
        found = [point["consistency"] for point in points]
        self._check(f"two recovery points: {wanted}", found == [wanted, wanted], ", ".join(found))
        tiers = [point["tiers"] for point in points]
        both = all(set(each) == {"InstantRP", "HardenedRP"} for each in tiers)
        self._check("each in the snapshot tier and in the vault", both, ", ".join("+".join(each) for each in tiers))
        moved = sum(disk["transferred_bytes"] for disk in points[-1]["disks"])
        held = sum(disk["allocated_bytes"] for disk in points[-1]["disks"])
        self._check("the second backup moves only what changed", moved < held, f"{moved} of {held} bytes")

    def _new_jobs(self) -> list[Json]:
        known = {job["id"] for job in self.jobs}
        listed = [job["name"] for job in self.client.list(f"{self.vault}/backupJobs")]
        fresh = [name for name in listed if name not in known]
        return [summary(self.client.get(f"{self.vault}/backupJobs/{name}")) for name in reversed(fresh)]

    def _wait_for_job(self, check: str) -> str:
        """Wait for the job just started, remember it, judge it; returns its name."""
        known = {job["id"] for job in self.jobs}
        newest = next(job["name"] for job in self.client.list(f"{self.vault}/backupJobs") if job["name"] not in known)
        path = f"{self.vault}/backupJobs/{newest}"
        finished = self.client.wait_for(
            path, lambda job: job["properties"]["status"] not in {"InProgress", "Cancelling"}
        )
        job = summary(finished)
        self.jobs.append(job)
        errors = finished["properties"].get("errorDetails") or []
        detail = "; ".join(
            f"{error.get('errorTitle') or error['errorCode']}: {error['errorString']}" for error in errors
        )
        self._check(check, job["status"] == "Completed", detail or job["status"])
        if job["status"] not in {"Completed", "CompletedWithWarnings"}:
            raise JobEndedBadly
        return str(newest)


def machine_body(blob_endpoint: str, data_disk_gib: list[int]) -> Json:
    """The PUT body of a Windows VM with SQL Server whose unmanaged disks lie in one account."""

    def vhd(name: str) -> Json:
        return {"uri": f"{blob_endpoint}vhds/{name}.vhd"}

    return {
        "location": LOCATION,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"computerName": VM, "adminUsername": "azureuser"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "MicrosoftSQLServer",
                    "offer": "sql2022-ws2022",
                    "sku": "sqldev-gen2",
                    "version": "latest",
                },
                "osDisk": {
                    "name": f"{VM}-os",
                    "osType": "Windows",
                    "createOption": "FromImage",
                    "diskSizeGB": OS_DISK_GIB,
                    "vhd": vhd(f"{VM}-os"),
                },
                "dataDisks": [
                    {
                        "name": f"{VM}-data{lun}",
                        "lun": lun,
                        "createOption": "Empty",
                        "diskSizeGB": size,
                        "vhd": vhd(f"{VM}-data{lun}"),
                    }
                    for lun, size in enumerate(data_disk_gib)
                ],
            },
        },
    }


def summary(job: Json) -> Json:
    """What `demo --json` says of a job."""
    properties = job["properties"]
    tasks = (properties.get("extendedInfo") or {}).get("tasksList") or []
    return {
        "id": job["name"],
        "operation": properties["operation"],
        "status": properties["status"],
        "duration_seconds": duration_seconds(properties["duration"]),
        "tasks": [
            {"id": task["taskId"], "status": task["status"], "duration_seconds": duration_seconds(task["duration"])}
            for task in tasks
        ],
    }


def duration_seconds(text: str) -> float:
    """Seconds of an ISO 8601 duration as the service writes it, for instance PT1H41M17.9270278S."""
    seconds, number = 0.0, ""
    for letter in text.removeprefix("PT"):
        if letter in "HMS":
            seconds += float(number) * {"H": 3600, "M": 60, "S": 1}[letter]
            number = ""
        else:
            number += letter
    return round(seconds, 3)


def agent_is_ready(view: Json) -> bool:
    """Whether an instance view says that the guest agent reports."""
    statuses = (view.get("vmAgent") or {}).get("statuses") or []
    return any(status.get("displayStatus") == "Ready" for status in statuses)
