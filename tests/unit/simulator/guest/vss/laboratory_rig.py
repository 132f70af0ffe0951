"""A guest whose VSS goes by scripts, with the handler that backs it up and the judgement of what that reports.

Guest, bridge, handler and judgement are the product's. The storage is of a few lines, real time stands until somebody
in the guest waits, and a job is the loop of its attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.domain.events.machines import SessionClosed, SessionOpened, WriterState
from controlplane.domain.recovery_services import snapshot_failure
from controlplane.jobs.backup.retries import is_repeated, is_tried_again
from controlplane.ports import ServiceSettings
from extension.contract.reports import StatusReport
from simulator.faults.board import Board
from simulator.faults.faults import Faults, kept
from simulator.faults.machines import with_faults
from simulator.guest.workload.workload import DatabaseWorkload
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer
from simulator.serving import Serving
from tests.fake_guest import TOKEN
from tests.fake_storage import FakeStorage
from tests.handler_rig import ONLY_GUEST
from tests.handler_rig import Rig as HandlerRig
from tests.installed_handler import InstalledHandler
from tests.patience import comes_true
from tests.unit.simulator.guest.guest_rig import REAL_START, SMALL, START, Rig
from tests.unit.simulator.host.wire_fakes import FakeMachine
from tests.virtual_clock import VirtualClock

VM = "/vm/sql01"
IN_THE_JOB, BY_THE_SCHEDULE, NOT = "in the job", "by the schedule", "none"


class Outcome(NamedTuple):
    """What comes of a backup."""

    consistency: str | None
    """Of the recovery point; None: there is none."""
    code: str | None
    """What the service makes of the first attempt, where that failed."""
    retry: str
    """Another attempt in the same job, another job for the same run of the schedule, or none."""


class JumpingPause:
    """A program of the guest that waits moves real time on, so that nobody else has to wait."""

    def __init__(self, real_time: VirtualClock) -> None:
        self._real_time = real_time

    def __call__(self, seconds: float) -> None:
        self._real_time.jump(seconds)

    def end(self) -> None:
        return


class Handler(HandlerRig):
    """The installed handler at the bridge of a real guest."""

    def __init__(self, folder: Path, address: str) -> None:
        self.storage = FakeStorage()
        self.handler = InstalledHandler(folder, address)
        self.machine_time = lambda: datetime.now(UTC)
        self.on_pause = lambda seconds: None
        self._number = 0

    def close(self) -> None:
        self.storage.close()

    def attempt(self, retries: int) -> StatusReport:
        self._number += 1
        custom = ONLY_GUEST._replace(can_take_crash_consistent_snapshot=retries > 0, backup_retry_count=retries)
        self.settle(self._number, task_id=f"{uuid4()}_1", custom=custom)
        return self.work(self._number)


class LaboratoryRig:
    def __init__(self, folder: Path) -> None:
        self.clock, self.real_time = VirtualClock(START), VirtualClock(REAL_START)
        self.store = SqlStore(":memory:", self.clock)
        self.board = Board(self.store, self.clock, 7, kept)
        self.faults = Faults(self.board, self.store, self.clock)
        conditions = with_faults(lambda vm, spec: SMALL, self.board, lambda: JumpingPause(self.real_time))
        self.on_writer_event: Callable[[], None] = lambda: None
        """Called when a writer of the guest has been told something."""
        self.rig = Rig(folder / "guest", real_time=self.real_time, clock=self.clock)
        self.rig.conditions = conditions(VM, self.rig.spec)
        self.rig.on_fact = self._look_at
        self.rig.guest = self.rig.make()
        self.rig.boot()
        self._server = WireServer(self.real_time, MemoryBlobs(), PackageRepository())
        machine = FakeMachine(vm=VM, guest=self.rig.guest, token=TOKEN)
        self._server.attach(machine)
        self._serving = Serving(self._server.app)
        self._server.address = self._serving.address
        self.handler = Handler(folder / "disk", f"{self._serving.address}/vm/{machine.key}")

    def _look_at(self, name: str) -> None:
        if name == WriterState.NAME:
            self.on_writer_event()

    def close(self) -> None:
        self._server.close()
        self._serving.close()
        self.handler.close()
        self.rig.guest.shutdown()

    def set(self, script: str) -> None:
        self.faults.set({"fault": "vss-script", "parameters": {"script": script}})

    def clear(self) -> None:
        self.board.clear()

    def back_up(self) -> Outcome:
        """A job's attempts, as the service makes and judges them."""
        first: str | None = None
        attempts = ServiceSettings().snapshot_attempts
        for retries in range(attempts):
            report = self.handler.attempt(retries)
            self.wait_for_sessions()
            if report.progress != "Failed":
                return Outcome(report.consistency, first, IN_THE_JOB if retries else NOT)
            meaning = snapshot_failure.meaning_of(report.error_name)
            first = first or meaning.kind.code
            if not is_repeated(meaning, retries, attempts):
                error = snapshot_failure.service_error(report.error_name, report.message, managed=False)
                return Outcome(None, first, BY_THE_SCHEDULE if is_tried_again(error, retries_left=True) else NOT)
        raise AssertionError("the last attempt is not repeated")

    def wait_for_sessions(self) -> None:
        """A handler has gone; its session ends when the server sees so."""
        names = self.rig.names
        assert comes_true(lambda: names().count(SessionOpened.NAME) == names().count(SessionClosed.NAME))

    def run(self, line: str) -> str:
        out, errors = self.rig.guest.run_script([line], most_bytes=100_000)
        assert errors == "", errors
        return out

    @property
    def is_frozen(self) -> bool:
        vss = self.rig.guest.vss
        between = {"WAITING_FOR_FREEZE", "WAITING_FOR_THAW", "WAITING_FOR_POST_SNAPSHOT"}
        database = self.rig.guest.workloads["database"]
        assert isinstance(database, DatabaseWorkload)
        stopped = not database._running.is_set()
        return vss._gate.held or stopped or any(writer.state.name in between for writer in vss.writers.members)
