"""A machine's own agent: Microsoft's WALinuxAgent runs in its namespaces, and the world backs the machine up by it.

Needs root for the namespaces, and the unpacked Debian package `waagent` in WAAGENT_FOLDER.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from simulator.client import Client
from simulator.scenario import OS_DISK_GIB, UBUNTU, Scenario, machine_body
from simulator.scenario_values import Machine
from simulator.world import Config, build
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import eventually

EXAMPLE = ROOT / "examples/real-agent/run-waagent.sh"
LIMIT_SECONDS = 400.0
"""Real time for each thing that is waited for: the agent looks for orders every six seconds."""


def needs_root() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("namespaces need Linux and root")


@pytest.fixture
def agent_folder() -> Path:
    needs_root()
    folder = os.environ.get("WAAGENT_FOLDER")
    if not folder:
        pytest.skip("WAAGENT_FOLDER names no unpacked waagent package")
    return Path(folder)


def traces(vm: str) -> dict[str, object]:
    """What of this system somebody could have left behind."""
    addresses = subprocess.run(["ip", "-brief", "address"], capture_output=True, text=True, check=True).stdout
    folders = [Path(name) for name in ("/var/lib/waagent", "/var/log/waagent.log", "/var/log/azure")]
    return {
        "mounts": [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if " /var/l" in line],
        "addresses": addresses,
        "folders": [folder for folder in folders if folder.exists()],
        "processes": [pid for pid, variables in environments() if f"BACKUPSIM_GUEST={vm}".encode() in variables],
    }


def environments() -> Iterator[tuple[str, list[bytes]]]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield entry.name, (entry / "environ").read_bytes().split(b"\0")


@contextmanager
def in_namespace(state: Path, vm: str, *command: str) -> Iterator[None]:
    program = [sys.executable, "-m", "simulator.command.cli", "guest", "--state", str(state), "netns", vm, *command]
    process = subprocess.Popen(program, cwd=ROOT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def linux_without_our_agent(client: Client, name: str) -> Machine:
    """It runs, and nobody reports for it."""
    scenario = Scenario(client)
    account = scenario.create_account("web02disks")
    body = machine_body(name, account.blob_endpoint, (1,), image=UBUNTU)
    return Machine(client.put(scenario.machine_id(name), body)["id"], name, (OS_DISK_GIB, 1))


@pytest.mark.slow
def test_a_command_sees_the_wire_server_alone(tmp_path: Path) -> None:
    needs_root()
    state = ("--state", str(tmp_path / "world"))
    with build(Config(tmp_path / "world", workload_rate=0)) as world, Client(world.endpoints) as client:
        Scenario(client).create_machine("web01", data_disk_gib=(), image=UBUNTU)
        before = traces("web01")
        ask = "import urllib.request as u; print(u.urlopen('http://168.63.129.16/?comp=versions').read()[:5])"
        done = backupsim("guest", *state, "netns", "web01", sys.executable, "-c", ask)
        assert (done.returncode, done.stdout) == (0, "b'<?xml'\n"), done.stderr
        ended = backupsim("guest", *state, "netns", "web01", "sh", "-c", "test $BACKUPSIM_GUEST = web01 && exit 7")
        assert ended.returncode == 7
        routes = backupsim("guest", *state, "netns", "web01", "sh", "-c", "wc -l < /proc/net/route")
        assert routes.stdout.split() == ["1"], "it reaches nothing else"
        assert traces("web01") == before
        unknown = backupsim("guest", *state, "netns", "web02", "true")
        assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
        assert client.sim("GET", "/vms/wire", None, vm="web01")["agent"] == "simulated"
        Scenario(client).wait_until_ready(Scenario(client).machine_id("web01"))


@pytest.mark.slow
def test_the_real_agent_backs_up_by_our_handler_twice(agent_folder: Path, tmp_path: Path) -> None:
    before = traces("web02")
    config = Config(tmp_path / "world", workload_rate=0, scheduled=False, agents=("web02=none",))
    with build(config) as world, Client(world.endpoints, limit_seconds=LIMIT_SECONDS) as client:
        scenario = Scenario(client)
        machine = linux_without_our_agent(client, "web02")
        for number in range(2):
            with in_namespace(tmp_path / "world", "web02", str(EXAMPLE), str(agent_folder)):
                scenario.wait_until_ready(machine)
                item = scenario.protect(machine)
                assert scenario.back_up(item).status == "Completed"
                eventually(
                    lambda: scenario.extensions(machine) == {"VMSnapshotLinux": "Succeeded"},
                    "the agent reports what the handler wrote for it",
                )
                agent = client.get(f"{machine.id}/instanceView")["vmAgent"]
                assert agent["vmAgentVersion"].startswith("2.7")
            points = scenario.recovery_points(item)
            assert [point.consistency for point in points] == ["FileSystemConsistent"] * (number + 1)
            assert scenario.verify(points[-1], scenario.restore_disks(points[-1])).verified
            told = client.sim("GET", "/events", limit="10000")["events"]
            assert not [event for event in told if event["name"] == "handler.command_started"], "ours did not run"
    assert traces("web02") == before
