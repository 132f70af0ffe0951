"""Answers that are held back: the command line is answered when the job or the operation has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import cycle, repeat
from threading import Event

import httpx

from controlplane.arm.edge.long_poll import STILL_LOOKS, LongPolls
from controlplane.domain.resources import operation
from extension.contract.settings import SnapshotSettings
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric, snapshots
from tests.unit.controlplane.arm.arm_world import BASE_URL, ITEM, VAULT, VERSION, ArmWorld, arm_world
from tests.virtual_clock import VirtualClock

BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}
START = datetime(2026, 11, 22, tzinfo=UTC)
OPERATION = "11111111-2222-3333-4444-555555555555"
TURNS = 200
"""Of the event loop: an answer that nothing holds back takes fewer."""


class Flowing(VirtualClock):
    """A second passes with every look at it."""

    def now(self) -> datetime:
        self._start += timedelta(seconds=1)
        return super().now()


def looks_of(clock: VirtualClock, answers: list[bool], works: Iterable[bool] = repeat(False)) -> int:
    """How often somebody looked before the hold was over. `works`: whether anybody worked at each look."""
    left, at_work = iter(answers), iter(works)
    asyncio.run(LongPolls(lambda: next(at_work), look_seconds=0).hold(clock, lambda: next(left)))
    return len(answers) - len(list(left))


def test_an_answer_is_held_until_what_it_waits_for_has_happened() -> None:
    assert looks_of(Flowing(START), [False, False]) == 1
    assert looks_of(Flowing(START), [True, True, True, False, False]) == 4


def test_nothing_is_held_for_long_where_time_stands_and_nobody_works() -> None:
    assert looks_of(VirtualClock(START), [True] * (STILL_LOOKS + 5)) == STILL_LOOKS + 1


def test_where_time_stands_an_answer_is_held_while_somebody_works() -> None:
    at_work = STILL_LOOKS * 3
    answers = [True] * at_work + [False, False]
    assert looks_of(VirtualClock(START), answers, repeat(True)) == at_work + 1
    pauses = cycle([True] + [False] * (STILL_LOOKS - 1))
    assert looks_of(VirtualClock(START), answers, pauses) == at_work + 1, "between two steps nobody works"


def test_only_so_many_are_held_at_once() -> None:
    polls, goes_on, ended = LongPolls(lambda: False, most=2, look_seconds=0), [True], list[int]()

    async def held(number: int) -> None:
        await polls.hold(Flowing(START), lambda: goes_on[0])
        ended.append(number)

    async def three() -> None:
        waiting = [asyncio.create_task(held(number)) for number in range(3)]
        await waiting[2]
        assert ended == [2]
        goes_on[0] = False
        await asyncio.gather(*waiting)
        await held(3)

    asyncio.run(three())
    assert sorted(ended) == [0, 1, 2, 3]


def wait_for(world: ArmWorld, job: str, command: str, backup_goes_on: Event) -> str:
    """The status that a GET by this command shows. The guest is let go on only while it is being answered."""

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {world.token}", "CommandName": command}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url=BASE_URL) as client:
            answer = asyncio.create_task(client.get(job, params=VERSION, headers=headers))
            while not answer.done() and not backup_goes_on.is_set():
                await asyncio.sleep(0)
                if command == "backup job wait":
                    backup_goes_on.set()
            return await answer

    return str(world.loop.run(ask()).json()["properties"]["status"])


def test_the_command_line_waits_for_a_job_with_one_question() -> None:
    with arm_world(rate=1.0) as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        going_on = Event()

        def freeze(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
            assert going_on.wait(30)
            snapshots()(guest, settings)

        world.fabric.script.append(freeze)
        world.post(f"{ITEM}/backup", BACKUP)
        (job,) = world.get(f"{VAULT}/backupJobs", **{"$filter": "operation eq 'Backup'"})["value"]
        assert wait_for(world, job["id"], "backup job show", going_on) == "InProgress"
        assert wait_for(world, job["id"], "backup job wait", going_on) == "Completed"


def status_of(world: ArmWorld, headers: dict[str, str]) -> str:
    """What a GET of an operation shows, that ends as soon as it is seen to be waited for."""
    running = operation.running(OPERATION, START)
    world.ports.store.put(operation.KIND, OPERATION, running, parent=VAULT.lower())

    async def ask() -> httpx.Response:
        known = {"Authorization": f"Bearer {world.token}", **headers}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url=BASE_URL) as client:
            answer = asyncio.create_task(
                client.get(f"{VAULT}/backupOperations/{OPERATION}", params=VERSION, headers=known)
            )
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if not answer.done():
                done = operation.succeeded(OPERATION, running["startTime"])
                world.ports.store.put(operation.KIND, OPERATION, done, parent=VAULT.lower())
            return await answer

    return str(world.loop.run(ask()).json()["status"])


def test_the_command_line_alone_waits_for_an_operation_with_one_question() -> None:
    with arm_world(rate=1.0) as world:
        world.add_group()
        world.add_vault()
        assert status_of(world, {}) == "InProgress"
        assert status_of(world, {"CommandName": "backup protection disable"}) == "Succeeded"
