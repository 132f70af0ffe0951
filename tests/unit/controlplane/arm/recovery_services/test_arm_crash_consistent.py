"""Policies of OnlyCrashConsistent, and crash-consistent snapshots in the place of failed ones; by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.events.host_snapshots import HostAsked
from controlplane.json_object import Json
from controlplane.ports import DiskSnapshotOrder, DiskSnapshots
from extension.contract.codes import Code
from simulator.explaining.explain import explain
from tests.unit.controlplane.adapters.scripted_fabric import HostAnswer, ScriptedFabric, fails, snapshots_of_host
from tests.unit.controlplane.arm.arm_world import ITEM, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import back_up, put_item
from tests.unit.controlplane.arm.recovery_services.test_arm_supported_machines import (
    ENHANCED,
    add_managed_machine,
    only_point,
)

CRASH = f"{VAULT}/backupPolicies/Crash"
REFUSED = (400, "UserErrorCrashConsistentSnapshotNotSupported")


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        properties = world.get(ENHANCED)["properties"] | {"snapshotConsistencyType": "OnlyCrashConsistent"}
        world.put(CRASH, {"properties": properties})
        yield world


def add_machine(world: ArmWorld, size: str = "Standard_D2s_v5") -> None:
    add_managed_machine(world, data_skus=["Premium_LRS", "Standard_LRS"], hardwareProfile={"vmSize": size})


def asked(world: ArmWorld) -> list[str]:
    events = world.ports.store.events(limit=10_000)
    return [event.data["reason"] for event in events if event.name == HostAsked.NAME]


def error_of(job: Json) -> str:
    (error,) = job["properties"]["errorDetails"]
    return str(error["errorTitle"])


def test_the_policy_is_shown_as_it_was_put(world: ArmWorld) -> None:
    assert world.get(CRASH)["properties"]["snapshotConsistencyType"] == "OnlyCrashConsistent"
    assert "snapshotConsistencyType" not in world.get(ENHANCED)["properties"]


def test_a_running_machine_is_backed_up_without_an_extension(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(CRASH)
    job = back_up(world)
    assert job["properties"]["status"] == "Completed"
    point = only_point(world)
    assert point["recoveryPointType"] == "CrashConsistent"
    assert point["recoveryPointDiskConfiguration"]["numberOfDisksIncludedInBackup"] == 3
    assert [tier["type"] for tier in point["recoveryPointTierDetails"]] == ["InstantRP", "HardenedRP"]
    assert world.fabric.delivered == []
    assert world.get(f"{VM}/extensions")["value"] == []
    assert asked(world) == ["policy"]


def test_the_point_says_why_it_is_crash_consistent(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(CRASH)
    back_up(world)
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    assert explain(world.ports.store, point["name"], world.ports.clock.now())["why"] == [
        "the policy wants crash-consistent snapshots alone, which the host takes without agent, extension and guest",
        "the host held the writes to all disks while the snapshots were taken, so they show one instant",
    ]


def test_an_agent_is_not_needed(world: ArmWorld) -> None:
    world.fabric.agent = "Not Ready"
    add_machine(world)
    world.protect(CRASH)
    assert back_up(world)["properties"]["status"] == "Completed"


def test_the_disks_that_are_left_out_are_not_snapshotted(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(CRASH)
    put_item(world, policyId=CRASH, extendedProperties={"diskExclusionProperties": {"diskLunList": [0]}})
    back_up(world)
    disks = only_point(world)["recoveryPointDiskConfiguration"]
    assert [disk["lun"] for disk in disks["includedDiskList"]] == [-1, 1]


def test_a_machine_that_is_off_is_snapshotted_by_the_service(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(CRASH)
    world.follow(world.post(f"{VM}/deallocate"))
    assert back_up(world)["properties"]["status"] == "Completed"
    assert (only_point(world)["recoveryPointType"], asked(world)) == ("CrashConsistent", [])


def test_what_it_does_not_support_is_refused_when_it_is_protected(world: ArmWorld) -> None:
    add_machine(world, "Standard_A2_v2")
    assert world.error("PUT", ITEM, world.protection(CRASH)) == REFUSED
    world.protect(ENHANCED)
    assert back_up(world)["properties"]["status"] == "Completed"


def test_unmanaged_disks_are_refused(world: ArmWorld) -> None:
    world.add_machine()
    assert world.error("PUT", ITEM, world.protection(CRASH)) == REFUSED


def test_what_became_unsupported_fails_the_backup(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(CRASH)
    machine = world.get(VM)
    machine["properties"]["hardwareProfile"]["vmSize"] = "Standard_A2_v2"
    world.follow(world.put(VM, machine))
    assert error_of(back_up(world)) == REFUSED[1]


def problem(fabric: ScriptedFabric, vm: str, order: DiskSnapshotOrder) -> DiskSnapshots:
    return DiskSnapshots(order.task_id, problem="writes could not be held for more than 10 s")


def limit(fabric: ScriptedFabric, vm: str, order: DiskSnapshotOrder) -> DiskSnapshots:
    return DiskSnapshots(order.task_id, problem="409 SnapshotCountExceeded")


def one_short(fabric: ScriptedFabric, vm: str, order: DiskSnapshotOrder) -> DiskSnapshots:
    told = snapshots_of_host(fabric, vm, order)
    return DiskSnapshots(told.task_id, {lun: stamp for lun, stamp in told.stamps.items() if lun != 1})


def of_another(fabric: ScriptedFabric, vm: str, order: DiskSnapshotOrder) -> DiskSnapshots:
    told = snapshots_of_host(fabric, vm, DiskSnapshotOrder("another", order.luns, {}))
    return DiskSnapshots(order.task_id, told.stamps)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem, "VMRestorePointInternalError"),
        (limit, "ExtensionFailedSnapshotLimitReachedError"),
        (one_short, "VMRestorePointInternalError"),
        (of_another, "VMRestorePointInternalError"),
    ],
)
def test_what_the_host_says_is_not_trusted(world: ArmWorld, answer: HostAnswer, code: str) -> None:
    add_machine(world)
    world.protect(CRASH)
    world.fabric.host_script.append(answer)
    job = back_up(world)
    assert (job["properties"]["status"], error_of(job)) == ("Failed", code)
    assert world.get(f"{ITEM}/recoveryPoints")["value"] == []
    assert back_up(world)["properties"]["status"] == "Completed"


def test_under_another_enhanced_policy_they_take_the_place_of_failed_ones(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(ENHANCED)
    world.fabric.script.append(fails(Code.FailedSnapshotLimitReached))
    assert back_up(world)["properties"]["status"] == "Completed"
    assert (only_point(world)["recoveryPointType"], asked(world)) == ("CrashConsistent", ["fallback"])
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    first = explain(world.ports.store, point["name"], world.ports.clock.now())["why"][0]
    assert "had failed with ExtensionFailedSnapshotLimitReachedError" in first


def test_a_standard_policy_has_no_such_snapshots(world: ArmWorld) -> None:
    add_machine(world)
    world.protect()
    world.fabric.script.append(fails(Code.FailedSnapshotLimitReached))
    assert error_of(back_up(world)) == "ExtensionFailedSnapshotLimitReachedError"
    assert asked(world) == []


def test_where_they_are_not_supported_the_failure_stays(world: ArmWorld) -> None:
    add_machine(world, "Standard_A2_v2")
    world.protect(ENHANCED)
    world.fabric.script.append(fails(Code.FailedSnapshotLimitReached))
    assert error_of(back_up(world)) == "ExtensionFailedSnapshotLimitReachedError"


def test_an_agent_that_is_not_ready_is_no_failed_snapshot(world: ArmWorld) -> None:
    add_machine(world)
    world.protect(ENHANCED)
    back_up(world)
    world.fabric.agent = "Not Ready"
    world.follow(world.post(f"{VM}/restart"))
    assert error_of(back_up(world)) == "UserErrorGuestAgentStatusUnavailable"
