"""Handlers that are installed without running anything: what host and fabric tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.domain.compute.extension_catalogue import INERT, OTHERS, of_azure
from controlplane.ports import PublishedHandler
from simulator.host.packages import PackageRepository
from tests.unit.simulator.guest.agent.agent_setting import package
from tests.unit.simulator.host.host_setting import PUBLISHER, TYPE, VM, World

VERSIONS = ("1.0.0.0", "1.22.0.0")
MONITOR = PublishedHandler("Microsoft.Azure.Monitor", "AzureMonitorWindowsAgent", VERSIONS, "Windows", inert=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "guests")
    world.packages.offer_inert([MONITOR])
    with world.host():
        world.started()
        yield world


def ask(world: World, version: str = "1.5") -> None:
    world.deliver(name="monitor", publisher=MONITOR.publisher, type=MONITOR.type, version=version)


def test_it_is_installed_and_says_that_nothing_was_run(world: World) -> None:
    ask(world)
    world.until(lambda: world.extension("monitor").provisioning_state == "Succeeded")
    shown = world.extension("monitor")
    assert (shown.handler_status, shown.handler_version) == ("Ready", "1.22.0.0")
    assert shown.status is not None
    assert "nothing was run" in shown.status["formattedMessage"]["message"]
    assert world.calls() == []


def test_it_lives_beside_one_that_runs_and_goes_when_it_is_removed(world: World) -> None:
    ask(world)
    world.deliver()
    world.until(lambda: {each.provisioning_state for each in world.view().extensions} == {"Succeeded"})
    world.fabric.remove_extension(VM, "monitor")
    world.until(lambda: [each.name for each in world.view().extensions] == ["probe"])
    assert world.extension().provisioning_state == "Succeeded"


def test_asked_again_it_is_installed_again(world: World) -> None:
    ask(world)
    world.until(lambda: world.extension("monitor").provisioning_state == "Succeeded")
    world.deliver({"changed": True}, name="monitor", publisher=MONITOR.publisher, type=MONITOR.type, version="1.0")
    world.until(lambda: world.extension("monitor").provisioning_state == "Succeeded")
    assert world.extension("monitor").sequence_number == 1


def test_the_service_knows_it(world: World) -> None:
    assert world.fabric.handler("microsoft.azure.monitor", "azuremonitorwindowsagent") == MONITOR
    assert [each.type for each in world.fabric.handlers()] == ["Probe", "AzureMonitorWindowsAgent"]


def test_a_package_of_that_name_is_run_instead() -> None:
    packages = PackageRepository()
    packages.offer_inert([PublishedHandler(PUBLISHER, TYPE, ("7.0.0.0",), inert=True)])
    assert packages.inert(PUBLISHER, TYPE) is not None
    packages.publish(package("1.0.0.0"))
    assert packages.inert(PUBLISHER, TYPE) is None
    assert [each.versions for each in packages.handlers()] == [("1.0.0.0",)]


@pytest.mark.parametrize(("version", "chosen"), [("1.0", "1.22.0.0"), ("1.99", "1.22.0.0"), ("2.0", None)])
def test_any_minor_version_will_do(version: str, chosen: str | None) -> None:
    assert MONITOR.choose(version, auto_upgrade_minor_version=False) == chosen


def test_the_catalogue_names_each_once_and_its_kin_are_in_it() -> None:
    names = [(each.publisher.lower(), each.type.lower()) for each in (*INERT, *OTHERS)]
    assert len(set(names)) == len(names)
    for each in INERT:
        assert of_azure(each.publisher.upper(), each.type.lower()) == each
        if each.kin is not None:
            other = of_azure(*each.kin)
            assert other is not None
            assert other.os_type != each.os_type
