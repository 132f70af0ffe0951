"""A guest agent on a disk of its own, before a real wire server, with handler packages made of a few shell lines."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controlplane.adapters.memory_blobs import MemoryBlobs
from extension.contract.protocol import settings_file
from simulator.guest import windows
from simulator.guest.agent.agent import Agent
from simulator.guest.agent.client import WireClient
from simulator.guest.agent.handler import Handler
from simulator.guest.windows import AGENT
from simulator.host.goalstate import PluginGoal
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer
from simulator.serving import Serving
from tests.patience import comes_true
from tests.unit.simulator.host.wire_fakes import FACTS, TOKEN, FakeMachine
from tests.virtual_clock import VirtualClock

NAME = "Example.Handlers.Probe"
VERBS = ("install", "enable", "disable", "update", "uninstall")
START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
REAL_START = datetime(2025, 8, 9, 10, 11, tzinfo=UTC)
DAY_SECONDS = 24 * 3600
PATIENCE_SECONDS = 20

TELL = """
disk=$AZURE_GUEST_AGENT_EXTENSION_PATH/../../../..
echo "$VERB $AZURE_GUEST_AGENT_EXTENSION_VERSION $ConfigSequenceNumber" >> "$disk/calls.log"
"""
"""What every script of a test package does first: leave a trace on the machine's disk."""
SUCCEED = """
cat > Status/$ConfigSequenceNumber.status <<EOF
[{"version": "1.0", "timestampUTC": "2026-11-22T19:00:00Z", "status": {"name": "Probe", "operation": "Enable",
  "status": "success", "code": 0, "formattedMessage": {"lang": "en-US", "message": "done"}, "substatus": []}}]
EOF
"""


def package(version: str, name: str = NAME, manifest: dict[str, Any] | None = None, **scripts: str) -> bytes:
    """A handler whose commands leave a trace and then do what `scripts` says for them."""
    commands: dict[str, Any] = {f"{verb}Command": f"bin\\{verb}.cmd" for verb in VERBS}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        handler = {"name": name, "version": version, "handlerManifest": commands | (manifest or {})}
        archive.writestr("HandlerManifest.json", json.dumps([handler]))
        for verb in VERBS:
            script = scripts.get(verb, SUCCEED if verb == "enable" else "")
            archive.writestr(f"bin/{verb}", f"VERB={verb}\n{TELL}\n{script}\n")
    return content.getvalue()


@dataclass
class Setting:
    disk: Path
    clock: VirtualClock
    real_time: VirtualClock
    server: WireServer
    packages: PackageRepository
    machine: FakeMachine
    agent: Agent
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def publish(self, *plugins: PluginGoal) -> None:
        """A new goal state, which the agent finds when it asks."""
        goal = self.machine.goal_state
        self.machine.goal_state = replace(goal, incarnation=goal.incarnation + 1, plugins=plugins)

    def order(self, *plugins: PluginGoal) -> None:
        """A new goal state, of which the agent is told."""
        self.publish(*plugins)
        self.agent.ring()

    def until(self, condition: Callable[[], bool]) -> None:
        """Tick until it is so. Both of its times stand still; processes take time of their own."""

        def ticked() -> bool:
            self.agent.tick()
            return condition()

        assert comes_true(ticked), f"it did not come to that; the last report: {self.last}"

    def settle(self) -> None:
        """Until the goal state is reached and reported."""
        wanted = str(self.machine.goal_state.incarnation)
        self.until(lambda: self.last is not None and self.goal_status["inSvdSeqNo"] == wanted)

    def pass_time(self, seconds: float) -> None:
        self.real_time.jump(seconds)
        self.agent.tick()

    @property
    def last(self) -> dict[str, Any] | None:
        return self.machine.reports[-1]["aggregateStatus"] if self.machine.reports else None

    @property
    def goal_status(self) -> dict[str, Any]:
        assert self.last is not None
        status: dict[str, Any] = self.last["vmArtifactsAggregateStatus"]["goalStateAggregateStatus"]
        return status

    @property
    def handlers(self) -> list[dict[str, Any]]:
        """What the last report says of the handlers."""
        assert self.last is not None
        handlers: list[dict[str, Any]] = self.last["handlerAggregateStatus"]
        return handlers

    @property
    def calls(self) -> list[str]:
        """verb, version and sequence number of every command that ran."""
        file = self.disk / "calls.log"
        return file.read_text().splitlines() if file.exists() else []

    def handler(self, version: str = "1.0.0.0") -> Handler:
        return Handler(self.disk, windows.AGENT, NAME, version)


def enabled(sequence_number: int = 0, version: str = "1.0.0.0", state: Any = "enabled") -> PluginGoal:
    return PluginGoal(NAME, version, state, sequence_number, settings_file({"n": sequence_number}, None, None))


@contextmanager
def agent_setting(disk: Path) -> Iterator[Setting]:
    clock, real_time = VirtualClock(START), VirtualClock(REAL_START)
    packages, machine = PackageRepository(), FakeMachine()
    server = WireServer(real_time, MemoryBlobs(), packages)
    server.attach(machine)
    serving = Serving(server.app)
    server.address = serving.address
    events: list[tuple[str, dict[str, Any]]] = []
    wire = WireClient(server.address_of(machine.key), TOKEN, AGENT.name)
    agent = Agent(
        disk=disk,
        wire=wire,
        profile=AGENT,
        facts=FACTS,
        clock=clock,
        real_time=real_time,
        on_event=lambda fact: events.append((fact.NAME, fact.event().data)),
    )
    try:
        yield Setting(disk, clock, real_time, server, packages, machine, agent, events)
    finally:
        agent.close()
        server.close()
        serving.close()
