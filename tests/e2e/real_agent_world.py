"""A world for a real guest agent: the wire server at Azure's addresses, the agent beside it, in their own namespaces.

Run by test_real_agent.py inside `unshare`, as root there: `python -m tests.e2e.real_agent_world AGENT_FOLDER SCRATCH`.
It prints one JSON object with what the agent did.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from controlplane.adapters.fabric import seal
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob
from extension.contract.protocol import settings_file
from simulator.clock.system import SystemClock
from simulator.host.goalstate import PluginGoal
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer
from simulator.serving import Serving
from tests.patience import comes_true
from tests.unit.simulator.host.wire_fakes import FakeMachine, goal_state

WIRE_SERVER, METADATA_SERVER = "168.63.129.16", "169.254.169.254"
ADDRESSES = ((WIRE_SERVER, 80), (WIRE_SERVER, 32526), (METADATA_SERVER, 80))
LIBRARY = Path("/var/lib/waagent")
NAME, VERSION = "Example.Handlers.Probe", "1.0.0.0"
PATIENCE = timedelta(seconds=90)
VERBS = ("install", "enable", "disable", "update", "uninstall")

CONFIGURATION = """
Provisioning.Agent=disabled
ResourceDisk.Format=n
OS.EnableFirewall=n
OS.EnableRDMA=n
AutoUpdate.Enabled=n
Extensions.GoalStatePeriod=6
Logs.Collect=n
Logs.Console=n
"""
HANDLER = """#!/bin/sh
set -e
settings=config/$ConfigSequenceNumber.settings
echo "$1 $ConfigSequenceNumber" >> {scratch}/calls
test "$1" = enable || exit 0
value() {{ sed 's/.*"'$1'": *"\\([^"]*\\)".*/\\1/' $settings; }}
own=../$(value protectedSettingsCertThumbprint)
opened=$(value protectedSettings | base64 -d | openssl cms -inform DER -decrypt -recip $own.crt -inkey $own.prv)
message=$(echo "$opened" | tr -dc 'a-z ')
cat > status/$ConfigSequenceNumber.status <<EOF
[{{"version": "1.0", "timestampUTC": "2026-11-22T19:00:00Z", "status": {{"name": "Probe", "operation": "Enable",
  "status": "success", "code": 0, "formattedMessage": {{"lang": "en-US", "message": "$message"}}}}}}]
EOF
"""


def package(scratch: Path) -> bytes:
    content = io.BytesIO()
    commands: dict[str, Any] = {f"{verb}Command": f"handle.sh {verb}" for verb in VERBS}
    commands |= {"rebootAfterInstall": False, "reportHeartbeat": False}
    with zipfile.ZipFile(content, "w") as archive:
        manifest = [{"name": NAME, "version": VERSION, "handlerManifest": commands}]
        archive.writestr("HandlerManifest.json", json.dumps(manifest))
        archive.writestr("handle.sh", HANDLER.format(scratch=scratch))
    return content.getvalue()


def prepare_namespaces() -> None:
    for command in (
        "ip link set lo up",
        f"ip addr add {WIRE_SERVER}/32 dev lo",
        f"ip addr add {METADATA_SERVER}/32 dev lo",
        "mount -t tmpfs none /var/lib",
        "mount -t tmpfs none /var/log",
    ):
        subprocess.run(command.split(), check=True)
    LIBRARY.mkdir()
    # What the agent's daemon does before it starts the part that handles extensions: it finds the address by DHCP and
    # makes the transport certificate, with this command.
    (LIBRARY / "WireServerEndpoint").write_text(WIRE_SERVER)
    (LIBRARY / "Protocol").write_text("WireProtocol")
    make = "openssl req -x509 -nodes -subj /CN=LinuxTransport -days 730 -newkey rsa:2048"
    files = ("-keyout", LIBRARY / "TransportPrivate.pem", "-out", LIBRARY / "TransportCert.pem")
    subprocess.run([*make.split(), *files], check=True, capture_output=True)


class World:
    def __init__(self, agent: Path, scratch: Path) -> None:
        self.scratch = scratch
        packages, blobs = PackageRepository(), MemoryBlobs()
        packages.publish(package(scratch))
        blobs.add_account("service")
        self.blob = Blob("service", "status", "real.status")
        self.blobs = blobs
        url = blobs.sas(self.blob, "rw", datetime(2099, 1, 1, tzinfo=UTC))
        self.machine = FakeMachine(goal_state=goal_state(status_url=url), status_blob=self.blob)
        self.server = WireServer(SystemClock(), blobs, packages)
        application = self.server.application(self.machine)
        self.servings = [Serving(application, host, port) for host, port in ADDRESSES]
        configuration, process = scratch / "waagent.conf", scratch / "process"
        configuration.write_text(f"{CONFIGURATION}Pid.File={process}\n")
        process.write_text(str(os.getpid()))  # the agent ends when its parent is not the one of this file
        program = [str(agent / "usr/sbin/waagent"), "-run-exthandlers", f"-configuration-path:{configuration}"]
        environment = os.environ | {"PYTHONPATH": str(agent / "usr/lib/python3/dist-packages")}
        with (scratch / "agent.out").open("wb") as output:
            self.agent = subprocess.Popen(
                ["/usr/bin/python3", *program], env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def close(self) -> None:
        self.agent.kill()
        self.agent.wait()
        self.server.close()
        for serving in self.servings:
            serving.close()

    def order(self, *plugins: PluginGoal) -> None:
        goal = self.machine.goal_state
        self.machine.goal_state = replace(goal, incarnation=goal.incarnation + 1, plugins=plugins)

    def until(self, condition: Callable[[list[Any]], bool]) -> list[Any]:
        """The handlers in the first report of which this is so."""

        def so() -> bool:
            return bool(self.machine.reports) and condition(self.handlers)

        if not comes_true(so):
            log = Path("/var/log/waagent.log")
            sys.stderr.write(log.read_text()[-6000:] if log.exists() else "the agent wrote no log\n")
            raise SystemExit(f"the real agent did not come to that; last report: {self.machine.reports[-1:]}")
        return self.handlers

    @property
    def handlers(self) -> list[Any]:
        handlers: list[Any] = self.machine.reports[-1]["aggregateStatus"]["handlerAggregateStatus"]
        return handlers

    def plugin(self, sequence_number: int, secret: str, state: Any = "enabled") -> PluginGoal:
        certificate = self.machine.certificate
        sealed = seal({"secret": secret}, certificate.pem)
        settings = settings_file({}, sealed, certificate.thumbprint)
        return PluginGoal(NAME, VERSION, state, sequence_number, settings)


def number(handlers: list[Any]) -> Any:
    """The sequence number that has a final status."""
    for handler in handlers:
        status = handler.get("runtimeSettingsStatus") or {}
        if (status.get("settingsStatus") or {}).get("status", {}).get("status") == "success":
            return status["sequenceNumber"]
    return None


def main(agent: Path, scratch: Path) -> None:
    prepare_namespaces()
    world = World(agent, scratch)
    try:
        world.order(world.plugin(0, "first"))
        first = world.until(lambda handlers: number(handlers) == 0)
        world.order(world.plugin(1, "second"))
        second = world.until(lambda handlers: number(handlers) == 1)
        world.order(world.plugin(1, "second", "uninstall"))
        last = world.until(lambda handlers: not handlers)
    finally:
        world.close()
    told = {
        "agent": world.machine.reports[-1]["aggregateStatus"]["guestAgentStatus"],
        "first": first,
        "second": second,
        "last": last,
        "calls": (scratch / "calls").read_text().splitlines(),
        "blob": json.loads(world.blobs.read(world.blob)),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
