"""What every Fabric must do, run over the one on the store and the scripted one of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.ports import (
    Blob,
    Disk,
    DiskSnapshotOrder,
    DiskSnapshots,
    ExtensionRequest,
    Fabric,
    GuestNotReady,
    MachineSpec,
    Store,
)
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric, apply_desired
from tests.virtual_clock import VirtualClock

VM = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/sql01"
DISKS = (
    Disk("os", -1, Blob("disks", "vhds", "os.vhd"), 1024, "FromImage", None),
    Disk("data", 0, Blob("disks", "vhds", "data.vhd"), 2048, "Empty", "/disks/data"),
)
SPEC = MachineSpec(
    vm_id="7d3c0c39-0000-4000-8000-000000000001",
    name="sql01",
    size="Standard_D2s_v3",
    os_type="Windows",
    image="MicrosoftWindowsServer:WindowsServer:2022-datacenter",
    computer_name="sql01",
    disks=DISKS,
)


def request(name: str = "Custom", protected: dict[str, object] | None = None) -> ExtensionRequest:
    return ExtensionRequest(name, "Contoso", name, "1.0", True, {"asked": name}, protected or {})


@dataclass
class Case:
    fabric: Fabric
    settle: Callable[[], None]
    """Let the host do what it was asked."""
    store: Store


@pytest.fixture(params=["store", "scripted"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    clock = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))
    store = SqlStore(":memory:", clock)
    if request.param == "store":
        yield Case(StoreFabric(store, clock), lambda: apply_desired(store, VM), store)
    else:
        yield Case(ScriptedFabric(store, MemoryBlobs(), clock), lambda: None, store)
    store.close()
    clock.close()


def test_it_is_a_fabric(case: Case) -> None:
    assert isinstance(case.fabric, Fabric)


def test_a_machine_is_created_with_its_disks(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    assert case.fabric.disks(VM.upper()) == DISKS
    view = case.fabric.instance_view(VM)
    assert view is not None
    assert (view.power, view.provisioning_state, view.agent_status) == ("running", "Succeeded", "Ready")
    assert view.extensions == ()


def test_there_is_no_view_of_a_machine_that_is_not_there(case: Case) -> None:
    assert case.fabric.instance_view(VM) is None
    assert case.fabric.disks(VM) == ()


def test_nothing_can_be_asked_of_a_machine_that_is_not_there(case: Case) -> None:
    for ask in (
        lambda: case.fabric.power(VM, "stopped"),
        lambda: case.fabric.delete_vm(VM),
        lambda: case.fabric.snapshot_disks(VM, DiskSnapshotOrder("t", (0,))),
        lambda: case.fabric.remove_extension(VM, "x"),
        lambda: case.fabric.deliver(VM, request()),
    ):
        with pytest.raises(GuestNotReady):
            ask()


def test_a_machine_is_deleted_and_one_of_its_name_starts_afresh(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    case.fabric.deliver(VM, request())
    case.settle()
    case.fabric.delete_vm(VM)
    assert case.fabric.instance_view(VM) is None
    case.settle()
    case.fabric.create_vm(VM, replace(SPEC, disks=DISKS[:1]))
    case.settle()
    view = case.fabric.instance_view(VM)
    assert view is not None
    assert view.extensions == ()
    assert case.fabric.disks(VM) == DISKS[:1]


def test_a_machine_is_stopped_and_started(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    case.fabric.power(VM, "deallocated")
    case.settle()
    stopped = case.fabric.instance_view(VM)
    assert stopped is not None
    assert stopped.power == "deallocated"
    case.fabric.power(VM, "running")
    case.settle()
    running = case.fabric.instance_view(VM)
    assert running is not None
    assert (running.power, running.agent_status) == ("running", "Ready")


def test_a_disk_is_attached_to_a_machine_that_keeps_running(case: Case) -> None:
    case.fabric.create_vm(VM, replace(SPEC, disks=DISKS[:1]))
    case.settle()
    case.fabric.deliver(VM, request())
    case.settle()
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    assert case.fabric.disks(VM) == DISKS
    view = case.fabric.instance_view(VM)
    assert view is not None
    assert len(view.extensions) == 1


def test_sequence_numbers_grow_per_extension(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    numbers = [case.fabric.deliver(VM, request(name)) for name in ("One", "one", "Two", "ONE")]
    assert numbers == [0, 1, 0, 2]


def test_an_extension_is_seen_once_it_reported(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    case.fabric.deliver(VM, request("Custom", {"password": "secret"}))
    case.settle()
    view = case.fabric.instance_view(VM)
    assert view is not None
    (extension,) = view.extensions
    assert (extension.name, extension.provisioning_state, extension.handler_status) == ("Custom", "Succeeded", "Ready")
    assert extension.public == {"asked": "Custom"}
    assert extension.status is not None


def test_a_removed_extension_goes_and_may_come_back(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    case.fabric.deliver(VM, request())
    case.settle()
    case.fabric.remove_extension(VM, "custom")
    case.settle()
    gone = case.fabric.instance_view(VM)
    assert gone is not None
    assert gone.extensions == ()
    assert case.fabric.deliver(VM, request()) == 1
    case.settle()
    back = case.fabric.instance_view(VM)
    assert back is not None
    assert [extension.provisioning_state for extension in back.extensions] == ["Succeeded"]


def test_what_came_of_the_last_order_of_snapshots_is_shown(case: Case) -> None:
    case.fabric.create_vm(VM, SPEC)
    case.settle()
    before = case.fabric.instance_view(VM)
    assert before is not None
    assert before.snapshots is None
    order = DiskSnapshotOrder("t1", (0,), {"job": "j1"})
    if isinstance(case.fabric, ScriptedFabric):
        case.fabric.host_script.append(lambda fabric, vm, order: DiskSnapshots(order.task_id, {0: "2026"}, 2.5))
        case.fabric.snapshot_disks(VM, order)
    else:
        case.fabric.snapshot_disks(VM, order)
        apply_desired(case.store, VM, snapshots=DiskSnapshots("t1", {0: "2026"}, 2.5))
    view = case.fabric.instance_view(VM)
    assert view is not None
    assert view.snapshots == DiskSnapshots("t1", {0: "2026"}, 2.5)
