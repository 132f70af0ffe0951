"""Knows which event of a machine follows from which, so that host, agent and guest need not hand causes on.

Host, agent and guest say what happened. From where it stands in a machine's life follows why: a goal state is published
for the order of an extension, fetched because it was published, a command runs because its goal state was fetched, a
requester comes because a command of its task runs, and so on down to the writers of VSS.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Cause, Fact
from controlplane.domain.events.host_snapshots import DisksHeld
from controlplane.fabric_documents import DesiredExtension
from simulator.host.event_buffer import EventBuffer, Told

REMEMBERED = 32
"""Handlers, commands, tasks and sessions of which the last event is known; older ones follow from the boot."""

Link = Told | Cause | None


class _Last:
    """The last event of each of the newest few of a sort."""

    def __init__(self) -> None:
        self._known: OrderedDict[object, Told] = OrderedDict()

    def __setitem__(self, key: object, told: Told) -> None:
        self._known[key] = told
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def get(self, key: object) -> Told | None:
        return self._known.get(key)

    def clear(self) -> None:
        self._known.clear()


class MachineStory:
    """Thread-safe. `cause` is why the machine is there and is on or off; `started` is the event of its host's start."""

    def __init__(self, vm: str, buffer: EventBuffer, started: Cause | None = None) -> None:
        self.cause = started
        self._started = started
        self._past = 0
        self._vm = vm
        self._buffer = buffer
        self._lock = Lock()
        self._booted: Link = None
        self._goal: Told | None = None
        self._unfetched: dict[str, Told] = {}
        """Publications that no agent has fetched yet, by handler."""
        self._fetched, self._commands, self._enabled = _Last(), _Last(), _Last()
        """By handler; by handler and verb; by handler and sequence number."""
        self._tasks: OrderedDict[str, tuple[str, int]] = OrderedDict()
        """Task of a snapshot -> the handler and sequence number that carry it out."""
        self._last_enabled: Told | None = None
        self._sessions, self._freezes, self._frozen, self._steps, self._statuses = (_Last() for _ in range(5))

    def forget(self, event: int) -> None:
        """What followed from events up to this one was told by an earlier host. What is done once more because of
        them is done because this host has started."""
        self._past = event

    def why(self, cause: Cause | None) -> Cause | None:
        return cause if cause is not None and cause.event > self._past else self._started

    def publish(self, incarnation: int, count: int, changed: list[tuple[str, DesiredExtension]]) -> None:
        """A goal state with `count` handlers; `changed` are the names of handlers whose orders are new, and these."""
        with self._lock:
            if not changed:
                self._add(events.GoalStatePublished(incarnation, count), self.cause)
            for handler, extension in changed:
                fact = events.GoalStatePublished(incarnation, count, handler, extension.sequence_number)
                self._unfetched[handler.lower()] = self._add(fact, self.why(extension.cause) or self.cause)
                if task := extension.public.get("taskId"):
                    self._tasks[str(task)] = handler.lower(), extension.sequence_number
                    while len(self._tasks) > REMEMBERED:
                        self._tasks.popitem(last=False)

    def tell_of_hold(self, fact: DisksHeld, cause: Cause | None) -> None:
        """The host snapshotted the disks because of `cause`, without the guest."""
        with self._lock:
            self._add(fact, self.why(cause))

    def tell(self, fact: Fact) -> None:
        """Something happened to this machine."""
        with self._lock:
            match fact:
                case events.GuestBooted():
                    self._boot(fact)
                case events.AgentGoalState():
                    self._fetch(fact)
                case events.MachinePower() | events.MachineFailed() | events.MachineDeleted():
                    self._add(fact, self.cause)
                case events.GuestStopped() | events.DiskLostWrites() | events.DiskLedgerLost() | events.DiskRaw():
                    self._add(fact, self.cause)
                case events.WorkloadFailed() | events.WorkloadHeld() | events.WorkloadReleased():
                    self._add(fact, self._booted)
                case events.AgentFailed() | events.StatusUploadFailed() | events.HostSnapshotRefused():
                    self._add(fact, self._goal or self._booted)
                case _:
                    self._tell_of_handler(fact)

    def _boot(self, fact: events.GuestBooted) -> None:
        """What the agent does next it does because of the boot, but for orders that it has never seen."""
        self._goal = None
        self._fetched.clear()
        self._booted = self._add(fact, self.cause)

    def _fetch(self, fact: events.AgentGoalState) -> None:
        """One event for each order that is new, so that every order's story goes on; or one, after a boot."""
        for handler, published in self._unfetched.items():
            self._goal = self._fetched[handler] = self._add(fact, published)
        if not self._unfetched:
            self._goal = self._add(fact, self._booted)
        self._unfetched.clear()

    def _tell_of_handler(self, fact: Fact) -> None:
        match fact:
            case events.CommandStarted(handler, _, verb, number):
                started = self._add(fact, self._order(handler))
                self._commands[handler.lower(), verb] = started
                if verb == "enable":
                    self._last_enabled = self._enabled[handler.lower(), number] = started
            case events.CommandEnded(handler, _, verb):
                self._add(fact, self._commands.get((handler.lower(), verb)) or self._order(handler))
            case events.HandlerUnpacked(handler) | events.HandlerFailed(handler) | events.HandlerRemoved(handler):
                self._add(fact, self._order(handler))
            case events.HandlerStatus(handler, number):
                cause = self._enabled.get((handler.lower(), number)) or self._order(handler)
                self._statuses[""] = self._add(fact, cause)
            case events.AgentReported():
                self._add(fact, self._statuses.get("") or self._goal or self._booted)
            case _:
                self._tell_of_snapshot(fact)

    def _tell_of_snapshot(self, fact: Fact) -> None:
        match fact:
            case events.SessionOpened(task):
                self._sessions[task] = self._add(fact, self._command_of(task))
            case events.FreezeAsked(task):
                self._freezes[task] = self._steps[task] = self._add(fact, self._sessions.get(task))
            case events.WorkloadCaughtUp(task):
                self._add(fact, self._sessions.get(task))
            case events.ThawAsked(task):
                self._steps[task] = self._add(fact, self._frozen.get(task) or self._sessions.get(task))
            case events.VssFrozen(task) | events.FileSystemsFrozen(task):
                self._frozen[task] = self._add(fact, self._freezes.get(task))
            case events.HostSnapshotsTaken(task):
                self._add(fact, self._frozen.get(task) or self._sessions.get(task) or self._goal or self._booted)
            case events.FileSystemsThawed(task) | events.FileSystemFreezeRefused(task):
                self._add(fact, self._steps.get(task) or self._sessions.get(task))
            case events.WriterState(task) | events.VssThawed(task) | events.VssRefused(task):
                self._add(fact, self._steps.get(task) or self._sessions.get(task))
            case events.SessionClosed(task):
                self._add(fact, self._sessions.get(task))
            case _:
                raise AssertionError(f"no rule says which event {fact.NAME} follows from")

    def _order(self, handler: str) -> Link:
        return self._fetched.get(handler.lower()) or self._goal or self._booted

    def _command_of(self, task: str) -> Link:
        """The command that was given this task; a foreign handler may name its tasks as it likes."""
        command = self._enabled.get(self._tasks[task]) if task in self._tasks else None
        return command or self._last_enabled or self._booted

    def _add(self, fact: Fact, parent: Link) -> Told:
        return self._buffer.add(self._vm, fact, parent)
