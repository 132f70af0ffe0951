"""Answers that are held back: `backup job wait` of the command line is answered when its job has ended."""

from __future__ import annotations

import asyncio
from threading import Event

import httpx
import pytest

from controlplane.ports import Json
from extension.contract.settings import SnapshotSettings
from tests.unit.arm_world import BASE_URL, ITEM, VAULT, VERSION, ArmWorld, arm_world
from tests.unit.scripted_fabric import ScriptedFabric, snapshots

BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}


def running_backup(world: ArmWorld, going_on: Event) -> Json:
    """A job whose guest waits until it may go on."""

    def freeze(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        assert going_on.wait(30)
        snapshots()(guest, settings)

    world.add_group()
    world.add_machine()
    world.add_vault()
    world.protect()
    world.fabric.script.append(freeze)
    world.post(f"{ITEM}/backup", BACKUP)
    (job,) = world.get(f"{VAULT}/backupJobs", **{"$filter": "operation eq 'Backup'"})["value"]
    return dict(job)


def status_for(world: ArmWorld, job: Json, command: str, going_on: Event | None = None) -> str:
    """What a GET by this command shows. With `going_on` the guest goes on, but only while the GET is being answered."""

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {world.token}", "CommandName": command}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url=BASE_URL) as client:
            answer = asyncio.create_task(client.get(job["id"], params=VERSION, headers=headers))
            await asyncio.sleep(0)
            if going_on is not None:
                going_on.set()
            return await answer

    return str(world.loop.run(ask()).json()["properties"]["status"])


def test_the_command_line_waits_for_a_job_with_one_question() -> None:
    going_on = Event()
    with arm_world(rate=1.0) as world:
        job = running_backup(world, going_on)
        assert status_for(world, job, "backup job show") == "InProgress"
        assert status_for(world, job, "backup job wait", going_on) == "Completed"


@pytest.mark.parametrize("command", ["backup job wait", "backup job show"])
def test_nothing_is_held_while_the_world_stands_still(command: str) -> None:
    going_on = Event()
    with arm_world() as world:
        job = running_backup(world, going_on)
        assert status_for(world, job, command) == "InProgress"
        going_on.set()
