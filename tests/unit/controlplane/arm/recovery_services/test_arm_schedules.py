"""What the service does by its schedules, as REST shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.json_object import Json
from controlplane.ports import Blob, StorageUnavailable
from tests.unit.controlplane.arm.arm_world import ITEM, VAULT, VM, ArmWorld, furnished_world, service_storage
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import listed
from tests.unit.controlplane.passing_time import advance, service

HOUR = 3600.0
HOURLY = f"{VAULT}/backupPolicies/EnhancedPolicy"
"""Runs at 8, 12, 16 and 20; the world begins at half past eight."""


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as world:
        protect(world)
        yield world


def protect(world: ArmWorld) -> None:
    """A machine that is off, so that its backups need no extension."""
    world.ports.fabric.power(VM, "deallocated")
    world.protect(HOURLY)


def pass_hours(world: ArmWorld, hours: float) -> None:
    with service(world.ports, world.engine) as timetable:
        advance(world.ports, world.engine, timetable, hours * HOUR)


def backups(world: ArmWorld) -> list[Json]:
    """The properties of the jobs, oldest first, with their tasks."""
    jobs = listed(world, f"{VAULT}/backupJobs", "operation eq 'Backup'")
    details = [world.get(f"{VAULT}/backupJobs/{job['name']}")["properties"] for job in jobs]
    return sorted(details, key=lambda job: str(job["startTime"]))


def tasks(job: Json) -> dict[str, str]:
    return {task["taskId"]: task["status"] for task in job["extendedInfo"]["tasksList"]}


def tiers(point: Json) -> list[str]:
    return [tier["type"] for tier in point["properties"]["recoveryPointTierDetails"]]


def test_a_day_of_an_hourly_policy(world: ArmWorld) -> None:
    pass_hours(world, 12)
    assert [(job["status"], job["startTime"][11:16]) for job in backups(world)] == [
        ("Completed", "12:00"),
        ("Completed", "16:00"),
        ("Completed", "20:00"),
    ]
    assert [tasks(job)["Transfer data to vault"] for job in backups(world)] == ["Skipped", "Skipped", "Completed"]
    newest, *others = listed(world, f"{ITEM}/recoveryPoints")
    assert tiers(newest) == ["InstantRP", "HardenedRP"]
    assert [tiers(point) for point in others] == [["InstantRP"], ["InstantRP"]]
    rules = [point["properties"]["recoveryPointProperties"]["ruleName"] for point in (newest, *others)]
    assert rules == ["Daily", "", ""]


class Refusing(MemoryBlobs):
    """A storage that takes no snapshots for a while."""

    refuses = False

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        if self.refuses:
            raise StorageUnavailable("no answer")
        return super().snapshot(blob, metadata)


def test_a_try_again_is_a_job_of_its_own() -> None:
    blobs = Refusing()
    service_storage(blobs)
    with furnished_world(blobs=blobs) as world:
        protect(world)
        pass_hours(world, 3)
        blobs.refuses = True
        pass_hours(world, 0.9)
        blobs.refuses = False
        pass_hours(world, 1)
        assert [(job["status"], job["startTime"][11:16]) for job in backups(world)] == [
            ("Failed", "12:00"),
            ("Failed", "12:10"),
            ("Failed", "12:20"),
            ("Completed", "12:30"),
        ]
        assert {job["errorDetails"][0]["errorTitle"] for job in backups(world)[:3]} == {"BackUpOperationFailedV2"}
        assert world.get(ITEM)["properties"]["lastBackupStatus"] == "Completed"
