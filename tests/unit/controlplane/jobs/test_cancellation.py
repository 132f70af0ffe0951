"""Cancelling a job: when it is allowed, what becomes of the job, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.resources import operation
from controlplane.jobs.engine.cancellation import cancel
from controlplane.json_object import Json
from controlplane.ports import Blob
from tests.unit.controlplane.jobs.backup_world import VAULT, BackupWorld, backup_world


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


def newest_job(world: BackupWorld) -> str:
    found = world.store.find(jobs.KIND, VAULT)
    return max(found, key=lambda document: document.private["job"]["started"]).id


def cancel_newest(world: BackupWorld) -> Json:
    """The body of the operation."""
    found = world.store.get(operation.KIND, cancel(world.ports, world.engine, newest_job(world)))
    assert found is not None
    assert found.parent == newest_job(world)
    return found.json()


def refusal(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ServiceError) as refused:
        act()
    return refused.value.status, refused.value.code


def at(verb: str, container: str, act: Callable[[], object]) -> Callable[[str, Blob], None]:
    """Do it once, when the storage hears this."""
    done: list[object] = []

    def listen(heard: str, blob: Blob) -> None:
        if heard == verb and blob.container == container and not done:
            done.append(True)
            done.append(act())

    return listen


def test_a_backup_is_cancelled_in_its_snapshot(world: BackupWorld) -> None:
    world.blobs.listener = at("snapshot", "vhds", lambda: cancel_newest(world))
    job = world.back_up()
    assert job["status"] == "Cancelled"
    assert [task["status"] for task in job["extendedInfo"]["tasksList"]] == ["Completed", "Cancelled"]
    assert (world.points(), world.snapshots(), world.vault_blobs()) == ([], [], [])
    assert world.item()["lastBackupStatus"] == "Cancelled"


def test_asking_again_changes_nothing(world: BackupWorld) -> None:
    def twice() -> None:
        assert cancel_newest(world)["status"] == "Succeeded"
        assert cancel_newest(world)["status"] == "Succeeded"

    world.blobs.listener = at("snapshot", "vhds", twice)
    assert world.back_up()["status"] == "Cancelled"


def test_a_backup_that_transfers_is_not_cancelled(world: BackupWorld) -> None:
    told: list[tuple[int, str]] = []
    world.blobs.listener = at("commit", "vault", lambda: told.append(refusal(lambda: cancel_newest(world))))
    assert world.back_up()["status"] == "Completed"
    assert told == [(409, "BMSUserErrorJobPastSnapshot")]


def test_a_restore_is_cancelled_and_leaves_nothing(world: BackupWorld) -> None:
    world.back_up()
    began: list[Json] = []

    def cancel_at_the_first_disk(verb: str, blob: Blob) -> None:
        if verb == "create" and blob.account == "restored01" and not began:
            began.append(cancel_newest(world))

    world.blobs.listener = cancel_at_the_first_disk
    assert world.restore(world.points()[0])["status"] == "Cancelled"
    assert world.restored_blobs() == []
    kpi = world.item()["kpisHealths"]["RestoreOperationStatusKPI"]
    assert kpi["resourceHealthDetails"][0]["title"] == "UserErrorJobSuccessfullyCancelled"


def test_a_job_that_has_ended_is_not_cancelled(world: BackupWorld) -> None:
    world.back_up()
    assert refusal(lambda: cancel_newest(world)) == (409, "BMSUserErrorJobHasEnded")


def test_a_job_that_changes_an_item_is_not_cancelled() -> None:
    with backup_world(protected=False) as world:
        world.protect()
        (document,) = world.store.find(jobs.KIND, VAULT)
        running = document.private | {"job": document.private["job"] | {"status": "InProgress", "ended": None}}
        world.store.put(jobs.KIND, document.id, document.json(), private=running)
        assert refusal(lambda: cancel_newest(world)) == (409, "BMSUserErrorJobCannotBeCancelled")


def test_there_must_be_a_job(world: BackupWorld) -> None:
    nobody = f"{VAULT}/backupJobs/nobody"
    assert refusal(lambda: cancel(world.ports, world.engine, nobody)) == (404, "BMSUserErrorJobNotFound")
