"""Runs virtual machines: reads their desired state from the store, applies it, and writes their observed state.

One tick serves all machines. It sends every machine that has something to do to a small pool of threads, so that no
machine's boot or request holds up another, and now and then it looks at the next few documents. A machine at rest costs
a comparison of times per tick. A commit of this process that changes what a machine shall be is acted upon at
once; the ticks see to those of others. Ticks and retries go by real time.

To world time a host is a Worker (`simulator/clock/agenda.py`): time is held while a machine works, from the commit that
asks for the work to the commit that shows what became of it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from controlplane.domain.events.clock import HoldLapsed
from controlplane.domain.events.event import Cause
from controlplane.domain.events.handlers import HandlerSilent
from controlplane.domain.events.machines import HostStarted, HostStopping
from controlplane.fabric_documents import DESIRED, OBSERVED, DesiredMachine, ObservedMachine
from controlplane.json_object import Json
from controlplane.ports import Blobs, Clock, Commit, Document, PortError, Store
from controlplane.writer_held import about_to_wait
from simulator.clock.real_time import RealTime
from simulator.guest.agent.process import end_processes_below
from simulator.guest.conditions import ConditionsOf
from simulator.guest.disk.ground_truth import GroundTruth, GroundTruths, TruthSummary
from simulator.guest.machine import Guest
from simulator.host.agents import Agents
from simulator.host.documents import announce, machine_key
from simulator.host.event_buffer import EventBuffer
from simulator.host.handler_logs import logs_of
from simulator.host.handler_watch import TICK_SECONDS as WATCH_SECONDS
from simulator.host.handler_watch import HandlerWatch
from simulator.host.holds import LAPSE_SECONDS, Holds
from simulator.host.machine import Machine
from simulator.host.machine_work import LONGEST_OWN_WORK_SECONDS
from simulator.host.packages import PackageRepository
from simulator.host.surroundings import Surroundings
from simulator.host.wireserver import WireServer

TICK_SECONDS = 0.05
LOOK_TICKS = 5
"""So many ticks lie between two looks at documents, for what this process has not written itself; while the machines
are loaded, each tick looks. To read fifty of them takes a millisecond and more."""
PAGE = 50
"""Documents looked at together: up to so many machines a change is seen at once, with a thousand in five seconds."""
THREADS = 8


class _Intake:
    """What the host itself has still to look at, before a machine knows of it."""

    name, longest_silence_seconds = "the host", LONGEST_OWN_WORK_SECONDS

    def __init__(self) -> None:
        self.is_loading = False
        """Not every document has been looked at since the start."""
        self.changed: deque[str] = deque()
        """Ids of documents that were written since the last round."""

    def works_on(self) -> Sequence[str]:
        works = ["loads its machines"] if self.is_loading else []
        return [*works, "has yet to look at what machines shall be"] if self.changed else works

    def gives_up_at(self) -> datetime | None:
        return None


class Host:
    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        guest_blobs: Callable[[str], Blobs],
        storage_address: Callable[[str], str | None],
        clock: Clock,
        real_time: RealTime,
        folder: Path,
        packages: PackageRepository,
        chance: Random,
        wire: WireServer,
        conditions: ConditionsOf,
        status_account: str | None = None,
        on_session_closed: Callable[[str], None] = lambda vm: None,
        hold_lapse_seconds: float = LAPSE_SECONDS,
        agents: Agents | None = None,
    ) -> None:
        """`on_session_closed` is called, by any thread, with the id of a virtual machine in which a handler has ended
        its session. A machine without a sign of life for `hold_lapse_seconds` of real time does not hold world time."""
        self._store = store
        self._clock = clock
        self._real_time = real_time
        self._folder = folder.absolute()
        self._packages = packages
        self.handler_watch: HandlerWatch | None = None
        """Looks at what handlers did and reported; whoever wants that sets it before the start."""
        self._announced = 0
        """Revision of the packages that the store was told of."""
        self._event_buffer = EventBuffer(store, clock)
        self._holds = Holds(real_time, hold_lapse_seconds)
        self.agents = agents or Agents(store)
        """Whose agent each machine runs; a change is acted upon at once."""
        self.agents.changed = self.look_again
        self._surroundings = Surroundings(
            store=store,
            blobs=blobs,
            guest_blobs=guest_blobs,
            storage_address=storage_address,
            clock=clock,
            real_time=real_time,
            folder=self._folder,
            packages=packages,
            wire=wire,
            event_buffer=self._event_buffer,
            conditions=conditions,
            seed=chance.getrandbits(64),
            status_account=status_account,
            ring=self._ring,
            session_closed=on_session_closed,
            holds=self._holds,
            agents=self.agents,
        )
        self._machines: dict[str, Machine] = {}
        self._seen: dict[str, str] = {}
        """Etag of each document that was acted upon."""
        self._looked_at = ""
        self._ticks = 0
        self._busy: set[Machine] = set()
        self._failures: deque[BaseException] = deque()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="host")
        self._stack = ExitStack()
        self._intake = _Intake()
        self._is_rung = threading.Event()
        self._turn = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Load the machines of the store, and boot those whose desired state is running."""
        end_processes_below(self._folder)  # of a host that was killed
        started = Cause(self._store.record(HostStarted().event()))
        self._surroundings = replace(self._surroundings, started=started)
        self._announce()
        self._forget_former_reports()
        self._intake.is_loading = True
        self._holds.update(self._intake)
        self._stack.callback(self._real_time.every(TICK_SECONDS, self.tick))
        self._stack.callback(self._store.on_commit(self._committed))
        if self.handler_watch is not None:
            self._stack.callback(self.handler_watch.begin(started.event))
            self._stack.callback(self._real_time.every(WATCH_SECONDS, self.handler_watch.tick))

    def write_events(self) -> None:
        """Record what machines have told until now. From any thread."""
        with self._turn:
            self._event_buffer.write()

    def _forget_former_reports(self) -> None:
        """No agent has reported to this host yet, and what an earlier one could not start is started again. So whoever
        asks for a backup before the turn of a machine has come waits for its boot."""
        with self._store.transaction():
            for document in self._store.find(OBSERVED):
                former = ObservedMachine.parse(document.json())
                has_failed = former.provisioning_state == "Failed"
                if has_failed or former.agent is not None:
                    state = "Updating" if has_failed else former.provisioning_state
                    begun = replace(former, provisioning_state=state, problem=None, agent=None)
                    self._store.put(OBSERVED, document.id, begun.to_json(), private=document.private)

    def close(self) -> None:
        """Shut the machines down cleanly; their desired state stays in the store."""
        self._stack.close()
        if self.handler_watch is not None:
            self.handler_watch.tick(last=True)
        with self._turn:  # a tick may be going on
            self._closed = True
        about_to_wait("the machines of a host")
        self._pool.shutdown(wait=True)
        with ExitStack() as stack:  # all of them, also where a store refuses to keep what there is to tell
            stack.callback(self._event_buffer.write)
            stack.callback(self._machines.clear)
            stopping = self._tell_of_its_end() if self._machines else None
            for machine in self._machines.values():
                stack.callback(machine.close, stopping)

    def _tell_of_its_end(self) -> Cause | None:
        """What a full store does not take is told by the end of the machines, if they have anything to tell."""
        try:
            return Cause(self._store.record(HostStopping().event()))
        except PortError as problem:
            logging.getLogger("host").error("the end of the host could not be recorded: %s", problem)
            return None

    def machines(self) -> list[str]:
        """ARM ids of the machines that are here, running or not."""
        return [machine.vm for machine in tuple(self._machines.values())]

    def guest(self, vm: str) -> Guest | None:
        """The running guest of a machine."""
        machine = self._machines.get(vm.lower())
        return machine.guest if machine is not None else None

    def still(self) -> Sequence[AbstractContextManager[object]]:
        """Within each of these one of the running guests writes nothing to its disks; HostHoldFailed."""
        guests = [machine.guest for machine in tuple(self._machines.values())]
        return [guest.vss.still() for guest in guests if guest is not None and guest.running]

    def wired(self, vm: str) -> Machine | None:
        """A machine that is on, as its wire server knows it."""
        machine = self._machines.get(vm.lower())
        return machine if machine is not None and machine.guest is not None else None

    def handler_logs(self, vm: str, lines: int) -> Json:
        """What the handlers of a machine that is here said, whether it runs or not."""
        return logs_of(self._folder / machine_key(vm), lines)

    def look_again(self) -> None:
        """What machines are may have changed, besides their documents. From any thread."""
        for machine in tuple(self._machines.values()):
            machine.look_again()
        self._ring()

    def announce(self) -> None:
        """Tell the service now what is published. From any thread."""
        with self._turn:
            if not self._closed:
                self._announce()

    def ground_truth(self, vm: str, task_id: str) -> GroundTruth | TruthSummary | None:
        """What a machine remembers of its disks at a freeze, whether it runs or not; of an old one a summary."""
        truths = GroundTruths(self._folder / machine_key(vm) / "ledger" / "truth")
        return truths.get(task_id) or truths.summary(task_id)

    def tick(self) -> None:
        with self._turn:
            if not self._closed:
                self._tick()

    # ---------------------------------------------------------------------------------------- what holds world time

    def holders(self) -> Sequence[str]:
        return self._holds.holders()

    def look(self) -> bool:
        """Nothing here waits for world time; whatever else there is to be done is begun."""
        with self._turn:
            if not self._closed:
                self._look_at_changed()
                self._send_due()
        return bool(self._holds.holders())

    def silent(self) -> Sequence[tuple[str, Sequence[str], float]]:
        """Machines of which nothing has been seen for some seconds though they work: ARM id, what they work on, and
        for how many real seconds."""
        now = self._real_time.now()
        return [
            (each.holder.vm, each.works, (now - each.since).total_seconds())
            for each in self._holds.silent()
            if isinstance(each.holder, Machine)
        ]

    def next_deadline(self) -> datetime | None:
        return self._holds.next_deadline(self._clock.now())

    def watch(self, taken: Callable[[], None], changed: Callable[[], None]) -> None:
        self._holds.watch(taken, changed)

    # ---------------------------------------------------------------------------------------- between two ticks

    def _committed(self, commit: Commit) -> None:
        changed = [id for kind, id in commit.documents if kind == DESIRED]
        if changed:
            self._intake.changed.extend(changed)
            self._holds.update(self._intake)
            self._ring()

    def _ring(self) -> None:
        """Some machine has something to do before the next tick. From any thread."""
        if not self._is_rung.is_set():
            self._is_rung.set()
            with suppress(RuntimeError):  # this host has closed meanwhile
                self._pool.submit(copy_context().run, self._go_round)

    def _go_round(self) -> None:
        """The part of a tick that does not wait for it. What fails here is seen by the tick."""
        self._is_rung.clear()  # before looking, so that a ring meanwhile is not lost
        with self._turn:
            if self._closed:
                return
            try:
                self._look_at_changed()
                self._send_due()
            except Exception as problem:  # noqa: BLE001 - the tick tells it
                self._failures.append(problem)

    def _look_at_changed(self) -> None:
        """A document leaves the list after its machine knows of it, so that one of the two always holds."""
        changed = self._intake.changed
        if not changed:
            return
        try:
            while changed:
                document = self._store.get(DESIRED, changed[0])
                if document is not None:
                    self._look_at(document)
                changed.popleft()
        finally:
            self._holds.update(self._intake)

    # ---------------------------------------------------------------------------------------------------------- a tick

    def _announce(self) -> None:
        """Tell the service what is published, if it is something else than before."""
        revision = self._packages.revision
        if revision != self._announced:
            announce(self._store, self._packages)
            self._announced = revision

    def _tick(self) -> None:
        self._announce()
        self._look_at_changed()
        if self._intake.is_loading or self._ticks % LOOK_TICKS == 0:
            self._look()
        self._ticks += 1
        self._send_due()
        for lapsed in self._holds.lapse():
            who = f"{lapsed.holder.name}: {', '.join(lapsed.works)}"
            vm = lapsed.holder.vm if isinstance(lapsed.holder, Machine) else None
            self._event_buffer.add(vm, HoldLapsed(who, lapsed.since.isoformat()), None)
        for silence in self._holds.silent(new=True):
            if isinstance(silence.holder, Machine):
                fact = HandlerSilent(", ".join(silence.works), silence.since.isoformat())
                self._event_buffer.add(silence.holder.vm, fact, None)
        self._event_buffer.write()
        if self._failures:
            raise self._failures.popleft()

    def _send_due(self) -> None:
        """Send the machines that have something to do to the pool."""
        now = self._real_time.now()
        due = [machine for machine in self._machines.values() if machine.is_due(now) and machine not in self._busy]
        for machine in due:
            if machine.gone:
                self._drop(machine)
            else:
                self._busy.add(machine)
                self._pool.submit(copy_context().run, self._advance, machine)

    def _look(self) -> None:
        """Look at the next page of documents; the first follows the last."""
        page = self._store.find(DESIRED, after=self._looked_at, limit=PAGE)
        self._looked_at = page[-1].id if len(page) == PAGE else ""
        for document in page:
            self._look_at(document)
        if self._intake.is_loading and not self._looked_at:
            self._intake.is_loading = False
            self._holds.update(self._intake)

    def _look_at(self, document: Document) -> None:
        if self._seen.get(document.id) == document.etag:
            return
        self._seen[document.id] = document.etag
        desired = DesiredMachine.parse(document.json())
        machine = self._machines.get(document.id)
        if machine is None:
            if desired.deleted and not (self._folder / machine_key(desired.vm)).exists():
                return
            machine = self._machines[document.id] = Machine(desired.vm, self._surroundings)
        machine.want(desired)

    def _drop(self, machine: Machine) -> None:
        """It is gone; should there be one of its name again by now, its document is looked at anew."""
        del self._machines[machine.vm.lower()]
        self._holds.forget(machine)
        self._seen.pop(machine.vm.lower(), None)

    def _advance(self, machine: Machine) -> None:
        try:
            machine.advance()
        except Exception as problem:  # noqa: BLE001 - one machine's trouble is told, and leaves the others alone
            self._failures.append(problem)
            machine.fail(problem)
        finally:
            self._busy.discard(machine)
