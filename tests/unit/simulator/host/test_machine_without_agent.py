"""A machine on which no guest agent was installed: it runs, and nobody in it hears of a goal state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.simulator.host.host_setting import SPEC, VM, World

OTHER = VM.replace("sql01", "sql02")


def test_it_is_not_ready_from_its_boot_on_and_asks_for_nothing(tmp_path: Path) -> None:
    world = World(tmp_path / "guests")
    with world.host() as host:
        world.fabric.create_vm(VM, replace(SPEC, has_agent=False))
        world.until(lambda: world.view().agent_status == "Not Ready")
        view, guest = world.view(), host.guest(VM)
        assert (view.power, view.provisioning_state, view.agent_version) == ("running", "Succeeded", "Unknown")
        assert guest is not None
        assert guest.running
        assert not guest.agent_runs
        assert world.events("agent") == []
    with world.host():
        world.until(lambda: world.view().booted is not None and world.view().agent_status == "Not Ready")
        assert world.events("agent") == [], "nor after another boot"


def test_whoever_boots_its_disk_has_none_either(tmp_path: Path) -> None:
    """What is installed lies on the disk, whatever is asked of the new machine."""
    world = World(tmp_path / "guests")
    with world.host():
        world.fabric.create_vm(VM, replace(SPEC, has_agent=False))
        world.until(lambda: world.view().agent_status == "Not Ready")
        world.fabric.power(VM, "deallocated")
        world.until(lambda: world.view().power == "deallocated")
        (system,) = SPEC.disks
        world.fabric.create_vm(OTHER, replace(SPEC, disks=(replace(system, create_option="Attach"),)))
        world.until(lambda: world.view(OTHER).agent_status == "Not Ready")
