"""Verifies recovery points: compares their images with what the guest wrote, and opens the database on them.

An image is judged wherever it lies: the restored disks, the snapshots, the copy in the vault. The yardstick is the
guest's ground truth at the freeze; a crash-consistent point has no such instant and is judged by the guest's order of
writes instead. Nothing here trusts what the backup says of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from controlplane.domain.events.handlers import HandlerRuleBroken
from controlplane.domain.events.service import SnapshotAsked
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import recovery_point as points
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.json_object import Json
from controlplane.ports import Blob, Blobs, BlockSource, Document, PortError, ServiceSettings, Store
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.sources import PageBlobSource
from controlplane.vault_format.vault_source import VaultSource
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from simulator.failures import Failure
from simulator.guest.disk.ground_truth import GroundTruth, TruthSummary
from simulator.guest.workload.database import DatabaseReport, inspect

Sources = Mapping[int, BlockSource]

PLACES = {
    "restored": "restored disks",
    "InstantRP": "snapshots",
    "HardenedRP": "copy in the vault",
}
TOGETHER = {
    True: "all disks match one point in time",
    False: "the disks match different points in time",
    None: "whether the disks match one point in time is unknown",
}
"""Whether the images of all disks match one point in time."""
HANDLER_CHECK = "the handler did as it reported"
KNOWN = "what the guest had written is known"


class NoSuchPoint(Failure):
    """No recovery point has this name or id."""

    exit_code = 1


@dataclass(frozen=True)
class Verifier:
    """Judges the recovery points of one world. `truth_of(vm, task id)` gives the guest's ground truth."""

    store: Store
    blobs: Blobs
    settings: ServiceSettings
    truth_of: Callable[[str, str], GroundTruth | TruthSummary | None]
    settle: Callable[[], None] = lambda: None
    """Waits until what handlers did was looked at."""

    def verify(self, name_or_id: str, restore_job: str | None = None) -> Json:
        """The verdict on one point, and on the disks that a restore job made of it."""
        point, machine = self._find(name_or_id)
        places = self._places(point, restore_job)
        truth = self.truth_of(machine, point.task_id) if point.task_id else None
        verdict = _Verdict(point, truth)
        for place, open_images in places.items():
            verdict.judge(place, open_images, with_database=place == next(iter(places)))
        if point.task_id:
            verdict.judge_handler(self.broken_rules(point.job, point.task_id))
        return verdict.to_json()

    def images(self, name_or_id: str, restore_job: str | None = None) -> tuple[str, Sources]:
        """Where a point lies, the disks that a restore made of it first, and its disks there."""
        point, _ = self._find(name_or_id)
        place, open_images = next(iter(self._places(point, restore_job).items()))
        return place, open_images()

    def broken_rules(self, job: str, task: str | None = None) -> list[Json] | None:
        """What a job's handler did or reported that guest and storage saw otherwise; None where nobody looked."""
        self.settle()
        looked, found, since = False, list[Json](), 0
        while events := self.store.events(since, job=job):
            since = events[-1].id
            for event in events:
                of_task = task is None or event.data.get("task") == task
                looked = looked or (event.name == SnapshotAsked.NAME and "reports" in event.data and of_task)
                if event.name == HandlerRuleBroken.NAME and of_task:
                    found.append({"vm": event.vm, "job": event.job, **event.data})
        return found if looked else None

    def digests(self, disk: PointDisk) -> VaultSource:
        """The digests of a disk's blocks, as the vault keeps them. Raises VaultCorrupt where it has none."""
        vault = VaultStore(self.blobs, self.settings.vault_account)
        problem = VaultCorrupt(f"the digests of disk {disk.name} are not kept yet")
        for name in (disk.digests, (disk.vault or {}).get("name")):
            if name:
                try:
                    return vault.manifest(name)
                except VaultCorrupt as found:
                    problem = found
        raise problem

    def _find(self, name_or_id: str) -> tuple[RecoveryPoint, str]:
        name = name_or_id.lower()
        for document in self.store.find(points.KIND):
            if name in (document.id, document.id.rpartition("/")[2]):
                return points.from_json(document.private["point"]), self.machine_of(document)
        raise NoSuchPoint(
            f"no recovery point {name_or_id} exists in this world; az backup recoverypoint list shows those of an item"
        )

    def machine_of(self, point: Document) -> str:
        """ARM id of the machine that a recovery point's document is about."""
        item = self.store.get(points.KIND.removesuffix("/recoverypoints"), point.parent)
        assert item is not None, "a recovery point has an item"
        return str(item.json()["properties"]["virtualMachineId"])

    def _places(self, point: RecoveryPoint, restore_job: str | None) -> dict[str, Callable[[], Sources]]:
        """Where images of the point lie, the restored disks first."""
        places: dict[str, Callable[[], Sources]] = {}
        if restore_job is not None:
            places["restored"] = lambda: self._restored(restore_job)
        if point.has_snapshots:
            places["InstantRP"] = lambda: {
                disk.lun: PageBlobSource(self.blobs, Blob(disk.account, disk.container, disk.blob, disk.snapshot))
                for disk in point.disks
            }
        if point.has_vault_copy:
            vault = VaultStore(self.blobs, self.settings.vault_account)
            places["HardenedRP"] = lambda: {
                disk.lun: vault.source(VaultPoint.from_json(disk.vault)) for disk in point.disks if disk.vault
            }
        return places

    def _restored(self, job: str) -> Sources:
        for document in self.store.find(jobs.KIND):
            if document.id.rpartition("/")[2] == job.lower() and "restored" in document.private:
                return {
                    disk["lun"]: PageBlobSource(self.blobs, Blob(disk["account"], disk["container"], disk["blob"]))
                    for disk in document.private["restored"]
                }
        raise NoSuchPoint(f"no completed restore job {job} exists in this world; list the jobs of its vault")


class _Verdict:
    """Collects checks over the places where a point lies."""

    def __init__(self, point: RecoveryPoint, truth: GroundTruth | TruthSummary | None) -> None:
        self._point = point
        self._truth = truth
        self._checks: list[Json] = []
        self._disks: dict[str, list[Json]] = {}
        self._database: DatabaseReport | None = None

    def judge(self, place: str, open_images: Callable[[], Sources], with_database: bool) -> None:
        """Missing or damaged storage is a failed check, not an error."""
        try:
            images = open_images()
            if self._truth is not None and not self._was_not_frozen:
                self._judge_equal(place, images, self._truth)
            elif isinstance(self._truth, GroundTruth):
                self._judge_order(place, images, self._truth)
            else:
                self._check(f"{PLACES[place]}: {KNOWN}", False, self._why_unknown(), known=False)
            if with_database:
                self._judge_database(place, inspect(images))
        except PortError as error:
            self._check(f"{PLACES[place]}: readable", False, str(error))

    def judge_handler(self, broken: Sequence[Json] | None) -> None:
        if broken is not None:
            self._check(HANDLER_CHECK, not broken, "; ".join(f"{each['rule']}: {each['detail']}" for each in broken))

    @property
    def _was_not_frozen(self) -> bool:
        """There was no instant that the images could equal: the point is crash-consistent, or it is one of a Linux
        machine whose owner wants its scripts to do without a freeze."""
        by_scripts = self._point.machine.os_type == "Linux" and self._point.consistency == "AppConsistent"
        return self._point.consistency == "CrashConsistent" or (
            by_scripts and self._truth is not None and self._truth.consistency == "crash"
        )

    def _why_unknown(self) -> str:
        if not self._point.task_id:
            return "the machine did not run, so its guest has no record"
        return (
            "not known any more: there were too many backups since" if self._truth else "not known: there is no record"
        )

    def _judge_equal(self, place: str, sources: Sources, truth: GroundTruth | TruthSummary) -> None:
        names = {disk.lun: disk.name for disk in self._point.disks}
        verdicts = {lun: truth.compare(lun, source) for lun, source in sources.items()}
        self._disks[place] = [
            {"name": names[lun], "lun": lun, "equal": verdict.equal, **asdict(verdict)}
            for lun, verdict in verdicts.items()
        ]
        whole = set(sources) == set(names) and all(verdict.equal for verdict in verdicts.values())
        blocks = sum(verdict.blocks_compared for verdict in verdicts.values())
        wrong = sum(verdict.differing_blocks or 0 for verdict in verdicts.values())
        detail = f"{blocks} blocks on {len(sources)} disks" + (f", {wrong} of them differ" if wrong else "")
        if any(verdict.differing_blocks is None for verdict in verdicts.values()):
            detail = f"{blocks} blocks on {len(sources)} disks, some of them differ"
        self._check(f"{PLACES[place]}: every block equals what the guest had at the freeze", whole, detail)

    def _judge_order(self, place: str, sources: Sources, truth: GroundTruth) -> None:
        names = {disk.lun: disk.name for disk in self._point.disks}
        verdict = truth.compare_without_freeze(sources)
        self._disks[place] = [
            {"name": names[lun], "lun": lun, "equal": order.one_instant is True, "reason": order.reason}
            for lun, order in verdict.disks.items()
        ]
        each = all(order.one_instant for order in verdict.disks.values())
        self._check(f"{PLACES[place]}: each disk matches one point in time", each, TOGETHER[verdict.one_instant])

    def _judge_database(self, place: str, report: DatabaseReport) -> None:
        """What must hold of the database follows from the consistency that the point claims."""
        self._database = report
        if not report.found and not report.problem.startswith("no disk"):
            self._check(f"{PLACES[place]}: database", False, report.problem)
        elif report.found and self._point.consistency == "AppConsistent":
            good = report.opened_clean and report.integrity == "ok" and report.sum_of_balances_ok
            detail = report.problem or f"last transaction {report.last_transaction}, no journal to replay"
            self._check(f"{PLACES[place]}: the database opens cleanly and its balances add up", good, detail)

    def to_json(self) -> Json:
        report = self._database
        return {
            "schema_version": 1,
            "recovery_point": self._point.document,
            "consistency": self._point.consistency,
            "verified": self._outcome() == "verified",
            "outcome": self._outcome(),
            "checks": self._checks,
            "images": self._disks,
            "restored": self._disks.get("restored", []),
            "database": asdict(report) if report is not None else None,
        }

    def _outcome(self) -> str:
        """unknown: nothing is wrong, and something cannot be told."""
        if not self._checks or any(check["known"] and not check["passed"] for check in self._checks):
            return "failed"
        return "verified" if all(check["passed"] for check in self._checks) else "unknown"

    def _check(self, name: str, passed: bool, detail: str, *, known: bool = True) -> None:
        self._checks.append({"name": name, "passed": passed, "detail": detail, "known": known})
