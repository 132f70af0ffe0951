"""Follows each snapshot task to its end and tells which rules of `handler_rules.py` it broke.

It reads the journal from the start of its host on, whenever something was recorded. A task is looked at once the
service has its report, or has given it up, and its handler has ended; what is still missing then has some real seconds
to come, since handlers write their three reports one after another. Nothing here holds up a job.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controlplane.domain.events import machines, service
from controlplane.domain.events.event import Event
from controlplane.domain.events.handlers import HandlerRuleBroken
from controlplane.fabric_documents import DESIRED, DesiredMachine
from controlplane.json_object import Json
from controlplane.ports import Blob, Blobs, PortError, Store
from controlplane.writer_held import about_to_wait
from extension.contract.codes import Code
from extension.contract.protocol import ProtocolError
from extension.contract.reports import StatusReport, parse_status_blob
from simulator.guest.agent import command_records
from simulator.guest.agent.command_records import SIGNATURE
from simulator.guest.agent.handler import Handler
from simulator.guest.profiles import AGENTS
from simulator.host.documents import machine_key
from simulator.host.handler_logs import newest_files
from simulator.host.handler_rules import Broken, Claimed, Seen, SeenFreeze, broken
from simulator.host.packages import handler_name

TICK_SECONDS = 0.25
GRACE_SECONDS = 3.0
"""Real time for what is missing when the service has its report."""
LONGEST_SECONDS = 60.0
"""Real time for which a handler may go on after its report, before its task is looked at all the same."""
MOST_TASKS = 500
LARGEST_READ_BYTES = 1024 * 1024
SCRIPTS = Path("etc", "azure", "VMSnapshotScriptPluginConfig.json")
FROZEN = (machines.VssFrozen.NAME, machines.FileSystemsFrozen.NAME)
THAWED = (machines.VssThawed.NAME, machines.FileSystemsThawed.NAME)


def _date() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Task:
    """One that was asked for, and what came of it so far."""

    id: str
    asked: Event
    began: datetime
    freezes: list[SeenFreeze] = field(default_factory=list)
    snapshots: dict[str, datetime] = field(default_factory=dict)
    open_sessions: int = 0
    left_frozen: bool = False
    enabled: bool = False
    """A command to enable its handler has ended well."""
    stopped: bool = False
    """Its machine went off."""
    is_judged: bool = False
    """The service has said what it makes of it."""
    reported: int | None = None
    """The event of its report."""
    settled: float | None = None
    """By the monotonic clock: since when the service has its report or does without."""


class HandlerWatch:
    """Thread-safe."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        account: str | None,
        folder: Path,
        write_down: Callable[[], None],
        *,
        stamps_are_ours: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        date: Callable[[], datetime] = _date,
    ) -> None:
        """`account`: where the reports lie; `folder`: of the machines' disks. `write_down` has the host record what its
        machines have told. `stamps_are_ours`: the storage's clock is this machine's, which `date` and `monotonic` tell.
        """
        self._store = store
        self._blobs = blobs
        self._account = account
        self._folder = folder
        self._write_down = write_down
        self._stamps_are_ours = stamps_are_ours
        self._monotonic = monotonic
        self._date = date
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._news = self._has_begun = False
        self._since = self._rounds = 0
        self._tasks: OrderedDict[str, _Task] = OrderedDict()

    def begin(self, since: int) -> Callable[[], None]:
        """Read the journal behind this event from now on; the result ends that."""
        self._since, self._has_begun = since, True
        return self._store.on_commit(lambda commit: self._note() if commit.has_events else None)

    def _note(self) -> None:
        self._news = True

    def tick(self, *, last: bool = False) -> None:
        """Look at what is due, from any thread; `last`: there is no later time at which more may have come."""
        if self._news or self._tasks:
            with self._turn:
                self._read()
                for task in tuple(self._tasks.values()):
                    self._look_at(task, last)
        with self._changed:
            self._rounds += 1
            self._changed.notify_all()

    def settle(self, patience_seconds: float = GRACE_SECONDS + 10.0) -> None:
        """Wait until every task that has ended by now was looked at, or so long. A task of which something goes on, or
        is missing, is looked at later; nothing else is waited for. Nothing to do in a world that was not started."""
        if not self._has_begun:
            return
        about_to_wait("the look at a handler's task")
        with self._changed:
            begun, rounds = self._monotonic(), self._rounds

            def is_done() -> bool:
                open_tasks = (task.settled for task in tuple(self._tasks.values()))
                return self._rounds > rounds + 1 and not any(at is not None and at <= begun for at in open_tasks)

            self._changed.wait_for(is_done, patience_seconds)

    # --------------------------------------------------------------------------------------------------------- reading

    def _read(self) -> None:
        """A guest tells what it saw before its handler's report could be read, but writes it down later: so once a
        report was seen, the guest is made to write."""
        before = {id for id, task in self._tasks.items() if task.settled is not None}
        self._read_on()
        if any(task.settled is not None and id not in before for id, task in self._tasks.items()):
            self._write_down()
            self._read_on()

    def _read_on(self) -> None:
        self._news = False
        while events := self._store.events(self._since, limit=1000):
            for event in events:
                self._since = event.id
                self._take(event)

    def _take(self, event: Event) -> None:
        if event.name == service.SnapshotAsked.NAME:
            self._tasks[event.data["task"]] = _Task(event.data["task"], event, self._date())
            if len(self._tasks) > MOST_TASKS:
                self._tasks.popitem(last=False)
            return
        if event.name == machines.GuestStopped.NAME:
            for task in self._tasks.values():
                task.stopped = task.stopped or task.asked.vm == event.vm
            return
        if event.name == machines.CommandEnded.NAME:
            for task in self._tasks.values():
                if task.asked.job == event.job and event.data["verb"] == "enable":
                    task.enabled = task.enabled or event.data.get("exit_code") == 0
            return
        of_task = self._tasks.get(event.data.get("task") or event.data.get("task_id") or "")
        if of_task is not None:
            now = self._monotonic()
            began = self._date() - timedelta(seconds=now - event.monotonic_seconds)
            _advance(of_task, event, began, min(now, event.monotonic_seconds))
        elif event.name == service.SnapshotFound.NAME:
            for task in self._tasks.values():
                if task.reported == event.parent:
                    with suppress(ValueError):
                        task.snapshots[event.data["disk"]] = datetime.fromisoformat(event.data["snapshot"])

    # --------------------------------------------------------------------------------------------------------- judging

    def _look_at(self, task: _Task, last: bool) -> None:
        if task.settled is None:
            return
        waited = LONGEST_SECONDS if last else self._monotonic() - task.settled
        if (task.open_sessions and waited < LONGEST_SECONDS) or (not task.is_judged and waited < GRACE_SECONDS):
            return
        found = self._broken(task)
        if any(each.rule in ("status_blob", "status_file") for each in found) and waited < GRACE_SECONDS:
            return
        del self._tasks[task.id]
        with self._store.transaction():
            for each in found:
                fact = HandlerRuleBroken(task.id, each.rule, each.detail)
                self._store.record(fact.event(vm=task.asked.vm, job=task.asked.job, parent=task.asked.id))

    def _broken(self, task: _Task) -> list[Broken]:
        document = self._store.get(DESIRED, task.asked.vm or "")
        if task.stopped or document is None or not task.enabled:
            return []  # whatever is missing, its handler was not let finish
        machine = DesiredMachine.parse(document.json())
        disk, leaks = self._folder / machine_key(machine.vm), _Leaks()
        in_blob = leaks.report("the status blob", task.id, self._blob(task, ".Status.txt"))
        leaks.look("the log blob", self._blob(task, ".Logs.txt"))
        in_file, file_ended, place = None, True, _Place.of(machine, disk, task.id)
        if place is not None:
            in_file, file_ended = place.report(task.id, leaks)
            place.look_for_leaks(leaks, task.began.timestamp())
        seen = Seen(
            has_vss=machine.spec.os_type != "Linux",
            freezes=task.freezes,
            left_frozen=task.left_frozen,
            by_scripts=(disk / SCRIPTS).is_file(),
            snapshots=task.snapshots if self._stamps_are_ours else {},
            leaks=leaks.places,
            status_blob_ended=in_blob is not None,
            status_file_ended=file_ended,
        )
        return broken(task.asked.data.get("disks") or (), _claimed(in_blob or in_file), seen)

    def _blob(self, task: _Task, end: str) -> bytes:
        container, _, name = (task.asked.data.get("reports") or "").partition("/")
        if self._account is None or not name:
            return b""
        with suppress(PortError):
            return self._blobs.read(Blob(self._account, container, f"{name}{end}"))[:LARGEST_READ_BYTES]
        return b""


def _claimed(report: StatusReport | None) -> Claimed:
    if report is None:
        return Claimed()
    taken = [each for each in report.snapshots or () if each.is_successful and each.stamp]
    return Claimed(report.consistency, report.progress == "Succeeded", len(taken))


class _Leaks:
    """Collects where a signature stands."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def add(self, place: str) -> None:
        if place not in self.places:
            self.places.append(place)

    def look(self, place: str, text: bytes) -> None:
        if SIGNATURE.search(text):
            self.add(place)

    def report(self, place: str, task: str, text: bytes) -> StatusReport | None:
        """The report of the end of this task that a text holds."""
        self.look(place, text)
        with suppress(ProtocolError):
            found = parse_status_blob(text)
            if found is not None and found.task_id == task and found.progress != "InProgress":
                return found
        return None


def _advance(task: _Task, event: Event, at: datetime, now: float) -> None:
    """`at`: the date of the event; `now`: the same by the monotonic clock."""
    if event.name == machines.SessionOpened.NAME:
        task.open_sessions += 1
    elif event.name == machines.SessionClosed.NAME:
        task.open_sessions = max(0, task.open_sessions - 1)
        task.left_frozen = task.left_frozen or bool(event.data["left_frozen"])
    elif event.name in FROZEN:
        task.freezes.append(SeenFreeze(bool(event.data.get("with_writers")), at))
    elif event.name in THAWED and task.freezes:
        last = task.freezes[-1]
        ended = last.frozen + timedelta(milliseconds=event.data["held_milliseconds"])
        task.freezes[-1] = replace(last, ended=ended, consistent=bool(event.data["consistent"]))
    elif event.name == service.SnapshotReported.NAME:
        task.reported, task.settled = event.id, now
    elif event.name in (service.SnapshotUnreported.NAME, service.SnapshotJudged.NAME):
        task.settled, task.is_judged = task.settled or now, True


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the handler of a task lies on its machine's disk, in each of its versions."""

    disk: Path
    handlers: list[Handler]
    number: int

    @classmethod
    def of(cls, machine: DesiredMachine, disk: Path, task: str) -> _Place | None:
        """None: the machine has been asked for something else since."""
        for extension in machine.extensions:
            if extension.public.get("taskId") == task:
                name = handler_name(extension.publisher, extension.type)
                handlers = [
                    Handler(disk, agent, name, version) for agent in AGENTS for version in agent.versions_in(disk, name)
                ]
                return cls(disk, handlers, extension.sequence_number)
        return None

    def look_for_leaks(self, leaks: _Leaks, since: float) -> None:
        """In what was written since, and in what its commands wrote."""
        for handler in self.handlers:
            for file in newest_files(handler.log_folder):
                with suppress(OSError):
                    if file.stat().st_mtime >= since:
                        leaks.look(file.name, _read(file))
        for agent in AGENTS:
            for record in command_records.read(self.disk / agent.state):
                if record.sequence_number == self.number and record.leaked:
                    leaks.add(f"the output of {record.verb}")

    def report(self, task: str, leaks: _Leaks) -> tuple[StatusReport | None, bool]:
        """The report inside N.status, and whether that tells of an end at all."""
        ended = False
        for handler in self.handlers:
            file = handler.status_file(self.number)
            text = _read(file)
            leaks.look(file.name, text)
            status = _status(text)
            ended = ended or _tells_of_an_end(status)
            parts = status.get("substatus")
            inner = parts[0].get("name") if isinstance(parts, list) and parts and isinstance(parts[0], dict) else None
            found = leaks.report(file.name, task, str(inner or "").encode())
            if found is not None:
                return found, True
        return None, ended


def _status(text: bytes) -> Json:
    with suppress(ValueError, RecursionError, LookupError, TypeError):
        status = json.loads(text.decode("utf-8-sig"))[0]["status"]
        return status if isinstance(status, dict) else {}
    return {}


def _tells_of_an_end(status: Json) -> bool:
    under_way = status.get("status") == "success" and str(status.get("code")) == str(
        int(Code.ExtensionTempTerminalState)
    )
    return status.get("status") in ("success", "warning", "error") and not under_way


def _read(file: Path) -> bytes:
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(LARGEST_READ_BYTES)
    return b""
