"""A command in the namespaces of a machine sees what the machine's own programs do, and leaves nothing behind.

Needs root for the namespaces.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from simulator.client import Client
from simulator.scenario import UBUNTU, Scenario
from simulator.world import Config, build
from tests.e2e.conftest import ROOT, backupsim

EXAMPLE = ROOT / "examples/real-agent/run-waagent.sh"


def needs_root() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("namespaces need Linux and root")


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
