"""One machine is given conditions of its own, and its neighbour on the same host notices nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import httpx
import pytest

from controlplane.domain.events.machines import AgentFailed, HandlerFailed
from controlplane.ports import MachineSpec
from extension.contract.bridge import FreezeRequest
from simulator.guest import windows
from simulator.guest.agent.client import Extensions, Goal, WireClient
from simulator.guest.agent.lifecycle import FAILED, PACKAGE_UNUSABLE
from simulator.guest.agent.process import Command, RunningCommand
from simulator.guest.conditions import MachineConditions, MachineFactories, Network
from simulator.guest.os_profile import OsProfile
from simulator.guest.vss.writer import Writer, WriterClass
from simulator.guest.vss.writers import guid, in_box_writers
from simulator.host.documents import machine_key
from simulator.host.host import Host
from tests.unit.simulator.guest.guest_rig import PLAIN_IMAGE, SMALL, disk, machine_spec
from tests.unit.simulator.host.host_setting import PUBLISHER, TYPE, VM, World

OTHER = VM.replace("sql01", "sql02")
FOREIGN = WriterClass("Contoso Writer", "11111111-2222-3333-4444-555555555555", "Contoso")
OS_NAME = "Windows Server of Contoso"


@contextmanager
def two_machines(folder: Path, special: MachineConditions) -> Iterator[tuple[World, Host]]:
    """The machine at VM is special; the one at OTHER is as any other."""
    world = World(folder / "guests")
    world.conditions = lambda vm, spec: special if vm == VM else SMALL
    with world.host() as host:
        for vm, name in ((VM, "os"), (OTHER, "other")):
            world.fabric.create_vm(vm, machine_spec(PLAIN_IMAGE, [disk(name, -1, 32, "FromImage")]))
        world.until(lambda: all(world.view(vm).agent_status == "Ready" for vm in (VM, OTHER)))
        yield world, host


def with_factories(factories: MachineFactories) -> MachineConditions:
    return replace(SMALL, factories=factories)


def writers_of(host: Host, vm: str) -> set[str]:
    guest = host.guest(vm)
    assert guest is not None
    return {writer.writer_class.name for writer in guest.vss.writers.members}


def extension_state(world: World, vm: str) -> str:
    (only,) = world.view(vm).extensions
    return only.provisioning_state


def test_other_vss_writers(tmp_path: Path) -> None:
    def writers(chance: Random) -> list[Writer]:
        return [*in_box_writers(chance), Writer(FOREIGN, guid(chance))]

    with two_machines(tmp_path, with_factories(MachineFactories(writers=writers))) as (_, host):
        assert writers_of(host, VM) - writers_of(host, OTHER) == {FOREIGN.name}


def test_no_vss(tmp_path: Path) -> None:
    def frozen(host: Host, vm: str) -> bool:
        guest = host.guest(vm)
        assert guest is not None
        session = guest.open_session("task")
        return guest.freeze(FreezeRequest(session, 10)).frozen

    with two_machines(tmp_path, replace(SMALL, vss_available=False)) as (_, host):
        assert (frozen(host, VM), frozen(host, OTHER)) == (False, True)


@dataclass
class CountingRunner:
    """Starts commands as they are and remembers for which disk."""

    folders: list[Path] = field(default_factory=list)

    def __call__(self, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
        self.folders.append(folder)
        return Command(arguments, folder, environment)


def test_another_command_runner(tmp_path: Path) -> None:
    runner = CountingRunner()
    with two_machines(tmp_path, with_factories(MachineFactories(run_command=runner))) as (world, _):
        for vm in (VM, OTHER):
            world.deliver(vm=vm)
        world.until(lambda: all(extension_state(world, vm) == "Succeeded" for vm in (VM, OTHER)))
    assert [folder.parent.name for folder in runner.folders] == [f"{PUBLISHER}.{TYPE}"] * 2, "install and enable of one"


class DeafWire(WireClient):
    """Its reports never arrive."""

    uploads = 0

    def upload_status(self, goal: Goal, extensions: Extensions, content: bytes) -> None:
        self.uploads += 1
        if self.uploads == 1:
            super().upload_status(goal, extensions, content)


def test_another_wire_client(tmp_path: Path) -> None:
    special = with_factories(MachineFactories(wire_client=DeafWire))
    with two_machines(tmp_path, special) as (world, _):
        for vm in (VM, OTHER):
            world.deliver(vm=vm)
        world.until(lambda: extension_state(world, OTHER) == "Succeeded")
        assert extension_state(world, VM) == "Creating"


def test_another_operating_system_is_what_host_and_guest_tell(tmp_path: Path) -> None:
    def profile(os_type: str, image: str, vss_available: bool) -> OsProfile:
        return replace(
            windows.profile(image, vss_available), name=OS_NAME, mount_point=lambda lun, index: f"/mnt/{lun}"
        )

    with two_machines(tmp_path, replace(SMALL, profile=profile)) as (world, host):
        assert world.view(VM).os_name == OS_NAME
        assert world.view(OTHER).os_name != OS_NAME
        guests = [host.guest(VM), host.guest(OTHER)]
        assert [guest and guest.volumes()[0].name for guest in guests] == ["/mnt/-1", "C:\\"]


def test_other_folders_of_handlers(tmp_path: Path) -> None:
    def profile(os_type: str, image: str, vss_available: bool) -> OsProfile:
        usual = windows.profile(image, vss_available)
        agent = replace(usual.agent, handlers=Path("var", "lib", "waagent"), handler_logs=Path("var", "log", "azure"))
        return replace(usual, agent=agent)

    with two_machines(tmp_path, replace(SMALL, profile=profile)) as (world, _):
        for vm in (VM, OTHER):
            world.deliver(vm=vm)
        world.until(lambda: all(extension_state(world, vm) == "Succeeded" for vm in (VM, OTHER)))
        manifests = {
            path.relative_to(world.folder / machine_key(vm)).parts[0]
            for vm in (VM, OTHER)
            for path in (world.folder / machine_key(vm)).rglob("HandlerManifest.json")
        }
        assert manifests == {"var", "Packages"}
        assert (world.folder / machine_key(VM) / "var" / "log" / "azure" / f"{PUBLISHER}.{TYPE}").is_dir()
        assert not (world.folder / machine_key(VM) / "Packages").exists()


def test_another_way_to_the_wire_server(tmp_path: Path) -> None:
    """A machine that looks for it where nothing listens has no agent; the other one does not notice."""

    def nowhere(address: str) -> str:
        return f"127.0.0.1:1/{address.partition('/')[2]}"

    world = World(tmp_path / "guests")
    cut_off = replace(SMALL, network=Network(wire_server=nowhere))
    world.conditions = lambda vm, spec: cut_off if vm == VM else SMALL
    with world.host():
        for vm, name in ((VM, "os"), (OTHER, "other")):
            world.fabric.create_vm(vm, machine_spec(PLAIN_IMAGE, [disk(name, -1, 32, "FromImage")]))
        world.until(lambda: world.view(OTHER).agent_status == "Ready" and world.view(VM).power == "running")
        world.until(lambda: world.told(AgentFailed))
        assert world.view(VM).agent_status != "Ready"
        assert {event.vm for event in world.told(AgentFailed)} == {VM}


def test_an_agent_that_asks_seldom(tmp_path: Path) -> None:
    asked: dict[str, int] = {}

    class Counted(WireClient):
        def goal(self) -> Goal:
            asked[self.address] = asked.get(self.address, 0) + 1
            return super().goal()

    factories = MachineFactories(wire_client=Counted)
    conditions = {VM: timedelta(days=1), OTHER: timedelta(minutes=1)}
    world = World(tmp_path / "guests")
    world.conditions = lambda vm, spec: replace(SMALL, agent_poll=conditions[vm], factories=factories)
    with world.host():
        for vm, name in ((VM, "os"), (OTHER, "other")):
            world.fabric.create_vm(vm, machine_spec(PLAIN_IMAGE, [disk(name, -1, 32, "FromImage")]))
        world.until(lambda: len(asked) == 2)
        world.real_time.jump(600)
        world.until(lambda: max(asked.values()) > 1)
    assert min(asked.values()) == 1


def test_conditions_are_asked_for_at_each_boot(tmp_path: Path) -> None:
    specifications: list[MachineSpec] = []
    world = World(tmp_path / "guests")

    def conditions(vm: str, spec: MachineSpec) -> MachineConditions:
        specifications.append(spec)
        return SMALL

    world.conditions = conditions
    with world.host():
        world.started()
        world.fabric.restart(VM)
        world.until(lambda: len(specifications) == 2)
    assert {spec.name for spec in specifications} == {"sql01"}


@pytest.mark.parametrize("vss", [True, False])
def test_the_registry_and_services_say_whether_vss_works(vss: bool) -> None:
    profile = windows.profile(PLAIN_IMAGE, vss)
    assert profile.services["VSS"] == ("Running" if vss else "Disabled")


def test_a_private_address(tmp_path: Path) -> None:
    places: list[str] = []

    def wire_client(address: str, token: str, name: str) -> WireClient:
        places.append(address)
        return WireClient(address, token, name)

    special = replace(
        with_factories(MachineFactories(wire_client=wire_client)), network=Network(private_address="10.0.0.9")
    )
    with two_machines(tmp_path, special) as (world, _):
        headers = {"x-ms-agent-name": "WALinuxAgent", "x-ms-version": "2012-11-30"}
        address = f"http://{places[0]}/machine/x/y?comp=config&type=sharedConfig&incarnation=1"
        instance = ElementTree.fromstring(httpx.get(address, headers=headers).content).find("Instances/Instance")
        assert instance is not None
        assert instance.attrib == {"id": "_sql01", "address": "10.0.0.9"}
        assert "10.0.0.9" in answer(world, VM)
        assert "IPv4" not in answer(world, OTHER)


def answer(world: World, vm: str) -> str:
    """What the machine answers to `ipconfig`."""
    world.fabric.run_command(vm, ["ipconfig"])
    world.until(lambda: world.view(vm).command is not None)
    command = world.view(vm).command
    return command.output if command else ""


def test_a_system_disk_without_room_takes_no_handler_and_no_settings(tmp_path: Path) -> None:
    room = [False]
    with two_machines(tmp_path, replace(SMALL, has_room=lambda: room[0])) as (world, _):

        def told(code: int) -> bool:
            return code in [event.data["code"] for event in world.told(HandlerFailed) if event.vm == VM]

        for vm in (VM, OTHER):
            world.deliver(vm=vm)
        world.until(lambda: extension_state(world, OTHER) == "Succeeded" and told(PACKAGE_UNUSABLE))
        world.until(lambda: extension_state(world, VM) == "Failed")
        assert "not enough space on the disk" in str(world.extension().handler_message)
        room[0] = True
        world.deliver()
        world.until(lambda: extension_state(world, VM) == "Succeeded")
        room[0] = False
        world.deliver()
        world.until(lambda: told(FAILED["enable"]))
        assert not told(FAILED["install"])
