"""Handlers of anybody in place of ours: published, ordered, updated, rolled back, removed, and kept over a restart."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.service_settings import OrderedExtension
from simulator.client import Client, RequestFailed
from simulator.handlers.sources import HandlerSource
from simulator.scenario import UBUNTU, Scenario
from simulator.world import Config, build
from tests.patience import comes_true

PYTHON = Path(__file__).parents[2] / "examples" / "handlers" / "python"
NAME = "Contoso.Backup.PythonSnapshot"
ORDERED = OrderedExtension("Contoso.Backup", "PythonSnapshot", "1.0")


def commands(client: Client) -> list[tuple[str, str]]:
    """Version and verb of each command that was started."""
    told = client.sim("GET", "/events", limit="10000")["events"]
    return [
        (event["data"]["version"], event["data"]["verb"])
        for event in told
        if event["name"] == "handler.command_started"
    ]


def removed(client: Client) -> list[str]:
    told = client.sim("GET", "/events", limit="10000")["events"]
    return [event["data"]["handler"] for event in told if event["name"] == "handler.removed"]


def states(client: Client) -> Mapping[str, str]:
    return {each["version"]: each["status"] for each in client.sim("GET", "/handlers")["handlers"] if each["given"]}


def test_a_handler_of_somebody_else_backs_up_and_moves_from_version_to_version(tmp_path: Path) -> None:
    config = Config(
        tmp_path / "world",
        handlers=(HandlerSource(PYTHON),),
        windows_extension=ORDERED,
        workload_rate=0,
        scheduled=False,
    )
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        machine = scenario.create_machine(data_disk_gib=(1,))
        item = scenario.protect(machine)
        assert scenario.back_up(item).status == "Completed"
        (point,) = scenario.recovery_points(item)
        assert point.consistency == "AppConsistent"
        assert scenario.verify(point, scenario.restore_disks(point)).verified
        assert scenario.extensions(machine) == {"PythonSnapshot": "Succeeded"}
        assert commands(client) == [("1.0.0.0", "install"), ("1.0.0.0", "enable")]

        client.sim("POST", "/handlers/publish", {"path": str(PYTHON), "version": "1.1.0.0"})
        assert scenario.back_up(item).status == "Completed"
        updated = [("1.0.0.0", "disable"), ("1.1.0.0", "update"), ("1.0.0.0", "uninstall"), ("1.1.0.0", "install")]
        assert commands(client)[2:] == [*updated, ("1.1.0.0", "enable")]

        client.sim("POST", "/handlers/block", {"name": NAME, "version": "1.1.0.0"})
        assert scenario.back_up(item).status == "Completed"
        assert commands(client)[-1] == ("1.0.0.0", "enable"), "the blocked version is rolled back"
        (on_machine,) = client.sim("GET", "/handlers")["machines"]
        assert (on_machine["name"], on_machine["version"]) == (NAME, "1.0.0.0")

    with build(replace(config, handlers=(), windows_extension=None)) as world, Client(world.endpoints) as client:
        assert states(client) == {"1.0.0.0": "published", "1.1.0.0": "blocked"}
        scenario = Scenario(client)
        scenario.wait_until_ready(machine)
        assert scenario.back_up(item).status == "Completed"
        client.finish(client.arm("DELETE", f"{machine.id}/extensions/PythonSnapshot"))
        assert comes_true(lambda: removed(client) == [NAME]), "the host records it a moment later"


@pytest.mark.slow
def test_ours_is_replaced_by_one_of_its_name_on_linux(tmp_path: Path) -> None:
    source = HandlerSource(PYTHON, "Microsoft.Azure.RecoveryServices.VMSnapshotLinux", "1.5.0.0")
    config = Config(tmp_path / "world", handlers=(source,), workload_rate=0, scheduled=False)
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine("web01", data_disk_gib=(1,), image=UBUNTU))
        assert scenario.back_up(item).status == "Completed"
        (point,) = scenario.recovery_points(item)
        assert point.consistency == "FileSystemConsistent"
        assert scenario.verify(point, scenario.restore_disks(point)).verified
        assert commands(client) == [("1.5.0.0", "install"), ("1.5.0.0", "enable")]


def refused(client: Client, path: str, body: Json) -> str:
    with pytest.raises(RequestFailed) as refusal:
        client.sim("POST", path, body)
    return str(refusal.value)


def test_what_cannot_be_published_changes_nothing(tmp_path: Path) -> None:
    with build(Config(tmp_path / "world", boot=False)) as world, Client(world.endpoints) as client:
        before = client.sim("GET", "/handlers")
        (tmp_path / "empty").mkdir()
        bad: list[tuple[Any, str]] = [
            ({"path": str(tmp_path / "empty")}, "HandlerManifest.json is missing; put it at the root of the package"),
            ({"path": str(tmp_path / "gone")}, "cannot be published as a handler: No such file or directory"),
            ({"content": "%"}, "content is not base64; give a zip in base64"),
            ({"content": base64.b64encode(b"x").decode()}, "it is no zip file"),
            ({}, "name a folder or a zip of this machine as path"),
            ({"path": str(PYTHON), "name": "alone"}, "say which with --name, as in Contoso.Backup"),
            ({"path": str(PYTHON), "version": "new"}, "say one with --version"),
        ]
        for body, sentence in bad:
            assert sentence in refused(client, "/handlers/publish", body)
        for path in ("/handlers/block", "/handlers/withdraw"):
            assert "GET /_sim/handlers lists them" in refused(client, path, {"name": NAME, "version": "9.9"})
        assert client.sim("GET", "/handlers") == before
        assert json.dumps(before).count("VMSnapshot") > 2
