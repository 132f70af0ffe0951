"""Checks vaults: the structure always, data as far as asked. What is damaged is marked, and nothing is repaired.

It runs beside jobs, holds nothing up, and takes its reads from the budget that all transfers share. What a job removes
meanwhile is no damage: at the end only points that are still there, and name what was found, are told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import recovery_point, vault
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import damage, points
from controlplane.jobs.vault_check import reading, unnamed
from controlplane.jobs.vault_check.reading import Reader, hits
from controlplane.jobs.vault_check.report import MOST_LISTED, Problem, Report
from controlplane.jobs.vault_check.survey import Survey
from controlplane.ports import Blob, Ports, Store
from controlplane.vault_format.damage import VaultCorrupt


@dataclass(frozen=True, slots=True)
class Options:
    vault: str | None = None
    """Name of the vault; None: all, and then what no recovery point names is looked for too."""
    read_data_percent: float = 0.0
    """Share of the data to read: 0 none, 100 all."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check is: what it does, and for the data how many bytes of how many."""

    phase: str
    done_bytes: int = 0
    total_bytes: int = 0


def check(ports: Ports, options: Options, tell: Callable[[Progress], None]) -> Report:
    """`tell` is called often, and raises where the check shall end."""
    report = Report(vaults=vaults(ports.store, options.vault), read_data_percent=options.read_data_percent)
    tell(Progress("structure"))
    cause = ports.store.record(events.ControlRequest("vaultcheck").event())
    listing = unnamed.listed(ports) if options.vault is None else None
    survey = Survey(ports, report, lambda: tell(Progress("structure")))
    in_scope = list(_points(ports, options))
    problems = [problem for point in in_scope for problem in survey.look_at(point)]
    report.packs = len(survey.named_bytes)
    if listing is not None:
        tell(Progress("unnamed"))
        found = list(unnamed.find(ports, listing))
        report.unnamed, report.unnamed_count = found[:MOST_LISTED], len(found)
    if options.read_data_percent:
        problems += _read_data(ports, options, survey, report, tell, in_scope)
        report.oldest_read = _oldest_read(ports, survey, all_vaults=options.vault is None)
    _mark(ports, report, problems, cause)
    return report


def vaults(store: Store, name: str | None) -> list[str]:
    """The names of all vaults, or of those that have this name."""
    names = sorted(str(each.json()["name"]) for each in store.find(vault.KIND))
    return [each for each in names if name is None or each.lower() == name.lower()]


def _points(ports: Ports, options: Options) -> Iterator[RecoveryPoint]:
    for document in ports.store.find(recovery_point.KIND):
        point = recovery_point.from_json(document.private["point"])
        if options.vault is None or _vault_of(point).lower() == options.vault.lower():
            yield point


def _vault_of(point: RecoveryPoint) -> str:
    """Name of the vault of a point; empty for one of a deleted vault."""
    try:
        return vault_id_of(point.item).rpartition("/")[2]
    except ValueError:
        return ""


def _read_data(
    ports: Ports,
    options: Options,
    survey: Survey,
    report: Report,
    tell: Callable[[Progress], None],
    in_scope: Sequence[RecoveryPoint],
) -> list[Problem]:
    units = reading.chosen(ports, survey, options.read_data_percent, options.seed)
    total, done = sum(unit.size_bytes for unit in units), 0

    def progress(length: int) -> None:
        nonlocal done
        done += length
        tell(Progress("data", done, max(done, total)))

    reader = Reader(ports, survey, report, progress)
    reader.read(units, reading.manifests_of(in_scope))
    for pack, spans in reader.damaged_packs.items():
        damage.note_pack(ports.store, pack, spans)
    by_snapshot = list(_of_snapshots(survey, reader.damaged_snapshots))
    return by_snapshot + [problem for point in _points(ports, options) for problem in _of_packs(survey, reader, point)]


def _of_snapshots(survey: Survey, damaged: dict[Blob, tuple[int | None, str]]) -> Iterator[Problem]:
    for snapshot, (byte, sentence) in damaged.items():
        point, disk = survey.snapshots[snapshot]
        yield Problem(point.document, disk.name, disk.lun, "InstantRP", sentence, byte)


def _of_packs(survey: Survey, reader: Reader, point: RecoveryPoint) -> Iterator[Problem]:
    """What of a point lies in damaged packs: the first block of each disk and pack."""
    for disk in point.disks if reader.damaged_packs else ():
        if not disk.vault:
            continue
        try:
            source = survey.open(str(disk.vault["name"]))
        except VaultCorrupt:
            continue
        told: set[str] = set()
        for byte, pack in hits(source, reader.damaged_packs):
            if pack not in told:
                told.add(pack)
                sentence = f"pack {pack} does not hold what was written for {source.name} at byte {byte}"
                yield Problem(point.document, disk.name, disk.lun, "HardenedRP", sentence, byte)


def _oldest_read(ports: Ports, survey: Survey, *, all_vaults: bool) -> str | None:
    """Notes of what is gone go too, where all vaults were looked at."""
    units = {unit.id.lower() for unit in reading.chosen(ports, survey, 100, 0)}
    times = {}
    for note in ports.store.find(reading.READ):
        if note.id in units:
            times[note.id] = str(note.private["time"])
        elif all_vaults:
            ports.store.delete(reading.READ, note.id)
    return min(times.values(), default=None) if len(times) == len(units) else None


def _mark(ports: Ports, report: Report, problems: Iterable[Problem], cause: int) -> None:
    """Tell of what concerns points that are still there, and mark them."""
    for problem in dict.fromkeys(problems):
        with ports.store.transaction():
            point = points.find(ports.store, problem.point)
            if point is None or not _still_names(point, problem):
                continue
            report.add([problem])
            marked = damage.mark(ports.store, problem.point, problem.lun, problem.copy)
            if marked is not None:
                fact = events.RecoveryPointDamaged(marked.id, problem.disk, problem.copy, problem.problem)
                vm = points.machine_of(ports.store, marked)
                ports.store.record(fact.event(vm=vm, parent=cause))


def _still_names(point: RecoveryPoint, problem: Problem) -> bool:
    disk = next(each for each in point.disks if each.lun == problem.lun)
    return point.has_snapshots if problem.copy == "InstantRP" else disk.vault is not None
