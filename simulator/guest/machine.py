"""A simulated guest: its disks, its workloads, its VSS, from boot to shutdown.

Everything that moves in it is ticked in real time; world time is what its own clock shows. What it knows survives in
its folder: who it is, which disks it has, what it wrote to them, and what was on them at each freeze.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Lock

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.ports import Blobs, Clock, MachineSpec, PortError
from extension.contract import bridge
from extension.contract.bridge import Facts, FreezeReport, FreezeRequest, ThawReport
from simulator.clock.real_time import RealTime
from simulator.daily_work import Work
from simulator.guest import installation, services, shell
from simulator.guest.attach import Attached, DiskBay, DiskMissing, KnownDisksUnreadable
from simulator.guest.conditions import MachineConditions
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.disk import BlockCache, DiskCorrupt, GuestDisk, LostWrites
from simulator.guest.disk.ground_truth import GroundTruth, GroundTruths
from simulator.guest.disk.volume import Volume
from simulator.guest.files import write_whole
from simulator.guest.installation import Installation
from simulator.guest.shell import Surface
from simulator.guest.system_folders import SystemFolders
from simulator.guest.vss.snapshot_set import VssService
from simulator.guest.vss.telling import FileSystemTelling, VssTelling
from simulator.guest.vss.vssadmin import list_writers
from simulator.guest.vss.writer import Writer
from simulator.guest.vss.writers import SQL_SERVER, guid
from simulator.guest.workload.catch_up import DueWork
from simulator.guest.workload.plain_files import FilesWorkload, content_of
from simulator.guest.workload.quiescence import NotAtRest, Quiescence
from simulator.guest.workload.workload import OS_DISK, TROUBLE, DatabaseWorkload, Workload, WorkloadEnded

TICK_SECONDS = 0.2


class BootFailed(Exception):
    """The machine cannot start; says why."""


class NotRunning(RuntimeError):
    """The machine is off."""


class Guest:
    """One machine. `on_event` is told what happens in it."""

    def __init__(
        self,
        *,
        vm: str,
        spec: MachineSpec,
        folder: Path,
        blobs: Blobs,
        clock: Clock,
        real_time: RealTime,
        chance: Random,
        conditions: MachineConditions,
        on_event: Callable[[Fact], None],
    ) -> None:
        self.vm = vm
        self.spec = spec
        self.workloads: dict[str, Workload] = {}
        self.lost_writes: tuple[LostWrites, ...] = ()
        """What the storage no longer had at the last boot."""
        self._folder = folder
        self._blobs = blobs
        self._clock = clock
        self._real_time = real_time
        self._chance = Random(chance.getrandbits(64))
        self._conditions = conditions
        self._on_event = on_event
        self._be(installation.of_spec(spec))
        self._machine_id = _identity(folder / "machine.json", self._chance)
        self._truths = GroundTruths(folder / "ledger" / "truth")
        self._attached: dict[int, Attached] = {}
        self._stops: list[Callable[[], None]] = []
        self._cache = BlockCache()
        self._vss: VssService | None = None
        self._due_work: DueWork | None = None
        self._quiescence: Quiescence | None = None
        self._newest_task = ""
        self._system_folders = SystemFolders(folder, lambda why: on_event(events.WorkloadFailed("system folders", why)))
        self._working = Lock()

    @property
    def running(self) -> bool:
        return self._vss is not None

    @property
    def vss(self) -> VssService:
        if self._vss is None:
            raise NotRunning(f"{self.computer_name} is not running")
        return self._vss

    @property
    def event_log(self) -> list[str]:
        """What the system wrote to its log since boot; on Windows as "source id: text"."""
        return self.vss.event_log

    @property
    def disks(self) -> dict[int, GuestDisk]:
        return {lun: attached.disk for lun, attached in self._attached.items()}

    @property
    def cached_bytes(self) -> int:
        """What of its disks is held in memory."""
        return self._cache.held_bytes

    def boot(self) -> None:
        """Start on the disks of the spec. BootFailed or PortError: it did not, and holds nothing."""
        assert not self.running, "the machine is already running"
        bay = DiskBay(self._folder / "ledger", self._blobs, self._clock, self._real_time, self._chance)
        try:
            self._attach_disks(bay)
        except BaseException as error:
            self._detach_disks(clean=False)
            if isinstance(error, DiskMissing | DiskCorrupt | KnownDisksUnreadable | VolumeError):
                raise BootFailed(str(error)) from error
            raise
        volumes = {lun: attached.volume for lun, attached in self._attached.items() if attached.volume}
        if not self.profile.has_vss:
            self._system_folders.wake(volumes[OS_DISK], self.profile)
        self._start_workloads(volumes, bay)
        bay.cache.clear()  # blocks used while booting are not needed again
        self._cache = bay.cache
        self._vss = VssService(
            clock=self._clock,
            real_time=self._real_time,
            chance=Random(self._chance.getrandbits(64)),
            gate=bay.gate,
            history=bay.history,
            disks=self.disks,
            writers=self._writers(),
            available=lambda: self._vss_works() or not self.profile.has_vss,
            has_writers=self.profile.has_vss,
            telling=VssTelling() if self.profile.has_vss else FileSystemTelling(),
            flush=lambda: _flush(volumes),
            facts=lambda: {name: workload.facts() for name, workload in self.workloads.items()},
            truths=self._truths,
            on_event=self._on_event,
            obstacle=self._conditions.obstacle,
            script=self._conditions.vss_script(self._real_time),
        )
        if self._conditions.workload_rate > 0:
            period = TICK_SECONDS / self._conditions.workload_rate
            self._stops = [self._real_time.every(period, workload.tick) for workload in self.workloads.values()]
        if self._conditions.daily_work is not None:
            self._due_work = DueWork(self._folder / "daily.json", self._conditions.daily_work, self._clock.now())
        self._on_event(events.GuestBooted(self.computer_name, len(self._attached)))

    def shutdown(self, clean: bool = True) -> None:
        """End orderly, or as when the power goes. What the storage refuses makes an orderly end a power cut."""
        if self._vss is None:
            return
        for stop in self._stops:
            stop()
        try:
            if self._due_work is not None:
                self._due_work.keep(self._clock.now())
        except PortError:
            clean = False
        self._due_work = None
        self._vss.close()
        if self._quiescence is not None:
            self._quiescence.close()
            self._quiescence = None
        if clean:
            self._keep_system_folders()
        for workload in self.workloads.values():
            try:
                workload.close(clean)
            except TROUBLE:
                clean = False
                workload.close(clean)
        self.workloads = {}
        clean = self._detach_disks(clean)
        self._vss = None
        self._on_event(events.GuestStopped(self.computer_name, clean))

    def facts(self) -> Facts:
        self._conditions.looked()
        now = self._conditions.now(self.profile)
        return Facts(
            computer_name=self.computer_name,
            os_name=now.name,
            os_version=now.version,
            agent_version=now.agent.version,
            machine_id=self._machine_id,
            vss_available=self._conditions.vss_available and now.has_vss and now.services.get("VSS") != "Disabled",
            services=dict(now.services),
            registry=dict(now.registry),
            has_vss=now.has_vss,
        )

    def volumes(self) -> tuple[bridge.Volume, ...]:
        profile = self.profile
        return tuple(
            bridge.Volume(
                profile.mount_point(lun, index),
                lun,
                profile.file_system,
                attached.volume.size_bytes,
                attached.volume.used_bytes,
            )
            for index, (lun, attached) in enumerate(sorted(self._attached.items()))
            if attached.volume
        )

    def now(self) -> datetime:
        """What its clock shows."""
        return self._clock.now() + self.clock_ahead()

    def clock_ahead(self) -> timedelta:
        """By how much its clock is ahead of world time; negative: behind."""
        return self._conditions.clock_ahead()

    @property
    def agent_runs(self) -> bool:
        """Whether the service of the agent runs at this moment."""
        if not self.has_agent:
            return False
        now = self._conditions.now(self.profile)
        return now.services.get(now.agent.service, "Running") == "Running"

    def vssadmin_list_writers(self) -> str:
        """What `vssadmin list writers` prints in this guest."""
        return list_writers(self.vss.writers.listed())

    def mounted(self) -> dict[str, Volume]:
        """Its volumes by mount point."""
        profile = self._conditions.now(self.profile)
        return {
            profile.mount_point(lun, index): attached.volume
            for index, (lun, attached) in enumerate(sorted(self._attached.items()))
            if attached.volume
        }

    def run_script(
        self, script: Sequence[str], language: str = "en-us", most_bytes: int = shell.LONGEST_OUTPUT_BYTES
    ) -> tuple[str, str]:
        """What these lines write to output and error stream, of which the last `most_bytes` are kept."""
        profile = self._conditions.now(self.profile)
        vss = self.vss
        return shell.run(
            Surface(
                profile,
                self.computer_name,
                self._conditions.network.private_address,
                self._folder,
                self.mounted(),
                vss.writers.listed(),
                vss.event_log,
                lambda service: services.restart(service, profile, vss),
                language,
            ),
            script,
            most_bytes,
        )

    def open_session(self, task_id: str) -> str:
        self._keep_system_folders()
        session = self.vss.open_session(task_id)
        self._newest_task = task_id
        if self.profile.has_vss and not self._vss_works():  # then nobody will ask for a freeze
            self.catch_up(task_id)
        return session

    def close_session(self, session: str) -> None:
        """The requester has ended; a freeze that it left is released."""
        self.vss.close_session(session)

    def freeze(self, request: FreezeRequest) -> FreezeReport:
        self.catch_up(self.vss.task_of(request.session))
        return self.vss.freeze(request)

    def thaw(self, session: str) -> ThawReport:
        return self.vss.thaw(session)

    def tell_workload(self, name: str, act: str, seconds: float) -> bool:
        """A script brings a program to rest (freeze), lets it go on (thaw), or asks (status); whether it is at rest.
        NotAtRest: it is not, or the guest has no such program."""
        quiescence = self._quiescence if name == "database" else None
        if quiescence is None:
            raise NotAtRest(f"no workload {name} on this machine takes orders of scripts")
        if act == "freeze":
            if self._newest_task:
                self.catch_up(self._newest_task)
            quiescence.freeze(seconds)
        elif act == "thaw":
            quiescence.thaw()
        elif act != "status":
            raise NotAtRest(f"{act} is not freeze, thaw or status")
        return quiescence.at_rest

    def _keep_system_folders(self) -> None:
        attached = self._attached.get(OS_DISK)
        if not self.profile.has_vss and attached is not None and attached.volume is not None:
            self._system_folders.keep(attached.volume)

    def ground_truth(self, task_id: str) -> GroundTruth | None:
        """The disks' contents when this task froze them, or the order of writes during its session."""
        return self._truths.get(task_id)

    def catch_up(self, task_id: str) -> None:
        """Let the programs do what they would have done while world time passed."""
        if self._due_work is None:
            return
        with self._working:
            now, done = self._clock.now(), Work()
            due = self._due_work.due(now)
            for workload in self.workloads.values():
                try:
                    done += workload.catch_up(due)
                except (WorkloadEnded, *TROUBLE) as error:
                    self._on_event(events.WorkloadFailed(workload.name, f"{type(error).__name__}: {error}"))
            if done != Work():
                passed = self._due_work.done(done, now)
                self._on_event(
                    events.WorkloadCaughtUp(task_id, round(passed, 3), int(done.file_bytes), int(done.transactions))
                )

    def _attach_disks(self, bay: DiskBay) -> None:
        lost: list[LostWrites] = []
        for spec in self.spec.disks:
            attached = self._attached[spec.lun] = bay.attach(spec)
            if attached.lost:
                lost.append(attached.lost)
                self._on_event(_described(attached.lost))
            if attached.ledger_problem:
                self._on_event(events.DiskLedgerLost(spec.name, spec.lun, attached.ledger_problem))
            if attached.problem:
                self._on_event(events.DiskRaw(spec.name, spec.lun, attached.problem))
            if spec.lun == OS_DISK and attached.volume is None:
                raise BootFailed(f"the OS disk {spec.name} cannot be booted: {attached.problem}")
            if attached.is_new:
                if spec.create_option == "FromImage" and attached.volume:
                    self._install(attached.volume)
                bay.remember(spec)
            if spec.lun == OS_DISK and attached.volume:
                self._be(installation.read(attached.volume) or installation.of_spec(self.spec))
        self.lost_writes = tuple(lost)

    def _install(self, volume: Volume) -> None:
        seed = self._chance.getrandbits(64)
        for name in self.profile.system_files:
            file = volume.open(name)
            file.write(0, content_of(name, 0, self._conditions.system_file_bytes, seed))
            file.flush()
        installation.write(volume, installation.of_spec(self.spec))

    def _be(self, installed: Installation) -> None:
        """Take the identity from the OS disk, whatever the host calls the machine."""
        self.computer_name = installed.computer_name
        os_type = installed.os_type or self.spec.os_type
        self.profile = self._conditions.system(os_type, installed.image)
        self.has_agent = installed.has_agent

    def _start_workloads(self, volumes: dict[int, Volume], bay: DiskBay) -> None:
        def report(workload: str, problem: str) -> None:
            self._on_event(events.WorkloadFailed(workload, problem))

        chances = [Random(self._chance.getrandbits(64)) for _ in range(2)]
        if self.profile.has_sql_server:
            database = DatabaseWorkload(volumes, bay.gate, self._real_time, chances[0], report)
            self.workloads["database"] = database
            if not self.profile.has_vss:
                self._quiescence = Quiescence(database, self._real_time, self._on_event)
        self.workloads["files"] = FilesWorkload(volumes, bay.gate, chances[1], report)

    def _writers(self) -> list[Writer]:
        if not self.profile.has_vss:
            return []
        writers = self._conditions.factories.writers(self._chance)
        database = self.workloads.get("database")
        if isinstance(database, DatabaseWorkload):
            writers.append(Writer(SQL_SERVER, guid(self._chance), database.on_vss))
        for writer in writers:
            writer.participant = self._conditions.factories.participant(writer.writer_class, writer.participant)
        return writers

    def _vss_works(self) -> bool:
        return self._conditions.vss_available and self._conditions.now(self.profile).services.get("VSS") != "Disabled"

    def _detach_disks(self, clean: bool) -> bool:
        """Flush or forget, close the ledgers; returns whether all of it was orderly."""
        for attached in self._attached.values():
            if attached.volume and clean:
                try:
                    attached.volume.flush()
                except TROUBLE:
                    clean = False
        for attached in self._attached.values():
            if attached.volume and not clean:
                attached.volume.forget()
            attached.disk.close(clean)
        self._attached = {}
        return clean


def _flush(volumes: dict[int, Volume]) -> None:
    for volume in volumes.values():
        volume.flush()


def _identity(path: Path, chance: Random) -> str:
    """The id of this installation, made at its first start, and anew where it cannot be read."""
    made = guid(chance)
    with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
        kept = json.loads(path.read_bytes())["machine_id"]
        if isinstance(kept, str):
            return kept
    write_whole(path, json.dumps({"machine_id": made}))
    return made


def _described(lost: LostWrites) -> Fact:
    return events.DiskLostWrites(lost.disk, lost.lun, lost.blocks, lost.first_offset)
