"""Acts the verbs of a told story in a world, by a Scenario and the control API, as any program could.

Each verb returns the values that sentences may show: numbers, names, times, and the words of ARM. What the story does
not expect is an Unmet, one sentence with what was found.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from statistics import median
from typing import Any

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.failures import BAD, Failure, WrongUse
from simulator.scenario import SQL_SERVER, UBUNTU, Scenario, account_name, agent_is_ready
from simulator.scenario_values import Job, Machine, RecoveryPoint, Verdict
from simulator.stories.bodies import WINDOWS, managed_machine, policy_properties

MIB = 1024 * 1024
LARGEST_PIECE_MIB = 2
"""Of a file that goes to a machine in one request."""
TRANSACTIONS_AT_ONCE = 20
"""In one request, which a slow machine has to answer in time too."""
ACCOUNT = "restored01"
STAGING = "staging01"
LOCK = "keep"
RUNNING = frozenset({"InProgress", "Cancelling"})
IMAGES: Mapping[str, Json] = {"sql": SQL_SERVER, "windows": WINDOWS, "linux": UBUNTU}


class Unmet(Failure):
    """The world is not as the story expects; says how."""

    exit_code = BAD


class Stage:
    """One world with the machines, files and recovery points of one story."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scenario = Scenario(client)
        self._machines: dict[str, Machine] = {}
        self._written: dict[tuple[str, str], str] = {}
        """Digests of files, by machine and name."""
        self._labels: dict[str, str] = {}
        """ARM ids of recovery points, by the names that backups were given."""
        self._last_transaction = 0
        self._verdicts: dict[str, Verdict] = {}
        """By the ARM id of their recovery point: every block is read for one."""
        self._restored: tuple[str, Job] | None = None
        """The recovery point whose disks were restored last, and that job."""

    def act(self, verb: str, arguments: Mapping[str, Any]) -> Json:
        acts: Mapping[str, Callable[..., Json]] = {
            name.removeprefix("do_").replace("_", " "): getattr(self, name) for name in dir(self) if name[:3] == "do_"
        }
        words = {"as": "label", "is": "expected"}
        return acts[verb](**{words.get(name, name): value for name, value in arguments.items()})

    # ------------------------------------------------------------------------------------------------ machines, files

    def do_machine(
        self, machine: str, system: str = "sql", data_disks: list[int] | None = None, managed: bool = False
    ) -> Json:
        disks = data_disks if data_disks is not None else [1, 1]
        if managed:
            self._scenario.create_group()
            body = managed_machine(machine, disks, IMAGES[system], self._scenario.location)
            created = self._client.put(self._scenario.machine_id(machine), body)
            self._scenario.wait_until_ready(created["id"])
            self._machines[machine] = Machine(created["id"], machine, tuple(disks))
        else:
            self._machines[machine] = self._scenario.create_machine(machine, data_disk_gib=disks, image=IMAGES[system])
        return {"machine": machine}

    def do_work(self, machine: str, transactions: int) -> Json:
        for begun in range(0, transactions, TRANSACTIONS_AT_ONCE):
            amount = min(TRANSACTIONS_AT_ONCE, transactions - begun)
            self._last_transaction = self._scenario.work(self._id(machine), amount)
        return {"last_transaction": self._last_transaction}

    def do_write_file(self, machine: str, path: str, text: str = "", mebibytes: int = 0) -> Json:
        if mebibytes > LARGEST_PIECE_MIB:
            raise WrongUse(f"a story writes at most {LARGEST_PIECE_MIB} MiB into a file; write several")
        content = (text or _lines(path, mebibytes * MIB)).encode()
        self._of_file("put", machine, path, content=base64.b64encode(content).decode())
        self._written[machine, _name(path)] = sha256(content).hexdigest()
        return {"path": path}

    def do_delete_file(self, machine: str, path: str) -> Json:
        self._of_file("rm", machine, path)
        return {"path": path}

    def do_encrypt_files(self, machine: str, path: str) -> Json:
        return {"encrypted": len(self._of_file("encrypt", machine, path, key="a key that nobody has")["files"])}

    def do_turn_off(self, machine: str) -> Json:
        self._client.finish(self._client.post(f"{self._id(machine)}/deallocate"))
        return {}

    def do_turn_on(self, machine: str) -> Json:
        self._client.finish(self._client.post(f"{self._id(machine)}/start"))
        self._scenario.wait_until_ready(self._id(machine))
        return {}

    def do_delete_machine(self, machine: str) -> Json:
        profile = self._client.get(self._id(machine))["properties"]["storageProfile"]
        disks = [disk.get("managedDisk") for disk in (profile["osDisk"], *profile["dataDisks"])]
        self._delete(self._id(machine))
        for disk in filter(None, disks):
            self._delete(disk["id"])
        if None in disks:
            self._delete(self._scenario.account_id(account_name(machine)))
        return {}

    def do_restart_service(self, service: str, machine: str) -> Json:
        body = {"vm": self._id(machine), "line": f"Restart-Service {service}"}
        if errors := self._client.sim("POST", "/vms/run", body)["errors"]:
            raise Unmet(errors)
        return {}

    # --------------------------------------------------------------------------------------------------------- backups

    def do_policy(self, policy: str, every: str, **kept: int) -> Json:
        self._scenario.create_vault()
        properties = policy_properties(every, kept)
        self._client.put(self._scenario.policy_id(policy), {"properties": properties})
        return {"policy": policy}

    def do_protect(self, machine: str, policy: str | None = None) -> Json:
        self._scenario.protect(self._machines[machine], policy)
        return {}

    def do_back_up(self, machine: str, label: str | None = None, ends: str = "Completed") -> Json:
        before = {point.id for point in self._points(machine)}
        name = self._scenario.start_backup(self._scenario.item_id(machine))
        path = f"{self._scenario.vault_id}/backupJobs/{name}"
        ended = self._client.wait_for(path, lambda job: job["properties"]["status"] not in RUNNING)
        job = Job.from_arm(ended)
        error = job.errors[0].code if job.errors else ""
        if job.status != ends:
            reason = error or "no error"
            raise Unmet(f"the backup of {machine} ended as {job.status}, and not as {ends}: {reason}")
        made = [point for point in self._points(machine) if point.id not in before]
        if label and made:
            self._labels[label] = made[-1].id
        consistency = made[-1].consistency if made else "-"
        changed = _size(_changed(made[-1])) if made else "-"
        return {"status": job.status, "consistency": consistency, "changed": changed, "error": error or "-"}

    def do_delete_backups(self, machine: str) -> Json:
        self._delete(self._scenario.item_id(machine))
        return {}

    def do_undelete_backups(self, machine: str) -> Json:
        properties = {
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "sourceResourceId": self._id(machine),
            "protectionState": "ProtectionStopped",
            "isRehydrate": True,
        }
        self._client.finish(self._client.arm("PUT", self._scenario.item_id(machine), {"properties": properties}))
        return {}

    # ---------------------------------------------------------------------------------------------- faults, locks, time

    def do_set_fault(self, fault: str, machine: str, disk: str | None = None, parameters: Json | None = None) -> Json:
        where = {"vm": self._id(machine), **({"disk": disk} if disk else {})}
        self._client.sim("POST", "/faults/set", {"fault": fault, "where": where, "parameters": parameters or {}})
        return {"fault": fault}

    def do_clear_fault(self, fault: str) -> Json:
        self._client.sim("POST", "/faults/clear", {"faults": [fault]})
        return {}

    def do_lock(self, group: str, level: str) -> Json:
        self._client.put(self._lock(group), {"properties": {"level": level}})
        return {"group": group}

    def do_unlock(self, group: str) -> Json:
        self._delete(self._lock(group))
        return {}

    def do_advance(self, by: str) -> Json:
        progress = self._client.advance(by=by)
        backups = [job for job in progress["jobs"] if job["operation"] == "Backup"]
        return {"now": _time(datetime.fromisoformat(progress["now"])), "backups": len(backups)}

    # --------------------------------------------------------------------------------------------------------- restores

    def do_find_file(self, machine: str, file: str) -> Json:
        written, points = self._digest(machine, file), self._points(machine)
        found, whole = 0, list[RecoveryPoint]()
        for point in points:
            digests = [each["sha256"] for each in self._files_of(point.id, file)]
            found += bool(digests)
            whole += [point] if written in digests else []
        if not whole:
            raise Unmet(f"no recovery point of {machine} has {file} as it was written")
        self._labels["last whole"] = whole[-1].id
        last = _time(whole[-1].time)
        return {"file": file, "found": found, "points": len(points), "whole": len(whole), "last_whole": last}

    def do_restore_disks(self, machine: str, point: str, account: str = ACCOUNT) -> Json:
        chosen = self._point(machine, point)
        self._restored = chosen.id, self._scenario.restore_disks(chosen, account)
        return {"account": account, "point_time": _time(chosen.time)}

    def do_restore_machine(self, machine: str, point: str, label: str) -> Json:
        chosen, scenario = self._point(machine, point), self._scenario
        network = f"{scenario.group_id}/providers/Microsoft.Network/virtualNetworks/net"
        subnet = {"name": "back", "properties": {"addressPrefix": "10.1.0.0/24"}}
        space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}
        self._client.put(network, {"location": scenario.location, "properties": space})
        properties = {
            "objectType": "IaasVMRestoreRequest",
            "recoveryType": "AlternateLocation",
            "sourceResourceId": self._id(machine),
            "storageAccountId": scenario.create_account(STAGING).id,
            "targetVirtualMachineId": scenario.machine_id(label),
            "targetResourceGroupId": scenario.group_id,
            "virtualNetworkId": network,
            "subnetId": f"{network}/subnets/back",
            "region": scenario.location,
        }
        begun = self._client.finish(self._client.post(f"{chosen.id}/restore", {"properties": properties}))
        job = scenario.wait_for_job(begun["properties"]["jobId"])
        scenario.wait_until_ready(scenario.machine_id(label))
        self._machines[label] = Machine(scenario.machine_id(label), label, self._machines[machine].disk_gib)
        for (owner, name), digest in list(self._written.items()):
            if owner == machine:
                self._written[label, name] = digest
        self._restored = chosen.id, job
        return {"copy": label, "point_time": _time(chosen.time)}

    def do_bring_back_file(self, machine: str, path: str) -> Json:
        if self._restored is None:
            raise Unmet("no disks were restored before; restore disks comes first")
        point, job = self._restored
        found = self._files_of(point, _name(path), job=job.id)
        if not found:
            raise Unmet(f"the restored disks have no file {_name(path)}")
        where = {"id": point, "job": job.id, "lun": str(found[0]["lun"]), "name": found[0]["name"]}
        content = self._client.sim("GET", "/recoverypoint/files/content", None, **where)["content"]
        self._of_file("put", machine, path, content=content)
        return {"path": path}

    def do_verify(self, machine: str, point: str) -> Json:
        chosen = self._point(machine, point)
        job = self._restored[1] if self._restored and self._restored[0] == chosen.id else None
        verdict = self._verdicts[chosen.id] = self._scenario.verify(chosen, job)
        wrong = [check.name for check in verdict.checks if not check.passed]
        if not verdict.verified:
            raise Unmet(f"the recovery point {chosen.name} is not verified: {'; '.join(wrong)}")
        return {"checked": len(verdict.checks)}

    # ----------------------------------------------------------------------------------------------------- expectations

    def do_expect_file(self, machine: str, path: str, expected: str) -> Json:
        listed = self._client.sim("GET", "/vms/files", None, vm=self._id(machine), name=_name(path))["files"]
        digests = [file["sha256"] for file in listed if file["path"].lower() == path.lower()]
        state = "gone"
        if digests:
            state = "as written" if digests[0] == self._digest(machine, _name(path)) else "changed"
        return _met(path, state, expected)

    def do_expect_machine(self, machine: str, expected: str) -> Json:
        try:
            view = self._client.get(f"{self._id(machine)}/instanceView")
        except RequestFailed as error:
            if error.status != 404:
                raise
            return _met(machine, "gone", expected)
        return _met(machine, "running" if agent_is_ready(view) else "off", expected)

    def do_expect_backups(self, machine: str, expected: str) -> Json:
        item = self._client.get(self._scenario.item_id(machine))["properties"]
        state = "stopped" if item["protectionState"] == "ProtectionStopped" else "protected"
        return _met(machine, "softly deleted" if item.get("isScheduledForDeferredDelete") else state, expected)

    def do_expect_points(
        self, machine: str, at_least: int = 0, at_most: int | None = None, consistency: str | None = None
    ) -> Json:
        points = self._points(machine)
        if len(points) < at_least or (at_most is not None and len(points) > at_most):
            raise Unmet(f"{machine} has {len(points)} recovery points, which the story does not expect")
        newest = points[-1].consistency if points else "-"
        if consistency is not None:
            _met(machine, newest, consistency)
        oldest = _time(points[0].time) if points else "-"
        return {"points": len(points), "oldest": oldest, "consistency": newest}

    def do_expect_growth(self, machine: str, times: int) -> Json:
        *before, newest = [_changed(point) for point in self._points(machine)]
        usual = median(before[1:] or [0])
        if newest < times * usual:
            raise Unmet(f"the newest backup changed {_size(newest)}, and usual are {_size(usual)}")
        return {"changed": _size(newest), "usual": _size(usual)}

    def do_expect_database(self, machine: str, point: str, expected: str) -> Json:
        chosen = self._point(machine, point)
        verdict = self._verdicts.get(chosen.id) or self._scenario.verify(chosen)
        report = verdict.database
        if report is None or not report["found"]:
            raise Unmet(f"the recovery point of {machine} has no database")
        state = "clean" if report["opened_clean"] and not report["problem"] else "torn"
        state = "recovered" if report["recovered"] else state
        if expected != "not clean" or state == "clean":
            _met(machine, state, expected)
        return {"database": state}

    def do_expect_lost_transactions(self, machine: str) -> Json:
        last = self._scenario.work(self._id(machine), 0)
        if last >= self._last_transaction:
            raise Unmet(
                f"the database of {machine} is at transaction {last}, and {self._last_transaction} was the last"
            )
        return {"last_transaction": last}

    # ----------------------------------------------------------------------------------------------------------- inside

    def _id(self, machine: str) -> str:
        return self._machines[machine].id

    def _lock(self, group: str) -> str:
        return f"{self._client.group(group)}/providers/Microsoft.Authorization/locks/{LOCK}"

    def _delete(self, id: str) -> None:
        self._client.finish(self._client.arm("DELETE", id))

    def _of_file(self, act: str, machine: str, path: str, **more: str) -> Json:
        body = {"vm": self._id(machine), "act": act, "path": path, **more}
        return self._client.sim("POST", "/vms/files/act", body)

    def _files_of(self, point: str, name: str, **more: str) -> list[Json]:
        files: list[Json] = self._client.sim("GET", "/recoverypoint/files", None, id=point, name=name, **more)["files"]
        return files

    def _digest(self, machine: str, name: str) -> str:
        digest = self._written.get((machine, name))
        if digest is None:
            raise Unmet(f"the story has written no file {name} on {machine}")
        return digest

    def _points(self, machine: str) -> list[RecoveryPoint]:
        return self._scenario.recovery_points(self._scenario.item_id(machine))

    def _point(self, machine: str, name: str) -> RecoveryPoint:
        points = self._points(machine)
        if not points:
            raise Unmet(f"{machine} has no recovery point")
        if name in ("oldest", "newest"):
            return points[0 if name == "oldest" else -1]
        found = [point for point in points if point.id == self._labels.get(name)]
        if not found:
            raise Unmet(f"the recovery point {name} of {machine} is not there any more")
        return found[0]


def _met(what: str, state: str, expected: str) -> Json:
    if state != expected:
        raise Unmet(f"{what} is {state}, and not {expected}")
    return {}


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _lines(seed: str, size_bytes: int) -> str:
    """The same text for the same seed."""
    line = f"{sha256(seed.encode()).hexdigest()}\n"
    return (line * (size_bytes // len(line) + 1))[:size_bytes]


def _changed(point: RecoveryPoint) -> int:
    return sum(disk.changed_bytes for disk in point.disks)


def _size(size_bytes: float) -> str:
    return f"{size_bytes / MIB:.1f} MiB"


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M")
