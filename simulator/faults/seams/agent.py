"""Seams of a guest agent: what it hears from the wire server, what it tells, and the commands that it runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from controlplane.domain.events import machines as events
from simulator.faults.fault import Setting
from simulator.faults.seam import Follows, Seam, vm_of
from simulator.faults.seams.network import WireServerSeam
from simulator.guest.agent.client import Extensions, Goal, WireClient, WireError
from simulator.guest.agent.process import CommandRunner, Output, RunningCommand, named_command


class GoalStateSeam(Seam):
    """The agent asks the wire server for its goal state."""

    NAME = "goal-state"
    WHAT = "An agent asks the wire server for its goal state."
    PLACES = frozenset({"vm"})
    FOLLOWS: ClassVar[Follows] = {events.AgentGoalState.NAME: vm_of}

    def ask(self, vm: str) -> None:
        """WireError where the wire server is not reached."""
        setting = self.match(vm=vm) if self.board.has(self.NAME) else None
        if setting is not None:
            raise WireError(setting.text("says"))


class AgentReportSeam(Seam):
    """The agent's report of itself and of its handlers on its way to the host."""

    NAME = "agent-report"
    WHAT = "An agent reports its own state and that of its handlers."
    PLACES = frozenset({"vm"})
    FOLLOWS: ClassVar[Follows] = {events.AgentReported.NAME: vm_of}

    def pass_on(self, vm: str, content: bytes) -> bytes | None:
        """The report as it reaches the host; None: it does not."""
        setting = self.match(vm=vm) if self.board.has(self.NAME) else None
        if setting is None:
            return content
        if setting.text("report") == "lost":
            return None
        report = json.loads(content)
        of_agent = report["aggregateStatus"]["guestAgentStatus"]
        if setting.text("report") == "of version":
            of_agent["version"] = setting.text("version")
        else:
            of_agent["status"] = "NotReady"
        return json.dumps(report).encode()


class HandlerPackageSeam(Seam):
    """The agent downloads the package of a handler."""

    NAME = "handler-package"
    WHAT = "An agent downloads the package of a handler."
    PLACES = frozenset({"vm"})
    FOLLOWS: ClassVar[Follows] = {events.HandlerUnpacked.NAME: vm_of}

    def download(self, vm: str, content: bytes) -> bytes:
        """What arrives of a package; WireError where nothing does."""
        setting = self.match(vm=vm) if self.board.has(self.NAME) else None
        if setting is None:
            return content
        if setting.text("arrives") == "nothing":
            raise WireError(setting.text("says"))
        return content[: len(content) // 2]


class FaultyWireClient(WireClient):
    """The agent's way to the wire server, with the four seams on it."""

    def __init__(
        self,
        address: str,
        token: str,
        agent_name: str,
        vm: str,
        seams: tuple[WireServerSeam, GoalStateSeam, AgentReportSeam, HandlerPackageSeam],
    ) -> None:
        super().__init__(address, token, agent_name)
        self._vm = vm
        self._wire_server, self._goal_state, self._agent_report, self._package = seams

    def goal(self) -> Goal:
        self._goal_state.ask(self._vm)
        return super().goal()

    def package(self, url: str) -> bytes:
        return self._package.download(self._vm, super().package(url))

    def upload_status(self, goal: Goal, extensions: Extensions, content: bytes) -> None:
        passed_on = self._agent_report.pass_on(self._vm, content)
        if passed_on is not None:
            super().upload_status(goal, extensions, passed_on)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
        self._wire_server.ask(self._vm)
        return super()._request(method, url, headers, body)


class HandlerCommandSeam(Seam):
    """A handler's command: its process, exit code and output."""

    NAME = "handler-command"
    WHAT = "An agent starts a command of a handler: install, enable, disable, update or uninstall."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = {
        events.CommandStarted.NAME: lambda event: {
            "vm": event.vm or "",
            "operation": f"{event.data['verb']} {event.data['handler']}",
        }
    }

    def runner(self, vm: str, usual: CommandRunner) -> CommandRunner:
        def run(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
            if self.board.has(self.NAME):
                setting = self.match(vm=vm, operation=named_command(arguments, folder))
                if setting is not None:
                    return _EndedCommand(setting)
            return usual(arguments, folder, environment)

        return run


WIRE_SERVER_ADDRESS = "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS"
"""Where a program that the agent starts finds the wire server."""


class WireServerRouteSeam(Seam):
    """The way of a handler to the wire server of its machine."""

    NAME = "wire-server-route"
    WHAT = "A handler looks for the wire server of its machine."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = HandlerCommandSeam.FOLLOWS

    def runner(self, vm: str, usual: CommandRunner) -> CommandRunner:
        def run(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
            if self.board.has(self.NAME):
                setting = self.match(vm=vm, operation=named_command(arguments, folder))
                if setting is not None:
                    environment = {**environment, WIRE_SERVER_ADDRESS: setting.text("address")}
            return usual(arguments, folder, environment)

        return run


class GuestSpeedSeam(Seam):
    """How soon a program begins that the agent has started."""

    NAME = "guest-speed"
    WHAT = "A command of a handler that an agent has started begins to run."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = HandlerCommandSeam.FOLLOWS

    def runner(self, vm: str, usual: CommandRunner) -> CommandRunner:
        def run(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
            if self.board.has(self.NAME):
                setting = self.match(vm=vm, operation=named_command(arguments, folder))
                if setting is not None:
                    return _LateCommand(lambda: usual(arguments, folder, environment), setting.whole("looks"))
            return usual(arguments, folder, environment)

        return run


class _LateCommand:
    """A program that begins only once the agent has looked for its end so often."""

    def __init__(self, start: Callable[[], RunningCommand], looks: int) -> None:
        self._start, self._left = start, looks
        self._command: RunningCommand | None = None

    def poll(self) -> int | None:
        if self._command is None and self._left > 0:
            self._left -= 1
            return None
        self._command = self._command or self._start()
        return self._command.poll()

    def kill(self) -> None:
        if self._command is not None:
            self._command.kill()

    def written_bytes(self) -> int:
        return 0 if self._command is None else self._command.written_bytes()

    def output(self) -> Output:
        return Output("") if self._command is None else self._command.output()


class _EndedCommand:
    """A program that ended at once."""

    def __init__(self, setting: Setting) -> None:
        self._code, self._errors = setting.whole("exit_code"), setting.text("stderr")

    def poll(self) -> int | None:
        return self._code

    def kill(self) -> None:
        return

    def written_bytes(self) -> int:
        return len(self._errors)

    def output(self) -> Output:
        return Output("", self._errors)


class GuestDiskRoomSeam(Seam):
    """The room on the system disk of a machine."""

    NAME = "guest-disk-room"
    WHAT = "An agent writes the package or the settings of a handler to the system disk."
    PLACES = frozenset({"vm"})
    IS_STATE = True
    FOLLOWS: ClassVar[Follows] = {events.AgentGoalState.NAME: vm_of}

    def has_room(self, vm: str) -> bool:
        is_full = bool(self.board.all_standing(self.NAME, {"vm": vm}))
        if is_full:
            self.board.count_all(self.NAME, {"vm": vm})
        return not is_full


class GuestCertificateSeam(Seam):
    """The files of the machine's certificate on its system disk, by which a handler opens its protected settings."""

    NAME = "guest-certificate"
    WHAT = "A handler looks on the system disk for the certificate that its settings are sealed for."
    PLACES = frozenset({"vm"})
    IS_STATE = True
    FOLLOWS: ClassVar[Follows] = {events.CommandStarted.NAME: vm_of}

    def runner(self, vm: str, usual: CommandRunner) -> CommandRunner:
        """Before each command the files are as they are to be."""

        def run(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
            self._make_so(vm, folder)
            return usual(arguments, folder, environment)

        return run

    def _make_so(self, vm: str, folder: Path) -> None:
        is_gone = bool(self.board.all_standing(self.NAME, {"vm": vm}))
        for certificates in _certificates(folder):
            for file in certificates.iterdir():
                if is_gone and file.suffix in _SUFFIXES:
                    self.match(vm=vm)
                    file.rename(file.with_name(file.name + _AWAY))
                elif not is_gone and file.suffix == _AWAY:
                    file.rename(file.with_name(file.name.removesuffix(_AWAY)))


_SUFFIXES, _AWAY = (".prv", ".crt"), ".away"


def _certificates(folder: Path) -> list[Path]:
    """The folders of certificates on the system disk on which a handler's folder lies."""
    places = (Path("WindowsAzure", "Certificates"), Path("var", "lib", "waagent"))
    return [parent / place for parent in folder.parents for place in places if (parent / place).is_dir()]
