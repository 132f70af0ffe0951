"""The files that put the simulator elsewhere: compose file, Dockerfile and the CI script agree with the rest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def compose_program() -> list[str]:
    """Either generation of the program; a machine with none is named."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    pytest.skip("docker-compose is missing; on Debian and Ubuntu: apt install docker-compose")


def test_compose_accepts_its_file() -> None:
    done = subprocess.run([*compose_program(), "config", "-q"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_compose_runs_the_azurite_that_the_simulator_would() -> None:
    package = json.loads((ROOT / "simulator/storage/azurite_package/package.json").read_text(encoding="utf-8"))
    assert (
        SERVICES["azurite"]["image"] == f"mcr.microsoft.com/azure-storage/azurite:{package['dependencies']['azurite']}"
    )


def test_compose_publishes_to_this_machine_only_and_on_the_ports_of_up() -> None:
    assert {port for service in SERVICES.values() for port in service.get("ports", ())} == {
        "127.0.0.1:10000:10000",
        "127.0.0.1:7080:7080",
        "127.0.0.1:7443:7443",
    }


def test_compose_lets_dockers_networks_reach_the_control_api() -> None:
    """A request to a published port comes from the gateway of one of them."""
    named = [word.partition("=")[2] for word in SERVICES["simulator"]["command"] if word.startswith("--sim-from=")]
    gateways = ("172.17.0.1", "172.18.0.1", "192.168.0.1", "10.0.2.2")
    assert all(any(ip_address(each) in ip_network(network) for network in named) for each in gateways)
    assert not any(ip_address("8.8.8.8") in ip_network(network) for network in named)


def test_compose_gives_both_services_the_same_accounts() -> None:
    accounts = {value for service in SERVICES.values() for value in service["environment"].values()}
    assert len(accounts) == 1
    names = [account.partition(":")[0] for account in accounts.pop().split(";")]
    assert {"backupservice", "backupvaults", "manageddisks"} < set(names)


def test_the_image_holds_what_the_package_is_made_of() -> None:
    shipped = {"extension", "controlplane", "simulator", "pyproject.toml", "constraints.txt", "README.md"}
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")} == shipped


def test_the_ci_script_is_one_that_bash_reads_and_runs_the_command_of_the_readme() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
    programs = '--az "$azure/bin/az" --terraform "$terraform/bin/terraform"'
    assert script.read_text(encoding="utf-8").splitlines()[-1] == f'exec python3 tests --all {programs} "$@"'
    assert "python3 tests" in (ROOT / "README.md").read_text(encoding="utf-8")
