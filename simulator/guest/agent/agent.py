"""The guest agent of one machine, driven by ticks: follows the goal state, runs handlers, reports what they say.

The theory. An agent has at most one thing under way: applying a goal state, which is a generator that yields while a
handler's command runs. A tick goes on with that, else looks for a new goal state when its time has come or somebody
rang; then it reports what changed. A tick talks to the wire server and to the disk and waits for neither a command nor
a status. Whoever ticks asks `due` first: an idle agent wants a tick every few seconds. All of its intervals are real
time, so world time that is moved makes no agent ask, report or give up; world time is what stands in its reports.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.json_object import Json
from controlplane.ports import Clock
from extension.contract.bridge import Facts
from extension.contract.protocol import ProtocolError
from extension.contract.redaction import redact
from simulator.clock.real_time import RealTime
from simulator.guest.agent import reports as agent_reports
from simulator.guest.agent.client import Extensions, Goal, PluginOrder, WireClient, WireError
from simulator.guest.agent.handler import Handler
from simulator.guest.agent.lifecycle import HandlerPlace, Lifecycle, Steps
from simulator.guest.agent.process import Command, CommandRunner
from simulator.guest.agent.reports import HandlerReport
from simulator.guest.agent.transport import Transport
from simulator.guest.files import write_private, write_whole
from simulator.guest.os_profile import AgentProfile

POLL = timedelta(seconds=6)
"""How often an agent asks for the goal state on its own."""
REPORT = timedelta(minutes=5)
"""How often it reports even if nothing changed, as a sign of life."""
EAGER = timedelta(seconds=1)
"""How long after the last change of a status file, or after a handler has ended its session, such files are looked at
with every tick: handlers report again when their work in the background is done."""
LOOKS = 10
"""Later a pause between two looks is as many times shorter than what has passed since, up to that between two polls. A
change is so seen soon, and the agents of hundreds of machines do not keep their host busy, neither after they were
backed up together nor at rest."""
PATIENCE = timedelta(seconds=10)
"""How long a status file may be unreadable, because it is being written, before that is reported."""
SHORT_WORK = timedelta(seconds=1)
"""So long the agent reports nothing while it applies a goal state: most are applied by then, and one report tells."""
AT_ONCE = datetime.min.replace(tzinfo=UTC)


class Agent:
    """`poll`: a host that rings may let its agents ask less often; a thousand of them would else keep it busy.
    `on_output` is called when a handler's command that runs has written something. `has_room` says whether the system
    disk takes what is written to it now."""

    def __init__(
        self,
        *,
        disk: Path,
        wire: WireClient,
        profile: AgentProfile,
        facts: Facts,
        clock: Clock,
        real_time: RealTime,
        on_event: Callable[[Fact], None],
        on_output: Callable[[], None] = lambda: None,
        poll: timedelta = POLL,
        run_command: CommandRunner = Command,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._disk = disk
        self._wire = wire
        self._profile = profile
        self._facts = facts
        self._clock = clock
        self._real_time = real_time
        self._on_event = on_event
        self._on_output = on_output
        self._poll = poll
        self._run_command = run_command
        self._has_room = has_room
        self._work: Steps | None = None
        self._work_began = AT_ONCE
        self._rung = self._expects = False
        self._goal: Goal | None = None
        self._extensions = Extensions((), "")
        self._applied = 0
        self._certificates_from = ""
        self._failure: str | None = None
        self._statuses: dict[Path, _WatchedStatus] = {}
        self._poll_at = self._look_at = self._report_at = self._retry_at = self._changed = AT_ONCE
        self._reported: object = None

    @property
    def due(self) -> datetime:
        """When it wants its next tick, in real time."""
        if self._work is not None or self._rung or self._expects:
            return AT_ONCE
        if self._goal is None:
            return self._poll_at
        look_at = self._look_at if self._extensions.plugins else self._poll_at
        return min(self._poll_at, look_at, max(self._report_at, self._retry_at))

    def ring(self) -> None:
        """There is a new goal state. From any thread."""
        self._rung = True

    def expect_status(self) -> None:
        """A handler has ended its work, and may say so at any moment. From any thread."""
        self._expects = True

    def report_again(self) -> None:
        """Report at the next tick, whether anything changed or not. From any thread."""
        self._report_at = self._retry_at = AT_ONCE
        self._rung = True

    def tick(self) -> None:
        """Do what is due. Not from two threads at once."""
        now = self._real_time.now()
        self._look_at = now + POLL  # also where something unforeseen ends this tick
        if self._expects:
            self._expects, self._changed = False, now
        if self._work is None and (self._rung or now >= self._poll_at):
            self._ask(now)
        if self._work is not None:
            self._go_on()
        if self._goal is not None and (self._work is None or now >= self._work_began + SHORT_WORK):
            self._report(self._goal)
        passed = now - self._changed
        self._look_at = now if passed < EAGER else now + min(passed / LOOKS, self._poll)

    def close(self) -> None:
        """The machine turns off: a running command is killed."""
        if self._work is not None:
            self._work.close()
            self._work = None

    # ------------------------------------------------------------------------------------------------------ goal state

    def _ask(self, now: datetime) -> None:
        self._rung, self._poll_at = False, now + self._poll
        try:
            goal = self._wire.goal()
            if goal.incarnation != self._applied:
                extensions = self._wire.extensions(goal.extensions_url)
                self._fetch_certificates(goal)
                self._goal, self._extensions = goal, extensions
                self._work, self._work_began = self._apply(goal, extensions), now
        except (WireError, ValueError) as problem:
            self._poll_at = now + POLL
            self._fail(f"the goal state cannot be read: {problem}")
        except OSError as problem:  # a full disk, say
            self._poll_at = now + POLL
            self._fail(f"the certificate of the goal state cannot be kept: {problem.strerror}")
        else:
            self._failure = None

    def _fail(self, sentence: str) -> None:
        if sentence != self._failure:
            self._on_event(events.AgentFailed(sentence))
        self._failure = sentence

    def _fetch_certificates(self, goal: Goal) -> None:
        if goal.certificates_url == self._certificates_from:
            return
        transport = Transport(self._disk / self._profile.state)
        certificate = transport.open(self._wire.certificates(goal.certificates_url, transport.headers()))
        folder = self._disk / self._profile.certificates
        write_private(folder / f"{certificate.thumbprint}.prv", certificate.key)
        write_whole(folder / f"{certificate.thumbprint}.crt", certificate.certificate)
        self._certificates_from = goal.certificates_url

    def _apply(self, goal: Goal, extensions: Extensions) -> Steps:
        self._on_event(events.AgentGoalState(goal.incarnation))
        place = HandlerPlace(
            self._disk,
            self._profile,
            goal.container_id,
            goal.instance,
            self._wire,
            self._run_command,
            self._has_room,
        )
        lifecycle = Lifecycle(
            place,
            self._clock,
            self._real_time,
            self._on_event,
            self._on_output,
        )
        for order in extensions.plugins:
            lifecycle.announce(order)
        for order in extensions.plugins:
            yield from lifecycle.obey(order)
        self._applied = goal.incarnation
        if extensions.plugins:
            self._changed = self._real_time.now()

    def _go_on(self) -> None:
        assert self._work is not None
        try:
            next(self._work)
        except StopIteration:
            self._work = None
        except BaseException:
            self._work, self._poll_at = None, self._real_time.now() + POLL  # whoever runs it may tick before
            raise

    # --------------------------------------------------------------------------------------------------------- reports

    def _report(self, goal: Goal) -> None:
        now = self._real_time.now()
        handlers = [report for order in self._extensions.plugins for report in self._handler_report(order, now)]
        content = (handlers, self._applied, self._failure)
        unchanged = content == self._reported
        if now < self._retry_at or (unchanged and now < self._report_at):
            return
        status = agent_reports.aggregate(
            facts=self._facts,
            now=self._clock.now(),
            incarnation=self._applied,
            handlers=handlers,
            failure=self._failure,
        )
        try:
            self._wire.upload_status(goal, self._extensions, agent_reports.render(status))
        except WireError as problem:
            if self._retry_at == AT_ONCE:
                self._on_event(events.AgentFailed(redact(f"the status cannot be uploaded: {problem}")))
            self._retry_at = now + POLL
            return
        if not unchanged:
            self._on_event(events.AgentReported(self._applied, len(handlers)))
        self._retry_at = AT_ONCE
        self._reported, self._report_at = content, now + REPORT

    def _handler_report(self, order: PluginOrder, now: datetime) -> list[HandlerReport]:
        """Empty for a handler that is not on this machine."""
        handler = Handler(self._disk, self._profile, order.name, order.version)
        said = handler.status
        if said is None:
            return []
        file = handler.status_file(order.sequence_number)
        watched = self._statuses.setdefault(file, _WatchedStatus(handler.name, file))
        if watched.look(now, self._clock):
            self._changed = now
            status, code = agent_reports.state_of(watched.status)
            self._on_event(events.HandlerStatus(handler.name, order.sequence_number, status, code))
        return [
            HandlerReport(
                name=handler.name,
                version=handler.version,
                status=said.status,
                code=said.code,
                message=said.message,
                sequence_number=order.sequence_number,
                settings_status=watched.status,
            )
        ]


class _WatchedStatus:
    """A status file, read again only when it changed."""

    def __init__(self, handler: str, file: Path) -> None:
        self.status: Json = {}
        self._handler = handler
        self._file = file
        self._seen: object = ()
        self._unreadable_since: datetime | None = None

    def look(self, now: datetime, clock: Clock) -> bool:
        """Whether there is another status than before; `now` is real time."""
        signature = self._signature()
        if signature == self._seen:
            return False
        try:
            status = agent_reports.read_status_file(self._file, self._handler, clock.now())
        except ProtocolError as problem:
            self._unreadable_since = self._unreadable_since or now
            if now - self._unreadable_since < PATIENCE:
                self.status = self.status or agent_reports.missing_status(self._handler, clock.now())
                return False
            status = agent_reports.invalid_status(self._handler, clock.now(), problem)
        self._unreadable_since = None
        self._seen, self.status = signature, status
        return True

    def _signature(self) -> object:
        with suppress(FileNotFoundError):
            status = self._file.stat()
            return (status.st_mtime_ns, status.st_size, status.st_ino)
        return None
