"""A backup that is due while another one of the same item is going on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.monitoring import alert, health
from controlplane.domain.recovery_services import job as jobs
from controlplane.jobs.backup.backup import BACKUP, backup_now
from controlplane.jobs.engine.plan import Outcome, Plan, Step, completed
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.json_object import Json
from controlplane.ports import Ports
from tests.unit.controlplane.jobs.backup_world import BACKUP_REQUEST, ITEM, VAULT, VM, BackupWorld, backup_world
from tests.unit.controlplane.jobs.policy_changes import DAY, HOUR


class Gate:
    """Holds backups in one step until it is opened."""

    def __init__(self, step: str) -> None:
        self.open = False
        steps = tuple(self._held(each) if each.name == step else each for each in BACKUP.steps)
        self.plan = Plan(BACKUP.name, steps, BACKUP.on_finished)

    def _held(self, step: Step) -> Step:
        def do(ports: Ports, state: Json) -> Waiting[Outcome]:
            yield Wait("the gate", lambda: self.open, None, 0.01)
            return (yield from completed(step.do(ports, state)))

        return Step(step.name, do, step.undo, step.required, step.listed)

    def let_go(self, world: BackupWorld) -> None:
        """The held backups go on to their ends."""
        self.open = True
        world.engine.settle()


@contextmanager
def held_in(step: str) -> Iterator[tuple[BackupWorld, Gate]]:
    """A world in which the backup of the first evening is held in this step."""
    gate = Gate(step)
    with backup_world() as world:
        # A machine that is off needs no extension.
        world.fabric.power(VM, "deallocated")
        world.new_engine(gate.plan)
        world.advance(2 * HOUR)
        yield world, gate
        gate.let_go(world)


def backups(world: BackupWorld) -> list[Json]:
    found = [document.json()["properties"] for document in world.store.find(jobs.KIND, VAULT)]
    return sorted((job for job in found if job["operation"] == "Backup"), key=lambda job: job["startTime"])


def tasks(job: Json) -> list[tuple[str, str]]:
    return [(task["taskId"], task["status"]) for task in job["extendedInfo"]["tasksList"]]


def test_while_the_first_takes_its_snapshot_the_second_is_a_failed_job() -> None:
    with held_in(jobs.SNAPSHOT_TASK) as (world, gate):
        world.advance(DAY)
        first, second = backups(world)
        assert first["status"] == "InProgress"
        assert second["status"] == "Failed"
        assert second["errorDetails"][0]["errorTitle"] == "UserErrorBackupOperationInProgress"
        assert second["startTime"] == second["endTime"]
        assert [status for _, status in tasks(second)] == ["Failed", "Failed"]
        assert world.item()["protectionState"] == "IRPending", "how the item is the first backup says"
        events = [health.from_json(document.private) for document in world.store.find(health.KIND, VAULT)]
        assert [event.dimensions["healthStatus"] for event in events] == ["TransientDegraded"]
        assert world.store.find(alert.KIND, VAULT) == [], "the failure of this one is expected"
        gate.let_go(world)
        assert [job["status"] for job in backups(world)] == ["Completed", "Failed"]
        assert [point.tiers for point in world.points()] == ["InstantAndVault"]


def test_while_the_first_only_transfers_the_second_takes_its_snapshot() -> None:
    with held_in(jobs.TRANSFER_TASK) as (world, gate):
        world.write(1, 2, 99)
        world.advance(DAY)
        first, second = backups(world)
        assert tasks(first) == [(jobs.SNAPSHOT_TASK, "Completed"), (jobs.TRANSFER_TASK, "InProgress")]
        assert (jobs.TRANSFER_TASK, "Skipped") in tasks(second)
        gate.let_go(world)
        assert [job["status"] for job in backups(world)] == ["Completed", "Completed"]
        assert [point.tiers for point in world.points()] == ["InstantAndVault", "Instant"]
        assert len(world.snapshots()) == 6, "neither cleans up what the other one has taken"
        assert {world.restore(point)["status"] for point in world.points()} == {"Completed"}


def test_a_backup_on_demand_is_refused_in_either_phase() -> None:
    for step in (jobs.SNAPSHOT_TASK, jobs.TRANSFER_TASK):
        with held_in(step) as (world, _):
            with pytest.raises(ServiceError) as refused:
                backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
            assert refused.value.code == "UserErrorBackupOperationInProgress"
            assert len(backups(world)) == 1
