"""Carries out what a goal state orders for a handler: install, enable, update, disable, uninstall.

Each order is a generator that yields while it waits for a command to end; the agent goes on with it at its next tick.
Closing the generator kills the command that runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.ports import Clock
from extension.contract.protocol import MANIFEST_FILE, HandlerManifest, ProtocolError
from extension.contract.redaction import redact
from simulator.clock.real_time import RealTime
from simulator.guest.agent import command_records
from simulator.guest.agent.client import PluginOrder, WireClient, WireError
from simulator.guest.agent.command_records import CommandRecord
from simulator.guest.agent.handler import ENABLED, FAILED_UPGRADE, INSTALLED, Handler, PackageUnusable, numbers
from simulator.guest.agent.process import (
    Command,
    CommandMissing,
    CommandRunner,
    Output,
    command_line,
    guest_environment,
)
from simulator.guest.os_profile import AgentProfile

Steps = Generator[None, None, None]
OnEvent = Callable[[Fact], None]

LIMIT = timedelta(minutes=5)
"""Real time a command may take; the documented limit of Windows agents."""

MANIFEST_UNREACHABLE = 1001
HANDLER_MANIFEST_MISSING = 1002
HANDLER_MANIFEST_MALFORMED = 1003
PACKAGE_UNREACHABLE = 1004
PACKAGE_UNUSABLE = 1005
FAILED = {"install": 1007, "update": 1008, "enable": 1009, "disable": 1010, "uninstall": 1000}
"""Handler error code when a command ends with another exit code than 0."""
TIMED_OUT = 1011
LONGEST_REASON = 500
"""Characters of a failed command's output that are told beside its exit code."""
UNINSTALL_NOT_RUN = "NOT_RUN"
NO_SPACE = "there is not enough space on the disk"
"""As Windows says it: ERROR_DISK_FULL."""


class HandlerFailed(Exception):
    """An order could not be carried out; `code` and the sentence are what the agent reports of the handler."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class HandlerPlace:
    """Where an agent works: the machine's disk, its name in the deployment, and its way to the wire server."""

    disk: Path
    agent: AgentProfile
    deployment: str
    role: str
    wire: WireClient
    run_command: CommandRunner = Command
    has_room: Callable[[], bool] = _always
    """Whether the system disk takes what is written to it now."""


class Lifecycle:
    def __init__(
        self, place: HandlerPlace, clock: Clock, real_time: RealTime, on_event: OnEvent, on_output: Callable[[], None]
    ) -> None:
        """`on_output` is called when a command that runs has written something."""
        self._place = place
        self._clock = clock
        self._real_time = real_time
        self._on_event = on_event
        self._on_output = on_output
        self._output = Output("")
        """Of the command that ran last."""

    def announce(self, order: PluginOrder) -> None:
        """A failure is forgotten once the handler gets another order."""
        handler = Handler(self._place.disk, self._place.agent, order.name, order.version)
        if order.state == "enabled" and (said := handler.status) and said.status != "Ready":
            handler.say("Installing", 0, "Plugin is being enabled")

    def obey(self, order: PluginOrder) -> Steps:
        """Carry out one order. A failure is kept with the handler, and the next order is carried out."""
        handler = Handler(self._place.disk, self._place.agent, order.name, order.version)
        try:
            if order.state == "uninstall":
                yield from self._uninstall(handler, order)
            elif order.state == "disabled":
                yield from self._disable(handler, order)
            else:
                yield from self._enable(handler, order)
        except HandlerFailed as failure:
            handler.say("NotReady", failure.code, str(failure))
            self._on_event(events.HandlerFailed(handler.name, handler.version, failure.code))

    def _enable(self, handler: Handler, order: PluginOrder) -> Steps:
        if handler.state in (INSTALLED, ENABLED):
            self._require_room(FAILED["enable"], "the settings cannot be written")
            handler.write_settings(order.sequence_number, order.settings)
        else:
            yield from self._install(handler, order)
        yield from self._expect(handler, order, "enable")
        handler.become(ENABLED)
        handler.say("Ready", 0, "Plugin enabled")

    def _install(self, handler: Handler, order: PluginOrder) -> Steps:
        older = handler.others()
        self._fetch(handler, order)
        handler.initialize(self._place.deployment, self._place.role)
        handler.say("Installing", 0, "Plugin is being installed")
        handler.write_settings(order.sequence_number, order.settings)
        if older:
            try:
                yield from self._update(older[0], handler, order)
            except HandlerFailed:
                handler.become(FAILED_UPGRADE)
                raise
        else:
            yield from self._expect(handler, order, "install")
        handler.become(INSTALLED)
        handler.say("NotReady", 0, "Plugin installed but not enabled")

    def _update(self, old: Handler, new: Handler, order: PluginOrder) -> Steps:
        """From one version to another, up or down, in the order of the published agent."""
        manifest = _manifest(new)
        tolerant = manifest.continue_on_update_failure
        disabled = yield from self._step_of_update(old, order, "disable", tolerant)
        new.take_over(old)
        updating = {
            "VERSION": new.version,
            "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION": old.version,
            "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE": str(disabled),
        }
        runner = new if numbers(new.version) > numbers(old.version) else old
        yield from self._step_of_update(runner, order, "update", tolerant, updating)
        uninstalled = yield from self._step_of_update(old, order, "uninstall", tolerant)
        old.remove()
        if manifest.update_mode.lower() == "updatewithinstall":
            yield from self._expect(new, order, "install", {_UNINSTALL_EXIT_CODE: str(uninstalled)})

    def _step_of_update(
        self, handler: Handler, order: PluginOrder, verb: str, tolerant: bool, more: Mapping[str, str] | None = None
    ) -> Generator[None, None, int]:
        try:
            code = yield from self._run(handler, order, verb, more)
        except HandlerFailed:
            if tolerant:
                return TIMED_OUT
            raise
        if code != 0 and not tolerant:
            sentence = f"{verb} of version {handler.version} ended with exit code {code}{self._said()}"
            raise HandlerFailed(FAILED["update"], sentence)
        return code

    def _disable(self, handler: Handler, order: PluginOrder) -> Steps:
        if handler.state == ENABLED:
            yield from self._expect(handler, order, "disable")
            handler.become(INSTALLED)
            handler.say("NotReady", 0, "Plugin disabled")

    def _uninstall(self, handler: Handler, order: PluginOrder) -> Steps:
        """Afterwards no version of the handler is installed, whatever its commands return."""
        for there in (handler, *handler.others()):
            for verb, applies in (
                ("disable", there.state == ENABLED),
                ("uninstall", there.state in (INSTALLED, ENABLED)),
            ):
                if applies:
                    try:
                        yield from self._run(there, order, verb)
                    except HandlerFailed as failure:
                        self._on_event(events.HandlerFailed(there.name, there.version, failure.code))
            there.remove()
        self._on_event(events.HandlerRemoved(handler.name, handler.version))

    # --------------------------------------------------------------------------------------------------------- package

    def _fetch(self, handler: Handler, order: PluginOrder) -> None:
        wire = self._place.wire
        try:
            urls = wire.package_urls(order.manifest_url, order.version)
        except WireError as problem:
            raise HandlerFailed(MANIFEST_UNREACHABLE, f"the manifest cannot be downloaded: {problem}") from None
        if not urls:
            raise HandlerFailed(PACKAGE_UNREACHABLE, f"version {order.version} is not published")
        try:
            content = wire.package(urls[0])
        except WireError as problem:
            raise HandlerFailed(PACKAGE_UNREACHABLE, f"the package cannot be downloaded: {problem}") from None
        self._require_room(PACKAGE_UNUSABLE, "the package cannot be unpacked")
        try:
            handler.unpack(content)
        except PackageUnusable as problem:
            raise HandlerFailed(PACKAGE_UNUSABLE, str(problem)) from None
        _manifest(handler)
        self._on_event(events.HandlerUnpacked(handler.name, handler.version, len(content)))

    def _require_room(self, code: int, what: str) -> None:
        if not self._place.has_room():
            raise HandlerFailed(code, f"{what}: {NO_SPACE}")

    # -------------------------------------------------------------------------------------------------------- commands

    def _expect(self, handler: Handler, order: PluginOrder, verb: str, more: Mapping[str, str] | None = None) -> Steps:
        code = yield from self._run(handler, order, verb, more)
        if code != 0:
            raise HandlerFailed(FAILED[verb], f"{verb} ended with exit code {code}{self._said()}")

    def _run(
        self, handler: Handler, order: PluginOrder, verb: str, more: Mapping[str, str] | None = None
    ) -> Generator[None, None, int]:
        """The exit code of a command of the handler, once it has ended."""
        text = _manifest(handler).commands[verb]
        handler.initialize(self._place.deployment, self._place.role)
        environment = guest_environment(os.environ) | _environment(handler, order, self._place.wire) | dict(more or {})
        try:
            command = self._place.run_command(command_line(handler.root, text), handler.root, environment)
        except (CommandMissing, OSError) as problem:
            raise HandlerFailed(FAILED[verb], f"{verb} could not be started: {problem}") from None
        begun = self._real_time.now()
        self._on_event(events.CommandStarted(handler.name, handler.version, verb, order.sequence_number))
        code: int | None = None
        written = 0
        try:
            while (code := command.poll()) is None:
                if (now_written := command.written_bytes()) != written:
                    written = now_written
                    self._on_output()
                if self._real_time.now() - begun >= LIMIT:
                    raise HandlerFailed(TIMED_OUT, f"{verb} took longer than {LIMIT.total_seconds():.0f} seconds")
                yield
            return code
        finally:
            command.kill()
            self._output = command.output()
            self._ended(handler, order.sequence_number, verb, begun, code)

    def _said(self) -> str:
        """What the last command wrote at its end, as the end of a sentence; the agent's report hands it on."""
        said = " ".join(self._output.text.split())
        return f": {said[-LONGEST_REASON:]}" if said else ""

    def _ended(self, handler: Handler, number: int, verb: str, begun: datetime, code: int | None) -> None:
        seconds, ended, output = (self._real_time.now() - begun).total_seconds(), self._clock.now(), self._output
        how = "was killed" if code is None else f"ended with exit code {code}"
        which = f"{verb} of {handler.name} {handler.version}"
        handler.log_command(f"{ended.isoformat()} {which} {how} after {seconds:.3f} s")
        if output.text:
            handler.log_command(redact(output.text))
        record = CommandRecord(
            ended.isoformat(), handler.name, handler.version, verb, number, code, round(seconds, 3), *output
        )
        command_records.append(self._place.disk / self._place.agent.state, record)
        self._on_event(events.CommandEnded(handler.name, handler.version, verb, code, round(seconds, 3)))


_UNINSTALL_EXIT_CODE = "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE"


def _manifest(handler: Handler) -> HandlerManifest:
    try:
        return handler.manifest()
    except FileNotFoundError:
        raise HandlerFailed(HANDLER_MANIFEST_MISSING, f"the package has no {MANIFEST_FILE}") from None
    except ProtocolError as problem:
        raise HandlerFailed(HANDLER_MANIFEST_MALFORMED, str(problem)) from None


def _environment(handler: Handler, order: PluginOrder, wire: WireClient) -> dict[str, str]:
    return {
        "ConfigSequenceNumber": str(order.sequence_number),
        "AZURE_GUEST_AGENT_EXTENSION_PATH": str(handler.root),
        "AZURE_GUEST_AGENT_EXTENSION_VERSION": handler.version,
        "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS": wire.address,
        "AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES": "[]",
        _UNINSTALL_EXIT_CODE: UNINSTALL_NOT_RUN,
    }
