"""The main job as a story: protect a running VM, back it up twice, restore it, and prove every byte.

The demo calls the verbs of a Scenario and judges what they return by checks; `result()` has the keys of `demo --json`
(docs/schemas/demo.schema.json).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from controlplane.json_object import Json
from simulator.scenario import DATA_DISK_GIB, MACHINE, OS_DISK_GIB, RESTORE_ACCOUNT, Scenario, account_name
from simulator.scenario_values import Check, Job, JobFailed, Machine, ProtectedItem, RecoveryPoint

OTHER_DISK_GIB = 8
OS_DISK = -1
FILLED_MIB = 48
"""What lies on the disk of the database and does not change, so that one hundredth of it is what changes."""
HANDLER_CHECK = "the handler did as it reported"
"""As `verify` calls it."""
TRANSACTIONS_BEFORE = 20
TRANSACTIONS_BETWEEN = 10


@dataclass(frozen=True)
class DemoOptions:
    seed: int = 0
    data_disks: int = 2
    vss: bool = True


@dataclass
class Demo:
    """One run. `say(step, values)` receives each step (its words are in texts.py); nothing is printed here."""

    scenario: Scenario
    options: DemoOptions
    say: Callable[[str, Json], None]
    monotonic: Callable[[], float] = time.monotonic
    checks: list[Check] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    points: list[RecoveryPoint] = field(default_factory=list)
    restore: Json | None = None

    def run(self) -> Json:
        """Everything from the empty subscription to the verdict; a job that fails ends the story there."""
        began = self.monotonic()
        machine = self._create()
        try:
            self._back_up_and_restore(machine)
        except JobFailed:
            self.points = self.points or self.scenario.recovery_points(self.scenario.item_id())
        return self.result(machine, self.monotonic() - began)

    def result(self, machine: Machine, duration_seconds: float) -> Json:
        return {
            "schema_version": 1,
            "seed": self.options.seed,
            "duration_seconds": round(duration_seconds, 3),
            "vm": machine.id,
            "vault": self.scenario.vault_id,
            "verified": all(check.passed for check in self.checks),
            "checks": [asdict(check) for check in self.checks],
            "jobs": [summary(job) for job in self.jobs],
            "recovery_points": [point.to_json() for point in self.points],
            "restore": self.restore,
        }

    # --------------------------------------------------------------------------------------------------------- steps

    def _create(self) -> Machine:
        scenario, sizes = self.scenario, data_disk_sizes(self.options.data_disks)
        source = account_name(MACHINE)
        self.say("create", {"group": scenario.group, "source": source, "target": RESTORE_ACCOUNT})
        account = scenario.create_account(source)
        scenario.create_account(RESTORE_ACCOUNT)
        self.say("boot", {"vm": MACHINE, "os_disk_gib": OS_DISK_GIB, "data_disks": len(sizes)})
        machine = scenario.create_machine(account=account, data_disk_gib=sizes)
        self.say("vault", {"vault": scenario.vault, "policy": scenario.policy})
        scenario.create_vault()
        self.say("fill", {"mebibytes": FILLED_MIB})
        scenario.fill(machine, FILLED_MIB, lun=0 if sizes else OS_DISK)
        self._work(machine, TRANSACTIONS_BEFORE)
        return machine

    def _back_up_and_restore(self, machine: Machine) -> None:
        item = self._protect(machine)
        self._back_up(item, "first")
        self._check_extension(machine)
        self._work(machine, TRANSACTIONS_BETWEEN)
        self._back_up(item, "second")
        self.points = self.scenario.recovery_points(item)
        self._check_points(self.points)
        self.say("restore", {"point": self.points[0].name, "target": RESTORE_ACCOUNT})
        restored = self._completes("the restore completes", lambda: self.scenario.restore_disks(self.points[0]))
        self._verify(restored)

    def _work(self, machine: Machine, transactions: int) -> None:
        self.say("workload", {"transactions": self.scenario.work(machine, transactions)})

    def _protect(self, machine: Machine) -> ProtectedItem:
        self.say("protect", {"vm": machine.name, "policy": self.scenario.policy})
        item = self.scenario.protect(machine)
        self.jobs += [item.job] if item.job else []
        installed = self.scenario.extensions(machine)
        self._check("enabling protection installs nothing", not installed, ", ".join(installed))
        return item

    def _back_up(self, item: ProtectedItem, which: str) -> None:
        self.say(f"backup_{which}", {})
        try:
            self._completes(f"{which} backup completes", lambda: self.scenario.back_up(item))
        finally:
            self._check_handler(which)

    def _completes(self, check: str, run: Callable[[], Job]) -> Job:
        """Run a job to its end, remember and judge it; JobFailed goes on to `run`, which ends the story."""
        try:
            job = run()
        except JobFailed as failed:
            self.jobs.append(failed.job)
            detail = "; ".join(f"{error.code}: {error.message}" for error in failed.job.errors)
            self._check(check, False, detail or failed.job.status)
            raise
        self.jobs.append(job)
        detail = "; ".join(f"{error.code}: {error.message}" for error in job.errors)
        self._check(check, job.status == "Completed", detail or job.status)
        return job

    def _verify(self, restored: Job) -> None:
        self.say("verify", {})
        first = self.scenario.verify(self.points[0], restored)
        last = self.scenario.verify(self.points[-1])
        self.checks += [check for check in first.checks if check.name != HANDLER_CHECK]
        of_last = [check for check in last.checks if check.name != HANDLER_CHECK]
        self.checks += [replace(check, name=f"second backup: {check.name}") for check in of_last]
        self.restore = {
            "recovery_point": self.points[0].id,
            "disks": [{"name": disk["name"], "equal": disk["equal"]} for disk in first.restored],
            "database": first.database,
        }

    # -------------------------------------------------------------------------------------------------------- judging

    def _check(self, name: str, passed: bool, detail: str = "") -> None:
        self.checks.append(Check(name, passed, detail))

    def _check_extension(self, machine: Machine) -> None:
        states = self.scenario.extensions(machine)
        described = ", ".join(f"{name} {state}" for name, state in states.items())
        good = list(states.values()) == ["Succeeded"]
        self._check("the first backup installs the VMSnapshot extension", good, described)

    def _check_handler(self, which: str) -> None:
        """Of the backup that has just ended, well or not."""
        broken = self.scenario.client.sim("GET", "/handlers/broken", job=self.jobs[-1].id)["broken"]
        detail = "; ".join(f"{each['rule']}: {each['detail']}" for each in broken)
        self._check(f"{which} backup: {HANDLER_CHECK}", not broken, detail)

    def _check_points(self, points: Sequence[RecoveryPoint]) -> None:
        expected = "AppConsistent" if self.options.vss else "CrashConsistent"
        consistencies = [point.consistency for point in points]
        self._check(f"two recovery points: {expected}", consistencies == [expected, expected], ", ".join(consistencies))
        both = all(set(point.tiers) == {"InstantRP", "HardenedRP"} for point in points)
        tiers = ", ".join("+".join(point.tiers) for point in points)
        self._check("each point is in the instant tier and in the vault tier", both, tiers)
        moved = sum(disk.transferred_bytes for disk in points[-1].disks)
        held = sum(disk.allocated_bytes for disk in points[-1].disks)
        self._check("the second backup transfers only changed blocks", moved < held, f"{moved} of {held} bytes")


def data_disk_sizes(count: int) -> list[int]:
    """Sizes in GiB: the database's disk, its log's, and small ones beyond them."""
    return [*DATA_DISK_GIB, *[OTHER_DISK_GIB] * max(0, count - len(DATA_DISK_GIB))][:count]


def summary(job: Job) -> Json:
    """What `demo --json` says of a job."""
    return {
        "id": job.id,
        "operation": job.operation,
        "status": job.status,
        "duration_seconds": job.duration_seconds,
        "tasks": [asdict(task) for task in job.tasks],
    }
